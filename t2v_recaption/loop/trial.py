"""Trial: one clip of a wording with one seed and what became of each claim; tallies over the seeds of a wording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from t2v_recaption.records import Record
from t2v_recaption.verify.model import ClaimSet, ClaimStatus, JudgeReliability, Verification

USELESS = 0.3
"""Sensitivity + specificity - 1 (Youden's J) under which a judge's verdicts do not carry a loop: an observed difference
is the true one times J, so that a gain under it is mostly noise."""

ENOUGH = 8
"""Probes of each kind, over all clips, from which on a judge is judged."""


@dataclass(frozen=True)
class Trial(Record):
    """One clip, or why there is none."""

    wording: str
    """Key of the wording."""
    seed: int
    clip: str = ""
    """Path of the clip; empty where it could not be made."""
    statuses: Mapping[str, ClaimStatus] = field(default_factory=dict)
    """What became of each claim, by its id."""
    score: float | None = None
    coverage: float = 0.0
    passed: bool = False
    probes: Mapping[str, tuple[int, int, int, int]] = field(default_factory=dict)
    """By judge: true probes it got right, true probes, false probes it got right, false probes."""
    judge_calls: int = 0
    seconds: float = 0.0
    """Time for making and judging the clip."""
    error: str = ""
    verification: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The whole verification as plain data."""

    @classmethod
    def of(cls, wording: str, seed: int, clip: Path, found: Verification, *, seconds: float = 0.0) -> Trial:
        """The trial that a verification makes."""
        return cls(
            wording=wording,
            seed=seed,
            clip=str(clip),
            statuses={result.claim.id: result.status for result in found},
            score=found.score,
            coverage=found.coverage,
            passed=found.passed,
            probes={judge.judge: _probes(judge) for judge in found.judges},
            judge_calls=_asked(found),
            seconds=seconds,
            verification=found.to_dict(),
        )

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Trial:
        """The trial from its JSON form."""
        statuses = {claim: ClaimStatus(status) for claim, status in plain["statuses"].items()}
        probes = {judge: tuple(counts) for judge, counts in plain["probes"].items()}
        return cls(**{**plain, "statuses": statuses, "probes": probes})

    def to_plain(self) -> dict[str, Any]:
        """Its JSON form, the verification included."""
        return {**self.to_dict(), "verification": dict(self.verification)}


@dataclass(frozen=True)
class Tally(Record):
    """What became of one claim over the seeds of a wording."""

    supported: int = 0
    refuted: int = 0
    undetermined: int = 0
    failed: int = 0
    """Judges that failed, clips that could not be made."""

    @property
    def rate(self) -> float | None:
        """Share of supported among decided; None where none is decided."""
        decided = self.supported + self.refuted
        return self.supported / decided if decided else None


def tally(trials: Iterable[Trial], claim: str) -> Tally:
    """Count one claim over trials."""
    statuses = [trial.statuses.get(claim, ClaimStatus.ERROR) for trial in trials]
    # What speaks of a thing that is missing is missing too: for a repair it has failed as its parent has.
    refuted = sum(status in (ClaimStatus.REFUTED, ClaimStatus.NOT_APPLICABLE) for status in statuses)
    return Tally(
        statuses.count(ClaimStatus.SUPPORTED),
        refuted,
        statuses.count(ClaimStatus.UNDETERMINED),
        statuses.count(ClaimStatus.ERROR),
    )


def value(trials: Sequence[Trial], claims: ClaimSet) -> float | None:
    """Weighted mean over claims of how often each is supported, 0 to 1; None where nothing was decided."""
    rates = [(claim.weight, tally(trials, claim.id).rate) for claim in claims]
    decided = [(weight, rate) for weight, rate in rates if rate is not None]
    total = sum(weight for weight, _ in decided)
    return sum(weight * rate for weight, rate in decided) / total if total else None


def informedness(trials: Iterable[Trial]) -> dict[str, float]:
    """By judge, sensitivity + specificity - 1 over the probes of all clips together: 1 is perfect, 0 a coin or a judge
    that always says the same. One unlucky clip does not condemn a good judge. Each half of the probes counts as right
    until there are `ENOUGH` of it.
    """
    pooled: dict[str, list[int]] = {}
    for trial in trials:
        for judge, counts in trial.probes.items():
            pooled[judge] = [a + b for a, b in zip(pooled.get(judge, [0, 0, 0, 0]), counts, strict=True)]
    return {judge: _part(*held[:2]) + _part(*held[2:]) - 1 for judge, held in pooled.items()}


def _part(right: int, asked: int) -> float:
    return right / asked if asked >= ENOUGH else 1.0


def _probes(judge: JudgeReliability) -> tuple[int, int, int, int]:
    return judge.sensitivity.right, judge.sensitivity.asked, judge.specificity.right, judge.specificity.asked


def _asked(found: Verification) -> int:
    """How many questions the judges were asked about a clip."""
    claims = sum(verdict.route == "judge" for result in found for verdict in result.verdicts)
    return claims + sum(len(judge.probes) for judge in found.judges)
