"""Readers of separate pictures: folders of frames, animated and still images, frames in memory."""

from __future__ import annotations

import bisect
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps, ImageSequence

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.info import ClipInfo
from t2v_recaption.video.passes import TOLERANCE
from t2v_recaption.video.pixels import BACKGROUNDS, MAX_PIXELS, check_size, fitted, over
from t2v_recaption.video.reader import Plan, Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_FPS = 24.0
"""Frames per second of pictures that come without any times."""
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".avif"}
_UNSAID = f"nothing says how fast the frames follow each other: {DEFAULT_FPS:g} a second were assumed"


class Pictures:
    """Pictures that can be loaded one by one, each shown from its own time on.

    Subclasses give `_load`, `_identity` and the facts.
    """

    container = ""
    codec = ""

    def __init__(self, times: Sequence[float], durations: Sequence[float], *, path: str, assumed: bool) -> None:
        self._times = list(times)
        self._durations = list(durations)
        self._path = path
        self._assumed = assumed

    def info(self) -> ClipInfo:
        """Facts; the first picture is loaded for its size."""
        height, width = self._load(0).shape[:2]
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
            warnings=(_UNSAID,) if self._assumed and len(self._times) > 1 else (),
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
                pixels = self._load_safely(position, pixels, note)
                if pixels is None:
                    continue
                pixels = _resized(pixels, longest_side)
            last = position
            yield self._times[position], pixels

    def sha256(self) -> str:
        """Hash of the content and the times."""
        digest = hashlib.sha256()
        for part in self._identity():
            digest.update(part)
        digest.update(repr(self._times).encode())
        return digest.hexdigest()

    def _shown_at(self, seconds: float) -> int:
        return max(0, bisect.bisect_right(self._times, seconds + TOLERANCE) - 1)

    def _load_safely(
        self, position: int, before: NDArray[np.uint8] | None, note: Callable[[str], None]
    ) -> NDArray[np.uint8] | None:
        try:
            return self._load(position)
        except InvalidInput as error:
            note(f"{error.message} The picture before it is shown instead.")
            return before

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
        super().__init__(stamps, durations, path=str(path), assumed=not (fps or times))

    def _load(self, position: int) -> NDArray[np.uint8]:
        return load_image(self._files[position], self._background)

    def _identity(self) -> Iterator[bytes]:
        for file in self._files:
            yield file.name.encode("utf-8", "surrogateescape") + b"\0"
            yield file.read_bytes()


class Animation(Pictures):
    """GIF, animated WebP, animated PNG, or a single picture. Frames of no length last 0.1 s, as in browsers."""

    def __init__(
        self, source: str | bytes, *, fps: float | None, times: Sequence[float] | None, background: str
    ) -> None:
        self._source = source
        self._background = background
        self._name = repr(source) if isinstance(source, str) else f"what these {len(source)} bytes hold"
        with self._opened() as image:
            self.container = (image.format or "image").lower()
            check_size(image.width, image.height, self._name)
            lengths = [_frame_length(frame) for frame in ImageSequence.Iterator(image)]
        self.codec = self.container
        if fps or times:
            stamps, durations = timing(len(lengths), fps, times)
        else:
            durations = lengths
            stamps = [sum(lengths[:n]) for n in range(len(lengths))]
        self._position = -1
        self._image: Any = None
        super().__init__(stamps, durations, path=source if isinstance(source, str) else "", assumed=False)

    def _opened(self) -> Any:
        return _open_image(io.BytesIO(self._source) if isinstance(self._source, bytes) else self._source, self._name)

    def _load(self, position: int) -> NDArray[np.uint8]:
        if self._image is None or position < self._position:
            self._image = self._opened()
        try:
            self._image.seek(position)
            self._position = position
            return flat(ImageOps.exif_transpose(self._image), self._background)
        except (OSError, ValueError, EOFError, SyntaxError) as error:
            raise InvalidInput(f"Picture {position} of {self._name} cannot be decoded.") from error

    def _identity(self) -> Iterator[bytes]:
        yield self._source if isinstance(self._source, bytes) else Path(self._source).read_bytes()


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
        super().__init__(stamps, durations, path="", assumed=not (fps or times))

    def _load(self, position: int) -> NDArray[np.uint8]:
        frame = self._frames[position]
        return flat(frame, self._background) if isinstance(frame, Image.Image) else rgb_of(frame, self._background)

    def _identity(self) -> Iterator[bytes]:
        for position in range(len(self._frames)):
            pixels = self._load(position)
            yield repr(pixels.shape).encode() + pixels.tobytes()


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


def flat(image: Any, background: str) -> NDArray[np.uint8]:
    """A PIL image as RGB array; transparent parts show the background, 16-bit grey is brought to 8."""
    if image.mode in ("I", "I;16", "I;16B", "I;16L"):
        return rgb_of(np.asarray(image, dtype=np.float32) / 65535, background)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return over(np.asarray(image.convert("RGBA")), BACKGROUNDS[background])
    return np.asarray(image.convert("RGB"))


def rgb_of(pixels: NDArray[Any], background: str) -> NDArray[np.uint8]:
    """Grey, RGB or RGBA array, 8 or 16 bits or 0 to 1, as an 8-bit RGB array."""
    if pixels.dtype == np.uint16:
        pixels = (pixels.astype(np.uint32) + 128) // 257
    elif pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype.kind == "f":
        pixels = np.round(np.clip(np.nan_to_num(pixels.astype(np.float32)), 0.0, 1.0) * 255)
    pixels = pixels.astype(np.uint8)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[-1] in (2, 4):
        colours = np.repeat(pixels[..., :1], 3, axis=-1) if pixels.shape[-1] == 2 else pixels[..., :3]
        return over(np.concatenate([colours, pixels[..., -1:]], axis=-1), BACKGROUNDS[background])
    return np.ascontiguousarray(np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels)


def load_image(path: Path, background: str) -> NDArray[np.uint8]:
    """An image file as an upright RGB array. Raises InvalidInput."""
    with _open_image(path, repr(str(path))) as image:
        try:
            return flat(ImageOps.exif_transpose(image), background)
        except (OSError, ValueError, SyntaxError) as error:
            raise InvalidInput(f"{str(path)!r} cannot be decoded.", hint="Is it damaged?") from error


def natural(name: str) -> list[tuple[int, Any]]:
    """Sort key by which 2 comes before 10."""
    return [(0, int(part)) if part.isdigit() else (1, part.casefold()) for part in re.split(r"(\d+)", name) if part]


def _open_image(source: Any, name: str) -> Any:
    try:
        return Image.open(source)
    except Image.DecompressionBombError as error:
        raise InvalidInput(f"{name} claims more than {MAX_PIXELS} pixels.", hint="Is it damaged?") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise InvalidInput(f"{name} is not a picture that can be read.", hint="Is it damaged?") from error


def _frame_length(frame: Any) -> float:
    frame.load()  # WebP tells a frame's time only when it is decoded
    milliseconds = frame.info.get("duration") or 0
    return float(milliseconds) / 1000 if milliseconds > 0 else 0.1


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
