"""A robust similarity fit (shift, scale, turn) between two sets of points, without any random state outside of it.

Points are complex numbers, x + iy, so that a similarity is q = a·p + b with two complex numbers: the length of a is the
scale, its angle the turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.complex128]

TRIALS = 256
"""Pairs of points that are tried. With 30 % of the points right, one pair in eleven is: failing 256 times has odds of
one in ten thousand million."""


@dataclass(frozen=True, eq=False)
class Similarity:
    """q = scale_turn · p + shift, and which points agree with it."""

    scale_turn: complex
    shift: complex
    inliers: NDArray[np.bool_]

    def apply(self, points: Points) -> Points:
        """Where these points go."""
        return np.asarray(points * self.scale_turn + self.shift)


def fit(old: Points, new: Points, weights: NDArray[np.float64], tolerance: float) -> Similarity | None:
    """The similarity that the largest weight of point pairs agrees with to `tolerance`, refined by least squares.

    RANSAC (Fischler and Bolles 1981) with a fixed list of trials. None for fewer than three points or when no two of
    them are apart.
    """
    if len(old) < 3:
        return None
    first, second = np.random.default_rng(len(old)).integers(0, len(old), (2, TRIALS))
    apart = np.abs(old[second] - old[first]) > 8 * tolerance
    first, second = first[apart], second[apart]
    if not len(first):
        return None
    scale_turn = (new[second] - new[first]) / (old[second] - old[first])
    sane = np.abs(np.log(np.maximum(np.abs(scale_turn), 1e-9))) < 0.3
    first, scale_turn = first[sane], scale_turn[sane]
    if not len(first):
        return None
    shift = new[first] - scale_turn * old[first]
    misses = np.abs(np.outer(scale_turn, old) + shift[:, None] - new)
    best = int(np.argmax((misses < tolerance) @ weights))
    return refined(old, new, weights, misses[best] < tolerance, tolerance)


def refined(
    old: Points, new: Points, weights: NDArray[np.float64], inliers: NDArray[np.bool_], tolerance: float
) -> Similarity | None:
    """Least squares over the inliers, three times, each time with the inliers of the last."""
    found = None
    for _ in range(3):
        if inliers.sum() < 3:
            return found
        found = least_squares(old, new, weights * inliers)
        inliers = np.abs(found.apply(old) - new) < tolerance
        found = Similarity(found.scale_turn, found.shift, inliers)
    return found


def least_squares(old: Points, new: Points, weights: NDArray[np.float64]) -> Similarity:
    """The similarity with the smallest weighted squared misses (Umeyama 1991, in the plane)."""
    total = weights.sum()
    old_middle, new_middle = (weights @ old) / total, (weights @ new) / total
    p, q = old - old_middle, new - new_middle
    spread = float(weights @ np.abs(p) ** 2)
    scale_turn = complex((weights @ (p.conj() * q)) / spread) if spread > 0 else 1 + 0j
    return Similarity(scale_turn, complex(new_middle - scale_turn * old_middle), weights > 0)
