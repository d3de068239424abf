"""What a loop gives: the best clip, the best wording, how they came about, and why it stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from t2v_recaption.loop.budget import Spent
from t2v_recaption.loop.diagnosis import Diagnosis
from t2v_recaption.loop.trial import Trial, informedness, tally, value
from t2v_recaption.loop.wording import Wording
from t2v_recaption.records import Record
from t2v_recaption.verify.model import ClaimSet, ClaimStatus


class Stop(str, Enum):
    """Why a loop ended."""

    DONE = "every critical claim is supported"
    BUDGET = "the budget is spent"
    NO_GAIN = "no edit helps any more"
    LIMIT = "the generator cannot show what is missing"
    JUDGE = "the judges are unreliable"
    UNDECIDED = "nobody can tell what is missing"
    GENERATOR = "the generator fails"


@dataclass(frozen=True)
class Round(Record):
    """One round: a wording was tried against the best one so far."""

    number: int
    wording: str
    """Key of the wording that was tried."""
    against: str
    """Key of the best one at the time; empty in the first round."""
    accepted: bool
    reason: str
    fixed: tuple[str, ...] = ()
    """Claims shown more often than before, over the same seeds."""
    broke: tuple[str, ...] = ()
    """Claims shown less often."""


@dataclass(frozen=True)
class LoopResult(Record):
    """The end of a loop."""

    prompt: str
    claims: ClaimSet
    wordings: tuple[Wording, ...]
    """Everything that was generated from: the prompt, the caption, then the edits."""
    trials: tuple[Trial, ...]
    rounds: tuple[Round, ...]
    best: Wording
    """The wording that shows most of what was asked."""
    diagnoses: tuple[Diagnosis, ...]
    """What still fails in the best wording, and why."""
    stop: Stop
    reason: str
    """One sentence for people: why it ended."""
    spent: Spent
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def best_trial(self) -> Trial | None:
        """The clip that shows most of what was asked; None where none was made and judged."""
        return best_trial(self.trials, self.claims)

    def rate(self, wording: Wording) -> float | None:
        """Weighted share of claims that the clips of a wording show, 0 to 1."""
        return value(self.trials_of(wording.key), self.claims)

    def trials_of(self, key: str) -> tuple[Trial, ...]:
        """The trials of a wording."""
        return tuple(trial for trial in self.trials if trial.wording == key)


def best_trial(trials: Sequence[Trial], claims: ClaimSet) -> Trial | None:
    """The clip that shows most and lacks least, by weight; among equals that of the better wording, then the first."""
    made = [trial for trial in trials if trial.clip and trial.statuses]
    means = {trial.wording: _mean(made, trial.wording, claims) for trial in made}
    trust = max(informedness(made).values(), default=1.0)
    return max(made, key=lambda t: round(trust * standing(t, claims) + (1 - trust) * means[t.wording], 6), default=None)


def standing(trial: Trial, claims: ClaimSet) -> float:
    """Weight of the supported claims less that of the refuted ones, as a share of all, -1 to 1."""
    marks = {ClaimStatus.SUPPORTED: 1.0, ClaimStatus.REFUTED: -1.0, ClaimStatus.NOT_APPLICABLE: -1.0}
    total = sum(claim.weight for claim in claims) or 1.0
    found = (claim.weight * marks.get(trial.statuses.get(claim.id, ClaimStatus.ERROR), 0.0) for claim in claims)
    return sum(found) / total


def _mean(trials: Sequence[Trial], wording: str, claims: ClaimSet) -> float:
    found = [standing(trial, claims) for trial in trials if trial.wording == wording]
    return sum(found) / len(found)


def compared(
    challenger: Sequence[Trial], best: Sequence[Trial], claims: ClaimSet
) -> tuple[float, tuple[str, ...], tuple[str, ...], bool]:
    """A challenger against the best wording over the seeds that both have.

    Returns:
        The difference of the weighted claim rates (claims decided for both), the claims shown more often, those shown
        less often, and whether a critical claim is lost that the best wording shows with every seed.
    """
    seeds = {trial.seed for trial in challenger} & {trial.seed for trial in best}
    ours = [trial for trial in challenger if trial.seed in seeds]
    theirs = [trial for trial in best if trial.seed in seeds]
    gain = total = 0.0
    fixed, broke, lost = [], [], False
    for claim in claims:
        new, old = tally(ours, claim.id).rate, tally(theirs, claim.id).rate
        if new is None or old is None:
            continue
        gain, total = gain + claim.weight * (new - old), total + claim.weight
        if new > old:
            fixed.append(claim.id)
        elif new < old:
            broke.append(claim.id)
            lost = lost or (claim.criticality == "critical" and old == 1.0 and new < 0.5)
    return (gain / total if total else 0.0), tuple(fixed), tuple(broke), lost
