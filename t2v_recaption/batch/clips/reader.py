"""What happens in a reader process: a clip is opened, hashed and sampled, and its frames are sent as they come.

While frames are only looked at (for scenes, measurements, key frames) none is sent; a sign of life is, so that the
reader of a long film is not taken for one that hangs.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from queue import SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, Any

from t2v_recaption.batch.clips.wire import Message, receive_call, send
from t2v_recaption.errors import RecaptionError

if TYPE_CHECKING:
    from t2v_recaption.captioners.base import Mode
    from t2v_recaption.captioners.plan import Budget
    from t2v_recaption.captioners.profile import Profile

AFTERMATH = 9
"""Linux: PR_SET_PDEATHSIG takes the signal that a process gets when its parent dies; 9 is SIGKILL."""

BEAT = 1.0
"""Seconds between two signs of life, at least."""


@dataclass(frozen=True)
class Look:
    """Which frames of a clip are to be seen; sent to readers."""

    mode: Mode
    profile: Profile
    sampling: str
    budget: Budget
    scenes: bool

    def frames_of(self, info: Any, span: tuple[float, float]) -> str:
        """The sampling that keeps a clip within the budget."""
        from t2v_recaption.captioners.plan import plan

        length = span[1] - span[0]
        if length <= 0:
            return self.sampling
        return plan(self.profile, self.sampling, self.mode, length, (info.width, info.height), self.budget).sampling


def read_clip(path: str, start: float, end: float | None, look: Look) -> Iterator[Message]:
    """The facts of a clip, then its sampled frames, no side of them longer than the profile shows."""
    import numpy as np

    from t2v_recaption.video import parse_sampling, sample, scenes

    clip = _clip(path, start, end)
    found = [(scene.number, float(scene.start), float(scene.end)) for scene in scenes(clip)] if look.scenes else []
    yield Message("facts", {**facts(clip), "scenes": found})
    wanted = look.frames_of(clip.info, clip.span)
    for frame in sample(clip, parse_sampling(wanted), longest_side=look.profile.side or None):
        pixels = np.ascontiguousarray(frame.pixels)
        about = {"number": frame.number, "time": float(frame.time), "shape": list(pixels.shape)}
        yield Message("frame", about, pixels.data.cast("B"))
    yield Message("after", {"warnings": list(clip.warnings)})


def split_clip(path: str, start: float, end: float | None, split: str) -> Iterator[Message]:
    """How a clip is split: `scenes`, or a number of seconds."""
    clip = _clip(path, start, end)
    yield Message("facts", facts(clip))
    if split == "scenes":
        from t2v_recaption.video import scenes

        parts = [(float(scene.start), float(scene.end)) for scene in scenes(clip)]
    else:
        begin, until = clip.span
        parts = even_parts(begin, until, float(split))
    yield Message("parts", {"parts": parts})


def measure_clip(path: str, start: float, end: float | None) -> Iterator[Message]:
    """The caption that can be measured without a model."""
    clip = _clip(path, start, end)
    yield Message("facts", facts(clip))
    measured: Any = import_module("t2v_recaption.captioners.measured")  # heavy
    (caption,) = measured.MeasuredCaptioner().caption([clip])
    if caption.error is not None:
        raise caption.error
    yield Message("caption", caption.to_dict())


def even_parts(start: float, end: float, seconds: float) -> list[tuple[float, float]]:
    """A clip cut every so many seconds; a last part shorter than half of that stays with the one before."""
    count = max(1, int((end - start) / seconds + 0.5))
    cuts = [start + number * seconds for number in range(count)] + [end]
    return [(round(a, 6), round(b, 6)) for a, b in pairwise(cuts)]


def facts(clip: Any) -> dict[str, Any]:
    """What is written down of a clip besides its captions."""
    info = clip.info
    start, end = clip.span
    return {
        "sha256": clip.sha256(),
        "bytes": content_size(clip.source),
        "container": info.container,
        "codec": info.codec,
        "width": info.width,
        "height": info.height,
        "fps": float(info.fps),
        "duration": float(info.duration),
        "start": float(start),
        "end": float(end),
        "warnings": list(clip.warnings),
        "info": info.to_dict(),
    }


def _clip(path: str, start: float, end: float | None) -> Any:
    if not os.path.exists(path):
        raise FileNotFoundError(path)
    from t2v_recaption.video import Clip

    class LivelyClip(Clip):
        """Says that it lives while it decodes and while it is hashed."""

        def planned(self, *arguments: Any, **options: Any) -> Iterator[Any]:
            """The frames."""
            return pulse.through(super().planned(*arguments, **options))

        def sha256(self, on_block: Callable[[], None] = pulse.beat) -> str:
            """Hash of the content."""
            return super().sha256(on_block)

    return LivelyClip(path, start=start, end=end, threads=1)


class Pulse:
    """Sends signs of life."""

    def __init__(self) -> None:
        self.send: Callable[[], None] = lambda: None
        self._last = 0.0

    def through(self, frames: Iterable[Any]) -> Iterator[Any]:
        """The frames, with a sign of life every now and then."""
        for frame in frames:
            self.beat()
            yield frame

    def beat(self) -> None:
        """A sign of life, unless the last one was just now."""
        if time.monotonic() - self._last >= BEAT:
            self._last = time.monotonic()
            self.send()


pulse = Pulse()


def content_size(path: str) -> int:
    """Bytes of a file, or of a folder of frames."""
    if not os.path.isdir(path):
        return os.path.getsize(path)
    return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())


def main() -> None:
    """Serve calls until standard input ends. Standard output carries messages only."""
    _die_with_parent()
    _limit_memory(int(sys.argv[2]))
    out = os.fdopen(os.dup(1), "wb", buffering=2**16)
    os.dup2(2, 1)  # what a library prints must not get between the messages
    send(out, Message("ready"))
    pulse.send = lambda: send(out, Message("alive"))
    calls: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(sys.stdin.buffer, calls), daemon=True).start()
    while True:
        read, arguments = pickle.loads(calls.get())
        serve(out, read, arguments)


def serve(out: IO[bytes], read: Callable[..., Iterator[Message]], arguments: tuple[Any, ...]) -> None:
    """Send what one reading gives, then its end or its error."""
    try:
        for message in read(*arguments):
            send(out, message)
        send(out, Message("end"))
    except BrokenPipeError:
        os._exit(0)
    except Exception as error:
        send(out, Message("error", described(error)))


def described(error: Exception) -> dict[str, str]:
    """An error as it goes over the wire."""
    if isinstance(error, MemoryError):
        return {"message": "Reading it took more memory than a reader may have.", "kind": "memory"}
    if isinstance(error, FileNotFoundError):
        return {"message": "There is no such file (any more).", "hint": "Check its path.", "kind": "missing"}
    if isinstance(error, RecaptionError):
        return {"message": error.message, "hint": error.hint, "kind": "unreadable"}
    if isinstance(error, OSError):
        return {"message": f"It cannot be read: {error.strerror or error}.", "kind": "unreadable"}
    return {"message": f"It cannot be read: {type(error).__name__}: {error}.", "kind": "unreadable"}


def _listen(pipe: IO[bytes], calls: SimpleQueue[bytes]) -> None:
    while (call := receive_call(pipe)) is not None:
        calls.put(call)
    os._exit(0)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, AFTERMATH)


def _limit_memory(size: int) -> None:
    if size:
        with contextlib.suppress(ImportError, OSError, ValueError, AttributeError):
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (size, size))
