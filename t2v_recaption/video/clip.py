"""Clip: a video, wherever it is: a file, a folder of frames, bytes, or frames in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.animation import Animation
from t2v_recaption.video.container import regular_file
from t2v_recaption.video.files import VideoFile
from t2v_recaption.video.frame import Frame
from t2v_recaption.video.info import ClipInfo
from t2v_recaption.video.memory import to_frames, to_videos
from t2v_recaption.video.passes import TOLERANCE
from t2v_recaption.video.pictures import Folder, Memory
from t2v_recaption.video.pixels import BACKGROUNDS
from t2v_recaption.video.reader import Plan, Reader


class Clip:
    """A video or a part of one. Making a `Clip` opens nothing; reading opens the source anew each time.

    Args:
        source: a path or `file://` URL of a video, GIF, WebP, PNG or picture, or of a folder of frames; the bytes of
            such a file; an array or tensor (T x H x W x C or T x C x H x W, 0 to 255 or 0.0 to 1.0); a list of PIL
            images or arrays; what a diffusers pipeline returned.
        start: seconds from the start of the video at which this clip begins.
        end: seconds at which it ends; None for the end of the video.
        id: name in results; the path when empty.
        fps: frames per second of a folder or of frames in memory.
        times: when each frame of a folder or of frames in memory is shown, instead of `fps`.
        background: `black` or `white`: what shows through transparent pixels.
        threads: threads of the decoder; 0 for all cores. 1 is best where many clips are read side by side.

    Times are seconds from the first frame of the whole source, also in a part of it. The frame shown at a time is the
    last one that begins then or before.
    """

    def __init__(
        self,
        source: Any,
        *,
        start: float = 0.0,
        end: float | None = None,
        id: str = "",
        fps: float | None = None,
        times: Sequence[float] | None = None,
        background: str = "black",
        threads: int = 0,
    ) -> None:
        if background not in BACKGROUNDS:
            raise InvalidInput(f"There is no background {background!r}.", hint="Use black or white.")
        if fps is not None and not 0 < fps < 100_000:
            raise InvalidInput(f"{fps} is not a frame rate.")
        _check_span(start, end)
        self.source = local_path(source)
        self.start = float(start)
        self.end = None if end is None else float(end)
        self._id = id
        self._fps = fps
        self._times = None if times is None else tuple(times)
        self._background = background
        self._threads = threads
        self._notes: list[str] = []

    def __repr__(self) -> str:
        part = f", {self.start:g} s to {'the end' if self.end is None else f'{self.end:g} s'}"
        return f"Clip({self.id!r}{part if self.start or self.end is not None else ''})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_reader"}

    @property
    def id(self) -> str:
        """What results call the clip: the given name, the path, or what it holds."""
        return self._id or (self.source if isinstance(self.source, str) else f"{self.sha256()[:16]}")

    @cached_property
    def _reader(self) -> Reader:
        return _reader_of(self.source, self._fps, self._times, self._background, self._threads)

    @property
    def info(self) -> ClipInfo:
        """What is known about the whole source. Raises InvalidInput when it is not video."""
        return self._reader.info()

    @property
    def span(self) -> tuple[float, float]:
        """Start and end of this clip in seconds, within the source."""
        return self._span(self.info)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the file, and what was met while reading it so far, for people."""
        return tuple(dict.fromkeys((*self.info.warnings, *self._notes)))

    def part(self, start: float, end: float | None = None) -> Clip:
        """This source from `start` to `end`, in seconds from the start of the source."""
        _check_span(start, end)
        other = copy(self)
        if "_reader" in self.__dict__:  # what was found out about the source is shared
            other.__dict__["_reader"] = self._reader
        other.start, other.end = float(start), None if end is None else float(end)
        other._notes = []
        return other

    def frames(self, times: Sequence[float] | None = None, *, longest_side: int | None = None) -> Iterator[Frame]:
        """The frames shown at `times` (ascending; one for each), or every frame of the clip; nothing is kept.

        Args:
            times: seconds from the start of the source; those outside the clip are taken for its nearest end.
            longest_side: scales frames down so that neither side is longer, while they are decoded.

        Raises:
            InvalidInput: the source is not video, or nothing of it can be decoded. A file that is damaged later on
                gives what can be read of it, and `warnings` says so.
        """
        if times is None:
            return self.planned(lambda _: None, longest_side=longest_side)
        wanted = [float(t) for t in times]
        if any(b < a for a, b in pairwise(wanted)):
            raise InvalidInput("The times of wanted frames must ascend.")
        return self.planned(lambda _: wanted, longest_side=longest_side) if wanted else iter(())

    def planned(self, plan: Plan, *, longest_side: int | None = None) -> Iterator[Frame]:
        """Like `frames`, at the times that `plan` gives once `info` is known: the source is opened only once."""
        every = False

        def times_of(info: ClipInfo) -> list[float] | None:
            nonlocal every
            self._span(info)
            times = plan(info)
            every = times is None
            return None if times is None else [self._within(t) for t in times]

        number = 0
        time = self.start
        for time, pixels in self._reader.frames(times_of, self.start, longest_side, self._note):
            if every and number and self.end is not None and time >= self.end - TOLERANCE:
                return
            yield Frame(number, time, pixels)
            number += 1
        if not number:
            raise InvalidInput(f"No frame of {self.id!r} can be decoded.", hint="Is it damaged, or protected?")
        if every:
            self._compare_end(time)

    def sha256(self, on_block: Callable[[], None] = lambda: None) -> str:
        """Hash of the source's content (of the whole of it, also for a part); `on_block` is called along the way."""
        return self._reader.sha256(on_block)

    def _within(self, seconds: float) -> float:
        seconds = max(seconds, self.start)
        # The end is not in the clip: a frame that begins there is the next clip's first.
        return seconds if self.end is None else min(seconds, max(self.start, self.end - 2.1 * TOLERANCE))

    def _span(self, info: ClipInfo) -> tuple[float, float]:
        if self.start and self.start >= info.duration:
            raise InvalidInput(f"A clip cannot begin at {self.start:g} s: the video is {info.duration:.2f} s long.")
        return self.start, info.duration if self.end is None else min(self.end, info.duration)

    def _compare_end(self, last: float) -> None:
        end = self._span(self.info)[1]
        if end - last > max(1.0, 3 / (self.info.fps or 1)):
            self._note(f"the last frame that can be decoded begins at {last:.2f} s, {end - last:.2f} s before the end")

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)


