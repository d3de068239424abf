"""recognise: which target a pipeline is, from its class, its configuration and the shape of its transformer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from t2v_recaption import InvalidInput
from t2v_recaption.integrations.diffusers.families import FAMILIES, UNKNOWN, Family


@dataclass(frozen=True)
class Recognised:
    """What a pipeline is."""

    target: str
    """Name of the target."""
    family: Family
    note: str = ""
    """What is uncertain, for people."""


def recognise(pipe: Any) -> Recognised:
    """The target of a pipeline, and how that pipeline reads text.

    Args:
        pipe: a pipeline of diffusers, standard or modular, with or without weights.

    Raises:
        InvalidInput: it takes no text prompt, or none that a caption could replace.
    """
    if not takes_prompt(pipe):
        raise InvalidInput(
            f"{type(pipe).__name__} takes no text prompt: there is nothing to enhance.",
            hint="Give a text-to-video or image-to-video pipeline.",
        )
    family, note = _family(pipe)
    if family.refusal:
        raise InvalidInput(
            f"{type(pipe).__name__} {family.refusal}: a caption would not fit.",
            hint="Enhance the texts with t2v_recaption.enhance and put them into its format.",
        )
    target = next((target for test, target in family.variants if TESTS[test](pipe)), family.target)
    return Recognised(target, family, note)


def takes_prompt(pipe: Any) -> bool:
    """Whether a text prompt can be given when the pipeline is called."""
    if is_modular(pipe):
        return True  # its blocks decide, at the call
    if isinstance(pipe, type) or not callable(pipe):
        return False
    return "prompt" in inspect.signature(type(pipe).__call__).parameters


def is_modular(pipe: Any) -> bool:
    """Whether it is a modular pipeline (or `components` of one)."""
    return any(cls.__name__ == "ModularPipeline" for cls in type(pipe).__mro__)


def _family(pipe: Any) -> tuple[Family, str]:
    name = type(pipe).__name__
    for cls in type(pipe).__mro__:
        for family in FAMILIES:
            if any(fnmatchcase(cls.__name__, pattern) for pattern in family.classes):
                return family, "" if cls is type(pipe) else f"{name} is taken for a {cls.__name__}, which it extends."
    model = type(_denoiser(pipe)).__name__
    for family in FAMILIES:
        if model in family.transformers:
            return family, f"{name} is not known; its {model} says that it is {family.target}."
    note = f"{name} is not known: its captions are made for the generic target. Choose one with target=…"
    return UNKNOWN, note


def _denoiser(pipe: Any) -> Any:
    found = [getattr(pipe, name, None) for name in ("transformer", "transformer_2", "unet")]
    return next((model for model in found if model is not None), None)


def _setting(pipe: Any, name: str) -> Any:
    return getattr(getattr(pipe, "config", None), name, None)


def _is_wan22(pipe: Any) -> bool:
    """Two experts, or the 5B model's own time step for each token; modular pipelines say it in their name."""
    if type(pipe).__name__.startswith("Wan22"):
        return True
    two = getattr(pipe, "transformer_2", None) is not None
    return two or _setting(pipe, "boundary_ratio") is not None or bool(_setting(pipe, "expand_timesteps"))


def _is_ltx25(pipe: Any) -> bool:
    """Gemma 4 as the text encoder, or the duration head, which earlier checkpoints do not have."""
    if type(pipe).__name__.startswith("LTX25") or getattr(pipe, "duration_head", None) is not None:
        return True
    return type(getattr(pipe, "text_encoder", None)).__name__.startswith("Gemma4")


def _is_cogvideox15(pipe: Any) -> bool:
    """Patches over time came with 1.5."""
    return getattr(getattr(_denoiser(pipe), "config", None), "patch_size_t", None) is not None


TESTS: dict[str, Callable[[Any], bool]] = {
    "is_wan22": _is_wan22,
    "is_ltx25": _is_ltx25,
    "is_cogvideox15": _is_cogvideox15,
}
"""What tells models apart that share a pipeline's class, by the name used in `families.py`."""
