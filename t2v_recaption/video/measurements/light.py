"""Brightness and its course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from t2v_recaption.video.measurements.model import Finding, Level, Light, Trend

DARK, BRIGHT, MARGIN = 0.27, 0.6, 0.04
"""Mean brightness below which a picture is dark and above which it is bright; undetermined within the margin."""
CHANGE_CLEAR, CHANGE_FAINT = 0.1, 0.035
"""Change of the mean brightness: from where it is a change, and below which it is none."""
ONE_WAY, TO_AND_FRO = 0.7, 0.4
"""Share of all change that must go one way for the light to grow or fade, and below which it goes to and fro."""
BLACK_MEAN, BLACK_HIGH = 0.05, 0.12
"""A black picture: its mean, and what 99 percent of it stay below."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Of one frame, 0 to 1."""

    time: float
    mean: float
    low: float
    high: float
    top: float
    """5, 95 and 99 percent of the picture are darker."""

    @property
    def black(self) -> bool:
        """Whether there is nothing but black."""
        return self.mean < BLACK_MEAN and self.top < BLACK_HIGH


def expose(gray: NDArray[np.uint8], time: float) -> Exposure:
    """The brightness of one frame."""
    counts = cv2.calcHist([gray], [0], None, [256], [0, 256]).ravel()
    part = np.cumsum(counts) / gray.size
    low, high, top = (float(np.searchsorted(part, level)) / 255 for level in (0.05, 0.95, 0.99))
    return Exposure(time, float(counts @ np.arange(256)) / gray.size / 255, low, high, top)


def judge(frames: Sequence[Exposure], *, shots: int = 1) -> Light | None:
    """The brightness over several frames; None for none. `shots`: in how many shots they are."""
    if not frames:
        return None
    mean = np.array([frame.mean for frame in frames])
    edge = max(1, len(mean) // 10)
    start, end, all_of_it = float(mean[:edge].mean()), float(mean[-edge:].mean()), float(mean.mean())
    return Light(
        brightness=round(all_of_it, 4),
        start=round(start, 4),
        end=round(end, 4),
        low=round(float(np.median([frame.low for frame in frames])), 4),
        high=round(float(np.median([frame.high for frame in frames])), 4),
        level=level(all_of_it),
        trend=trend(mean, end - start, shots),
    )


def level(mean: float) -> Finding[Level]:
    """Dark, medium or bright."""
    near = min((DARK, BRIGHT), key=lambda border: abs(mean - border))
    away = abs(mean - near)
    if away < MARGIN:
        return Finding(None, 0.0, round(mean, 4), "the brightness lies between two levels")
    value: Level = "dark" if mean < DARK else "bright" if mean > BRIGHT else "medium"
    return Finding(value, round(min(1.0, 0.5 + away * 3), 3), round(mean, 4))


def trend(mean: NDArray[np.float64], change: float, shots: int) -> Finding[Trend]:
    """How the brightness goes."""
    shown = round(change, 4)
    if shots > 1:
        return Finding(None, 0.0, shown, "several shots: see each shot")
    if len(mean) < 4:
        return Finding(None, 0.0, shown, "too few frames to see a trend")
    width = max(1, len(mean) // 12)
    course = np.convolve(mean, np.ones(width) / width, "valid")
    spread, ways = float(np.ptp(course)), float(np.abs(np.diff(course)).sum())
    if spread < CHANGE_FAINT:
        return Finding("steady", round(1 - 0.5 * spread / CHANGE_FAINT, 3), shown)
    one_way = abs(float(course[-1] - course[0])) / ways if ways else 0.0
    if abs(change) >= CHANGE_CLEAR and one_way >= ONE_WAY:
        sure = round(one_way * min(1.0, 0.5 + abs(change) / CHANGE_CLEAR / 8), 3)
        return Finding("brighter" if change > 0 else "darker", sure, shown)
    if spread >= 2 * CHANGE_CLEAR and one_way < TO_AND_FRO:
        return Finding("varying", round(min(1.0, spread / CHANGE_CLEAR / 4), 3), shown)
    return Finding(None, 0.0, shown, "the change of brightness is too small or too uneven to name")
