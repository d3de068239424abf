"""From steps to what the camera does: its path over a shot, the movements in it, shaking, standing still."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from t2v_recaption.video.measurements.follow import LEAST_SPREAD, Step
from t2v_recaption.video.measurements.model import AXES, Axis, Camera, Direction, Finding, Move, PathPoint

Series = NDArray[np.float64]

CLEAR: dict[Axis, float] = {"pan": 0.05, "tilt": 0.06, "zoom": float(np.log(1.06)), "roll": 3.0}
"""From where a movement is clear: picture widths, picture heights, logarithm of the growth, degrees."""
FAINT = 0.4
"""Share of `CLEAR` below which there is no movement; in between it is undetermined."""
SLOWEST = 0.1
"""A clear movement covers this share of `CLEAR` a second: slower ones are drift."""
SHAKE_CLEAR, SHAKE_FAINT = 0.35, 0.15
"""Straying from the smooth path, percent of the shorter side: from where it shakes, and below which it is smooth."""
FAST_SHAKE = 0.2
"""By what share of the camera's own way a step `SHAKE_CLEAR` grows: fast movements are measured less exactly."""
SMOOTHING = 0.25
"""Seconds (standard deviation) of the smooth path."""
FORWARD: dict[Axis, Direction] = {"pan": "right", "tilt": "up", "zoom": "in", "roll": "clockwise"}
BACK: dict[Axis, Direction] = {"pan": "left", "tilt": "down", "zoom": "out", "roll": "counterclockwise"}


@dataclass(frozen=True, eq=False)
class Path:
    """The camera's path over a shot: one value a frame."""

    times: Series
    axes: dict[Axis, Series]
    shake: float
    """Percent of the shorter side; see `model.Camera.shake`."""
    turns: float
    """How often a second it strays to the other side."""
    share: float
    followed: float
    step: float
    """How far the middle of the picture usually moves in a step, pixels of the small frame."""
    pace: float
    """How far it gets in a step on average, percent of the shorter side."""

    @property
    def caution(self) -> float:
        """By how much more than usual a movement must show, when little of the picture agrees with it."""
        return 1 + 5 * max(0.0, 0.8 - self.share)


def judge(steps: Sequence[Step], width: int, height: int, *, jerky: bool = False) -> Camera:
    """What the camera does in a shot.

    Args:
        steps: the shot's steps in order.
        width: of the small frame that they were measured on, pixels.
        height: likewise.
        jerky: frames repeat, so that shaking cannot be told from jumps.
    """
    path, reason = trace(steps, width, height)
    if path is None:
        return unknown(reason)
    moves = tuple(sorted(movements(path), key=lambda move: (round(move.start, 1), -weight(move))))
    shake = shaking(path, jerky)
    directions = {direction: goes(path, direction, moves) for direction in AXES}
    return Camera(
        static=standing(path, directions, shake),
        directions=directions,
        moves=moves,
        shake=shake,
        path=points(path),
        confidence=round(path.share * path.followed, 3),
    )


def unknown(reason: str) -> Camera:
    """A camera that could not be followed."""
    return Camera(
        static=Finding(reason=reason),
        directions={direction: Finding(reason=reason) for direction in AXES},
        shake=Finding(reason=reason),
        reason=reason,
    )


