"""Several frames in one picture, laid out as the original models were taught to read them.

The layouts are those of ShareCaptioner-Video's demo (`column`, `pair`), its batch script (`rows`) and
ShareGPT4Video-8B (`square`); `hd_transform` is the size rule of InternLM-XComposer2-4KHD. Pixels are the same as with
the original code on the same frames, but for the glyphs of `column`'s labels: those are drawn with Pillow's own font.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.frame import Frame

TILE = 336
"""Side of the squares that the vision encoder takes."""


def column(frames: Sequence[Any]) -> Image.Image:
    """Frames (`Frame` or PIL images) below one another on white, labelled `<IMAGE 0>`, `<IMAGE 1>`, … in a margin.

    The margin is a quarter of the widest frame, at least 100 pixels; rules separate the frames.
    """
    images = _images(frames)
    margin = max(max(i.width for i in images) // 4, 100)
    width = max(i.width for i in images) + 20 + margin
    canvas = Image.new("RGB", (width, sum(i.height + 20 for i in images) + 20), "white")
    draw = ImageDraw.Draw(canvas)
    font = _font_for(f"<IMAGE {len(images) - 1}>", margin)
    top = 10
    for number, image in enumerate(images):
        canvas.paste(image, (margin, top))
        draw.text((0, top + image.height // 2), f"<IMAGE {number}>", font=font, fill="black")
        bottom = top + image.height + 10
        if number + 1 < len(images):
            draw.line([(0, bottom), (width, bottom)], fill="black", width=2)
        top = bottom + 10
    return canvas


def rows(
    frames: Sequence[Any], *, columns: int = 5, lines: int = 6, size: tuple[int, int] | None = (800, 600)
) -> Image.Image:
    """Frames in rows on black, in cells of the first frame's size, the whole then brought to `size` (width, height).

    Raises InvalidInput for more frames than there are cells.
    """
    images = _images(frames)
    if len(images) > columns * lines:
        raise InvalidInput(f"{len(images)} frames do not fit into {columns} columns of {lines}.")
    width, height = images[0].size
    canvas = Image.new("RGB", (columns * width, lines * height))
    for number, image in enumerate(images):
        canvas.paste(image, (number % columns * width, number // columns * height))
    return canvas.resize(size, Image.Resampling.LANCZOS) if size else canvas


def square(frames: Sequence[Any], *, band: int = 50, longest_side: int | None = 1920) -> Image.Image:
    """Frames of one size in a square grid with white bands between, brought down to `longest_side`.

    Cells that are left over are white. Raises InvalidInput for frames of different sizes.
    """
    images = _images(frames)
    width, height = images[0].size
    if any(i.size != (width, height) for i in images):
        raise InvalidInput("The frames of a square grid must all have one size.")
    cells = math.ceil(math.sqrt(len(images)))
    canvas = Image.new("RGB", (cells * (width + band) - band, cells * (height + band) - band), "white")
    for number, image in enumerate(images):
        canvas.paste(image, (number % cells * (width + band), number // cells * (height + band)))
    longest = max(canvas.size)
    if longest_side is None or longest <= longest_side:
        return canvas
    scale = longest_side / longest
    smaller = max(1, int(canvas.width * scale)), max(1, int(canvas.height * scale))
    return canvas.resize(smaller, Image.Resampling.BILINEAR)


def pair(first: Any, second: Any) -> Image.Image:
    """Two frames of a sliding step below one another, 50 white pixels between, on a canvas for the first one's size."""
    above, below = _images([first, second])
    canvas = Image.new("RGB", (above.width, 2 * above.height + 50), "white")
    canvas.paste(above, (0, 0))
    canvas.paste(below, (0, above.height + 50))
    return canvas


def hd_transform(image: Any, tiles: int = 25) -> Image.Image:
    """The picture scaled to the most 336-pixel tiles of its shape, at most `tiles`, filled up with white bands.

    A tall picture is treated as the same picture lying on its side.
    """
    (picture,) = _images([image])
    tall = picture.width < picture.height
    if tall:
        picture = picture.transpose(Image.Transpose.TRANSPOSE)
    ratio = picture.width / picture.height
    across = 1
    while (across + 1) * math.ceil((across + 1) / ratio) <= tiles:
        across += 1
    width = across * TILE
    height = max(1, int(width / ratio))
    picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    full = math.ceil(height / TILE) * TILE
    canvas = Image.new("RGB", (width, full), "white")
    canvas.paste(picture, (0, (full - height) // 2))
    return canvas.transpose(Image.Transpose.TRANSPOSE) if tall else canvas


def hd_tokens(size: tuple[int, int]) -> int:
    """Visual tokens that InternLM-XComposer2-4KHD makes of an `hd_transform`ed picture of `size` (width, height)."""
    across, down = size[0] // TILE, size[1] // TILE
    return (down * across + 1) * 144 + 1 + (down + 1) * 12


def _font_for(widest: str, margin: int) -> Any:
    """A fifth of the margin high as in the original, smaller where the widest label would reach into the frames."""
    size = margin // 5
    font = ImageFont.load_default(size)
    while size > 4 and font.getlength(widest) > margin - 2:
        size -= 1
        font = ImageFont.load_default(size)
    return font


def _images(frames: Sequence[Any]) -> list[Image.Image]:
    images = [f.image if isinstance(f, Frame) else f.convert("RGB") for f in frames]
    if not images:
        raise InvalidInput("There are no frames to lay out.")
    return images
