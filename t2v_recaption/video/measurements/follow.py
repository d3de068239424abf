"""Following the picture from frame to frame: which similarity most of it obeys, and what moves besides.

The camera is taken to be what most of the picture obeys, points near its border counting double because the subject is
seldom there. Points are spread evenly over the picture, so that a subject with much detail does not outvote a plain
background.
"""

from __future__ import annotations

import time as clock
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from t2v_recaption.video.measurements.similarity import Points, Similarity, fit

flow_library: Any = cv2
"""OpenCV without its types, which are wrong for optical flow."""

Gray = NDArray[np.uint8]

CELL = 16
"""One point is followed in each square of so many pixels."""
WINDOW, LEVELS = (15, 15), 3
"""Of the pyramidal Lucas-Kanade flow."""
TEXTURE, GRAIN = 5e-6, 5e-6
"""Least eigenvalue of the gradients' matrix for a point that can be followed: in a picture without noise, and what each
squared level of noise adds."""
RETURN = 0.5
"""A point followed forward and back must come home to so many pixels."""
TOLERANCE, LOOSENESS = 0.6, 0.08
"""A point agrees with a movement when it is so many pixels near, and such a share of the usual movement: a scene with
depth does not obey one similarity, and fast things are blurred."""
CHANGED, CHANGED_GRAIN = 3.0, 3.0
"""Levels by which a pixel must differ after undoing the camera to have moved by itself: in a picture without noise, and
for each level of noise."""
MOVED = 0.4
"""Pixels that it must have moved against the camera."""


LEAST_SPREAD = 0.5
"""Share of the picture's fields that must agree: fewer may be a subject before a plain background."""
HEAT = (16, 9)
"""Columns and rows of the grid on which it is kept where things move."""


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """From one frame to the next. Complex numbers are x + iy in pixels of the small frame."""

    time: float
    """Of the later frame, seconds."""
    seconds: float
    """Between the two."""
    shift: complex = 0j
    """How the middle of the picture moves."""
    scale: float = 1.0
    turn: float = 0.0
    """Radians, positive clockwise on screen."""
    tracked: int = 0
    """Points that could be followed."""
    share: float = 0.0
    """Share of them (by weight) that agree with the camera's movement."""
    spread: float = 0.0
    """Share of the picture's 3 x 3 fields in which points agree with it."""
    change: float = 0.0
    """Mean difference of the two frames, levels."""
    area: float = 0.0
    """Share of the picture that moves by itself."""
    flow: complex = 0j
    """Its usual movement against the camera's (the median)."""
    coherence: float = 0.0
    """Length of the mean movement as a share of the mean length: 1 when all of it moves alike."""
    speed: float = 0.0
    """Its usual length."""
    on_screen: complex = 0j
    """Its usual movement in the picture itself."""
    heat: bytes = b""
    """How much of each of `HEAT` fields moves by itself, 0 to 255, row by row; empty for none."""

    @property
    def followed(self) -> bool:
        """Whether the camera's movement is known for this step."""
        return self.tracked >= 8 and self.share >= 0.3 and self.spread >= LEAST_SPREAD


