"""Resampling over prompts: bootstrap intervals and the sign-flip test of a mean difference. Needs numpy.

Both depend on the differences only, not on their order or on which arm comes first: swapping the arms mirrors the
interval to the last digit and leaves p as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

from t2v_recaption.compare.exact import Interval
from t2v_recaption.errors import InvalidInput, MissingDependency

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Method = Literal["symmetric", "bca", "percentile"]

FEWEST_RESAMPLES = 2000
"""Below that the ends of a 95 % interval jump about from seed to seed."""

EXACT_UP_TO = 16
"""Prompts that differ, up to which all 2^n sign flips are counted instead of sampled."""

CHUNK = 2_000_000
"""Numbers drawn at a time: bounds the memory at some 16 MB whatever the sizes."""


def bootstrap(
    differences: Sequence[float],
    *,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "symmetric",
) -> Interval | None:
    """Interval of the mean difference by resampling prompts (each with all its claims and seeds: a cluster).

    Args:
        differences: one a prompt.
        resamples: at least 2,000.
        seed: of the resampling; same seed, same interval.
        level: of confidence.
        method: `symmetric` (symmetric bootstrap-t, Hall 1988: the one nearest to its level in
            `python -m benchmarks calibration`), `bca` or `percentile` (Efron and Tibshirani 1993, chapters 13 and 14).

    Returns:
        The interval; None where resampling cannot tell: fewer than two prompts, or (symmetric) fewer than some four
        prompts, or three that differ.

    Raises:
        InvalidInput: too few resamples, a difference that is not finite, a level outside 0 to 1.
        MissingDependency: numpy is not installed.
    """
    if not 0 < level < 1:
        raise InvalidInput(f"A confidence level of {level} is not between 0 and 1.", hint="Use 0.95.")
    if resamples < FEWEST_RESAMPLES:
        raise InvalidInput(f"{resamples} resamples are too few.", hint=f"Use at least {FEWEST_RESAMPLES}.")
    found, sign = _canonical(differences)
    if len(found) < 2:
        return None
    if found[0] == found[-1]:
        return Interval(sign * found[0] + 0.0, sign * found[0] + 0.0, level)
    interval = _METHODS[method](found, resamples, seed, level)
    if interval is None:
        return None
    if sign == 0:  # the differences are their own mirror image, so the interval must be, too
        half = (interval.high - interval.low) / 2
        return Interval(-half, half, level)
    return interval if sign > 0 else -interval


def sign_flip(differences: Sequence[float], *, resamples: int = 10_000, seed: int = 0) -> float:
    """Two-sided p of the mean difference under random signs: exact for up to 16 prompts that differ, else sampled.

    A sampled p counts the observed signs as one of the draws (Phipson and Smyth 2010): never 0.

    Raises:
        InvalidInput: too few resamples, or a difference that is not finite.
        MissingDependency: numpy is not installed.
    """
    if resamples < FEWEST_RESAMPLES:
        raise InvalidInput(f"{resamples} resamples are too few.", hint=f"Use at least {FEWEST_RESAMPLES}.")
    np = numeric()
    found, _ = _canonical(differences)
    sizes = np.array([abs(d) for d in found if d], dtype=float)
    if not len(sizes):
        return 1.0
    # Sums of the same numbers in another order differ in the last digits; they are as extreme all the same.
    least = abs(math.fsum(found)) * (1 - 1e-9) - 1e-12 * float(sizes.max())
    if len(sizes) <= EXACT_UP_TO:
        bits = np.arange(2 ** len(sizes))[:, None] >> np.arange(len(sizes)) & 1
        return float(np.mean(np.abs((2 * bits - 1) @ sizes) >= least))
    rng = np.random.Generator(np.random.PCG64(seed))
    extreme = sum(
        int(np.sum(np.abs((2.0 * rng.integers(0, 2, (rows, len(sizes)), dtype=np.int8) - 1.0) @ sizes) >= least))
        for rows in _rows(resamples, len(sizes))
    )
    return (extreme + 1) / (resamples + 1)


def standard_error(differences: Sequence[float]) -> float | None:
    """Standard error of the mean difference; None for fewer than two prompts."""
    spread = deviation(differences)
    return None if spread is None else spread / math.sqrt(len(differences))


def deviation(differences: Sequence[float]) -> float | None:
    """Standard deviation of the differences between prompts (n - 1); None for fewer than two."""
    if len(differences) < 2:
        return None
    mean = math.fsum(differences) / len(differences)
    return math.sqrt(math.fsum((d - mean) ** 2 for d in differences) / (len(differences) - 1))


def _canonical(differences: Sequence[float]) -> tuple[list[float], int]:
    """Sorted, mirrored if their mirror image comes first; and the sign to undo it (0: they are their own image)."""
    if bad := [d for d in differences if not math.isfinite(d)]:
        raise InvalidInput(f"A difference of {bad[0]} cannot be averaged.", hint="Leave out what was not scored.")
    found = sorted(float(d) + 0.0 for d in differences)
    mirrored = [-d + 0.0 for d in reversed(found)]
    return (found, 0 if found == mirrored else 1) if found >= mirrored else (mirrored, -1)


def _means(found: Floats, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """Mean and standard error of each resample."""
    np = numeric()
    rng = np.random.Generator(np.random.PCG64(seed))
    means, errors, n = [], [], len(found)
    for rows in _rows(resamples, n):
        drawn = found[rng.integers(0, n, (rows, n))]
        means.append(drawn.mean(axis=1))
        errors.append(drawn.std(axis=1, ddof=1) / math.sqrt(n))
    return np.concatenate(means), np.concatenate(errors)


def _percentile(differences: list[float], resamples: int, seed: int, level: float) -> Interval:
    np = numeric()
    means, _ = _means(np.array(differences), resamples, seed)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)


def _bca(differences: list[float], resamples: int, seed: int, level: float) -> Interval:
    np = numeric()
    found = np.array(differences)
    means, _ = _means(found, resamples, seed)
    mean = found.mean()
    off = means - mean
    off[np.abs(off) < 1e-9 * np.abs(found).max()] = 0  # the same sum in another order
    below = (np.sum(off < 0) + np.sum(off == 0) / 2) / resamples
    normal = NormalDist()
    bias = normal.inv_cdf(float(np.clip(below, 1 / resamples, 1 - 1 / resamples)))
    apart = found - mean  # the jackknife means of a mean, up to a factor that cancels
    skew = float(np.sum(apart**3) / (6 * np.sum(apart**2) ** 1.5))
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + normal.inv_cdf(tail)
        ends.append(normal.cdf(bias + z / (1 - skew * z)))
    low, high = np.quantile(means, ends)
    return Interval(float(low), float(high), level)


def _symmetric(differences: list[float], resamples: int, seed: int, level: float) -> Interval | None:
    np = numeric()
    found = np.array(differences)
    means, errors = _means(found, resamples, seed)
    mean, error = found.mean(), found.std(ddof=1) / math.sqrt(len(found))
    # A resample of one value repeated has no spread; its t is as extreme as can be, unless its mean is the mean.
    off = np.abs(means - mean)
    t = np.where(errors > 0, off / np.where(errors > 0, errors, 1), np.where(off == 0, 0, np.inf))
    reach = float(np.quantile(t, level, method="higher")) * error
    return Interval(float(mean - reach), float(mean + reach), level) if math.isfinite(reach) else None


_METHODS: dict[str, Callable[[list[float], int, int, float], Interval | None]] = {
    "percentile": _percentile,
    "bca": _bca,
    "symmetric": _symmetric,
}


def _rows(total: int, width: int) -> list[int]:
    step = max(1, CHUNK // max(1, width))
    return [min(step, total - done) for done in range(0, total, step)]


def numeric() -> Any:
    """The module numpy, imported at the first use.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        import numpy
    except ImportError as error:
        raise MissingDependency("Comparing arms", "numpy", "ab") from error
    return numpy
