"""Verdicts from measurements: decided, or open with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from t2v_recaption.verify.model import Claim, ClaimStatus, Evidence, Verdict

if TYPE_CHECKING:
    from t2v_recaption.video.measurements import Finding, Measurements

CUT_CONFIDENCE = 0.85
"""Confidence in cuts, and in pictures that stand still: nothing tells how sure their detectors are."""


def undecided(claim: Claim, by: str, reason: str, seen: str = "") -> Verdict:
    """A claim that stays open."""
    return Verdict(
        claim.id, ClaimStatus.UNDETERMINED, "measurement", by, reason=reason, evidence=Evidence(observation=seen)
    )


def decided(claim: Claim, by: str, holds: bool, confidence: float, reason: str, evidence: Evidence) -> Verdict:
    """A decision; a claim that expects "no" is supported by what does not hold."""
    status = ClaimStatus.SUPPORTED if holds else ClaimStatus.REFUTED
    return Verdict(claim.id, status, "measurement", by, round(confidence, 3), reason, evidence=evidence)


def span_of(claim: Claim, measured: Measurements) -> tuple[float, float]:
    """The part of the video, in seconds, that a claim speaks of."""
    low, high = claim.window.seconds(measured.duration)
    return measured.start + low, measured.start + high


def any_of(claim: Claim, by: str, findings: Sequence[Finding[bool]], yes: str, no: str) -> Verdict:
    """Whether it is so in any shot."""
    true = [finding for finding in findings if finding.value is True]
    if true:
        return decided(claim, by, True, max(f.confidence for f in true), yes, Evidence(observation=yes))
    if findings and all(finding.value is False for finding in findings):
        return decided(claim, by, False, confidence_of(findings, False), no, Evidence(observation=no))
    return undecided(claim, by, next((f.reason for f in findings if f.reason), "") or "It could not be measured.")


def all_of(findings: Sequence[Finding[bool]]) -> bool | None:
    """True where all are, False where any is not, None where it is open."""
    if any(finding.value is False for finding in findings):
        return False
    return True if findings and all(finding.value is True for finding in findings) else None


def confidence_of(findings: Sequence[Finding[bool]], value: bool) -> float:
    """Of something that holds in all shots the least confidence, of something that fails in one the greatest."""
    those = [finding.confidence for finding in findings if finding.value is value]
    return (min if len(those) == len(findings) else max)(those, default=0.0)
