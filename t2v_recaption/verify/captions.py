"""The captioner route: what a caption of the clip says of the claims, read with the fidelity check.

A caption states little of what is to be seen, so silence means nothing. What it states supports a claim, what it states
otherwise refutes one, both no surer than a caption is: captioners invent, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from t2v_recaption import fidelity
from t2v_recaption.fidelity.report import FactVerdict, Status
from t2v_recaption.intent import parse
from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.model import Claim, ClaimSet, ClaimStatus, Evidence, Verdict

if TYPE_CHECKING:
    from t2v_recaption.captioners.base import ClipCaption, Mode

STATED, EXCLUDED = 0.7, 0.6
"""Confidence in what a caption states, and in what it states otherwise: another word may mean the same."""

OTHER_THING = 0.4
"""Confidence in a thing not being there because the caption has another of its kind: there may be both."""

SILENT_KINDS = (Kind.FORMAT, Kind.MOOD, Kind.NAME, Kind.PHRASE)
"""What a caption's words say too little about, whatever they are."""


class CaptionerLike(Protocol):
    """What the route needs of a captioner."""

    def caption(self, clips: Sequence[Any], mode: Mode = "sliding") -> list[ClipCaption]:
        """A caption for each clip."""

    def identity(self) -> dict[str, Any]:
        """What decides the captions."""


@dataclass(frozen=True)
class Heard:
    """What the route found out."""

    verdicts: tuple[Verdict, ...]
    caption: str = ""
    notes: tuple[str, ...] = ()


def captioned(name: str, caption: ClipCaption, claims: ClaimSet) -> Heard:
    """What one caption says of the claims. Only positive claims of the prompt's own facts are read off it."""
    if caption.error is not None or not caption.text.strip():
        why = caption.error.message if caption.error is not None else "The captioner said nothing."
        return Heard(tuple(_failed(name, claim, why) for claim in claims if _readable(claim)), notes=(why,))
    report = fidelity.check(parse(claims.prompt), caption.text)
    of = {verdict.fact.id: verdict for verdict in report.verdicts}
    found = []
    for claim in claims:
        facts = [of[fact] for fact in claim.facts if fact in of]
        if _readable(claim) and facts:
            found.append(_verdict(name, claim, facts, caption))
    return Heard(tuple(found), caption.text, tuple(caption.notes))


def _readable(claim: Claim) -> bool:
    return claim.checker not in ("measurement", "none") and claim.kind not in SILENT_KINDS and claim.window.whole


def _failed(name: str, claim: Claim, why: str) -> Verdict:
    return Verdict(claim.id, ClaimStatus.ERROR, "captioner", name, reason=why)


def _verdict(name: str, claim: Claim, facts: Sequence[FactVerdict], caption: ClipCaption) -> Verdict:
    worst = min(facts, key=lambda verdict: _RANK[verdict.status])
    status, confidence = _meaning(claim, worst)
    quote = caption.text[worst.span.start : worst.span.end] if worst.span is not None else ""
    reason = f"The caption says “{quote}”." if quote and status.decided else _silence(claim, worst)
    times = _times(quote, caption)
    return Verdict(
        claim.id,
        status,
        "captioner",
        name,
        min(confidence, len(caption.times) / (len(caption.times) + 1)) if caption.times else confidence,
        reason,
        answer=quote,
        evidence=Evidence(times, observation=quote, seen=caption.times),
    )


_RANK = {Status.CONTRADICTED: 0, Status.LOST: 1, Status.WEAKENED: 2, Status.KEPT: 3}


def _meaning(claim: Claim, verdict: FactVerdict) -> tuple[ClaimStatus, float]:
    if claim.kind is Kind.NEGATION:
        # Not being mentioned keeps a negation in a caption to be filmed; it proves nothing about a clip.
        if verdict.status is Status.CONTRADICTED:
            return ClaimStatus.REFUTED, STATED
        stated = verdict.status is Status.KEPT and verdict.span is not None
        return (ClaimStatus.SUPPORTED, EXCLUDED) if stated else (ClaimStatus.UNDETERMINED, 0.0)
    if verdict.status is Status.KEPT and verdict.span is not None:
        return ClaimStatus.SUPPORTED, STATED
    if verdict.status is Status.CONTRADICTED and verdict.span is not None:
        return ClaimStatus.REFUTED, OTHER_THING if claim.kind is Kind.SUBJECT else EXCLUDED
    return ClaimStatus.UNDETERMINED, 0.0


def _silence(claim: Claim, verdict: FactVerdict) -> str:
    if verdict.status is Status.WEAKENED:
        return f"The caption is vaguer: {verdict.reason}"
    return "The caption does not say." if verdict.status is not Status.CONTRADICTED else verdict.reason


def _times(quote: str, caption: ClipCaption) -> tuple[float, ...]:
    """The end of the first differential caption that says the same words."""
    for step in caption.steps:
        if quote and quote.lower() in step.text.lower():
            return (step.end,)
    return ()
