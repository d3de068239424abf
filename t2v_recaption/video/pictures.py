"""Readers of separate pictures: folders of frames, and frames in memory."""

from __future__ import annotations

import bisect
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.images import flat, load_image, rgb_of
from t2v_recaption.video.info import ClipInfo
from t2v_recaption.video.passes import TOLERANCE
from t2v_recaption.video.pixels import fitted
from t2v_recaption.video.reader import Plan, Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_FPS = 24.0
"""Frames per second of pictures that come without any times."""
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".avif"}


class Pictures:
    """Pictures that can be loaded one by one, each shown from its own time on.

    Subclasses give `_load`, `_identity` and the facts.
    """

    container = ""
    codec = ""

    def __init__(
        self, times: Sequence[float], durations: Sequence[float], *, path: str, warnings: tuple[str, ...]
    ) -> None:
        self._times = list(times)
        self._durations = list(durations)
        self._path = path
        self._warnings = warnings
        self._info: ClipInfo | None = None

    def info(self) -> ClipInfo:
        """Facts; the first picture is loaded for its size."""
        if self._info is None:
            self._info = self._described()
        return self._info

    def _described(self) -> ClipInfo:
        height, width = self._load_near(0, lambda _: None).shape[:2]
        length = self._times[-1] + self._durations[-1] - min(0.0, self._times[0])
        gaps = [round(d, 4) for d in self._durations]
        return ClipInfo(
            path=self._path,
            container=self.container,
            codec=self.codec,
            width=width,
            height=height,
            duration=length,
            fps=len(self._times) / (length - self._times[0]) if length > self._times[0] else 0.0,
            frames=len(self._times),
            variable_rate=max(gaps) - min(gaps) > 0.001,
            warnings=self._warnings,
        )

    def frames(
        self, plan: Plan, start: float, longest_side: int | None, note: Callable[[str], None]
    ) -> Iterator[Shown]:
        """Frames at the times of `plan`, or all from the one shown at `start` on."""
        times = plan(self.info())
        wanted = range(self._shown_at(start), len(self._times)) if times is None else map(self._shown_at, times)
        last = -1
        pixels: NDArray[np.uint8] | None = None
        for position in wanted:
            if position != last or pixels is None:
                pixels = _resized(self._load_near(position, note), longest_side)
                last = position
            yield self._times[position], pixels

    def sha256(self, on_block: Callable[[], None]) -> str:
        """Hash of the content and the times."""
        digest = hashlib.sha256()
        for part in self._identity():
            digest.update(part)
            on_block()
        digest.update(repr(self._times).encode())
        return digest.hexdigest()

    def _shown_at(self, seconds: float) -> int:
        return max(0, bisect.bisect_right(self._times, seconds + TOLERANCE) - 1)

    def _load_near(self, position: int, note: Callable[[str], None]) -> NDArray[np.uint8]:
        """The picture at a position, or in place of a damaged one the nearest before it that is not, or after it."""
        for other in (*range(position, -1, -1), *range(position + 1, len(self._times))):
            try:
                return self._load(other)
            except InvalidInput as error:
                note(f"{error.message} The picture before it is shown instead.")
        raise InvalidInput(f"None of the {len(self._times)} pictures can be decoded.", hint="Are they damaged?")

    def _load(self, position: int) -> NDArray[np.uint8]:
        raise NotImplementedError

    def _identity(self) -> Iterator[bytes]:
        raise NotImplementedError


class Folder(Pictures):
    """A folder of frames in natural order (2 before 10).

    Times come from `times`, from `fps`, or from the names when each holds seconds with a decimal point (`12.00.jpg`,
    `frame_4.00.png`, as ShareGPT4Video's script writes them).
    """

    container = "folder"

    def __init__(self, path: Path, *, fps: float | None, times: Sequence[float] | None, background: str) -> None:
        self._files = _images_in(path)
        if not self._files:
            raise InvalidInput(f"The folder {str(path)!r} holds no pictures.", hint="Frames may be jpg, png or webp.")
        self.codec = self._files[0].suffix[1:].lower()
        self._background = background
        named = None if fps or times else _times_from_names(self._files)
        if named:
            self._files = [file for _, file in sorted(zip(named, self._files, strict=True), key=lambda p: p[0])]
            times = sorted(named)
        stamps, durations = timing(len(self._files), fps, times)
        super().__init__(stamps, durations, path=str(path), warnings=unsaid(len(stamps), fps, times))

    def _load(self, position: int) -> NDArray[np.uint8]:
        return load_image(self._files[position], self._background)

    def _identity(self) -> Iterator[bytes]:
        for file in self._files:
            yield file.name.encode("utf-8", "surrogateescape") + b"\0"
            yield file.read_bytes()


class Memory(Pictures):
    """Frames in memory, as `memory.to_frames` has made them."""

    container = "memory"
    codec = "raw"

    def __init__(
        self,
        frames: Sequence[Any],
        *,
        fps: float | None,
        times: Sequence[float] | None,
        background: str,
    ) -> None:
        self._frames = frames
        self._background = background
        stamps, durations = timing(len(frames), fps, times)
        super().__init__(stamps, durations, path="", warnings=unsaid(len(stamps), fps, times))

    def _load(self, position: int) -> NDArray[np.uint8]:
        frame = self._frames[position]
        return flat(frame, self._background) if isinstance(frame, Image.Image) else rgb_of(frame, self._background)

    def _identity(self) -> Iterator[bytes]:
        for position in range(len(self._frames)):
            pixels = self._load(position)
            yield repr(pixels.shape).encode() + pixels.tobytes()


def unsaid(count: int, fps: float | None, times: Sequence[float] | None) -> tuple[str, ...]:
    """The warning for pictures whose times nothing tells."""
    if fps or times or count < 2:
        return ()
    return (f"nothing says how fast the frames follow each other: {DEFAULT_FPS:g} a second were assumed",)


def timing(count: int, fps: float | None, times: Sequence[float] | None) -> tuple[list[float], list[float]]:
    """When each of `count` frames is shown and for how long, from given times or a rate."""
    if times is None:
        rate = fps or DEFAULT_FPS
        return [n / rate for n in range(count)], [1 / rate] * count
    stamps = [float(t) for t in times]
    if len(stamps) != count:
        raise InvalidInput(f"There are {count} frames but {len(stamps)} times.")
    gaps = [b - a for a, b in pairwise(stamps)]
    if any(gap <= 0 for gap in gaps):
        raise InvalidInput("The times of the frames do not ascend.")
    return stamps, [*gaps, median(gaps) if gaps else 1 / (fps or DEFAULT_FPS)]


def natural(name: str) -> list[tuple[int, Any]]:
    """Sort key by which 2 comes before 10."""
    return [(0, int(part)) if part.isdigit() else (1, part.casefold()) for part in re.split(r"(\d+)", name) if part]


def _images_in(path: Path) -> list[Path]:
    try:
        files = [f for f in path.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES and not f.name.startswith(".")]
    except OSError as error:
        raise InvalidInput(f"The folder {str(path)!r} cannot be read: {error.strerror or error}.") from error
    return sorted(files, key=lambda f: natural(f.name))


def _times_from_names(files: Sequence[Path]) -> list[float] | None:
    found = [re.search(r"(\d+\.\d+)$", file.stem) for file in files]
    times = [float(match[1]) for match in found if match]
    return times if len(times) == len(files) == len(set(times)) else None


def _resized(pixels: NDArray[np.uint8], longest_side: int | None) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    size = fitted((width, height), longest_side)
    if size == (width, height):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
