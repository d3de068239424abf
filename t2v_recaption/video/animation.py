"""Reader of animated and still images."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ImageOps, ImageSequence

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.images import BROKEN, flat, open_image
from t2v_recaption.video.pictures import Pictures, timing
from t2v_recaption.video.pixels import check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Animation(Pictures):
    """GIF, animated WebP, animated PNG, or a single picture. Frames of no length last 0.1 s, as in browsers."""

    def __init__(
        self, source: str | bytes, *, fps: float | None, times: Sequence[float] | None, background: str
    ) -> None:
        self._source = source
        self._background = background
        self._name = repr(source) if isinstance(source, str) else f"What these {len(source)} bytes hold"
        self._position = -1
        self._image: Any = None
        with self._opened() as image:
            self.container = self.codec = (image.format or "image").lower()
            check_size(image.width, image.height, self._name)
            lengths, whole = _lengths(image)
        if not lengths:
            raise InvalidInput(f"{self._name} cannot be decoded.", hint="Is it damaged?")
        if fps or times:
            stamps, durations = timing(len(lengths), fps, times)
        else:
            stamps, durations = [0.0, *accumulate(lengths[:-1])], lengths
        warnings = () if whole else (f"the file is damaged after {len(lengths)} pictures",)
        super().__init__(stamps, durations, path=source if isinstance(source, str) else "", warnings=warnings)

    def _opened(self) -> Any:
        return open_image(io.BytesIO(self._source) if isinstance(self._source, bytes) else self._source, self._name)

    def _load(self, position: int) -> NDArray[np.uint8]:
        if self._image is None or position < self._position:
            self._image = self._opened()
        try:
            self._image.seek(position)
            self._position = position
            return flat(ImageOps.exif_transpose(self._image), self._background)
        except BROKEN as error:
            self._image = None
            raise InvalidInput(f"Picture {position} of {self._name} cannot be decoded.") from error

    def _identity(self) -> Iterator[bytes]:
        yield self._source if isinstance(self._source, bytes) else Path(self._source).read_bytes()


def _lengths(image: Any) -> tuple[list[float], bool]:
    """Seconds that each picture is shown, and whether all could be decoded."""
    lengths = []
    try:
        for frame in ImageSequence.Iterator(image):
            frame.load()  # WebP tells a frame's time only when it is decoded
            milliseconds = frame.info.get("duration") or 0
            lengths.append(float(milliseconds) / 1000 if milliseconds > 0 else 0.1)
    except BROKEN:
        return lengths, False
    return lengths, True
