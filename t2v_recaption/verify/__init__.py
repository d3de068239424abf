"""Verify: hold a clip against what the user asked for, claim by claim, with frames as evidence.

    from t2v_recaption import verify

    found = verify("clip.mp4", "a red car on the left of a blue truck, the camera pans right")
    print(found.score, found.coverage)

This module can be called: it is the function `verify` and the place of everything about it at once, since both have the
same name.
"""

from __future__ import annotations

from t2v_recaption.callable_module import make_callable
from t2v_recaption.verify.claims import claims_of
from t2v_recaption.verify.model import (
    Box,
    Claim,
    ClaimResult,
    ClaimSet,
    ClaimStatus,
    Evidence,
    JudgeReliability,
    Probe,
    Rate,
    Verdict,
    Verification,
    Window,
)
from t2v_recaption.verify.refine import refined_claims
from t2v_recaption.verify.verifier import Unverified, Verifier, verify

__all__ = [
    "Box",
    "Claim",
    "ClaimResult",
    "ClaimSet",
    "ClaimStatus",
    "Evidence",
    "JudgeReliability",
    "Probe",
    "Rate",
    "Unverified",
    "Verdict",
    "Verification",
    "Verifier",
    "Window",
    "claims_of",
    "refined_claims",
    "verify",
]

verify = make_callable(__name__, verify)  # the package, too, has that name
