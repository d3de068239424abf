"""Scores of two arms, paired prompt by prompt: the prompt is the unit of every statistic in this package."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record


@dataclass(frozen=True)
class Score(Record):
    """One measured value of one arm: for a prompt, a seed and, where there are claims, a claim."""

    prompt: str
    """Id of the prompt. Scores with the same id belong to one unit, however many there are."""
    value: float | None
    """None for what could not be scored (error, timeout, undetermined, missing clip): never 0."""
    seed: int = 0
    claim: str = ""
    """Id of the claim, or of the measure, within the prompt."""
    category: str = ""
    """What results are broken down by: the prompt's stratum, or the claim's kind."""
    weight: float = 1.0
    """Weight of this claim among the claims of its prompt."""


@dataclass(frozen=True)
class Pair(Record):
    """What both arms score on one prompt."""

    prompt: str
    first: float
    second: float
    """Weighted means over the claims that both arms have a score for; a claim's score is its mean over seeds."""
    category: str = ""
    claims: int = 1
    """How many claims went into it."""

    @property
    def difference(self) -> float:
        """Second minus first."""
        return self.second - self.first


@dataclass(frozen=True)
class Pairs(Record):
    """All prompts that both arms have a score for, and what could not be paired."""

    pairs: tuple[Pair, ...]
    unscored: tuple[str, ...] = ()
    """Prompts that no claim of which is scored in both arms."""
    missing: tuple[int, int] = (0, 0)
    """Unscored values of the first and of the second arm."""
    total: tuple[int, int] = (0, 0)
    """Values expected of each arm."""
    binary: bool = False
    """Whether there is exactly one score a prompt and arm, and it is 0 or 1."""
    lowest: tuple[Pair, ...] = ()
    highest: tuple[Pair, ...] = ()
    """The pairs if everything unscored had turned out as badly, or as well, for the second arm as the scale allows;
    empty where nothing is unscored or the scale has no ends."""
    notes: tuple[str, ...] = ()
    """What a reader must know about the data: prompts in one arm only, prompts scored twice, NaN."""

    @property
    def differences(self) -> tuple[float, ...]:
        """Second minus first, one a prompt."""
        return tuple(pair.difference for pair in self.pairs)


Cell = tuple[str, str]
"""Prompt and claim."""


def pair_up(
    first: Iterable[Score],
    second: Iterable[Score],
    *,
    scale: tuple[float, float] | None = None,
    names: tuple[str, str] = ("A", "B"),
) -> Pairs:
    """Pair the scores of two arms.

    Seeds are repeats of one another: they are averaged within prompt and claim. Claims are not: only those that both
    arms have a score for are compared, so that an arm gains nothing when a hard claim could not be scored.

    Args:
        first: scores of the first arm, in any order.
        second: scores of the second arm.
        scale: lowest and highest possible value, for the worst case of what is unscored; None: it has no ends.
        names: the arms, for the notes.

    Raises:
        InvalidInput: an infinite value, one outside the scale, a weight that is not positive, no scores at all.
    """
    arms = [_Arm(list(scores), name, scale) for scores, name in zip((first, second), names, strict=True)]
    cells = list(dict.fromkeys([*arms[0].cells, *arms[1].cells]))
    if not cells:
        raise InvalidInput("There are no scores to compare.", hint="Was anything scored in either arm?")
    expected = [max(len(arms[0].seeds(prompt)), len(arms[1].seeds(prompt)), 1) for prompt, _ in cells]
    both = [cell for cell in cells if all(arm.scored(cell) for arm in arms)]
    pairs = _pairs(both, arms, [arm.mean for arm in arms])
    done = {pair.prompt for pair in pairs}
    missing = [
        sum(max(0, n - len(arm.values.get(c, ()))) for c, n in zip(cells, expected, strict=True)) for arm in arms
    ]
    ends = _worst(cells, expected, arms, scale) if scale and sum(missing) else ((), ())
    return Pairs(
        pairs=pairs,
        unscored=tuple(p for p in dict.fromkeys(prompt for prompt, _ in cells) if p not in done),
        missing=(missing[0], missing[1]),
        total=(sum(expected), sum(expected)),
        binary=_binary(arms),
        lowest=ends[0],
        highest=ends[1],
        notes=_notes(arms),
    )


