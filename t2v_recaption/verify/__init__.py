"""Verify: hold a clip against what the user asked for, claim by claim, with frames as evidence.

    from t2v_recaption import verify

    found = verify("clip.mp4", "a red car on the left of a blue truck, the camera pans right")
    print(found.score, found.coverage)

This module can be called: it is the function `verify` and the place of everything about it at once, since both have the
same name.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

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
from t2v_recaption.verify.verifier import Unverified, Verifier
from t2v_recaption.verify.verifier import verify as verify_clip

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
    "verify_clip",
]


class _Callable(ModuleType):
    """A module that is called like the function of its name."""

    def __call__(self, clip: Any, prompt: str | ClaimSet, **options: Any) -> Verification:
        return verify_clip(clip, prompt, **options)


_Callable.__call__.__doc__ = verify_clip.__doc__
sys.modules[__name__].__class__ = _Callable