def trace(steps: Sequence[Step], width: int, height: int) -> tuple[Path | None, str]:
    """The path, or why there is none."""
    if len(steps) < 3:
        return None, "too few frames to follow the camera"
    seconds = np.array([step.seconds for step in steps])
    good = np.array([step.followed for step in steps])
    followed = float(seconds[good].sum() / max(seconds.sum(), 1e-9))
    if followed < 0.7:
        return None, why_lost([step for step, fine in zip(steps, good, strict=True) if not fine])
    moved = np.array([(s.shift.real, s.shift.imag, np.log(s.scale), s.turn) for s in steps]) / seconds[:, None]
    number = np.arange(len(steps))
    moved = np.stack([np.interp(number, number[good], column[good]) for column in moved.T])
    gone = np.concatenate([np.zeros((4, 1)), np.cumsum(moved * seconds, axis=1)], axis=1)
    times = np.concatenate([[steps[0].time - steps[0].seconds], [step.time for step in steps]])
    shorter = min(width, height)
    stray = np.hypot(*(row - smooth(row, times, SMOOTHING) for row in gone[:2]))
    smoothed = [smooth(row, times, SMOOTHING / 2) for row in gone]
    axes: dict[Axis, Series] = {
        "pan": -smoothed[0] / width,
        "tilt": smoothed[1] / height,
        "zoom": smoothed[2],
        "roll": -np.degrees(smoothed[3]),
    }
    return Path(
        times,
        axes,
        shake=float(150 * np.median(stray) / shorter),
        turns=crossings(gone[:2], times),
        share=float(np.median([step.share for step in steps if step.followed])),
        followed=followed,
        step=float(np.median([abs(step.shift) for step in steps if step.followed])),
        pace=float(100 * np.hypot(gone[0, -1], gone[1, -1]) / len(steps) / shorter),
    ), ""


def why_lost(steps: Sequence[Step]) -> str:
    """The usual reason why steps were not followed."""
    if np.median([step.tracked for step in steps]) < 8:
        return "too little detail in the picture to follow the camera"
    if np.median([step.spread for step in steps]) < LEAST_SPREAD:
        return "only a small part of the picture could be followed"
    return "no movement of the camera explains how most of the picture moves"


def smooth(values: Series, times: Series, sigma: float) -> Series:
    """Gaussian mean over time, mirrored at the ends so that a steady movement stays as it is."""
    step = max(float(np.median(np.diff(times))), 1e-6)
    reach = min(int(3 * sigma / step) + 1, len(values) - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / sigma) ** 2)
    before, after = 2 * values[0] - values[reach:0:-1], 2 * values[-1] - values[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, values, after])
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), "valid"))


def crossings(gone: Series, times: Series) -> float:
    """How often a second the path crosses its smooth version, in the direction in which it strays more."""
    strays = [row - smooth(row, times, SMOOTHING) for row in gone]
    stray = max(strays, key=lambda row: float(np.abs(row).mean()))
    side = np.sign(stray[np.abs(stray) > 0.7 * np.median(np.abs(stray))])  # only what is far to one side counts
    return np.count_nonzero(np.diff(side)) / max(float(times[-1] - times[0]), 1e-6)


def movements(path: Path) -> list[Move]:
    """The clear movements on every axis."""
    found = []
    for axis, values in path.axes.items():
        needed = CLEAR[axis] * path.caution
        for first, last in runs(values, FAINT * CLEAR[axis]):
            size, start, end = values[last] - values[first], float(path.times[first]), float(path.times[last])
            if abs(size) < needed or abs(size) < SLOWEST * CLEAR[axis] * (end - start):
                continue
            direction = FORWARD[axis] if size > 0 else BACK[axis]
            found.append(Move(direction, start, end, amount(axis, abs(size)), certainty(abs(size) / needed, path)))
    return found


def amount(axis: Axis, size: float) -> float:
    """In the units of `Move.amount`."""
    return round(float(np.exp(size)) if axis == "zoom" else float(size), 4)


def weight(move: Move) -> float:
    """Its size against what is just clear."""
    size = math.log(move.amount) if move.axis == "zoom" else move.amount
    return float(size / CLEAR[move.axis])


def certainty(ratio: float, path: Path) -> float:
    """0.5 at the border, towards 1 for four times as much; bounded by how much of the picture agrees."""
    return round(min(1.0, 0.5 + 0.25 * float(np.log2(max(ratio, 1.0)))) * min(1.0, 0.5 + path.share / 2), 3)


def runs(values: Series, reversal: float) -> list[tuple[int, int]]:
    """First and last index of the stretches between turning points; going back less than `reversal` is no turn."""
    turning, low, high, direction = [0], 0, 0, 0
    for index in range(1, len(values)):
        if values[index] > values[high]:
            high = index
        if values[index] < values[low]:
            low = index
        if direction >= 0 and values[high] - values[index] > reversal:
            if high > turning[-1]:
                turning.append(high)
            direction, low, high = -1, index, index
        elif direction <= 0 and values[index] - values[low] > reversal:
            if low > turning[-1]:
                turning.append(low)
            direction, low, high = 1, index, index
    turning.append(len(values) - 1)
    return [steady(values, first, last) for first, last in pairwise(turning) if last > first]


