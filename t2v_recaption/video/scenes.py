"""Scenes: the stretches of a clip between cuts, found with PySceneDetect's detectors on frames at their exact times."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect.common import FrameTimecode, Timecode
from scenedetect.detectors import AdaptiveDetector, ThresholdDetector

from t2v_recaption.records import Record
from t2v_recaption.video.clip import Clip
from t2v_recaption.video.frame import Frame

Small: TypeAlias = NDArray[np.uint8]

SIDE = 128
"""Frames are compared with their longer side at this size: cuts show there, and noise does not."""
MIN_LENGTH = 0.4
"""Seconds; what is shorter (a flash, a glitch) is no scene of its own."""
WINDOW = 2
"""Frames before and after one that its change is compared with: a cut stands out, fast motion does not."""
_SAME = 12.0
"""Mean difference (0 to 255) under which two pictures show the same."""
BLACK = 12
"""Mean level (0 to 255) under which the picture counts as black."""


@dataclass(frozen=True)
class Scene(Record):
    """A stretch of video without a cut."""

    number: int
    """From 0."""
    start: float
    """Seconds from the start of the source: when its first frame is shown."""
    end: float
    """When the next scene begins, or the clip ends."""


class SceneFinder:
    """Finds cuts, and fades through black, in frames that are fed one by one, at any size; keeps a few small ones.

        finder = SceneFinder()
        for frame in clip.frames():
            finder.feed(frame)
        cuts = finder.finish()

    Cuts are found by PySceneDetect's `AdaptiveDetector`, fades by its `ThresholdDetector`. Dissolves are not found.
    """

    def __init__(self) -> None:
        self._cuts = AdaptiveDetector(
            adaptive_threshold=3.0, min_content_val=15.0, window_width=WINDOW, min_scene_len=0
        )
        self._fades = ThresholdDetector(threshold=BLACK, fade_bias=1.0, min_scene_len=0)
        self._recent: deque[tuple[float, Small]] = deque(maxlen=2 * WINDOW + 2)
        self._first: float | None = None
        self._gap = 0.0
        self._seen_picture = False
        self._found: dict[float, tuple[Small, Small]] = {}  # cut → the pictures before and after it

    def feed(self, frame: Frame) -> None:
        """Take the next frame of the clip."""
        small = _small(frame.pixels)
        if self._first is None:
            self._first = frame.time
            for early in range(WINDOW, 0, -1):  # so that a cut right after the first frame has frames before it
                self._compare(frame.time - early / 1000, small)
        before = self._recent[-1]
        self._gap = frame.time - before[0]
        self._compare(frame.time, small)
        if self._fades.process_frame(_timecode(frame.time), small) and self._seen_picture:
            self._found[frame.time] = before[1], small
        self._seen_picture = self._seen_picture or not _black(small)

    def finish(self) -> list[float]:
        """The times at which a new scene begins, in seconds from the start of the source, without the first."""
        if self._first is None:
            return []
        last, small = self._recent[-1]
        for late in range(1, WINDOW + 1):  # so that a cut right before the last frame has frames after it
            self._compare(last + late / 1000, small)
        return self._without_short(self._first, last + self._gap)

    def _compare(self, time: float, small: Small) -> None:
        self._recent.append((time, small))
        for found in self._cuts.process_frame(_timecode(time), small):
            # The detector is WINDOW frames late; the frame before the cut is still there.
            (_, before), (at, after) = list(self._recent)[-WINDOW - 2 : -WINDOW]
            assert abs(found.seconds - _EARLY - at) < 1e-3
            if not _black(before) and not _black(after):  # from and to black: fades know what that means
                self._found[at] = before, after

    def _without_short(self, start: float, end: float) -> list[float]:
        """The cuts without flashes, where the same picture comes back, and without scenes shorter than MIN_LENGTH."""
        cuts = [t for t in sorted(self._found) if end - t >= MIN_LENGTH]
        kept = [start]
        while cuts:
            time = cuts.pop(0)
            if cuts and cuts[0] - time < MIN_LENGTH and _alike(self._found[time][0], self._found[cuts[0]][1]):
                cuts.pop(0)
            elif time - kept[-1] >= MIN_LENGTH:
                kept.append(time)
        return kept[1:]


def scenes(clip: Clip) -> list[Scene]:
    """The scenes of a clip, in order; at least one. Every frame is decoded, none is kept."""
    finder = SceneFinder()
    for frame in clip.frames(longest_side=2 * SIDE):
        finder.feed(frame)
    return scenes_between(finder.finish(), clip)


def scenes_between(cuts: list[float], clip: Clip) -> list[Scene]:
    """The scenes of a clip whose cuts are known."""
    start, end = clip.span
    borders = [start, *(t for t in cuts if start < t < end), end]
    return [Scene(n, a, b) for n, (a, b) in enumerate(pairwise(borders))]


_EARLY = 1.0
"""Added to all times for the detectors, which take none below 0."""
_BASE = Fraction(1, 1_000_000)


def _timecode(seconds: float) -> FrameTimecode:
    return FrameTimecode(Timecode(pts=round((seconds + _EARLY) / _BASE), time_base=_BASE), fps=Fraction(1000))


def _black(small: Small) -> bool:
    return float(small.mean()) < BLACK


def _alike(one: Small, other: Small) -> bool:
    return float(cv2.absdiff(one, other).mean()) < _SAME


def _small(pixels: NDArray[np.uint8]) -> Small:
    height, width = pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)  # type: ignore[return-value]
