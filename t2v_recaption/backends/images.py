"""Images on their way to a model: a path, encoded bytes, an array or a PIL image, as whatever the model takes."""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path
from typing import Any

from t2v_recaption.errors import InvalidInput, MissingDependency

# The formats that every vision server takes as they are; anything else is sent as PNG.
_SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def data_url(image: Any) -> str:
    """The image as a `data:` URL.

    Raises:
        InvalidInput: it is no image, or its file cannot be read.
        MissingDependency: it must be converted first, and Pillow is not installed.
    """
    encoded = _encoded(image)
    media = _media_type(encoded) if encoded is not None else None
    if encoded is None or media is None:
        encoded, media = _as_png(pil_image(image)), "image/png"
    return f"data:{media};base64,{base64.b64encode(encoded).decode('ascii')}"


def pil_image(image: Any) -> Any:
    """The image as an RGB PIL image, turned upright as its camera noted.

    Raises:
        InvalidInput: it is no image, or its file cannot be read.
        MissingDependency: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        raise MissingDependency("Reading images", "pillow", "vision") from error
    encoded = _encoded(image)
    try:
        opened = _from_array(image) if encoded is None else Image.open(io.BytesIO(encoded))
        if not isinstance(opened, Image.Image):
            raise InvalidInput(
                f"An image cannot be a {type(image).__name__}.", hint="Give a path, a PIL image, an array or bytes."
            )
        return ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"{_name(image)} cannot be read as an image: {error}.", hint="Use PNG or JPEG.") from error


def raw_image(image: Any) -> bytes | None:
    """The bytes of a file in a format that every vision server takes; None for anything else.

    Raises:
        InvalidInput: its file cannot be read.
    """
    encoded = _encoded(image)
    return encoded if encoded is not None and _media_type(encoded) is not None else None


def digest(image: Any) -> str:
    """A hash of an image's content: a path's bytes, raw bytes, or the pixels of an array or PIL image.

    Raises:
        InvalidInput: it is no image, or its file cannot be read.
    """
    encoded = _encoded(image)
    if encoded is not None:
        return hashlib.sha256(encoded).hexdigest()
    if not hasattr(image, "tobytes"):
        raise InvalidInput(f"An image cannot be a {type(image).__name__}.", hint="Give a path, an array or bytes.")
    kind = (getattr(image, "mode", None), getattr(image, "size", None), getattr(image, "shape", None))
    return hashlib.sha256(repr(kind).encode() + image.tobytes()).hexdigest()


def _from_array(image: Any) -> Any:
    """A PIL image where this is an array of pixels; otherwise what it was."""
    shape = getattr(image, "shape", None)
    if shape is None:
        return image
    if len(shape) != 3 or shape[2] != 3 or str(image.dtype) != "uint8" or 0 in shape:
        what = f"An array of shape {tuple(shape)} and type {image.dtype} is no image."
        raise InvalidInput(what, hint="It must be height x width x 3, uint8, RGB.")
    from PIL import Image

    return Image.fromarray(image)


def _encoded(image: Any) -> bytes | None:
    if isinstance(image, (bytes, bytearray, memoryview)):
        return bytes(image)
    if not isinstance(image, (str, Path)):
        return None
    try:
        return Path(image).read_bytes()
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The image {str(image)!r} cannot be read: {error}.", hint="Check the path.") from error


def _media_type(encoded: bytes) -> str | None:
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "image/webp"
    return next((media for start, media in _SIGNATURES if encoded.startswith(start)), None)


def _as_png(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def _name(image: Any) -> str:
    return f"The image {str(image)!r}" if isinstance(image, (str, Path)) else "The image"
