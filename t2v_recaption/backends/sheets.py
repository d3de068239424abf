"""Several images on one, numbered, for servers that take fewer images than there are: none is left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from t2v_recaption.backends.images import pil_image

GAP = 8
LABEL = 0.08
"""Height of a number, of its picture's."""


def on_sheets(parts: Sequence[Any], most: int, longest_side: int) -> list[Any]:
    """Strings and images with at most so many images: each a sheet of pictures with numbers, which the text names.

    Args:
        parts: strings and images, in order.
        most: images that may be sent, at least 1.
        longest_side: of a sheet, in pixels.

    Raises:
        InvalidInput: an image cannot be read.
        MissingDependency: Pillow is not installed.
    """
    images = [part for part in parts if not isinstance(part, str)]
    each = math.ceil(len(images) / most)
    made: list[Any] = []
    number = 0
    for part in parts:
        if isinstance(part, str):
            made.append(part)
            continue
        if number % each == 0:
            made.append(_sheet(images[number : number + each], number + 1, longest_side))
        number += 1
        made.append(f"(picture {number})")
    return made


def _sheet(images: Sequence[Any], first: int, longest_side: int) -> Any:
    from PIL import Image

    pictures = [pil_image(image) for image in images]
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    width, height = max(p.width for p in pictures), max(p.height for p in pictures)
    scale = min(1.0, (longest_side - GAP * columns) / (width * columns), (longest_side - GAP * rows) / (height * rows))
    width, height = max(1, int(width * scale)), max(1, int(height * scale))
    sheet = Image.new("RGB", (columns * (width + GAP) - GAP, rows * (height + GAP) - GAP), "white")
    for place, picture in enumerate(pictures):
        fitted = picture.copy()
        fitted.thumbnail((width, height))
        corner = (place % columns * (width + GAP), place // columns * (height + GAP))
        sheet.paste(_numbered(fitted, first + place), corner)
    return sheet


def _numbered(picture: Any, number: int) -> Any:
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(picture)
    size = max(10, round(picture.height * LABEL))
    font = ImageFont.load_default(size)
    box = draw.textbbox((0, 0), str(number), font=font)
    draw.rectangle((0, 0, box[2] + size // 2, box[3] + size // 4), fill="black")
    draw.text((size // 4, 0), str(number), fill="white", font=font)
    return picture
