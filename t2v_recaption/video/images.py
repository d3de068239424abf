"""Image files and image arrays as 8-bit RGB."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.pixels import BACKGROUNDS, over

if TYPE_CHECKING:
    from numpy.typing import NDArray

BROKEN = (OSError, ValueError, EOFError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for pictures that are damaged or not pictures."""


def flat(image: Any, background: str) -> NDArray[np.uint8]:
    """A PIL image as RGB array; transparent parts show the background, 16-bit grey is brought to 8."""
    if image.mode in ("I", "I;16", "I;16B", "I;16L"):
        return rgb_of(np.asarray(image, dtype=np.float32) / 65535, background)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return over(np.asarray(image.convert("RGBA")), BACKGROUNDS[background])
    return np.asarray(image.convert("RGB"))


def rgb_of(pixels: NDArray[Any], background: str) -> NDArray[np.uint8]:
    """Grey, RGB or RGBA array, 8 or 16 bits or 0 to 1, as an 8-bit RGB array."""
    if pixels.dtype == np.uint16:
        pixels = (pixels.astype(np.uint32) + 128) // 257
    elif pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype.kind == "f":
        pixels = np.round(np.clip(np.nan_to_num(pixels.astype(np.float32)), 0.0, 1.0) * 255)
    pixels = pixels.astype(np.uint8)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[-1] in (2, 4):
        colours = np.repeat(pixels[..., :1], 3, axis=-1) if pixels.shape[-1] == 2 else pixels[..., :3]
        return over(np.concatenate([colours, pixels[..., -1:]], axis=-1), BACKGROUNDS[background])
    return np.ascontiguousarray(np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels)


def load_image(path: Path, background: str) -> NDArray[np.uint8]:
    """An image file as an upright RGB array. Raises InvalidInput."""
    with open_image(path, repr(str(path))) as image:
        try:
            return flat(ImageOps.exif_transpose(image), background)
        except BROKEN as error:
            raise InvalidInput(f"{str(path)!r} cannot be decoded.", hint="Is it damaged?") from error


def open_image(source: Any, name: str) -> Any:
    """A PIL image of a path or an open file. Raises InvalidInput."""
    try:
        return Image.open(source)
    except BROKEN as error:
        raise InvalidInput(f"{name} is not a picture that can be read.", hint="Is it damaged?") from error
