"""`measure`: a clip in, measurements out."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.clip import Clip
from t2v_recaption.video.measurements import camera, colours, light, motion, playback
from t2v_recaption.video.measurements import text as text_on_screen
from t2v_recaption.video.measurements.follow import Step
from t2v_recaption.video.measurements.frame_shape import sharp
from t2v_recaption.video.measurements.model import (
    Bars,
    Camera,
    Finding,
    Interval,
    Measurements,
    Motion,
    Playback,
    ScreenText,
    Shot,
)
from t2v_recaption.video.measurements.watch import LONG, LONGEST_SIDE, SIGNALS, SLOW_CAMERA_RATE, Record, Watch

METHOD = "1"
"""Version of everything that decides a result."""
NOT_CUT = 0.7
"""Where so much of the picture can be followed across a cut that was found, it is none: a flash, perhaps."""


def measure(
    clip: Clip | Any,
    *,
    signals: Collection[str] | None = None,
    text: bool | str | Sequence[str] | None = None,
) -> Measurements:
    """Measure what can be measured on a clip without any model.

    One pass over all frames at a small size; memory does not grow with the size of the frames, and with the length of
    the video only by some numbers for each frame.

    Args:
        clip: a `Clip`, or anything that a `Clip` can be made of.
        signals: what to measure of `camera`, `motion`, `light`, `colours`, `playback`, `shape`, `cuts`; None for all.
        text: True to read text on screen, too; or the texts that are expected, which also finds out when each becomes
            readable. It takes the packages of the extra `ocr`, and seconds rather than tenths of them.

    Raises:
        InvalidInput: the clip cannot be read, or there is no signal of that name.
        MissingDependency: text was asked for and the packages that read it are not installed.
    """
    clip = clip if isinstance(clip, Clip) else Clip(clip)
    wanted = chosen(signals)
    began = time.perf_counter()
    watch = Watch(wanted, seconds=clip.span[1] - clip.span[0])
    inside = 0.0
    for frame in clip.frames(longest_side=LONGEST_SIDE):
        before = time.perf_counter()
        watch.feed(frame)
        inside += time.perf_counter() - before
    record = watch.finish()
    watch.seconds["decoding"] = time.perf_counter() - began - inside
    found = ScreenText()
    if text:
        before = time.perf_counter()
        found = text_on_screen.read(clip, record.times, expected(text))
        watch.seconds["text"] = time.perf_counter() - before
    return summed_up(clip, watch, record, wanted, found)


def expected(text: bool | str | Sequence[str]) -> list[str]:
    """The texts that are looked for; none for any."""
    if isinstance(text, bool):
        return []
    return [text] if isinstance(text, str) else list(text)


def chosen(signals: Collection[str] | None) -> frozenset[str]:
    """The signals to measure. Raises InvalidInput for an unknown one."""
    wanted = frozenset(SIGNALS if signals is None else [signals] if isinstance(signals, str) else signals)
    unknown = sorted(wanted - set(SIGNALS))
    if unknown:
        raise InvalidInput(f"There is no signal {unknown[0]!r}.", hint=f"Choose of {', '.join(SIGNALS)}.")
    return wanted | {"camera"} if "motion" in wanted else wanted


def summed_up(clip: Clip, watch: Watch, record: Record, wanted: frozenset[str], found: ScreenText) -> Measurements:
    """What the record says."""
    times = record.times
    start, end = times[0], end_of(clip, times)
    borders = [start, *true_cuts(record), end]
    shots = [Watched(record, number, first, last, wanted) for number, (first, last) in enumerate(pairwise(borders))]
    played = play(watch, record, shots, end, wanted)
    return Measurements(
        clip=clip.id,
        info=clip.info,
        start=round(start, 4),
        end=round(end, 4),
        frames=len(times),
        rate=round((len(times) - 1) / (times[-1] - times[0]), 3) if times[-1] > times[0] else None,
        shots=tuple(shot.judge(flickers=played.flicker.value is True) for shot in shots),
        light=light.judge(record.exposures, shots=len(shots)) if "light" in wanted else None,
        colours=colours.judge([detail.palette for detail in record.details if detail.palette]),
        playback=played,
        bars=watch.bars.judge() if "shape" in wanted else Bars(Finding(reason="not asked for")),
        text=found,
        notes=notes(clip, record),
        method=METHOD,
        seconds={name: round(value, 4) for name, value in sorted(watch.seconds.items())},
    )


def end_of(clip: Clip, times: Sequence[float]) -> float:
    """When the last frame ends: what the file says, unless it ends before that frame."""
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    said = clip.span[1]
    return said if times[-1] < said <= times[-1] + max(1.0, 3 * usual) else times[-1] + usual


def true_cuts(record: Record) -> list[float]:
    """The cuts across which the picture cannot be followed."""
    across = {}
    for cut in record.cuts:
        step = next((step for step in record.steps if step.time - step.seconds < cut <= step.time), None)
        across[cut] = step is not None and step.followed and step.share >= NOT_CUT
    return [cut for cut, followed in across.items() if not followed and record.times[0] < cut <= record.times[-1]]


class Watched:
    """The part of a record that belongs to one shot."""

    def __init__(self, record: Record, number: int, start: float, end: float, wanted: frozenset[str]) -> None:
        self.number, self.start, self.end, self.wanted = number, start, end, wanted
        self.size = record.size
        self.times = [time for time in record.times if start <= time < end]
        self.looks = [look for look in record.looks if start <= look.time < end]
        self.exposures = [entry for entry in record.exposures if start <= entry.time < end]
        self.details = [detail for detail in record.details if start <= detail.time < end]
        # A step that begins before the shot compares two shots.
        self.steps = [step for step in record.steps if start <= step.time - step.seconds + 1e-6 and step.time < end]

    def judge(self, *, flickers: bool) -> Shot:
        """What there is to say about the shot. `flickers`: changing light passes for movement."""
        shade = light.judge(self.exposures)
        sharpness = [detail.sharpness for detail in self.details if detail.sharpness is not None]
        return Shot(
            number=self.number,
            start=round(self.start, 4),
            end=round(self.end, 4),
            frames=len(self.times),
            camera=self.filmed,
            motion=self.motion(flickers),
            light=shade if "light" in self.wanted else None,
            colours=colours.judge([detail.palette for detail in self.details if detail.palette]),
            sharpness=sharp(sharpness, contrast=shade.high - shade.low if shade else 1.0),
        )

    @cached_property
    def filmed(self) -> Camera:
        """What the camera does."""
        if "camera" not in self.wanted:
            return camera.unknown("not asked for")
        return camera.judge(self.steps, *self.size, jerky=self.jerky)

    def motion(self, flickers: bool) -> Motion:
        """What moves besides."""
        if "motion" not in self.wanted or flickers:
            why = "flicker cannot be told from movement" if flickers else "not asked for"
            return motion.unknown(why)
        return motion.judge(self.steps, self.filmed, *self.size)

    @property
    def jerky(self) -> bool:
        """Whether enough frames repeat to make the camera's path jump."""
        if not self.looks:
            return False
        same, _ = playback.repeats(self.looks)
        return len(same) > 0 and float(same.mean()) >= playback.JUDDER_CLEAR


