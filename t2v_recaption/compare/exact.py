"""Exact answers for counts: binomial intervals, the sign test, McNemar's test. No sampling, standard library only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import NormalDist

from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record


@dataclass(frozen=True)
class Interval(Record):
    """A confidence interval, both ends included."""

    low: float
    high: float
    level: float = 0.95

    def holds(self, value: float) -> bool:
        """Whether the value lies within."""
        return self.low <= value <= self.high

    def within(self, margin: float) -> bool:
        """Whether the whole interval lies within ± margin."""
        return -margin <= self.low and self.high <= margin

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low, self.level)


@dataclass(frozen=True)
class Wins(Record):
    """How many prompts each arm wins."""

    first: int
    ties: int
    second: int
    share: Interval | None
    """Wilson's interval of the second arm's share of the decided prompts; None when all tie."""
    p: float
    """Of the exact two-sided sign test on the decided prompts; 1 when all tie."""

    @property
    def decided(self) -> int:
        """Prompts that one of the arms wins."""
        return self.first + self.second

    @property
    def rate(self) -> float | None:
        """The second arm's share of the decided prompts; None when all tie."""
        return self.second / self.decided if self.decided else None


@dataclass(frozen=True)
class McNemar(Record):
    """One yes or no a prompt and arm: the prompts on which the arms disagree."""

    only_first: int
    only_second: int
    p: float
    """Exact, two-sided (a sign test on the prompts that disagree)."""


def wilson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of a share (Wilson 1927, without continuity correction).

    Raises:
        InvalidInput: no trials, or more successes than trials.
    """
    _check_counts(successes, trials)
    z = NormalDist().inv_cdf(0.5 + _level(level) / 2)
    share, spread = successes / trials, 1 + z * z / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low, high = (centre - half) / spread, (centre + half) / spread
    # At the ends the closed form is exact; floating point is not.
    return Interval(0.0 if successes == 0 else low, 1.0 if successes == trials else high, level)


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """The exact interval of a share (Clopper and Pearson 1934), by bisection; never covers less than it says.

    Raises:
        InvalidInput: no trials, or more successes than trials.
    """
    _check_counts(successes, trials)
    tail = (1 - _level(level)) / 2
    low = 0.0 if successes == 0 else _root(lambda p: at_least(successes, trials, p) - tail)
    high = 1.0 if successes == trials else _root(lambda p: tail - at_most(successes, trials, p))
    return Interval(low, high, level)


def at_most(count: int, trials: int, p: float) -> float:
    """Probability of at most that many successes."""
    return min(1.0, math.fsum(_mass(k, trials, p) for k in range(count + 1)))


def at_least(count: int, trials: int, p: float) -> float:
    """Probability of at least that many successes."""
    return min(1.0, math.fsum(_mass(k, trials, p) for k in range(count, trials + 1)))


def sign_test(first: int, second: int) -> float:
    """Exact two-sided p of `first` against `second` decided cases, both equally likely; 1 when there are none."""
    return min(1.0, 2 * at_most(min(first, second), first + second, 0.5)) if first + second else 1.0


def wins(differences: Iterable[float], *, tie: float = 0.0, level: float = 0.95) -> Wins:
    """Count the prompts that each arm wins.

    Args:
        differences: second minus first, one a prompt.
        tie: a difference of at most this size is a tie.
        level: of the interval.
    """
    found = list(differences)
    slack = tie + 1e-12  # a mean of the same values in another order
    second, first = sum(d > slack for d in found), sum(d < -slack for d in found)
    share = wilson(second, first + second, level) if first + second else None
    return Wins(first, len(found) - first - second, second, share, sign_test(first, second))


def mcnemar(outcomes: Iterable[tuple[bool, bool]]) -> McNemar:
    """McNemar's exact test.

    Args:
        outcomes: for each prompt, whether the first and whether the second arm passed. One outcome a prompt and arm:
            with several claims or seeds the outcomes hang together, and the test would find what is not there.
    """
    found = list(outcomes)
    only_first, only_second = sum(a and not b for a, b in found), sum(b and not a for a, b in found)
    return McNemar(only_first, only_second, sign_test(only_first, only_second))


def _mass(count: int, trials: int, p: float) -> float:
    if p <= 0 or p >= 1:
        return float(count == (0 if p <= 0 else trials))
    log = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
    return math.exp(log + count * math.log(p) + (trials - count) * math.log1p(-p))


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise InvalidInput(f"A confidence level of {level} is not between 0 and 1.", hint="Use 0.95.")
    return level


def _check_counts(successes: int, trials: int) -> None:
    if trials < 1 or not 0 <= successes <= trials:
        raise InvalidInput(f"{successes} of {trials} is no share.", hint="Count at least one trial.")
