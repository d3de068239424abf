"""Reading video files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.container import HINT, aspect_of, opened, regular_file, video_stream
from t2v_recaption.video.facts import Index, describe, index_of, with_real_end
from t2v_recaption.video.info import ClipInfo
from t2v_recaption.video.parallel import parallel_for, side_by_side
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
            with self._opened(1, lambda _: None):
                pass
        assert self._info is not None
        return self._info

    def frames(
        self, plan: Plan, start: float, longest_side: int | None, note: Callable[[str], None]
    ) -> Iterator[Shown]:
        """Frames at the times of `plan`, or all from the one shown at `start` on."""

        def shown(file: _Open, frames: Iterator[av.VideoFrame]) -> Iterator[Shown]:
            return _converted(file, frames, Converter(file.aspect, longest_side, self._background, note))

        def read(some: Sequence[float], threads: int) -> Iterator[Shown]:
            with self._opened(threads, note, index) as file:
                yield from shown(file, file.reading.shown(some))

        with self._opened(self._threads, note) as file:
            info, index = self.info(), file.index
            times = plan(info)
            if times is None:
                yield from shown(file, file.reading.onward(start))
                return
            size = (info.width, info.height)
            parallel = parallel_for(times, file.reading.key_times(), self._threads, size, info.fps)
            if parallel is None:
                yield from shown(file, file.reading.shown(times))
                return
        yield from side_by_side(parallel, read)

    def sha256(self, on_block: Callable[[], None]) -> str:
        """Hash of the file's content."""
        if isinstance(self._source, bytes):
            return hashlib.sha256(self._source).hexdigest()
        self._check()
        digest = hashlib.sha256()
        with open(self._source, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                on_block()
        return digest.hexdigest()

    @contextmanager
    def _opened(self, threads: int, note: Callable[[str], None], index: Index | None = None) -> Iterator[_Open]:
        """The open file and a pass through it; the first time, what is known about it is noted on the way."""
        self._check()
        with opened(self._source, self._name) as container:
            stream = video_stream(container, self._name)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = threads
            index = index or index_of(container, stream)
            reading = Pass(container, stream, index.keys, note)
            if self._info is None:
                frame = reading.first()
                if frame is None:
                    raise InvalidInput(f"No frame of {self._name} can be decoded.", hint=HINT)
                info = describe(container, stream, index, frame, self._path)
                self._info = with_real_end(info, self._source, self._name)
            yield _Open(reading, index, aspect_of(stream))

    def _check(self) -> None:
        if isinstance(self._source, str):
            regular_file(self._source)


@dataclass(frozen=True)
class _Open:
    reading: Pass
    index: Index
    aspect: float


def _converted(file: _Open, frames: Iterator[av.VideoFrame], convert: Converter) -> Iterator[Shown]:
    last: av.VideoFrame | None = None
    pixels: NDArray[np.uint8] | None = None
    for frame in frames:
        if frame is not last or pixels is None:
            pixels = convert(frame)
            last = frame
        yield file.reading.seconds(frame), pixels
