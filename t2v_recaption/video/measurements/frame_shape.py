"""Black bars, and how sharp the picture is."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from t2v_recaption.video.measurements.model import BarKind, Bars, Finding, Sharpness

Gray = NDArray[np.uint8]

BLACK = 30
"""Levels that no pixel of a bar exceeds at any time (after smoothing)."""
THINNEST = 0.02
"""A bar takes this share of the picture's height or width at least."""
STEP = 14.0
"""Levels by which the picture next to a bar must be brighter on average."""
SHARP, BLURRED = 0.55, 0.3
"""Sharpness from where a picture is sharp, and below which it is blurred; in between it is undetermined."""


class BarFinder:
    """Takes small grey frames; keeps the brightest that each row and column ever was."""

    def __init__(self) -> None:
        self._most: list[NDArray[np.float32]] = []
        self._sums: list[NDArray[np.float64]] = []
        self._frames = 0

    def add(self, gray: Gray) -> None:
        """Take a frame into account."""
        calm = cv2.GaussianBlur(gray, (5, 5), 0)
        lines = [calm.max(1).astype(np.float32), calm.max(0).astype(np.float32)]
        means = [gray.mean(1), gray.mean(0)]
        if not self._frames:
            self._most, self._sums = lines, means
        elif all(len(new) == len(old) for new, old in zip(lines, self._most, strict=True)):
            self._most = [np.maximum(new, old) for new, old in zip(lines, self._most, strict=True)]
            self._sums = [new + old for new, old in zip(means, self._sums, strict=True)]
        self._frames += 1

    def judge(self) -> Bars:
        """What bars there are."""
        if not self._frames or min(len(line) for line in self._most) < 16:
            return Bars(Finding(reason="the picture is too small to look for bars"))
        if max(float(line.max()) for line in self._most) <= 2 * BLACK:
            return Bars(Finding(reason="the picture is black, or nearly"))
        found = [edges(most, sums / self._frames) for most, sums in zip(self._most, self._sums, strict=True)]
        (top, bottom, rows_clear), (left, right, columns_clear) = found
        if not (rows_clear and columns_clear):
            return Bars(Finding(reason="dark edges that need not be bars"))
        kinds: dict[tuple[bool, bool], BarKind] = {
            (False, False): "none",
            (True, False): "letterbox",
            (False, True): "pillarbox",
            (True, True): "windowbox",
        }
        covered = 1 - (bottom - top) * (right - left)
        content = (round(left, 4), round(top, 4), round(right, 4), round(bottom, 4))
        return Bars(Finding(kinds[top > 0, left > 0], 0.95, round(covered, 4)), content)


def edges(most: NDArray[np.float32], mean: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Where the picture begins and ends between bars, as shares, and whether that is clear."""
    length = len(most)
    bright = np.flatnonzero(most > BLACK)
    first, last = int(bright[0]), int(bright[-1])
    before, after = first, length - 1 - last
    thin = THINNEST * length
    if before < thin and after < thin:
        return 0.0, 1.0, True
    if min(before, after) < thin or abs(before - after) > max(2, 0.15 * max(before, after)):
        return 0.0, 1.0, False
    reach = max(2, length // 40)
    steps = [
        mean[first : first + reach].max() - mean[:before].mean(),
        mean[last - reach : last + 1].max() - mean[-after:].mean(),
    ]
    return first / length, (last + 1) / length, min(steps) >= STEP


def sharpness(gray: Gray) -> float:
    """0 (blurred) to 1 (sharp): how much neighbouring differences shrink when the picture is blurred, where it has most
    detail. After Crété and others, "The blur effect" (2007), without its pooling over the whole picture.
    """
    picture = gray.astype(np.float32)
    values = []
    for size in ((9, 1), (1, 9)):
        axis = 1 if size[0] > 1 else 0
        sharp, dull = (np.abs(np.diff(image, axis=axis)) for image in (picture, cv2.blur(picture, size)))
        lost = np.maximum(sharp - dull, 0)
        cells = [cv2.resize(image, (12, 8), interpolation=cv2.INTER_AREA) for image in (sharp, lost)]
        order = np.argsort(cells[0].ravel())[-12:]
        values.append(float(cells[1].ravel()[order].sum() / max(cells[0].ravel()[order].sum(), 1e-6)))
    return min(values)


def sharp(values: Sequence[float], *, contrast: float) -> Finding[Sharpness]:
    """How sharp a shot is. `contrast`: between its 5th and 95th percent of brightness."""
    if not values:
        return Finding(reason="no frame was measured")
    value = round(float(np.median(values)), 3)
    if contrast < 0.08:
        return Finding(None, 0.0, value, "too little contrast to tell")
    if value >= SHARP:
        return Finding("sharp", round(min(1.0, 0.5 + (value - SHARP) * 2), 3), value)
    if value < BLURRED:
        return Finding("blurred", round(min(1.0, 0.5 + (BLURRED - value) * 2), 3), value)
    return Finding(None, 0.0, value, "neither sharp nor clearly blurred")
