"""Judges: vision models that are shown the frames of a clip and asked about each claim, never told what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from t2v_recaption.backends.base import Backend
from t2v_recaption.records import Record
from t2v_recaption.templates import digest
from t2v_recaption.verify.asking import Ask, Asked, Asker, Given
from t2v_recaption.verify.compare import Judged, compare
from t2v_recaption.verify.frames import Look, nearest
from t2v_recaption.verify.model import (
    Claim,
    ClaimSet,
    ClaimStatus,
    Evidence,
    Form,
    JudgeReliability,
    Probe,
    Verdict,
)
from t2v_recaption.verify.probes import Question, answered, reliability

MOVING: tuple[Form, ...] = ("order",)
"""Answers that one frame cannot give."""


@dataclass(frozen=True)
class Judgement(Record):
    """What one judge said about one clip."""

    verdicts: tuple[Verdict, ...]
    reliability: JudgeReliability
    requests: int = 0
    """How many requests that took."""


def judge_clip(
    name: str,
    backend: Backend,
    look: Look,
    claims: ClaimSet,
    probes: Sequence[Question],
    *,
    ask: Ask = "each",
    seed: int = 0,
) -> Judgement:
    """Put every claim and probe to one judge, all in one call of the backend; what cannot be read is asked once more.

    A failed request makes an `error` for its own claims only. A backend that fails as a whole makes one for all.

    Raises:
        InvalidInput: a setting of the backend cannot be used (no such model, no key).
        MissingDependency: a package that the backend needs is not installed.
    """
    asked = [Asked.of_claim(claim) for claim in claims if claim.checker not in ("measurement", "none")]
    mixed = _mixed(asked, [Asked.of_probe(probe) for probe in probes])
    asker = Asker(backend, look, ask, seed=seed)
    pairs = list(zip(mixed, asker(mixed), strict=True))
    judged = {one.claim.id: _verdict(name, one.claim, look, given) for one, given in pairs if one.claim is not None}
    found = [
        answered(one.probe, given.answer, _status(judged, one.probe.claim))
        for one, given in pairs
        if one.probe is not None
    ]
    failures = sum(given.answer is None for _, given in pairs)
    trust = reliability(name, found, failures=failures, asked=len(mixed))
    return Judgement(_weighed(judged, found, trust), trust, asker.requests)


def identity(backend: Backend, ask: Ask = "each") -> dict[str, Any]:
    """What decides a judge's answers, for provenance."""
    used = ("verify-role", "verify-question", *(("verify-questions",) if ask == "together" else ()))
    templates = {name: digest(name) for name in used}
    return {"backend": backend.identity(), "templates": templates}


def _mixed(asked: list[Asked], probes: list[Asked]) -> list[Asked]:
    """Probes spread evenly among the claims; the order does not matter to a backend, each question stands alone."""
    mixed = list(asked)
    step = max(1, len(asked) // (len(probes) + 1)) if probes else 1
    for number, probe in enumerate(probes, 1):
        mixed.insert(min(len(mixed), number * (step + 1) - 1), probe)
    return mixed


def _verdict(name: str, claim: Claim, look: Look, given: Given) -> Verdict:
    seen = look.within(claim.window)
    evidence = Evidence(seen=seen)
    if given.error is not None:
        return Verdict(claim.id, ClaimStatus.ERROR, "judge", name, reason=given.error.message, evidence=evidence)
    if (answer := given.answer) is None:
        said = " ".join(given.text.split())[:120]
        reason = f"It gave no usable answer: “{said}”." if said else "It gave no answer."
        return Verdict(claim.id, ClaimStatus.ERROR, "judge", name, reason=reason, answer=said, evidence=evidence)
    found = _bounded(claim, compare(claim, answer), len(seen))
    evidence = Evidence(nearest(answer.times, seen), observation=answer.seen, seen=seen)
    return Verdict(
        claim.id, found.status, "judge", name, found.confidence, found.reason, answer.said, answer.yes, evidence
    )


def _bounded(claim: Claim, found: Judged, frames: int) -> Judged:
    """Nobody is surer than what was looked at allows: n frames bound the confidence by n / (n + 1)."""
    if not found.status.decided:
        return found
    if not frames or (frames < 2 and claim.form in MOVING):
        return Judged(ClaimStatus.UNDETERMINED, 0.0, "Too few frames were seen to tell.")
    return replace(found, confidence=min(found.confidence, frames / (frames + 1)))


def _status(judged: dict[str, Verdict], claim: str) -> ClaimStatus | None:
    return judged[claim].status if claim in judged else None


def _weighed(judged: dict[str, Verdict], probes: Sequence[Probe], trust: JudgeReliability) -> tuple[Verdict, ...]:
    """The verdicts, those of an unreliable judge without weight, and those it contradicts undone."""
    undone = {probe.claim for probe in probes if probe.kind == "opposite" and probe.right is False}
    verdicts = []
    for verdict in judged.values():
        if verdict.claim in undone:
            reason = "It says yes to the opposite, too."
            verdict = replace(verdict, status=ClaimStatus.UNDETERMINED, confidence=0.0, reason=reason)
        verdicts.append(verdict if trust.reliable else replace(verdict, counts=False))
    return tuple(verdicts)
