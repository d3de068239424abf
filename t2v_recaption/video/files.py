"""Reading video files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from t2v_recaption.video.container import aspect_of, describe, opened, regular_file, video_stream
from t2v_recaption.video.info import ClipInfo
from t2v_recaption.video.passes import Pass
from t2v_recaption.video.pixels import Converter
from t2v_recaption.video.reader import Shown

if TYPE_CHECKING:
    import av
    import numpy as np
    from numpy.typing import NDArray


class VideoFile:
    """A file, or the bytes of one, that FFmpeg's libraries decode.

    Args:
        source: path or content.
        background: `black` or `white`: what shows through transparent pixels.
        threads: threads of the decoder, 0 for as many as the machine has cores.
    """

    def __init__(self, source: str | bytes, *, background: str, threads: int) -> None:
        self._source = source
        self._path = source if isinstance(source, str) else ""
        self._name = repr(source) if isinstance(source, str) else f"what these {len(source)} bytes hold"
        self._background = background
        self._threads = threads

    def info(self) -> ClipInfo:
        """What the header and the first frame tell."""
        self._check()
        with opened(self._source, self._name) as container:
            return describe(container, video_stream(container, self._name), self._path)

    def frames(
        self,
        times: Sequence[float] | None,
        start: float,
        longest_side: int | None,
        note: Callable[[str], None],
    ) -> Iterator[Shown]:
        """Frames at the ascending `times`, or all from the one shown at `start` on."""
        self._check()
        with opened(self._source, self._name) as container:
            stream = video_stream(container, self._name)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self._threads
            convert = Converter(aspect_of(stream), longest_side, self._background, note)
            reading = Pass(container, stream, note)
            last: av.VideoFrame | None = None
            pixels: NDArray[np.uint8] | None = None
            for frame in reading.onward(start) if times is None else reading.shown(times):
                if frame is not last or pixels is None:
                    pixels = convert(frame)
                    last = frame
                yield reading.seconds(frame), pixels

    def sha256(self) -> str:
        """Hash of the file's content."""
        if isinstance(self._source, bytes):
            return hashlib.sha256(self._source).hexdigest()
        self._check()
        digest = hashlib.sha256()
        with open(self._source, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def _check(self) -> None:
        if isinstance(self._source, str):
            regular_file(self._source)
