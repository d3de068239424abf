"""Result: what a run found, complete with what failed and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from t2v_recaption.compare.comparison import Category, Comparison, Contest
from t2v_recaption.compare.lock import Lock
from t2v_recaption.compare.preference import Preference
from t2v_recaption.compare.ranking import Ranking
from t2v_recaption.compare.retest import Retest
from t2v_recaption.compare.verdicts import Call
from t2v_recaption.records import Record


@dataclass(frozen=True)
class Measured(Record):
    """All arms compared on one measure."""

    name: str
    title: str
    unit: str
    """Empty for a share."""
    contest: Contest
    kinds: Mapping[str, tuple[Category, ...]] = field(default_factory=dict)
    """Arm → its comparison with the baseline by the kind of what was checked, where there are kinds."""

    own: Mapping[str, float | None] = field(default_factory=dict)
    """Arm → its mean over all prompts that it has a score for, whether the baseline has one or not."""

    @property
    def means(self) -> tuple[tuple[str, float | None], ...]:
        """Each arm with its mean over the prompts that it shares with the baseline (its own where it shares none)."""
        found = self.contest.comparisons
        base = next((each.mean_first for each in found if each.mean_first is not None), None)
        shared = {self.contest.baseline: base, **{each.second: each.mean_second for each in found}}
        return tuple((arm, self.own.get(arm) if mean is None else mean) for arm, mean in shared.items())


@dataclass(frozen=True)
class Problem(Record):
    """One step that gave no value."""

    step: str
    """`text`, `clip` or `check`."""
    arm: str
    item: str
    seed: int | None
    message: str


@dataclass(frozen=True)
class Cell(Record):
    """What one arm has for one prompt."""

    text: str
    score: float | None
    """On the primary measure; None where nothing could be scored."""
    failed: tuple[str, ...] = ()
    """What the primary measure found missing, in words."""
    clips: tuple[str, ...] = ()
    """Paths of its clips, by seed; empty where one is missing."""


@dataclass(frozen=True)
class Row(Record):
    """One prompt with all arms."""

    id: str
    prompt: str
    stratum: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Result(Record):
    """What a run found."""

    primary: Measured
    others: tuple[Measured, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    preferences: tuple[Preference, ...]
    ranking: Ranking | None
    """Of three arms and more, from the judge's choices."""
    lock: Lock
    notes: tuple[str, ...]
    folder: str
    complete: bool = True
    """False where the run was stopped before everything was made."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    retests: tuple[Retest, ...] = ()
    """How often each judge that was asked again answered otherwise."""
    standing: Ranking | None = None
    """Of three arms and more, from who is higher on the primary measure, prompt by prompt."""

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The verdicts: each arm against the baseline on the primary measure."""
        return self.primary.contest.comparisons

    @property
    def worse(self) -> tuple[str, ...]:
        """Arms that are worse than the baseline on the primary measure."""
        return tuple(found.second for found in self.comparisons if found.verdict.call is Call.FIRST)
