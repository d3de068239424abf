"""Verify: hold a clip against what the user asked for, claim by claim, with frames as evidence.

    from t2v_recaption import verify

    found = verify("clip.mp4", "a red car on the left of a blue truck, the camera pans right")
    print(found.score, found.coverage)

This module can be called: it is the function `verify` and the place of everything about it at once, since both have the
same name.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend
    from t2v_recaption.verify.captions import CaptionerLike

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


class _Callable(ModuleType):
    """A module that is called like the function of its name."""

    def __call__(
        self,
        clip: Any,
        prompt: str | ClaimSet,
        *,
        judges: Sequence[Backend] | Backend = (),
        captioner: CaptionerLike | None = None,
        measurements: bool = True,
        **options: Any,
    ) -> Verification:
        return _verify(clip, prompt, judges=judges, captioner=captioner, measurements=measurements, **options)


_verify = verify
_Callable.__call__.__doc__ = verify.__doc__

verify = sys.modules[__name__]  # type: ignore[assignment]  # so that whoever imports either gets what does for both
verify.__class__ = _Callable