def play(watch: Watch, record: Record, shots: Sequence[Watched], end: float, wanted: frozenset[str]) -> Playback:
    """Faults over the whole clip."""
    if "playback" not in wanted:
        off: Any = Finding(reason="not asked for")
        return Playback(off, (), off, off, off, (), off)
    looks = [shot.looks for shot in shots]
    black = playback.black(record.times, [entry.black for entry in record.exposures], end)
    frozen: list[Interval] = []
    for shot in shots:
        frozen += playback.frozen(shot.looks, playback.repeats(shot.looks)[0])
    frozen = [part for part in frozen if not any(dark.start <= part.end and part.start <= dark.end for dark in black)]
    duplicates, judder = playback.duplicates(looks, [*frozen, *black])
    cuts = {shot.start for shot in shots[1:]}
    unbroken = [look for look in record.looks if look.time not in cuts]
    return Playback(
        flicker=playback.flicker(looks, shaking=any(shot.filmed.shake.value is not False for shot in shots)),
        frozen=tuple(frozen),
        still=playback.still(watch.watcher, record.looks, float(np.median(record.grain)) if record.grain else 0.0),
        duplicates=duplicates,
        judder=judder,
        black=black,
        loop=playback.loop(watch.watcher, unbroken),
    )


def notes(clip: Clip, record: Record) -> tuple[str, ...]:
    """What was left out or done coarser."""
    found = list(clip.warnings)
    if len(record.times) == 1:
        found.append("There is one frame: nothing can be said about movement.")
    if record.times[-1] - record.times[0] > LONG:
        found.append(f"Long video: the camera was followed {SLOW_CAMERA_RATE:g} times a second, colours once a second.")
    return tuple(found)


def steps_of(record: Record) -> Sequence[Step]:
    """The steps, for tests and benchmarks."""
    return record.steps
