"""Captions for diffusers: `enhance_pipeline(pipe)` and every later `pipe(prompt)` gets a caption made for its model.

    from t2v_recaption.integrations.diffusers import enhance_pipeline

    enhance_pipeline(pipe)
    video = pipe("a cat playing the piano").frames[0]
    print(pipe.last_enhancement.caption)

`docs/diffusers.md` tells of the rest. The names below are the public ones, imported on first use: importing this
package imports neither diffusers nor torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from t2v_recaption import MissingDependency

if TYPE_CHECKING:
    from t2v_recaption.integrations.diffusers.captions import Captions, captions_for
    from t2v_recaption.integrations.diffusers.modular import PromptEnhanceStep
    from t2v_recaption.integrations.diffusers.pipeline import enhance_pipeline, restore_pipeline
    from t2v_recaption.integrations.diffusers.recognition import Recognised, recognise

_WHERE = {
    "Captions": "captions",
    "PromptEnhanceStep": "modular",
    "Recognised": "recognition",
    "captions_for": "captions",
    "enhance_pipeline": "pipeline",
    "recognise": "recognition",
    "restore_pipeline": "pipeline",
}

__all__ = [
    "Captions",
    "PromptEnhanceStep",
    "Recognised",
    "captions_for",
    "enhance_pipeline",
    "recognise",
    "restore_pipeline",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("diffusers", "torch"):
            raise
        feature = f"{name} of the diffusers integration"
        raise MissingDependency(feature, error.name or "diffusers", "diffusers") from error


def __dir__() -> list[str]:
    return sorted(__all__)
