"""The node Verify Clip: does a clip show what the user asked for?"""

from __future__ import annotations

import hashlib
from typing import Any

from t2v_recaption import Backend, InvalidInput, Verification, Verifier, __version__

from . import host
from .report import verification_text

CATEGORY = "t2v_recaption"
BACKEND = "T2V_RECAPTION_BACKEND"
UNKNOWN = -1.0
"""The score where nothing was decided: neither 0 nor 1 would be true, and a front end shows no "unknown"."""


class VerifyClip:
    """Holds a clip against the user's own words, claim by claim."""

    CATEGORY = CATEGORY
    DESCRIPTION = (
        "Says for each thing that the prompt asks for whether the clip shows it. Without a model, what can be measured "
        "is decided: camera moves, cuts, light, black and white, words on screen. Connect a Load Backend with a "
        "vision-language model for the rest. What nobody could tell stays open and never counts."
    )
    RETURN_TYPES = ("FLOAT", "FLOAT", "BOOLEAN", "STRING", "STRING")
    RETURN_NAMES = ("score", "coverage", "passed", "report", "json")
    OUTPUT_TOOLTIPS = (
        "Share of supported claims among the decided ones, 0 to 1; -1 where nothing was decided.",
        "Share of the claims that were decided, 0 to 1.",
        "Whether nothing is refuted and everything critical is supported.",
        "Every claim with its verdict and the reason, as text.",
        "Everything known, as JSON.",
    )
    FUNCTION = "verify"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """Widgets and inputs of the node."""
        prompt = {
            "default": "",
            "multiline": True,
            "dynamicPrompts": False,
            "tooltip": "What the user asked for: the short prompt, not the caption that was generated from.",
        }
        fps = {"default": 16.0, "min": 0.1, "max": 240.0, "step": 0.1, "tooltip": "Frames per second of the images."}
        frames = {"default": 12, "min": 1, "max": 48, "tooltip": "How many frames the model sees."}
        foils = {"default": 6, "min": 0, "max": 16, "tooltip": "False questions that test the model; 0 trusts it."}
        return {
            "required": {
                "prompt": ("STRING", prompt),
                "fps": ("FLOAT", fps),
                "frames": ("INT", frames),
                "foils": ("INT", foils),
                "unload": ("BOOLEAN", {"default": True, "tooltip": "Free the model's memory afterwards."}),
            },
            "optional": {
                "images": ("IMAGE", {"tooltip": "The frames of the clip, in order."}),
                "video": ("VIDEO", {"tooltip": "The clip as a video, instead of images."}),
                "backend": (BACKEND, {"tooltip": "A vision-language model that is asked about the claims."}),
            },
        }

    @classmethod
    def IS_CHANGED(cls, **inputs: Any) -> str:
        """What decides the verdicts besides the inputs is the version."""
        return hashlib.sha256(__version__.encode()).hexdigest()

    def verify(
        self,
        prompt: str,
        fps: float,
        frames: int,
        foils: int,
        unload: bool,
        images: Any = None,
        video: Any = None,
        backend: Backend | None = None,
    ) -> tuple[float, float, bool, str, str]:
        """Score, coverage, whether it passed, the report and the JSON.

        Raises:
            InvalidInput: no clip, both images and video, a clip that cannot be read, or a model that sees nothing.
        """
        if (images is None) == (video is None):
            raise InvalidInput("Verify Clip needs a clip.", hint="Connect images or video, one of them.")
        clip = host.clip(images, video, fps)
        verifier = Verifier(judges=() if backend is None else [backend], frames=frames, foils=foils)
        if backend is not None and unload:
            host.make_room(backend)
        try:
            return _results(verifier(clip, prompt))
        finally:
            if unload:
                verifier.close()


def _results(found: Verification) -> tuple[float, float, bool, str, str]:
    score = UNKNOWN if found.score is None else found.score
    return score, found.coverage, found.passed, verification_text(found), found.to_json()