class Follower:
    """Takes small grey frames one after another. `motion`: whether to look for what moves besides the camera, too."""

    def __init__(self, *, motion: bool = True) -> None:
        self._flow: Any = flow_library.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._last: Gray | None = None
        self._time = 0.0
        self._motion = motion
        self.motion_seconds = 0.0
        """Time that went into what moves besides the camera."""

    def step(self, gray: Gray, time: float) -> Step | None:
        """How the picture moved since the frame before; None for the first."""
        gray = np.asarray(cv2.GaussianBlur(gray, (0, 0), 0.9), np.uint8)
        last, since = self._last, self._time
        self._last, self._time = gray, time
        if last is None:
            return None
        old, new = track(last, gray)
        change = float(cv2.absdiff(last, gray).mean())
        weights = border_weights(old, gray.shape)
        tolerance = TOLERANCE + LOOSENESS * float(np.median(np.abs(new - old))) if len(old) else TOLERANCE
        found = fit(old, new, weights, tolerance)
        if found is None:
            return Step(time, time - since, tracked=len(old), change=change)
        followed = camera(found, old, weights, gray)
        if not self._motion or min(gray.shape) < 32:
            return Step(time, time - since, change=change, **followed)
        start = clock.perf_counter()
        moving, flow = self._moving(last, gray, found)
        parts = subject(moving, *movers(moving, flow, found, old, new), found)
        self.motion_seconds += clock.perf_counter() - start
        return Step(time, time - since, change=change, **followed, **parts)

    def _moving(self, last: Gray, gray: Gray, found: Similarity) -> tuple[NDArray[np.bool_], NDArray[np.complex64]]:
        """Which pixels (at half size) moved by themselves, and how far against the camera."""
        small_last, small = half(undo(last, found)), half(gray)
        # Light that changes is not movement: both are compared at the same brightness.
        gain = float(np.clip(small.mean() / max(float(small_last.mean()), 1.0), 0.5, 2.0))
        small_last = np.asarray(cv2.convertScaleAbs(small_last, alpha=gain), np.uint8)
        differs = cv2.absdiff(cv2.blur(small_last, (3, 3)), cv2.blur(small, (3, 3)))
        field = self._flow.calc(small_last, small, None)
        flow = (field[..., 0] + 1j * field[..., 1]).astype(np.complex64) * 2
        moving: NDArray[np.bool_] = (differs > CHANGED + CHANGED_GRAIN * noise(gray)) & (np.abs(flow) > MOVED)
        moving = np.asarray(cv2.morphologyEx(moving.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), bool)
        return moving & inside(found, moving.shape), flow


