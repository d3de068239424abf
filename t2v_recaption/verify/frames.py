"""Frames for judges: evenly over the clip, more of them where a claim says something about a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from t2v_recaption.backends.base import Backend, Footage
from t2v_recaption.verify.model import Claim, Window

if TYPE_CHECKING:
    from t2v_recaption.video import Clip, Frame

IN_WINDOW = 4
"""Frames that a claim's own part of the clip gets at least."""

MOST = 48
"""Frames that are shown at most, whatever claims ask for."""


@dataclass(frozen=True)
class Look:
    """The frames that judges see, the same for all claims."""

    frames: tuple[Frame, ...]
    span: tuple[float, float]
    """Start and end of the clip in seconds."""

    @property
    def times(self) -> tuple[float, ...]:
        """When the frames are shown."""
        return tuple(frame.time for frame in self.frames)

    def seconds(self, window: Window) -> tuple[float, float]:
        """A part of the clip in seconds of the video."""
        start, end = self.span
        low, high = window.seconds(end - start)
        return start + low, start + high

    def within(self, window: Window) -> tuple[float, ...]:
        """When the frames of a part of the clip are shown."""
        if window.whole:
            return self.times
        low, high = self.seconds(window)
        return tuple(time for time in self.times if low - 1e-6 <= time <= high + 1e-6)


def look_at(clip: Clip, claims: Iterable[Claim], count: int, side: int) -> Look:
    """Read the frames that judges will see.

    Args:
        clip: what they are of.
        claims: parts of the clip that they speak of get `IN_WINDOW` frames at least.
        count: frames over the whole clip.
        side: longest side in pixels.

    Raises:
        InvalidInput: no frame can be read.
    """
    start, end = clip.span
    times = _times(start, end, {claim.window for claim in claims}, count)
    found: list[Frame] = []
    for frame in clip.frames(times, longest_side=side):
        if not found or frame.time > found[-1].time:
            found.append(replace(frame, number=len(found)))
    last = max(end, found[-1].time if found else end)
    return Look(tuple(found), (start, last))


def _times(start: float, end: float, windows: set[Window], count: int) -> list[float]:
    """Middles of equal parts, the very beginning and end among them once there are three."""
    length = max(0.0, end - start)
    wanted = [start + length * (n + 0.5) / count for n in range(count)]
    if count > 2:
        wanted[0], wanted[-1] = start, start + length * (1 - 0.25 / count)
    for window in sorted(w for w in windows if not w.whole):
        low, high = (start + share * length for share in window)
        have = sum(low <= time <= high for time in wanted)
        missing = max(0, IN_WINDOW - have) if count > 1 else 0
        wanted += [low + (high - low) * (n + 0.5) / missing for n in range(missing)]
    return sorted(wanted)[:MOST]


def shown(look: Look, backend: Backend) -> tuple[Any, ...]:
    """The frames as parts of a message: as video where the model takes it, otherwise each after its time."""
    if backend.accepts_video and len(look.frames) > 1:
        return (Footage(tuple(frame.image for frame in look.frames), look.times),)
    return tuple(part for frame in look.frames for part in (f"{frame.time:.2f} s:", frame.image))


def nearest(times: Sequence[float], shown_times: Sequence[float]) -> tuple[float, ...]:
    """The frames that stated times mean: the nearest ones, where they are near at all."""
    if not shown_times:
        return ()
    gap = max([0.5, *(later - earlier for earlier, later in pairwise(shown_times))])
    found = set()
    for stated in times:
        distance, time = min((abs(time - stated), time) for time in shown_times)
        if distance <= gap:
            found.add(time)
    return tuple(sorted(found))
