"""Images on their way to a model."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption.backends.images import data_url, pil_image
from t2v_recaption.errors import InvalidInput

Image = pytest.importorskip("PIL.Image")


def encoded(kind: str, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (4, 2), "red" if mode == "RGB" else 1).save(buffer, format=kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "media"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")]
)
def test_known_formats_are_sent_as_they_are(tmp_path: Path, kind: str, media: str) -> None:
    raw = encoded(kind)
    path = tmp_path / "image"
    path.write_bytes(raw)
    expected = f"data:{media};base64,{base64.b64encode(raw).decode()}"
    assert data_url(raw) == data_url(path) == data_url(str(path)) == expected


@pytest.mark.parametrize("image", [encoded("BMP"), encoded("TIFF"), Image.new("RGBA", (4, 2)), Image.new("1", (4, 2))])
def test_others_become_png(image: Any) -> None:
    url = data_url(image)
    assert url.startswith("data:image/png;base64,")
    assert pil_image(base64.b64decode(url.partition(",")[2])).size == (4, 2)


def test_images_are_upright_rgb() -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (4, 2)).save(buffer, format="JPEG", exif=exif)
    image = pil_image(buffer.getvalue())
    assert (image.size, image.mode) == ((2, 4), "RGB")


@pytest.mark.parametrize("image", [b"", b"no image", "no/such.png", "a\x00b", 3, None, encoded("PNG")[:40]])
def test_what_is_no_image(image: Any) -> None:
    with pytest.raises(InvalidInput):
        pil_image(image)
