"""Messages as a model server takes them: images and video as data URLs, no larger than they may be."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from t2v_recaption.backends.base import ChatRequest, Message, well_formed
from t2v_recaption.backends.content import footage_note, is_footage, joined, pieces
from t2v_recaption.backends.images import data_url, pil_image, raw_image
from t2v_recaption.backends.mp4 import mp4
from t2v_recaption.backends.sheets import on_sheets
from t2v_recaption.records import Record

STARTS_AT = "The video starts at {:.2f} s. "


@dataclass(frozen=True)
class ImageRule(Record):
    """How images are sent."""

    longest_side: int = 2048
    """Larger images are made smaller, to this many pixels."""
    quality: int = 92
    """Of JPEG, which frames and changed images are sent as; files of a known format go as they are."""
    request_bytes: int = 20_000_000
    """All images of a request together, encoded; where they are more, all are made smaller."""


@dataclass(frozen=True)
class Wanted:
    """How one request's visual parts are sent, as far as the server is known."""

    rule: ImageRule
    scale: float = 1.0
    """Of width and height, after the server said that it is too much."""
    video: bool = False
    most_images: int | None = None


def messages(request: ChatRequest, wanted: Wanted) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The request's messages, and notes on what differs from what was asked.

    Raises:
        InvalidInput: an image cannot be read.
        MissingDependency: Pillow or, for video, PyAV is not installed.
    """
    writer = _Writer(request, wanted)
    made = [writer.message(message) for message in request.messages]
    while writer.size > wanted.rule.request_bytes and writer.scale > 0.05:
        writer = _Writer(request, wanted, 0.95 * writer.scale * (wanted.rule.request_bytes / writer.size) ** 0.5)
        made = [writer.message(message) for message in request.messages]
    return made, writer.notes()


class _Writer:
    def __init__(self, request: ChatRequest, wanted: Wanted, scale: float | None = None) -> None:
        self._request, self._wanted = request, wanted
        self.scale = wanted.scale if scale is None else scale
        self.size = 0
        self._sent = self._resized = 0
        self._count = sum(_is_image(p) for m in request.messages for p in pieces(m, video=wanted.video))

    def message(self, message: Message) -> dict[str, Any]:
        parts = pieces(message, video=self._wanted.video)
        if self._crowded():
            parts = on_sheets(parts, self._share(parts), self._wanted.rule.longest_side)
        written = [self._part(part) for part in _joined(parts)]
        if all(part["type"] == "text" for part in written):
            return {"role": message.role, "content": "".join(part["text"] for part in written)}
        return {"role": message.role, "content": written}

    def notes(self) -> tuple[str, ...]:
        rule = self._wanted.rule
        found = [] if self._wanted.video else list(footage_note(self._request, "frames of video"))
        if self._crowded():
            found.append(f"the server takes {self._wanted.most_images} images: {self._count} were put on sheets")
        if self._resized and self.scale < 1:
            found.append(f"images made smaller: {self._resized}, to {self.scale:.0%} of their width")
        elif self._resized:
            found.append(f"images made smaller: {self._resized}, to {rule.longest_side} pixels at the longest side")
        return tuple(found)

    def _crowded(self) -> bool:
        most = self._wanted.most_images
        return most is not None and self._count > most

    def _share(self, parts: Sequence[Any]) -> int:
        """How many of the images that the server takes this message may have, of all messages of the request."""
        own = sum(map(_is_image, parts))
        return max(1, own * (self._wanted.most_images or 1) // max(self._count, 1))

    def _part(self, part: Any) -> dict[str, Any]:
        if isinstance(part, str):
            return {"type": "text", "text": well_formed(part)}
        if is_footage(part):
            encoded = mp4(part, max(16, round(self._wanted.rule.longest_side * self.scale)))
            self.size += len(encoded)
            return {"type": "video_url", "video_url": {"url": _url("video/mp4", encoded)}}
        url = self._image(part)
        self.size += len(url) * 3 // 4
        return {"type": "image_url", "image_url": {"url": url}}

    def _image(self, image: Any) -> str:
        rule = self._wanted.rule
        if self.scale >= 1 and raw_image(image) is not None and _longest(image) <= rule.longest_side:
            return data_url(image)
        picture = pil_image(image)
        scale = min(self.scale, rule.longest_side * min(1.0, self.scale) / max(picture.size))
        if scale < 1:
            self._resized += 1
            picture = picture.resize([max(1, round(side * scale)) for side in picture.size])
        buffer = io.BytesIO()
        picture.save(buffer, format="JPEG", quality=rule.quality, subsampling=0)
        return _url("image/jpeg", buffer.getvalue())


def _joined(parts: Sequence[Any]) -> list[Any]:
    """With the start of each video said before it, and texts in a row as one."""
    told: list[Any] = []
    for part in parts:
        told += [STARTS_AT.format(part.times[0]), part] if is_footage(part) and part.times[0] > 0 else [part]
    return joined(told)


def _is_image(part: Any) -> bool:
    return not isinstance(part, str) and not is_footage(part)


def _longest(image: Any) -> int:
    try:
        from PIL import Image
    except ImportError:  # what is a picture already can be sent without looking at it
        return 0
    with Image.open(io.BytesIO(raw_image(image) or b"")) as opened:
        return int(max(opened.size))


def _url(media: str, encoded: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(encoded).decode('ascii')}"
