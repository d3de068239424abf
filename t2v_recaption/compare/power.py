"""Power: which difference a number of prompts can show, and how many prompts a difference needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from t2v_recaption.compare.resampling import deviation
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record


@dataclass(frozen=True)
class Power(Record):
    """What a run can show, said before it."""

    prompts: int
    spread: float
    """Standard deviation of the difference between prompts that was assumed."""
    basis: str
    """Where it comes from: `guess`, `given`, or `pilot of N prompts`."""
    detectable: float
    """The smallest true difference that is found with `power`."""
    needed: int | None
    """Prompts needed to find a difference of the margin's size; None when there is no margin."""
    needed_for_equality: int | None
    """Prompts needed to show that there is no difference of that size when there is none at all."""
    power: float = 0.8
    level: float = 0.95

    @property
    def text(self) -> str:
        """One sentence for people."""
        told = f"{self.prompts} prompts can show a difference of {self.detectable:.3g} ({self.power:.0%} power)"
        return f"{told}, if differences spread by {self.spread:.3g} between prompts ({self.basis})."


def plan_power(
    prompts: int,
    *,
    spread: float | None = None,
    pilot: Sequence[float] = (),
    claims: int = 8,
    seeds: int = 1,
    rate: float = 0.7,
    margin: float | None = None,
    power: float = 0.8,
    level: float = 0.95,
) -> Power:
    """What that many prompts can show.

    Args:
        prompts: how many.
        spread: standard deviation of the per-prompt difference, where known.
        pilot: per-prompt differences of an earlier, small run; its spread is taken at the upper end of its 80 %
            interval, because a pilot's spread is often too small by chance.
        claims: without both, the spread is guessed: claims a prompt,
        seeds: clips a prompt and arm,
        rate: and the pass rate expected.
        margin: the smallest difference that matters.
        power: probability of finding a difference that is there.
        level: of confidence.

    Raises:
        InvalidInput: no prompts, a spread that is negative, a pilot of one prompt.
    """
    _check(power, level)
    if prompts < 1:
        raise InvalidInput(f"{prompts} prompts can show nothing.", hint="Plan with at least one.")
    found, basis = _spread(spread, pilot, claims, seeds, rate)
    return Power(
        prompts=prompts,
        spread=found,
        basis=basis,
        detectable=detectable(prompts, found, power=power, level=level),
        needed=prompts_needed(margin, found, power=power, level=level) if margin else None,
        needed_for_equality=prompts_for_equality(margin, found, power=power, level=level) if margin else None,
        power=power,
        level=level,
    )


def detectable(prompts: int, spread: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """The smallest difference found with that power; infinite for fewer prompts than any test can decide on."""
    z, power_z = _quantiles(power, level)
    free = prompts - z * z / 2
    return (z + power_z) * spread / math.sqrt(free) if free > 0 else math.inf


def prompts_needed(difference: float, spread: float, *, power: float = 0.8, level: float = 0.95) -> int:
    """Prompts needed to find that difference: normal approximation with Guenther's correction (1981) for small numbers.

    Raises:
        InvalidInput: a difference of 0 needs no finite number.
    """
    if not difference:
        raise InvalidInput("No number of prompts shows a difference of 0.", hint="Name the smallest that matters.")
    z, power_z = _quantiles(power, level)
    return math.ceil(((z + power_z) * spread / abs(difference)) ** 2 + z * z / 2)


def prompts_for_equality(
    margin: float, spread: float, *, difference: float = 0.0, power: float = 0.8, level: float = 0.95
) -> int | None:
    """Prompts until the interval lies within ± margin with that power, if the true difference is `difference`.

    None when the difference is as large as the margin: it never will.
    """
    if abs(difference) >= margin:
        return None
    z, _ = _quantiles(power, level)
    # With no difference at all both ends may stick out: each may do so half as often.
    power_z = NormalDist().inv_cdf((1 + power) / 2 if not difference else power)
    return math.ceil(((z + power_z) * spread / (margin - abs(difference))) ** 2 + z * z / 2)


def guess_spread(
    claims: int = 8, seeds: int = 1, rate: float = 0.7, *, within: float = 0.09, between: float = 0.125
) -> float:
    """A guess of the standard deviation of the per-prompt difference in claim pass rate.

    Variance = 1.5 r (1 - r) (1 + (claims - 1) within) / (claims seeds) + between², fitted to the random-effects model
    of `benchmarks/calibration.py`. 1.5 and not 2: claims differ in difficulty, and both arms face the same.

    Args:
        claims: claims a prompt.
        seeds: clips a prompt and arm.
        rate: pass rate expected in both arms.
        within: correlation of two claims on the same clip beyond what the prompt explains.
        between: standard deviation over prompts of the true difference.

    Raises:
        InvalidInput: no claims, no seeds, a rate outside 0 to 1.
    """
    if claims < 1 or seeds < 1 or not 0 <= rate <= 1:
        raise InvalidInput(f"{claims} claims on {seeds} seeds at a pass rate of {rate} cannot be planned with.")
    noise = 1.5 * rate * (1 - rate) * (1 + (claims - 1) * within) / (claims * seeds)
    return math.sqrt(noise + between**2)


def _spread(spread: float | None, pilot: Sequence[float], claims: int, seeds: int, rate: float) -> tuple[float, str]:
    if spread is not None:
        if not (math.isfinite(spread) and spread >= 0):
            raise InvalidInput(f"{spread} is no standard deviation.")
        return spread, "given"
    if not pilot:
        return guess_spread(claims, seeds, rate), "guess"
    measured = deviation(pilot)
    if measured is None:
        raise InvalidInput("A pilot of one prompt has no spread.", hint="Use at least two, better ten.")
    free = len(pilot) - 1
    # Wilson and Hilferty's approximation of the chi-square quantile (1931).
    z = NormalDist().inv_cdf(0.1)
    chi = free * max(1e-9, 1 - 2 / (9 * free) + z * math.sqrt(2 / (9 * free))) ** 3
    return measured * math.sqrt(free / chi), f"pilot of {len(pilot)} prompts"


def _quantiles(power: float, level: float) -> tuple[float, float]:
    _check(power, level)
    return NormalDist().inv_cdf((1 + level) / 2), NormalDist().inv_cdf(power)


def _check(power: float, level: float) -> None:
    for name, value in (("power", power), ("confidence level", level)):
        if not 0 < value < 1:
            raise InvalidInput(f"A {name} of {value} is not between 0 and 1.")
