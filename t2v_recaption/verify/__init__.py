"""Verify: hold a clip against what the user asked for, claim by claim, with frames as evidence."""

from __future__ import annotations

from t2v_recaption.verify.claims import claims_of
from t2v_recaption.verify.model import (
    Claim,
    ClaimResult,
    ClaimSet,
    ClaimStatus,
    Evidence,
    JudgeReliability,
    Verdict,
    Verification,
)

__all__ = [
    "Claim",
    "ClaimResult",
    "ClaimSet",
    "ClaimStatus",
    "Evidence",
    "JudgeReliability",
    "Verdict",
    "Verification",
    "claims_of",
]