def half(gray: Gray) -> Gray:
    """At half the size."""
    return np.asarray(cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def undo(last: Gray, found: Similarity) -> Gray:
    """The earlier frame as the camera's movement alone would have made it."""
    a, b = found.scale_turn, found.shift
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    size = (last.shape[1], last.shape[0])
    return np.asarray(cv2.warpAffine(last, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def inside(found: Similarity, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which pixels (at half size) were in the earlier frame already, with a margin."""
    ones = np.full(shape, 255, np.uint8)
    ones[:1], ones[-1:], ones[:, :1], ones[:, -1:] = 0, 0, 0, 0
    a, b = found.scale_turn, found.shift / 2
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    here = cv2.warpAffine(ones, matrix, (shape[1], shape[0]), borderValue=0)
    return np.asarray(cv2.erode(here, np.ones((5, 5), np.uint8)) > 254, bool)


def spots(gray: Gray) -> NDArray[np.float32]:
    """The point of each cell that can be followed best, where there is one: N x 1 x 2."""
    strength = cv2.cornerMinEigenVal(gray, 5)
    rows, columns = gray.shape[0] // CELL, gray.shape[1] // CELL
    if not rows or not columns:
        return np.zeros((0, 1, 2), np.float32)
    cells = strength[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL).swapaxes(1, 2)
    cells = cells.reshape(rows, columns, CELL * CELL)
    best = cells.argmax(-1)
    row, column = np.nonzero(cells.max(-1) > TEXTURE + GRAIN * noise(gray) ** 2)
    inside = best[row, column]
    points = np.stack([column * CELL + inside % CELL, row * CELL + inside // CELL], -1)
    return points.astype(np.float32)[:, None]


def noise(gray: Gray) -> float:
    """Standard deviation of the noise in levels, of the calmest tenth of the picture (after Immerkær 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(gray, cv2.CV_32F, kernel))
    size = (max(1, gray.shape[1] // 16), max(1, gray.shape[0] // 16))
    parts = cv2.resize(response, size, interpolation=cv2.INTER_AREA)
    return float(np.percentile(parts, 10)) * float(np.sqrt(np.pi / 2)) / 6


def track(last: Gray, gray: Gray) -> tuple[Points, Points]:
    """Points of the earlier frame and where they are in the later one, as far as they come home when followed back."""
    old = spots(last)
    if not len(old):
        return np.zeros(0, np.complex128), np.zeros(0, np.complex128)
    settings: Any = {"winSize": WINDOW, "maxLevel": LEVELS}
    new, found, _ = flow_library.calcOpticalFlowPyrLK(last, gray, old, None, **settings)
    home, back, _ = flow_library.calcOpticalFlowPyrLK(gray, last, new, None, **settings)
    good = (found.ravel() == 1) & (back.ravel() == 1) & (np.abs(home - old).max((1, 2)) < RETURN)
    return as_complex(old[good]), as_complex(new[good])


def as_complex(points: NDArray[np.float32]) -> Points:
    """N x 1 x 2 as N complex numbers."""
    return points[:, 0, 0].astype(np.float64) + 1j * points[:, 0, 1]


def border_weights(points: Points, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """2 in the outer fifth of the picture, 1 inside."""
    height, width = shape[:2]
    x, y = points.real / width, points.imag / height
    return np.where((np.abs(x - 0.5) > 0.3) | (np.abs(y - 0.5) > 0.3), 2.0, 1.0)


def camera(found: Similarity, old: Points, weights: NDArray[np.float64], gray: Gray) -> dict[str, Any]:
    """The camera's part of a step."""
    height, width = gray.shape
    middle = np.array([(width - 1) / 2 + 1j * (height - 1) / 2])
    inliers = found.inliers
    column = np.minimum(old.real[inliers] * 3 // width, 2)
    row = np.minimum(old.imag[inliers] * 3 // height, 2)
    return {
        "shift": complex(found.apply(middle)[0] - middle[0]),
        "scale": abs(found.scale_turn),
        "turn": float(np.angle(found.scale_turn)),
        "tracked": len(old),
        "share": float(weights[inliers].sum() / weights.sum()),
        "spread": len(set(zip(row.tolist(), column.tolist(), strict=True))) / 9,
    }


def heat(moving: NDArray[np.bool_]) -> bytes:
    """Where it moves, on a coarse grid."""
    return np.asarray(cv2.resize(moving.astype(np.uint8) * 255, HEAT, interpolation=cv2.INTER_AREA), np.uint8).tobytes()


def movers(
    moving: NDArray[np.bool_], flow: NDArray[np.complex64], found: Similarity, old: Points, new: Points
) -> tuple[Points, Points]:
    """Where the movement of the moving part is known, in pixels of the small frame, and what it is, less the camera's.

    Points that were followed are more exact than the dense flow, which stands in where fewer than four were.
    """
    if not moving.any():
        return np.zeros(0, np.complex128), np.zeros(0, np.complex128)
    near = cv2.dilate(moving.astype(np.uint8), np.ones((9, 9), np.uint8))
    column = np.clip((new.real / 2).astype(int), 0, moving.shape[1] - 1)
    row = np.clip((new.imag / 2).astype(int), 0, moving.shape[0] - 1)
    chosen = ~found.inliers & (near[row, column] > 0)
    if chosen.sum() >= 4:
        return old[chosen], new[chosen] - found.apply(old[chosen])
    rows, columns = np.nonzero(moving)
    return 2 * (columns + 1j * rows), flow[moving].astype(np.complex128)


def subject(moving: NDArray[np.bool_], places: Points, flow: Points, found: Similarity) -> dict[str, Any]:
    """The subject's part of a step: how the places in the moving part move against the camera."""
    if not len(places):
        return {}
    mean = complex(np.median(flow.real), np.median(flow.imag))
    length = float(np.abs(flow).mean())
    place = np.array([places.mean()])
    carried = complex(found.apply(place)[0] - place[0])
    return {
        "area": float(moving.mean()),
        "flow": mean,
        "coherence": float(abs(flow.mean())) / max(length, 1e-9),
        "speed": float(np.median(np.abs(flow))),
        "on_screen": mean + carried,
        "heat": heat(moving),
    }
