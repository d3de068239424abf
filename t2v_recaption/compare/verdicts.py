"""Verdict: what a comparison shows, in words; never a winner from an interval that holds zero."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from t2v_recaption.compare.exact import Interval, clopper_pearson
from t2v_recaption.compare.power import prompts_for_equality, prompts_needed
from t2v_recaption.compare.resampling import FEWEST_RESAMPLES, Method
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record

FEW_DIFFER = 6
"""Prompts that must differ before a winner is possible: the sign-flip p of five is at least 2 / 2^5 = 0.06."""


class Call(str, Enum):
    """What a comparison shows."""

    FIRST = "first"
    """The first arm is better."""
    SECOND = "second"
    """The second arm is better."""
    SAME = "same"
    """No difference of practical size: the whole interval lies within the margin."""
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Settings(Record):
    """How to compare; part of what must be fixed before the run."""

    scale: tuple[float, float] | None = (0.0, 1.0)
    """Lowest and highest possible score; None for a measure without ends (words, tokens)."""
    margin: float = 0.05
    """The smallest difference that matters in practice; 0: none is too small."""
    better: Literal["higher", "lower", "neither"] = "higher"
    """Which direction is better; `neither`: the verdict says which arm is higher."""
    tie: float = 0.0
    """A prompt whose scores differ by at most this much is a tie."""
    level: float = 0.95
    power: float = 0.8
    resamples: int = 10_000
    seed: int = 0
    method: Method = "symmetric"

    def __post_init__(self) -> None:
        if self.resamples < FEWEST_RESAMPLES:
            raise InvalidInput(f"{self.resamples} resamples are too few.", hint=f"Use at least {FEWEST_RESAMPLES}.")
        if not (math.isfinite(self.margin) and self.margin >= 0 and self.tie >= 0):
            raise InvalidInput(f"A margin of {self.margin} and a tie of {self.tie} must both be 0 or more.")
        if not (0 < self.level < 1 and 0 < self.power < 1):
            raise InvalidInput(f"A level of {self.level} and a power of {self.power} must lie between 0 and 1.")
        if self.scale and not self.scale[0] < self.scale[1]:
            raise InvalidInput(f"The scale {self.scale} does not rise.")


@dataclass(frozen=True)
class Verdict(Record):
    """What a comparison shows, for people and for programs."""

    call: Call
    text: str
    more: int | None = None
    """Where it is inconclusive: about how many more prompts would settle it, if things stay as they look."""


def sparse_interval(
    differences: Sequence[float], interval: Interval | None, reach: float, level: float = 0.95
) -> Interval | None:
    """The interval, widened where almost all prompts differ by the same amount (most often: not at all).

    Resampling cannot draw a difference that no prompt of the sample has. Where fewer than six prompts differ otherwise
    than the rest, the share of such prompts is therefore taken at the upper end of its exact interval, with the largest
    difference possible.

    Args:
        differences: one a prompt.
        interval: of resampling; None where that could not tell.
        reach: the largest difference possible.
        level: of confidence.
    """
    n = len(differences)
    modes, same = _usual(differences)
    usual = modes[0]
    if n < 2 or n - same >= FEW_DIFFER or (same < 2 and usual):
        return interval
    share = clopper_pearson(n - same, n, level).high
    mean = math.fsum(differences) / n
    if n < FEW_DIFFER:  # too few to know even those that were seen: all that may be other may lie at the ends
        return Interval(min(m - share * (reach + m) for m in modes), max(m + share * (reach - m) for m in modes), level)
    unseen = (share - (n - same) / n) * (reach + abs(usual))
    low, high = max(-reach, mean - unseen), min(reach, mean + unseen)
    return Interval(min(interval.low, low) if interval else low, max(interval.high, high) if interval else high, level)


def _usual(differences: Sequence[float]) -> tuple[list[float], int]:
    """The difference that most prompts have (two where one is as common as its mirror image), and how many have it."""
    # Means of the same scores in another order differ in the last digits.
    counts = Counter(round(d, 12) + 0.0 for d in differences)
    if not counts:
        return [0.0], 0
    most = max(counts.values())
    nearest = min(abs(value) for value, count in counts.items() if count == most)
    return sorted(value for value, count in counts.items() if count == most and abs(value) == nearest), most


def call(difference: float, interval: Interval | None, p: float, prompts: int, settings: Settings) -> Call:
    """The verdict of a mean difference (second minus first), its interval and its p."""
    if interval is None or prompts < FEW_DIFFER:
        return Call.INCONCLUSIVE
    if settings.margin and interval.within(settings.margin):
        return Call.SAME
    if p >= 1 - settings.level or interval.holds(0):
        return Call.INCONCLUSIVE
    return Call.SECOND if (difference > 0) != (settings.better == "lower") else Call.FIRST


def more_prompts(difference: float, spread: float | None, prompts: int, settings: Settings, reach: float) -> int | None:
    """About how many more prompts settle it: until the interval clears zero or lies within the margin.

    Whichever of the two comes first: where all prompts differ alike, until few enough others can have been missed; else
    at the observed spread and the observed difference shrunk by its own uncertainty
    (James and Stein's factor 1 - error²/difference²): what stands out in few prompts does so partly by chance. None
    where one cannot say.
    """
    if spread is None or prompts < 2:
        return None
    options = {"power": settings.power, "level": settings.level}
    if spread < 1e-12:  # all alike, up to rounding
        size = abs(difference)
        room = max(settings.margin - size, size)
        if not room or not reach:
            return None
        tail = (1 - settings.level) / 2
        free = math.log(tail) / math.log1p(-min(room / (reach + size), 0.999))
        wanted = [math.ceil(free)]
    else:
        error = spread / math.sqrt(prompts)
        likely = abs(difference) * max(0.0, 1 - (error / difference) ** 2) if difference else 0.0
        equal = prompts_for_equality(settings.margin, spread, difference=likely, **options)
        clear = prompts_needed(likely, spread, **options) if likely else None
        wanted = [n for n in (equal, clear) if n is not None]
    if not wanted:  # no margin, and a difference that may well be none
        return None
    return max(min(wanted), FEW_DIFFER, prompts + 1) - prompts


def words(
    found: Call,
    names: tuple[str, str],
    difference: float,
    interval: Interval | None,
    p: float,
    prompts: int,
    settings: Settings,
    more: int | None,
    corrected: int = 1,
) -> str:
    """The verdict as one or two sentences."""
    first, second = names
    many = f"{prompts} prompt{'s' if prompts != 1 else ''}"
    if interval is None:
        told = "no prompt was scored in both arms" if not prompts else f"{many} cannot tell chance from difference"
        return f"Inconclusive: {told}."
    sure = f"{settings.level * 100:g} % interval {interval.low:+.3g} to {interval.high:+.3g}"
    held = f" (of {corrected} comparisons)" if corrected > 1 else ""
    figures = f"{second} minus {first} {difference:+.3g}, {sure}, p {_p(p)}{held}, {many}"
    if found is Call.INCONCLUSIVE:
        return f"Inconclusive: {figures}. {_more(more)}"
    if found is Call.SAME:
        return f"No difference of practical size (±{settings.margin:g}): {figures}."
    winner, loser = (first, second) if found is Call.FIRST else (second, first)
    if settings.better == "neither":
        return f"{winner} is higher than {loser}: {figures}."
    return f"{winner} is better than {loser}: {figures}."


def _more(more: int | None) -> str:
    if more is None:
        return "It cannot be said how many more prompts would settle it."
    return f"About {_rounded(more):,} more prompts would settle it, if things stay as they look."


def _rounded(count: int) -> int:
    """Two digits are more than such an estimate has."""
    step: int = 10 ** max(0, len(str(count)) - 2)
    return math.ceil(count / step) * step


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.2g}"
