"""Comparison: two or more arms on the same prompts, with interval, p, wins, what is unscored, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from t2v_recaption.compare.exact import Interval, McNemar, Wins, mcnemar, wins
from t2v_recaption.compare.multiple import benjamini_hochberg, holm
from t2v_recaption.compare.resampling import bootstrap, deviation, sign_flip
from t2v_recaption.compare.scores import Pair, Pairs, Score, pair_up
from t2v_recaption.compare.verdicts import Call, Settings, Verdict, call, more_prompts, sparse_interval, words
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record


@dataclass(frozen=True)
class Worst(Record):
    """What everything unscored could do to the result."""

    low: float
    high: float
    """The mean difference if all that is unscored had gone against the second arm, or for it."""
    calls: tuple[Call, Call]
    """The verdicts then."""

    def stands(self, found: Call) -> bool:
        """Whether the verdict is the same whatever the unscored values are."""
        return self.calls == (found, found)


@dataclass(frozen=True)
class Comparison(Record):
    """Two arms compared on one measure."""

    first: str
    second: str
    """The arms; differences are second minus first."""
    measure: str
    prompts: int
    """Prompts that both arms have a score for: the n of everything here."""
    mean_first: float | None
    mean_second: float | None
    difference: float | None
    """Mean over prompts of second minus first; None when no prompt could be paired."""
    interval: Interval | None
    """Of the difference, by resampling prompts; None for fewer than two prompts."""
    p: float
    """Sign-flip permutation at prompt level, two-sided; corrected where `corrected` is above 1."""
    wins: Wins
    spread: float | None
    """Standard deviation of the difference between prompts: what a later plan needs."""
    verdict: Verdict
    settings: Settings
    data: Pairs
    worst: Worst | None = None
    """None when everything was scored, or when the scale has no ends."""
    mcnemar: McNemar | None = None
    """Only where there is one yes or no a prompt and arm."""
    raw_p: float = 1.0
    """p before any correction."""
    corrected: int = 1
    """How many comparisons p was corrected for."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The prompts, with the scores of both arms."""
        return self.data.pairs

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about the data."""
        notes = list(self.data.notes)
        if self.data.unscored:
            notes.append(f"Without a claim that is scored in both arms: {len(self.data.unscored)} prompts.")
        if any(self.data.missing):
            a, b = self.data.missing
            notes.append(f"Unscored values: {a} of {self.data.total[0]} in {self.first}, {b} in {self.second}.")
        if self.worst and not self.worst.stands(self.verdict.call):
            notes.append(
                f"If all that is unscored went one way, the difference would be {self.worst.low:+.3g} or "
                f"{self.worst.high:+.3g}, and the verdict would not stand."
            )
        return tuple(notes)


@dataclass(frozen=True)
class Category(Record):
    """The comparison within one category."""

    name: str
    comparison: Comparison
    """Its p is corrected over the categories (Benjamini and Hochberg)."""


@dataclass(frozen=True)
class Contest(Record):
    """All arms against a baseline."""

    baseline: str
    comparisons: tuple[Comparison, ...]
    """One for each other arm (`second`), p corrected over the arms (Holm)."""
    categories: Mapping[str, tuple[Category, ...]]
    """Arm → its comparison with the baseline within each category."""


def compare(
    first: Iterable[Score],
    second: Iterable[Score],
    *,
    names: tuple[str, str] = ("A", "B"),
    measure: str = "claim pass rate",
    settings: Settings | None = None,
) -> Comparison:
    """Compare two arms on one measure.

    Args:
        first: the scores of the first arm: any number of seeds and claims a prompt.
        second: those of the second arm, on the same prompts.
        names: of the arms, for people.
        measure: what was measured, for people.
        settings: scale, margin, level, seed …

    Raises:
        InvalidInput: no scores at all, an infinite score or one outside the scale.
        MissingDependency: numpy is not installed.
    """
    chosen = settings or Settings()
    return _compared(pair_up(first, second, scale=chosen.scale, names=names), names, measure, chosen)


def compare_arms(
    scores: Mapping[str, Iterable[Score]],
    *,
    baseline: str = "",
    measure: str = "claim pass rate",
    settings: Settings | None = None,
) -> Contest:
    """Compare every arm with the baseline, over all prompts and within each category.

    Args:
        scores: arm → its scores.
        baseline: the arm that the others are compared with; default: the first.
        measure: what was measured, for people.
        settings: scale, margin, level, seed …

    Raises:
        InvalidInput: fewer than two arms, a baseline that is none of them, and as `compare`.
        MissingDependency: numpy is not installed.
    """
    arms = {name: list(found) for name, found in scores.items()}
    base = baseline or next(iter(arms), "")
    if len(arms) < 2 or base not in arms:
        raise InvalidInput(
            f"The arms {', '.join(map(repr, arms)) or '(none)'} cannot be compared with {base!r}.",
            hint="Give two arms or more, and name one of them as the baseline.",
        )
    others = [name for name in arms if name != base]
    chosen = settings or Settings()
    told = {n: compare(arms[base], arms[n], names=(base, n), measure=measure, settings=chosen) for n in others}
    adjusted = holm({name: found.raw_p for name, found in told.items()})
    return Contest(
        base,
        tuple(with_p(told[name], adjusted[name], len(others)) for name in others),
        {n: by_category(arms[base], arms[n], names=(base, n), measure=measure, settings=chosen) for n in others},
    )


def by_category(
    first: Sequence[Score],
    second: Sequence[Score],
    *,
    names: tuple[str, str] = ("A", "B"),
    measure: str = "claim pass rate",
    settings: Settings | None = None,
) -> tuple[Category, ...]:
    """The comparison within each category of the scores, in their order, p corrected over categories.

    Raises:
        InvalidInput: as `compare`.
    """
    found = {
        name: compare(
            [s for s in first if s.category == name],
            [s for s in second if s.category == name],
            names=names,
            measure=measure,
            settings=settings,
        )
        for name in dict.fromkeys(score.category for score in [*first, *second])
    }
    adjusted = benjamini_hochberg({name: each.raw_p for name, each in found.items()})
    return tuple(Category(name, with_p(each, adjusted[name], len(found))) for name, each in found.items())


def with_p(found: Comparison, p: float, corrected: int) -> Comparison:
    """The comparison with a corrected p, and the verdict that follows from it."""
    settings = found.settings
    changed = replace(found, p=p, corrected=corrected)
    if found.worst is not None:
        ends = [
            _compared(replace(found.data, pairs=some, lowest=(), highest=()), (found.first, found.second), "", settings)
            for some in (found.data.lowest, found.data.highest)
        ]
        raised = [min(1.0, end.raw_p * (p / found.raw_p if found.raw_p else 1.0)) for end in ends]
        calls = [
            call(e.difference or 0.0, e.interval, q, e.prompts, settings) for e, q in zip(ends, raised, strict=True)
        ]
        changed = replace(changed, worst=replace(found.worst, calls=(calls[0], calls[1])))
    return replace(changed, verdict=_verdict(changed))


def _compared(data: Pairs, names: tuple[str, str], measure: str, settings: Settings) -> Comparison:
    differences = data.differences
    n = len(differences)
    p = sign_flip(differences, resamples=settings.resamples, seed=settings.seed)
    found = Comparison(
        first=names[0],
        second=names[1],
        measure=measure,
        prompts=n,
        mean_first=math.fsum(pair.first for pair in data.pairs) / n if n else None,
        mean_second=math.fsum(pair.second for pair in data.pairs) / n if n else None,
        difference=math.fsum(differences) / n if n else None,
        interval=_interval(data, settings),
        p=p,
        raw_p=p,
        wins=wins(differences, tie=settings.tie, level=settings.level),
        spread=deviation(differences),
        verdict=Verdict(Call.INCONCLUSIVE, ""),
        settings=settings,
        data=data,
        worst=_worst(data, names, settings),
        mcnemar=mcnemar((bool(pair.first), bool(pair.second)) for pair in data.pairs) if data.binary and n else None,
    )
    return replace(found, verdict=_verdict(found))


def _interval(data: Pairs, settings: Settings) -> Interval | None:
    found = bootstrap(
        data.differences,
        resamples=settings.resamples,
        seed=settings.seed,
        level=settings.level,
        method=settings.method,
    )
    reach = _reach(data, settings)
    if settings.scale and found is not None:  # of few prompts, resampling goes beyond what is possible
        found = Interval(max(-reach, found.low), min(reach, found.high), found.level)
    return sparse_interval(data.differences, found, reach, settings.level)


def _reach(data: Pairs, settings: Settings) -> float:
    """The largest difference possible on a prompt: the scale's, else the largest between any two scores seen."""
    if settings.scale:
        return settings.scale[1] - settings.scale[0]
    values = [value for pair in data.pairs for value in (pair.first, pair.second)]
    return max(values) - min(values) if values else 0.0


def _worst(data: Pairs, names: tuple[str, str], settings: Settings) -> Worst | None:
    if not data.lowest:
        return None
    low, high = (
        _compared(replace(data, pairs=some, lowest=(), highest=()), names, "", settings)
        for some in (data.lowest, data.highest)
    )
    assert low.difference is not None
    assert high.difference is not None
    return Worst(low.difference, high.difference, (low.verdict.call, high.verdict.call))


def _verdict(found: Comparison) -> Verdict:
    settings, difference = found.settings, found.difference or 0.0
    decided = call(difference, found.interval, found.p, found.prompts, settings)
    more = None
    if decided is Call.INCONCLUSIVE:
        more = more_prompts(difference, found.spread, found.prompts, settings, _reach(found.data, settings))
    names = (found.first, found.second)
    text = words(decided, names, difference, found.interval, found.p, found.prompts, settings, more, found.corrected)
    return Verdict(decided, text, more)
