"""Call: the arguments of one call of a pipeline, and what they say about frames, task, clip length and negatives."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t2v_recaption import Target
from t2v_recaption.integrations.diffusers.frames import as_image, first_and_last
from t2v_recaption.integrations.diffusers.recognition import is_modular


@dataclass(frozen=True)
class Call:
    """One call of a pipeline."""

    arguments: Mapping[str, Any]
    """By name, defaults included."""
    given: frozenset[str]
    """Names that the caller gave a value other than None."""
    parameters: frozenset[str]
    """Names that the pipeline takes."""
    guided: bool = True
    """Whether a negative prompt has any effect."""

    @classmethod
    def of(cls, pipe: Any, arguments: Mapping[str, Any]) -> Call:
        """A call of a standard pipeline with these arguments, or of a modular one with this state."""
        given = frozenset(name for name, value in arguments.items() if value is not None)
        if is_modular(pipe):
            guided = getattr(pipe, "requires_unconditional_embeds", True)
            return cls(arguments, given, frozenset(arguments) | {"negative_prompt"}, bool(guided))
        parameters = inspect.signature(type(pipe).__call__).parameters
        defaults = {name: p.default for name, p in parameters.items() if p.default is not inspect.Parameter.empty}
        full = {**defaults, **arguments}
        return cls(full, given, frozenset(parameters), _guided(pipe, full))

    @property
    def embedded(self) -> bool:
        """Whether the caller brought the encoded prompt."""
        return any(name.startswith("prompt_embeds") for name in self.given)

    @property
    def takes_negative(self) -> bool:
        """Whether a negative prompt made here can be handed over, and works."""
        return (
            self.guided
            and "negative_prompt" in self.parameters
            and not any(name.startswith(("negative_prompt", "negative_pooled")) for name in self.given)
        )

    @property
    def duration(self) -> float | None:
        """Seconds, where the call says both how many frames and how fast."""
        frames = self.arguments.get("num_frames")
        rate = self.arguments.get("frame_rate") or self.arguments.get("fps")
        return frames / rate if frames and rate and frames > 1 else None

    def frames(self, index: int, task: str) -> tuple[Any, Any]:
        """First and last frame of the prompt at that index, as images; None for one that the task has no use for."""
        first, last = first_and_last(self.arguments)
        shown = None if task == "t2v" else as_image(_pick(first, index))
        return shown, as_image(_pick(last, index)) if task == "flf2v" else None

    def task(self, target: Target, wanted: str) -> str:
        """What the frames make of it, as far as the target can: `flf2v`, `i2v`, or else what was wanted."""
        first, last = first_and_last(self.arguments)
        found = ["flf2v"] * (first is not None and last is not None) + ["i2v"] * (first is not None) + [wanted]
        return next((task for task in found if task in target.tasks), "t2v")


def _pick(frames: Any, index: int) -> Any:
    """A list holds one image a prompt; an array of four dimensions too."""
    if isinstance(frames, Sequence) and not isinstance(frames, (str, bytes)):
        return frames[min(index, len(frames) - 1)] if frames else None
    if getattr(frames, "ndim", 0) == 4:
        return frames[min(index, len(frames) - 1)]
    return frames


def _guided(pipe: Any, arguments: Mapping[str, Any]) -> bool:
    """Without guidance there is no negative branch (the embedded guidance of HunyuanVideo has a scale of its own)."""
    guider = getattr(pipe, "guider", None)
    if guider is not None:
        return bool(guider._enabled and guider.num_conditions > 1)
    scale = arguments.get("true_cfg_scale", arguments.get("guidance_scale"))
    return not isinstance(scale, (int, float)) or scale > 1
