"""Scenes: the stretches of a clip between cuts, found with PySceneDetect's detectors on our own frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scenedetect.common import FrameTimecode, Timecode
from scenedetect.detectors import AdaptiveDetector

from t2v_recaption.records import Record
from t2v_recaption.video.clip import Clip
from t2v_recaption.video.frame import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 128
"""Frames are compared at this size: cuts show there, and noise does not."""
MIN_LENGTH = 0.4
"""Seconds; what is shorter (a flash, a glitch) is no scene of its own."""


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
    """Finds cuts in frames that are fed one by one, at any size; keeps only what it compares.

    finder = SceneFinder()
    for frame in clip.frames():
        finder.feed(frame)
    cuts = finder.finish()
    """

    def __init__(self) -> None:
        self._detector = AdaptiveDetector(adaptive_threshold=3.0, min_scene_len=MIN_LENGTH, min_content_val=15.0)
        self._times: list[float] = []
        self._cuts: list[float] = []

    def feed(self, frame: Frame) -> None:
        """Take the next frame of the clip."""
        code = _timecode(frame.time)
        for found in self._detector.process_frame(code, _small(frame.pixels)):
            self._cuts.append(found.seconds)

    def finish(self) -> list[float]:
        """The times at which a new scene begins, in seconds from the start of the source."""
        return self._cuts


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


def _timecode(seconds: float) -> FrameTimecode:
    base = Fraction(1, 1_000_000)
    return FrameTimecode(Timecode(pts=round(seconds / base), time_base=base), fps=Fraction(1000))


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)  # type: ignore[return-value]
