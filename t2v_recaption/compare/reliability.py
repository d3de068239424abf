"""How far a judge can be trusted: how often it contradicts itself, and what its errors do to a rate or a difference."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from t2v_recaption.compare.exact import Interval
from t2v_recaption.compare.resampling import FEWEST_RESAMPLES, bootstrap, numeric
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record


@dataclass(frozen=True)
class FlipRate(Record):
    """How often a judge that is asked the same again answers otherwise."""

    items: int
    """Items with two answers or more."""
    rate: float
    """Share of the pairs of answers to one item that differ, averaged over items."""
    interval: Interval | None
    flipped: int
    """Items with at least two different answers."""

    @property
    def error(self) -> float:
        """The error rate e of a judge whose errors are independent and even: rate = 2 e (1 - e); at most 0.5."""
        return (1 - math.sqrt(max(0.0, 1 - 2 * self.rate))) / 2

    @property
    def attenuation(self) -> float:
        """What is left of a true difference in pass rate after such errors: 1 - 2 e."""
        return 1 - 2 * self.error


def flip_rate(answers: Mapping[str, Sequence[Hashable]], *, resamples: int = 10_000, seed: int = 0) -> FlipRate:
    """Test-retest flip rate.

    Args:
        answers: item (a claim of a clip) → the answers given to it in repeated runs; None for no answer, which counts
            as an answer of its own. Items with fewer than two are left out.
        resamples: of the interval, over items.
        seed: of the resampling.

    Raises:
        InvalidInput: no item was answered twice.
        MissingDependency: numpy is not installed.
    """
    rates = []
    for given in answers.values():
        if len(given) > 1:
            two = list(combinations(given, 2))
            rates.append(sum(a != b for a, b in two) / len(two))
    if not rates:
        raise InvalidInput("No item was judged twice.", hint="Judge a sample of the clips again.")
    found = bootstrap(rates, resamples=resamples, seed=seed, method="percentile")
    interval = Interval(max(0.0, found.low), min(1.0, found.high), found.level) if found else None
    return FlipRate(len(rates), math.fsum(rates) / len(rates), interval, sum(rate > 0 for rate in rates))


@dataclass(frozen=True)
class Calibration(Record):
    """A judge's answers where the truth is known: foils, or labels by people."""

    true_positive: int
    false_negative: int
    true_negative: int
    false_positive: int

    @property
    def sensitivity(self) -> float:
        """Share of what holds that the judge passes."""
        return _share(self.true_positive, self.false_negative, "hold")

    @property
    def specificity(self) -> float:
        """Share of what does not hold that the judge fails."""
        return _share(self.true_negative, self.false_positive, "do not hold")

    @property
    def informedness(self) -> float:
        """Sensitivity + specificity - 1: what the judge leaves of a true difference; 0 for one that guesses."""
        return self.sensitivity + self.specificity - 1


@dataclass(frozen=True)
class Corrected(Record):
    """A difference with the judge's errors taken out."""

    difference: float
    interval: Interval
    """With the uncertainty of the calibration in it."""


def corrected_rate(rate: float, calibration: Calibration) -> float:
    """A pass rate with the judge's errors taken out (Rogan and Gladen 1978), clipped to 0 to 1.

    Raises:
        InvalidInput: a rate outside 0 to 1, or a judge that is no better than guessing.
    """
    if not 0 <= rate <= 1:
        raise InvalidInput(f"{rate} is no pass rate.", hint="Give a share between 0 and 1.")
    _check_informed(calibration)
    return min(1.0, max(0.0, (rate + calibration.specificity - 1) / calibration.informedness))


def corrected_difference(
    difference: float,
    standard_error: float,
    calibration: Calibration,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Corrected:
    """A difference in pass rate with the judge's errors taken out: divided by the judge's informedness.

    Holds if the judge errs alike in both arms, which one judge and one set of claims make likely and nothing proves.

    Args:
        difference: observed, second minus first.
        standard_error: of it.
        calibration: the judge's answers where the truth is known.
        level: of confidence.
        resamples: draws of the difference (normal) and of sensitivity and specificity (beta, Jeffreys).
        seed: of the draws.

    Raises:
        InvalidInput: a judge that is no better than guessing.
        MissingDependency: numpy is not installed.
    """
    _check_informed(calibration)
    if resamples < FEWEST_RESAMPLES:
        raise InvalidInput(f"{resamples} draws are too few.", hint=f"Use at least {FEWEST_RESAMPLES}.")
    np = numeric()
    rng = np.random.Generator(np.random.PCG64(seed))
    c = calibration
    sensitivity = rng.beta(c.true_positive + 0.5, c.false_negative + 0.5, resamples)
    specificity = rng.beta(c.true_negative + 0.5, c.false_positive + 0.5, resamples)
    informed = np.maximum(sensitivity + specificity - 1, 1e-3)
    drawn = (difference + standard_error * rng.standard_normal(resamples)) / informed
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Corrected(difference / c.informedness, Interval(float(low), float(high), level))


def _share(hits: int, misses: int, what: str) -> float:
    if hits < 0 or misses < 0 or hits + misses == 0:
        raise InvalidInput(f"The judge was given no claims that {what}.", hint="Add foils or labels of both kinds.")
    return hits / (hits + misses)


def _check_informed(calibration: Calibration) -> None:
    if calibration.informedness <= 0:
        raise InvalidInput(
            f"A judge with sensitivity {calibration.sensitivity:.2f} and specificity {calibration.specificity:.2f} "
            "is no better than guessing: its errors cannot be taken out.",
            hint="Use another judge.",
        )