def steady(values: Series, first: int, last: int) -> tuple[int, int]:
    """The stretch without the rests at its ends: from 2 to 98 percent of the way."""
    size = values[last] - values[first]
    if not size:
        return first, last
    done = (values[first : last + 1] - values[first]) / size
    start = first + int(np.flatnonzero(done <= 0.02)[-1])
    end = first + int(np.flatnonzero(done >= 0.98)[0])
    return (start, end) if end > start else (first, last)


def largest(path: Path, direction: Direction) -> float:
    """The longest way without turning in this direction, in the units of `CLEAR`."""
    axis = AXES[direction]
    sign = 1 if FORWARD[axis] == direction else -1
    values = path.axes[axis]
    ways = [sign * float(values[last] - values[first]) for first, last in runs(values, FAINT * CLEAR[axis])]
    return max([0.0, *ways])


def goes(path: Path, direction: Direction, moves: Sequence[Move]) -> Finding[bool]:
    """Whether the camera goes in this direction at any time."""
    axis, size = AXES[direction], largest(path, direction)
    shown = amount(axis, size)
    clear = [move.confidence for move in moves if move.direction == direction]
    if clear:
        return Finding(True, max(clear), shown)
    if size < FAINT * CLEAR[axis] and (path.share >= 0.5 or other_way(direction, moves)):
        room = 1 - size / (FAINT * CLEAR[axis])
        return Finding(False, round((0.5 + 0.5 * room) * min(1.0, 0.5 + path.share / 2), 3), shown)
    return Finding(None, 0.0, shown, "the movement is too small or too uncertain to tell")


def other_way(direction: Direction, moves: Sequence[Move]) -> bool:
    """Whether the camera clearly goes the opposite way."""
    return any(move.axis == AXES[direction] and move.direction != direction for move in moves)


def shaking(path: Path, jerky: bool) -> Finding[bool]:
    """Whether the camera shakes."""
    size = round(path.shake, 3)
    if path.times[-1] - path.times[0] < 0.8:
        return Finding(None, 0.0, size, "too short to tell shaking from moving")
    if size < SHAKE_FAINT:
        return Finding(False, round(min(1.0, 0.5 + path.share / 2) * (1 - 0.5 * size / SHAKE_FAINT), 3), size)
    if jerky:
        return Finding(None, 0.0, size, "repeated frames make the path jump")
    if size >= (SHAKE_CLEAR + FAST_SHAKE * path.pace) * path.caution and path.turns >= 1.5 and path.share >= 0.5:
        return Finding(True, certainty(size / SHAKE_CLEAR, path), size)
    return Finding(None, 0.0, size, "the path is neither smooth nor clearly shaking")


def standing(path: Path, directions: dict[Direction, Finding[bool]], shake: Finding[bool]) -> Finding[bool]:
    """Whether the camera stands still."""
    most = max(float(np.ptp(values)) / CLEAR[axis] for axis, values in path.axes.items())
    moving = [finding.confidence for finding in (*directions.values(), shake) if finding.value]
    if moving:
        return Finding(False, max(moving), round(most, 3))
    if most < FAINT and shake.value is False and (path.share >= 0.6 or path.step < 0.1):
        return Finding(True, round((1 - 0.5 * most / FAINT) * min(1.0, 0.5 + path.share / 2), 3), round(most, 3))
    return Finding(None, 0.0, round(most, 3), "the movement is too small or too uncertain to tell")


def points(path: Path) -> tuple[PathPoint, ...]:
    """At most 33 points of the path, evenly over the time."""
    chosen = np.unique(np.linspace(0, len(path.times) - 1, min(33, len(path.times))).round().astype(int))
    axes = path.axes
    return tuple(
        PathPoint(
            round(float(path.times[i]), 4),
            round(float(axes["pan"][i]), 4),
            round(float(axes["tilt"][i]), 4),
            round(float(np.exp(axes["zoom"][i])), 4),
            round(float(axes["roll"][i]), 3),
        )
        for i in chosen
    )
