"""Checks: every clip held against the frozen claims of the original prompt, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from t2v_recaption.compare.budget import Budget
from t2v_recaption.compare.clip_measures import numbers
from t2v_recaption.compare.clips import Clips
from t2v_recaption.compare.design import Design, Job, digest
from t2v_recaption.compare.freeze import Frozen
from t2v_recaption.compare.scores import Score
from t2v_recaption.compare.store import Outcome, Store
from t2v_recaption.records import to_plain

if TYPE_CHECKING:
    from t2v_recaption.verify.model import ClaimSet, Verification

KIND = "check"


class Verifier(Protocol):
    """Anything that holds a clip against claims."""

    def verify(self, clip: Path, claims: ClaimSet) -> Verification:
        """The verification of a clip."""

    def identity(self) -> dict[str, Any]:
        """What decides the verdicts besides clip and claims."""


class Checks:
    """The checks of a design's clips.

    Args:
        design: whose clips they are.
        frozen: the claims.
        clips: what is checked.
        store: where outcomes are kept.
        verifier: checks.
    """

    def __init__(self, design: Design, frozen: Frozen, clips: Clips, store: Store, verifier: Verifier) -> None:
        self.design, self.frozen, self.clips, self.store = design, frozen, clips, store
        self.verifier = verifier

    def outcome(self, job: Job) -> Outcome | None:
        """The check of a job's clip; None where it is still to be done."""
        clip = self.clips.outcome(job)
        if clip is None:
            return None
        if not clip.ok:
            return Outcome({}, clip.error)
        return self.store.get(self._key(job, clip))

    def left(self) -> list[Job]:
        """The jobs whose clip is there and not yet checked."""
        return [job for job in self.clips.jobs if self.clips.outcome(job) is not None and self.outcome(job) is None]

    def check(self, budget: Budget, done: Callable[[str, Outcome], None]) -> None:
        """Check what is missing."""
        for job in self.left():
            clip = self.clips.outcome(job)
            assert clip is not None
            key = self._key(job, clip)
            if self.store.get(key) is None:  # two arms may have the same clip
                budget.allowed("check")
                outcome = self._checked(job, clip, self.verifier)
                budget.spend("check")
                done(KIND, self.store.put(key, KIND, outcome))

    def key(self, job: Job) -> str | None:
        """The content address of a job's check; None where there is no clip."""
        clip = self.clips.outcome(job)
        return self._key(job, clip) if clip is not None and clip.ok else None

    def checked_again(self, job: Job) -> Outcome:
        """A clip checked anew, past every cache."""
        clip = self.clips.outcome(job)
        assert clip is not None
        anew: Verifier = getattr(self.verifier, "uncached", lambda: self.verifier)()
        return self._checked(job, clip, anew)

    def scores(self, job: Job, category: str) -> list[Score]:
        """One score a claim: 1 supported, 0 refuted, None for everything else, which is never a score."""
        outcome = self.outcome(job)
        told: dict[str, str] = {} if outcome is None or not outcome.ok else outcome.value["claims"]
        value = {"supported": 1.0, "refuted": 0.0}
        return [
            Score(job.item.id, value.get(told.get(claim.id, "")), job.position, claim.id, category, claim.weight)
            for claim in self.frozen.claims[job.item.id].claims
        ]

    def number(self, job: Job, name: str) -> Score:
        """One score a clip: a number that was measured on it."""
        outcome = self.outcome(job)
        told = {} if outcome is None or not outcome.ok else outcome.value["numbers"]
        return Score(job.item.id, told.get(name), job.position)

    def _checked(self, job: Job, clip: Outcome, verifier: Verifier) -> Outcome:
        began = time.monotonic()
        try:
            found = verifier.verify(self.clips.file(clip), self.frozen.claims[job.item.id])
        except (
            Exception
        ) as error:  # a clip that cannot be read or a judge that fails: an outcome of its own, not a score
            return Outcome({}, f"{type(error).__name__}: {error}", time.monotonic() - began)
        told = {
            "claims": {result.claim.id: result.status.value for result in found.results},
            "reasons": {result.claim.id: result.reason for result in found.results},
            "judged": _judged(found),
            "score": found.score,
            "coverage": found.coverage,
            "numbers": numbers(found),
            "notes": list(found.notes),
            "provenance": to_plain(found.provenance),
        }
        return Outcome(told, "", time.monotonic() - began)

    def _key(self, job: Job, clip: Outcome) -> str:
        claims = self.frozen.claims[job.item.id]
        return digest([KIND, clip.value["sha256"], claims.hash, self._identity])

    @cached_property
    def _identity(self) -> dict[str, Any]:
        """Asked for once: a judge may have to ask its server which model it is."""
        return self.verifier.identity()


def _judged(found: Verification) -> dict[str, dict[str, str]]:
    """Judge → claim → what it said, whether it counted or not."""
    told: dict[str, dict[str, str]] = {}
    for result in found.results:
        for verdict in result.verdicts:
            if verdict.route == "judge":
                told.setdefault(verdict.by, {})[result.claim.id] = verdict.status.value
    return told
