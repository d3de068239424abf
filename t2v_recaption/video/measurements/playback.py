"""Faults over time: flicker, frozen and repeated frames, judder, black frames; and whether the clip loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from t2v_recaption.video.measurements.model import Finding, Interval

Gray = NDArray[np.uint8]

GRID = (4, 4)
"""Fields of the picture that may flicker by themselves."""
FIELDS = 4
"""So many of them must, at least."""
FLICKER_CLEAR, FLICKER_FAINT = 0.6, 0.3
"""Percent of the full range by which brightness jumps to and fro: from where it flickers, below which it does not."""
TO_AND_FRO = 0.6
"""Share of the jumps that must go the other way than the one before."""
SAME, SURELY_SAME, GAP = 0.12, 0.04, 1.8
"""A repeated frame differs from the one before by less than the first share of the clip's livelier differences, when
the next larger difference is `GAP` times as large; without such a gap, by less than the second share, since slow
movement is no repetition."""
SAME_PATCH, SAME_PATCH_SHARE = 3.5, 0.08
"""… and no patch of it differs by more levels, or a larger share of the livelier patches."""
LIVELY = 0.35
"""Levels of difference between frames below which nothing can be said about repeated ones."""
FROZEN = 0.25
"""Seconds that a frozen part lasts at least."""
UNEVEN = 0.2
"""Differences between neighbours that vary more than this (small by large) may hide repeated frames when compressed."""
JUDDER_CLEAR, JUDDER_FAINT = 0.12, 0.025
"""Share of repeated frames in a moving clip: from where it judders, and below which it does not."""


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """What is kept of each frame."""

    time: float
    fields: bytes
    """Mean levels of the fields, float32. Bytes and not an array: small arrays kept between large ones that come and go
    keep the memory of those from being given back."""
    change: float
    """Mean difference from the frame before, levels; 0 for the first."""
    patch: float
    """The largest difference of a patch of the picture from the frame before, levels."""


class Watcher:
    """Takes small grey frames one after another."""

    def __init__(self) -> None:
        self._last: Gray | None = None
        self.first: Gray | None = None
        self.away = self.away_patch = 0.0
        """The largest mean difference from the first frame, and the largest of a patch, levels."""

    def look(self, gray: Gray, time: float) -> Look:
        """What to keep of this frame."""
        change = patch = 0.0
        if self._last is None or self.first is None:
            self.first = gray
        elif self._last.shape == gray.shape:
            change, patch = differences(gray, self._last)
            away, away_patch = differences(gray, self.first)
            self.away, self.away_patch = max(self.away, away), max(self.away_patch, away_patch)
        self._last = gray
        fields = np.asarray(cv2.resize(gray.astype(np.float32), GRID, interpolation=cv2.INTER_AREA), np.float32)
        return Look(time, fields.tobytes(), change, patch)

    @property
    def around(self) -> float:
        """Mean difference of the last frame from the first, levels."""
        if self._last is None or self.first is None or self._last.shape != self.first.shape:
            return 0.0
        return differences(self._last, self.first)[0]


def differences(one: Gray, other: Gray) -> tuple[float, float]:
    """Mean difference of two frames, and the largest of a patch of 16 x 16 pixels; levels."""
    difference = cv2.absdiff(one, other)
    size = (max(1, one.shape[1] // 16), max(1, one.shape[0] // 16))
    return float(difference.mean()), float(cv2.resize(difference, size, interpolation=cv2.INTER_AREA).max())


def flicker(shots: Sequence[Sequence[Look]], *, shaking: bool) -> Finding[bool]:
    """Whether brightness jumps to and fro; in parts of the picture only when the camera does not shake."""
    sizes = [
        jumps(np.stack([np.frombuffer(look.fields, np.float32) for look in shot])) for shot in shots if len(shot) >= 6
    ]
    if not sizes:
        return Finding(reason="too few frames to see flicker")
    whole = max(size[0] for size in sizes)
    parts = max(size[1] for size in sizes)
    size = whole if shaking else max(whole, parts)
    shown = round(size, 3)
    if size >= FLICKER_CLEAR:
        return Finding(True, round(min(1.0, 0.5 + 0.25 * float(np.log2(size / FLICKER_CLEAR))), 3), shown)
    if max(whole, parts) < FLICKER_FAINT:
        return Finding(False, round(1 - 0.5 * max(whole, parts) / FLICKER_FAINT, 3), shown)
    return Finding(None, 0.0, shown, "small or uneven jumps of brightness")


def jumps(fields: NDArray[np.float32]) -> tuple[float, float]:
    """By how many percent the whole picture, and the livelier quarter of its fields, jump to and fro."""
    series = fields.reshape(len(fields), -1).astype(np.float64)
    together = np.concatenate([series.mean(1, keepdims=True), series], axis=1)
    bends = together[2:] - 2 * together[1:-1] + together[:-2]
    returns = (bends[1:] * bends[:-1] < 0).mean(0)
    size = np.median(np.abs(bends), axis=0) / 4 / 2.55 * (returns >= TO_AND_FRO)
    return float(size[0]), float(np.sort(size[1:])[-FIELDS])


def repeats(looks: Sequence[Look]) -> tuple[NDArray[np.bool_], float]:
    """Which frames of a shot (all but the first) repeat the one before, and how lively the shot is, in levels."""
    change = np.array([look.change for look in looks[1:]])
    patch = np.array([look.patch for look in looks[1:]])
    if len(change) < 4:
        return np.zeros(len(change), bool), 0.0
    lively, lively_patch = float(np.percentile(change, 90)), float(np.percentile(patch, 90))
    if lively < LIVELY:
        return np.zeros(len(change), bool), lively
    calm = patch <= min(SAME_PATCH, SAME_PATCH_SHARE * lively_patch + 0.5)
    same = calm & (change < SAME * lively)
    if same.any() and not same.all() and change[~same].min() < GAP * change[same].max():
        same = calm & (change < SURELY_SAME * lively)
    return same, lively


def frozen(looks: Sequence[Look], same: NDArray[np.bool_]) -> list[Interval]:
    """The parts of a shot in which the picture stands still."""
    found, start = [], None
    for index, repeated in enumerate([*same.tolist(), False]):
        if repeated and start is None:
            start = index
        elif not repeated and start is not None:
            interval = Interval(round(looks[start].time, 4), round(looks[index].time, 4))
            if interval.seconds >= FROZEN and index - start >= 3:
                found.append(interval)
            start = None
    return found


def duplicates(shots: Sequence[Sequence[Look]], parts: Sequence[Interval]) -> tuple[Finding[float], Finding[bool]]:
    """Share of repeated frames outside of frozen parts, and whether that makes the movement judder."""
    total = repeated = 0
    for shot in shots:
        same, lively = repeats(shot)
        if lively < LIVELY:
            continue
        free = [not any(part.start < look.time <= part.end for part in parts) for look in shot[1:]]
        total += sum(free)
        repeated += int((same & np.array(free, bool)).sum())
    if total < 8:
        reason = "too little changes from frame to frame to tell repeated frames"
        return Finding(reason=reason), Finding(reason=reason)
    share = repeated / total
    sure = min(1.0, total / 24)
    uneven = min(evenness(shot) for shot in shots) < UNEVEN
    if share >= JUDDER_CLEAR:
        judder = Finding[bool](True, round(sure * min(1.0, 0.6 + share), 3), round(share, 3))
    elif share < JUDDER_FAINT and not uneven:
        judder = Finding[bool](False, round(sure * (1 - 0.5 * share / JUDDER_FAINT), 3), round(share, 3))
    else:
        judder = Finding[bool](None, 0.0, round(share, 3), "some frames repeat, or hardly differ")
    return Finding(round(share, 4), round(sure, 3), round(share, 4)), judder


def evenness(shot: Sequence[Look]) -> float:
    """How alike the differences between neighbours are: a small one of them as a share of a large one."""
    changes = [look.change for look in shot[1:]]
    if len(changes) < 4:
        return 1.0
    low, high = np.percentile(changes, [10, 90])
    return float(low / high) if high >= LIVELY else 1.0


def black(times: Sequence[float], dark: Sequence[bool], end: float) -> tuple[Interval, ...]:
    """The stretches of black frames."""
    found: list[Interval] = []
    start: float | None = None
    for time, is_dark in zip([*times, end], [*dark, False], strict=True):
        if is_dark and start is None:
            start = time
        elif not is_dark and start is not None:
            found.append(Interval(round(start, 4), round(time, 4)))
            start = None
    return tuple(found)


def loop(watcher: Watcher, looks: Sequence[Look]) -> Finding[bool]:
    """Whether the last frame goes on into the first."""
    changes = [look.change for look in looks[1:]]
    if len(changes) < 4:
        return Finding(reason="too few frames to tell")
    usual = float(np.percentile(changes, 90))
    ratio = watcher.around / max(usual, 0.25)
    shown = round(ratio, 2)
    if watcher.away < 1.5:
        return Finding(None, 0.0, shown, "the picture hardly changes")
    if ratio <= 1.6 and watcher.away >= 2.5 * watcher.around:
        return Finding(True, round(min(1.0, 1.2 - ratio / 3), 3), shown)
    if ratio > 2.5 or watcher.away < 1.4 * watcher.around:
        return Finding(False, round(min(1.0, 0.5 + ratio / 12), 3), shown)
    return Finding(None, 0.0, shown, "the last frame is near the first, but not next to it")


def still(watcher: Watcher, looks: Sequence[Look], grain: float) -> Finding[bool]:
    """Whether nothing ever changes but noise. `grain`: standard deviation of the noise, levels."""
    if len(looks) < 2:
        return Finding(reason="a single frame")
    most = watcher.away_patch
    limit = 2.0 + 1.5 * grain
    if most < limit:
        return Finding(True, round(1 - 0.5 * most / limit, 3), round(most, 3))
    if most > 3 * limit:
        return Finding(False, round(min(1.0, most / limit / 6), 3), round(most, 3))
    return Finding(None, 0.0, round(most, 3), "what changes could be noise")
