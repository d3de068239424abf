"""Pictures inside a page: frames as small WebP or JPEG data URIs."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from t2v_recaption.errors import MissingDependency
from t2v_recaption.pages.charts import Tone

if TYPE_CHECKING:
    from markupsafe import Markup

    from t2v_recaption.video.frame import Frame


@dataclass(frozen=True)
class Picture:
    """One picture of a strip: a data URI, what is written under it, and what a screen reader says."""

    uri: str
    caption: str = ""
    alt: str = ""
    tone: Tone | Literal[""] = ""


def data_uri(image: Any, *, longest_side: int = 240, quality: int = 72, format: str = "webp") -> str:
    """An image as a data URI, made smaller first.

    Args:
        image: a PIL image, an array (height x width x 3, uint8, RGB), encoded bytes or a path.
        longest_side: pixels, at most.
        quality: of the compression, 1 to 100.
        format: `webp` or `jpeg`.

    Raises:
        MissingDependency: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise MissingDependency("Showing pictures in a report", "pillow", "video") from error
    if isinstance(image, (str, Path)):
        image = Image.open(image)
    elif isinstance(image, (bytes, bytearray)):
        image = Image.open(io.BytesIO(image))
    elif not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    small = image.convert("RGB")
    small.thumbnail((longest_side, longest_side))
    stream = io.BytesIO()
    small.save(stream, format=format, quality=quality)
    return f"data:image/{format};base64,{base64.b64encode(stream.getvalue()).decode()}"


def pictures(frames: Iterable[Frame], **options: Any) -> tuple[Picture, ...]:
    """Frames of a clip as pictures with their times; `options` go to `data_uri`."""
    return tuple(
        Picture(data_uri(frame.image, **options), f"{frame.time:.2f} s", f"frame at {frame.time:.2f} seconds")
        for frame in frames
    )


def strip(some: Iterable[Picture]) -> Markup:
    """Pictures side by side; where they are wider than the page, they scroll."""
    from markupsafe import Markup

    inside = Markup("").join(
        Markup('<figure class="{}"><img src="{}" alt="{}"><figcaption>{}</figcaption></figure>').format(
            picture.tone, picture.uri, picture.alt or picture.caption, picture.caption
        )
        for picture in some
    )
    return Markup('<div class="strip" tabindex="0" role="group">{}</div>').format(inside)
