"""The one pass over a clip: takes small frames one by one and keeps numbers only."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import cv2
import numpy as np

from t2v_recaption.video.frame import Frame
from t2v_recaption.video.measurements.colours import Palette, palette
from t2v_recaption.video.measurements.follow import Follower, Step, noise
from t2v_recaption.video.measurements.frame_shape import BarFinder, sharpness
from t2v_recaption.video.measurements.light import Exposure, expose
from t2v_recaption.video.measurements.playback import Look, Watcher
from t2v_recaption.video.scenes import SceneFinder

LONGEST_SIDE = 416
"""Pixels of the frames that are measured: movement is as exact there as in full size, and noise is less."""
CAMERA_RATE, SLOW_CAMERA_RATE = 15.0, 7.5
"""Times a second that the camera is followed, and in videos longer than `LONG`."""
LONG = 600.0
"""Seconds."""
SLOW_EVERY = 0.24
"""Seconds between frames whose colours and sharpness are taken; 1 in long videos."""
SIGNALS = ("camera", "motion", "light", "colours", "playback", "shape", "cuts")
"""What can be left out. Motion needs the camera."""


@dataclass(frozen=True, slots=True)
class Detail:
    """What is taken of some frames only."""

    time: float
    palette: Palette | None
    sharpness: float | None


@dataclass
class Record:
    """Everything kept of a clip; numbers only."""

    times: list[float] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    exposures: list[Exposure] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)
    grain: list[float] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)
    """Width and height of the frames that were measured."""
    original: tuple[int, int] = (0, 0)


class Watch:
    """Feeds the signals that are wanted, and times them."""

    def __init__(self, signals: frozenset[str], *, seconds: float) -> None:
        self._signals = signals
        long = seconds > LONG
        self._camera_rate = SLOW_CAMERA_RATE if long else CAMERA_RATE
        self._slow_every = 1.0 if long else SLOW_EVERY
        self._follower = Follower(motion="motion" in signals)
        self._next_step = self._next_detail = -1.0
        self._finder = SceneFinder() if "cuts" in signals else None
        self.record = Record()
        self.watcher = Watcher()
        self.bars = BarFinder()
        self.seconds: dict[str, float] = defaultdict(float)

    def feed(self, frame: Frame) -> None:
        """Take the next frame."""
        record, now = self.record, frame.time
        gray = np.asarray(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        if record.size == (0, 0):
            record.size = frame.size
        elif record.size != frame.size:
            gray = np.asarray(cv2.resize(gray, record.size), np.uint8)
        record.times.append(now)
        if self._finder is not None:
            with self._timed("cuts"):
                self._finder.feed(frame)
        if "playback" in self._signals:
            with self._timed("playback"):
                record.looks.append(self.watcher.look(gray, now))
        if self._signals & {"light", "playback"}:
            with self._timed("light"):
                record.exposures.append(expose(gray, now))
        if "camera" in self._signals and now >= self._next_step:
            self._next_step = now + 0.9 / self._camera_rate
            with self._timed("camera"):
                step = self._follower.step(gray, now)
            if step is not None:
                record.steps.append(step)
        if now >= self._next_detail:
            self._next_detail = now + 0.96 * self._slow_every
            self._detail(frame, gray)

    def _detail(self, frame: Frame, gray: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> None:
        colours = sharp = None
        if "colours" in self._signals:
            with self._timed("colours"):
                colours = palette(frame.pixels)
        if "shape" in self._signals:
            with self._timed("shape"):
                self.bars.add(gray)
                sharp = sharpness(gray) if min(gray.shape) >= 24 else None
        self.record.grain.append(noise(gray) if min(gray.shape) >= 8 else 0.0)
        self.record.details.append(Detail(frame.time, colours, sharp))

    def finish(self) -> Record:
        """What was kept."""
        if self._finder is not None:
            self.record.cuts = self._finder.finish()
        self.seconds["motion"] = self._follower.motion_seconds
        self.seconds["camera"] -= self._follower.motion_seconds
        return self.record

    @contextmanager
    def _timed(self, signal: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[signal] += time.perf_counter() - start
