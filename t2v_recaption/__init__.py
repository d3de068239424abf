"""t2v_recaption: dense captions for text-to-video models that lose nothing the user said.

    from t2v_recaption import Enhancer, enhance

    enhance("a cat playing the piano", target="wan2.2").caption
    with Enhancer("ltx-video", writer="chat", backend="openai") as enhancer:
        outcomes = enhancer.batch(["a red balloon", "two dogs on a beach"])

The names below are the public ones; they are imported on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend
    from t2v_recaption.captioners.ask import Answer
    from t2v_recaption.captioners.base import ClipCaption, Step
    from t2v_recaption.captioners.captioner import Captioner
    from t2v_recaption.captioners.guidance import Guidance
    from t2v_recaption.compare.arms import Arm
    from t2v_recaption.compare.design import Design
    from t2v_recaption.compare.run import run_ab
    from t2v_recaption.enhancement import Enhancement, Failure
    from t2v_recaption.enhancer import Enhancer, enhance
    from t2v_recaption.errors import (
        BackendError,
        InvalidInput,
        InvalidTemplate,
        MissingDependency,
        NotKept,
        RecaptionError,
        UnknownName,
    )
    from t2v_recaption.fidelity.report import Report, Status
    from t2v_recaption.intent.model import Fact, Intent, Kind, Span
    from t2v_recaption.loop.api import loop
    from t2v_recaption.loop.budget import Budget
    from t2v_recaption.loop.result import LoopResult
    from t2v_recaption.pipeline import Job
    from t2v_recaption.registry import describe
    from t2v_recaption.targets.model import Encoder, Target
    from t2v_recaption.targets.tokens import TokenCounter
    from t2v_recaption.verify.claims import claims_of
    from t2v_recaption.verify.model import Claim, ClaimResult, ClaimSet, ClaimStatus, Verdict, Verification
    from t2v_recaption.verify.verifier import Verifier, verify
    from t2v_recaption.video import (
        Clip,
        ClipInfo,
        Every,
        Frame,
        KeyFrames,
        PerScene,
        Scene,
        SceneFinder,
        Uniform,
        clips_of,
        parse_sampling,
        sample,
        scenes,
    )
    from t2v_recaption.video.measurements import Measurements, measure
    from t2v_recaption.writers import make_backend

__version__ = "0.1.0"

_WHERE = {
    "Answer": "captioners.ask",
    "Arm": "compare.arms",
    "Backend": "backends.base",
    "BackendError": "errors",
    "Budget": "loop.budget",
    "Captioner": "captioners.captioner",
    "Claim": "verify.model",
    "ClaimResult": "verify.model",
    "ClaimSet": "verify.model",
    "ClaimStatus": "verify.model",
    "Clip": "video",
    "ClipCaption": "captioners.base",
    "ClipInfo": "video",
    "Design": "compare.design",
    "Encoder": "targets.model",
    "Enhancement": "enhancement",
    "Enhancer": "enhancer",
    "Every": "video",
    "Fact": "intent.model",
    "Failure": "enhancement",
    "Frame": "video",
    "Guidance": "captioners.guidance",
    "Intent": "intent.model",
    "InvalidInput": "errors",
    "InvalidTemplate": "errors",
    "Job": "pipeline",
    "KeyFrames": "video",
    "Kind": "intent.model",
    "LoopResult": "loop.result",
    "Measurements": "video.measurements",
    "MissingDependency": "errors",
    "NotKept": "errors",
    "PerScene": "video",
    "RecaptionError": "errors",
    "Report": "fidelity.report",
    "Scene": "video",
    "SceneFinder": "video",
    "Span": "intent.model",
    "Status": "fidelity.report",
    "Step": "captioners.base",
    "Target": "targets.model",
    "TokenCounter": "targets.tokens",
    "Uniform": "video",
    "UnknownName": "errors",
    "Verdict": "verify.model",
    "Verification": "verify.model",
    "Verifier": "verify.verifier",
    "claims_of": "verify.claims",
    "clips_of": "video",
    "describe": "registry",
    "enhance": "enhancer",
    "launch": "cli.launch",  # a command line to build on: imported only when a launcher asks for it
    "loop": "loop",  # the module itself, which can be called
    "make_backend": "writers",
    "measure": "video.measurements",
    "parse_sampling": "video",
    "run_ab": "compare.run",
    "sample": "video",
    "scenes": "video",
    "verify": "verify",  # the module itself, which can be called
}

__all__ = [
    "Answer",
    "Arm",
    "Backend",
    "BackendError",
    "Budget",
    "Captioner",
    "Claim",
    "ClaimResult",
    "ClaimSet",
    "ClaimStatus",
    "Clip",
    "ClipCaption",
    "ClipInfo",
    "Design",
    "Encoder",
    "Enhancement",
    "Enhancer",
    "Every",
    "Fact",
    "Failure",
    "Frame",
    "Guidance",
    "Intent",
    "InvalidInput",
    "InvalidTemplate",
    "Job",
    "KeyFrames",
    "Kind",
    "LoopResult",
    "Measurements",
    "MissingDependency",
    "NotKept",
    "PerScene",
    "RecaptionError",
    "Report",
    "Scene",
    "SceneFinder",
    "Span",
    "Status",
    "Step",
    "Target",
    "TokenCounter",
    "Uniform",
    "UnknownName",
    "Verdict",
    "Verification",
    "Verifier",
    "claims_of",
    "clips_of",
    "describe",
    "enhance",
    "launch",
    "loop",
    "make_backend",
    "measure",
    "parse_sampling",
    "run_ab",
    "sample",
    "scenes",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
