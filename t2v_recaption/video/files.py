"""Reading video files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.container import HINT, aspect_of, opened, regular_file, video_stream
from t2v_recaption.video.facts import describe, index_of, with_real_end
from t2v_recaption.video.info import ClipInfo
from t2v_recaption.video.passes import Pass
from t2v_recaption.video.pixels import Converter
from t2v_recaption.video.reader import Plan, Shown

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
        self._name = repr(source) if isinstance(source, str) else f"What these {len(source)} bytes hold"
        self._background = background
        self._threads = threads
        self._info: ClipInfo | None = None

    def info(self) -> ClipInfo:
        """What the header, the index and the first frame tell."""
        if self._info is None:
            self._check()
            with opened(self._source, self._name) as container:
                stream = video_stream(container, self._name)
                self._set_up(stream, threads=1)
                self._begin(container, stream, lambda _: None)
        assert self._info is not None
        return self._info

    def frames(
        self, plan: Plan, start: float, longest_side: int | None, note: Callable[[str], None]
    ) -> Iterator[Shown]:
        """Frames at the times of `plan`, or all from the one shown at `start` on."""
        self._check()
        with opened(self._source, self._name) as container:
            stream = video_stream(container, self._name)
            self._set_up(stream, self._threads)
            reading = self._begin(container, stream, note)
            convert = Converter(aspect_of(stream), longest_side, self._background, note)
            last: av.VideoFrame | None = None
            pixels: NDArray[np.uint8] | None = None
            times = plan(self.info())
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

    def _begin(
        self, container: av.container.InputContainer, stream: av.VideoStream, note: Callable[[str], None]
    ) -> Pass:
        """A pass through the open stream; the first time, what is known about it is noted on the way."""
        index = index_of(container, stream)
        reading = Pass(container, stream, index.keys, note)
        if self._info is None:
            frame = reading.first()
            if frame is None:
                raise InvalidInput(f"No frame of {self._name} can be decoded.", hint=HINT)
            info = describe(container, stream, index, frame, self._path)
            self._info = with_real_end(info, self._source, self._name)
        return reading

    def _set_up(self, stream: av.VideoStream, threads: int) -> None:
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads

    def _check(self) -> None:
        if isinstance(self._source, str):
            regular_file(self._source)