class _Arm:
    """The scores of one arm by prompt and claim."""

    def __init__(self, scores: Sequence[Score], name: str, scale: tuple[float, float] | None) -> None:
        self.name = name
        self.cells: dict[Cell, Score] = {}
        self.values: dict[Cell, list[float]] = {}
        self.twice: dict[str, None] = {}
        self.nan = 0
        self._seeds: dict[str, set[int]] = {}
        keys: dict[tuple[str, str, int], list[float]] = {}
        for score in scores:
            _check(score, scale)
            cell = (score.prompt, score.claim)
            self.cells.setdefault(cell, score)
            self._seeds.setdefault(score.prompt, set()).add(score.seed)
            key = (*cell, score.seed)
            if key in keys:
                self.twice[score.prompt] = None
            repeats = keys.setdefault(key, [])
            if score.value is not None and math.isnan(score.value):
                self.nan += 1
            elif score.value is not None:
                repeats.append(float(score.value))
        for (prompt, claim, _), repeats in keys.items():
            if repeats:
                self.values.setdefault((prompt, claim), []).append(fmean(repeats))

    def seeds(self, prompt: str) -> set[int]:
        return self._seeds.get(prompt, set())

    def scored(self, cell: Cell) -> bool:
        return cell in self.values

    def mean(self, cell: Cell) -> float:
        return math.fsum(self.values[cell]) / len(self.values[cell])

    def prompts(self) -> set[str]:
        return set(self._seeds)


def _check(score: Score, scale: tuple[float, float] | None) -> None:
    if not (math.isfinite(score.weight) and score.weight > 0):
        raise InvalidInput(
            f"The weight {score.weight} of claim {score.claim!r} of prompt {score.prompt!r} is not a positive number."
        )
    value = score.value
    if value is None or math.isnan(value):
        return
    if math.isinf(value) or (scale and not scale[0] <= value <= scale[1]):
        ends = f"outside the scale from {scale[0]} to {scale[1]}" if scale else "not a finite number"
        raise InvalidInput(
            f"The score {value} of prompt {score.prompt!r} is {ends}.",
            hint="Give None for what could not be scored, and the scale that the metric really has.",
        )


def _pairs(cells: Sequence[Cell], arms: Sequence[_Arm], means: Sequence[Callable[[Cell], float]]) -> tuple[Pair, ...]:
    by_prompt: dict[str, list[Cell]] = {}
    for cell in cells:
        by_prompt.setdefault(cell[0], []).append(cell)
    return tuple(_pair(prompt, some, arms, means) for prompt, some in by_prompt.items())


def _pair(prompt: str, cells: Sequence[Cell], arms: Sequence[_Arm], means: Sequence[Callable[[Cell], float]]) -> Pair:
    told = [arms[0].cells.get(cell) or arms[1].cells[cell] for cell in cells]
    weights = [score.weight for score in told]
    total = math.fsum(weights)
    first, second = (math.fsum(w * mean(c) for w, c in zip(weights, cells, strict=True)) / total for mean in means)
    categories = {score.category for score in told}
    return Pair(prompt, first, second, categories.pop() if len(categories) == 1 else "", len(cells))


def _worst(
    cells: Sequence[Cell], expected: Sequence[int], arms: Sequence[_Arm], scale: tuple[float, float]
) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    wanted: Mapping[Cell, int] = dict(zip(cells, expected, strict=True))

    def filled(arm: _Arm, value: float) -> Callable[[Cell], float]:
        def mean(cell: Cell) -> float:
            known = arm.values.get(cell, [])
            short = max(0, wanted[cell] - len(known))
            return math.fsum([*known, *[value] * short]) / (len(known) + short)

        return mean

    low, high = scale
    return (
        _pairs(cells, arms, [filled(arms[0], high), filled(arms[1], low)]),
        _pairs(cells, arms, [filled(arms[0], low), filled(arms[1], high)]),
    )


def _binary(arms: Sequence[_Arm]) -> bool:
    """One value of 0 or 1 a prompt, in both arms."""
    return all(
        len(arm.values) == len({prompt for prompt, _ in arm.values})
        and all(len(found) == 1 and found[0] in (0.0, 1.0) for found in arm.values.values())
        for arm in arms
    )


def _notes(arms: Sequence[_Arm]) -> tuple[str, ...]:
    notes = []
    for arm, other in ((arms[0], arms[1]), (arms[1], arms[0])):
        if only := sorted(arm.prompts() - other.prompts()):
            notes.append(
                f"{_some(only)} {'is' if len(only) == 1 else 'are'} in {arm.name} only: not compared, "
                f"counted as unscored in {other.name}."
            )
        if arm.twice:
            notes.append(
                f"{arm.name} scores {_some(list(arm.twice))} more than once for the same seed and claim: "
                "averaged, and still counted once."
            )
        if arm.nan:
            notes.append(f"{arm.name} has {arm.nan} scores that are not a number (NaN): taken as unscored.")
    return tuple(notes)


def _some(prompts: Sequence[str]) -> str:
    shown = ", ".join(repr(prompt) for prompt in prompts[:3])
    count = f"{len(prompts)} prompts" if len(prompts) > 1 else "1 prompt"
    return f"{count} ({shown}{', …' if len(prompts) > 3 else ''})"