def clips_of(output: Any, *, fps: float | None = None) -> list[Clip]:
    """A clip for each video of a batch, for example of what a diffusers pipeline returned."""
    return [Clip(frames, fps=fps) for frames in to_videos(output)]


def _check_span(start: float, end: float | None) -> None:
    if not start >= 0 or (end is not None and not end > start):
        raise InvalidInput(f"A clip cannot run from {start} to {end} s.")


def local_path(source: Any) -> Any:
    """Paths and `file://` URLs as plain path text; anything else unchanged. Raises InvalidInput for other URLs."""
    if isinstance(source, os.PathLike):
        source = os.fspath(source)
    if not isinstance(source, str):
        return bytes(source) if isinstance(source, (bytearray, memoryview)) else source
    scheme = source.partition("://")[0].lower() if "://" in source else ""
    if scheme == "file":
        return unquote(urlsplit(source).path)
    if scheme.isalpha() and len(scheme) > 1 and not os.path.exists(source):
        raise InvalidInput(f"{source!r} is an address on a network; only local files are read.", hint="Download it.")
    return source


def _reader_of(source: Any, fps: float | None, times: Sequence[float] | None, background: str, threads: int) -> Reader:
    if isinstance(source, str):
        if os.path.isdir(source):
            return Folder(Path(source), fps=fps, times=times, background=background)
        regular_file(source)
        with open(source, "rb") as file:
            head = file.read(64)
        if _is_picture(head, source):
            return Animation(source, fps=fps, times=times, background=background)
        return VideoFile(source, background=background, threads=threads)
    if isinstance(source, bytes):
        if not source:
            raise InvalidInput("There are no bytes in this clip.")
        if _is_picture(source[:64], ""):
            return Animation(source, fps=fps, times=times, background=background)
        return VideoFile(source, background=background, threads=threads)
    return Memory(to_frames(source), fps=fps, times=times, background=background)


def _is_picture(head: bytes, name: str) -> bool:
    """Whether Pillow is to read it: pictures and animations; streams of JPEG pictures are video."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    if head[:3] == b"\xff\xd8\xff":
        return not name.lower().endswith((".mjpeg", ".mjpg"))
    return head.startswith((b"GIF8", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*"))
