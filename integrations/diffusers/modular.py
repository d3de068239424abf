"""PromptEnhanceStep: a block for modular pipelines that replaces `prompt` by captions and keeps `original_prompt`."""

from __future__ import annotations

import copy
from typing import Any

from diffusers import ModularPipelineBlocks
from diffusers.modular_pipelines import InputParam, OutputParam

from t2v_recaption import Enhancement, Enhancer, InvalidInput, Target
from t2v_recaption.integrations.diffusers.call import Call
from t2v_recaption.integrations.diffusers.captions import Captions, Offload, captioner


class PromptEnhanceStep(ModularPipelineBlocks):  # type: ignore[misc]  # diffusers is not typed
    """Enhances `prompt` in place, before a text encoder block.

        blocks = WanBlocks()
        blocks.sub_blocks.insert("enhance", PromptEnhanceStep(), 0)
        pipe = blocks.init_pipeline(repository)

    `enhance_prompt=False` in a call leaves its prompt alone. Outputs: `prompt` (a list), `negative_prompt` (where the
    user gave none), `original_prompt` and `prompt_enhancements` (an `Enhancement` each).

    Args:
        enhancer: decides writer, backend and settings; default: one made of `options`. Its target counts unless it is
            the generic one, which stands for the recognised one.
        target: name, path or `Target` instead of the one recognised from the pipeline.
        offload: `unload` frees the writer's model after each enhancement, before the next block runs.
        partial: let prompts that could not be enhanced through as they were typed.
        options: of `Enhancer`.

    Raises:
        InvalidInput: an option makes no sense.
        UnknownName: no such target, writer or backend.
    """

    model_name = None

    def __init__(
        self,
        enhancer: Enhancer | None = None,
        *,
        target: str | Target | None = None,
        offload: Offload = "keep",
        partial: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self._captioner = captioner(enhancer, target=target, offload=offload, partial=partial, **options)

    def __deepcopy__(self, memo: dict[int, Any]) -> PromptEnhanceStep:
        # init_pipeline copies its blocks deeply; an enhancer may hold a model or a connection, which must not be.
        return copy.copy(self)

    @property
    def description(self) -> str:
        """For diffusers' own documentation of a pipeline."""
        return "Replaces the prompt by a caption that fits the model and its text encoder, and keeps the original."

    @property
    def inputs(self) -> list[InputParam]:
        """`prompt`, `negative_prompt`, and the switch."""
        return [
            InputParam("prompt", required=True, description="The prompt or prompts to enhance."),
            InputParam("negative_prompt", description="Left alone where given."),
            InputParam("enhance_prompt", type_hint=bool, default=True, description="False: leave the prompt alone."),
        ]

    @property
    def intermediate_outputs(self) -> list[OutputParam]:
        """`prompt` replaced, and what it was before."""
        return [
            OutputParam("prompt", type_hint=list, description="The captions."),
            OutputParam("negative_prompt", description="The negative prompts that go with them."),
            OutputParam("original_prompt", type_hint=list, description="The prompts as the user typed them."),
            OutputParam("prompt_enhancements", type_hint=list, description="Everything known about each caption."),
        ]

    def __call__(self, components: Any, state: Any) -> tuple[Any, Any]:
        """Enhance the prompt of a state.

        Raises:
            InvalidInput: the prompt is no text, or the pipeline's own enhancer is on as well.
            RecaptionError: a prompt could not be enhanced (without `partial`).
        """
        block = self.get_block_state(state)
        prompts = [block.prompt] if isinstance(block.prompt, str) else block.prompt
        if not isinstance(prompts, list) or not all(isinstance(text, str) for text in prompts):
            raise InvalidInput(f"A prompt of type {type(block.prompt).__name__} cannot be enhanced.")
        block.original_prompt, block.prompt_enhancements = prompts, []
        if earlier := _earlier(state, prompts):
            block.original_prompt, block.prompt_enhancements = earlier
        elif block.enhance_prompt:
            # Defaults of the later blocks (max_sequence_length …) are in the state already, under their own names.
            call = Call.of(components, state.values)
            self._write(block, self._captioner(components, prompts, call), call)
        self.set_block_state(state, block)
        return components, state

    def _write(self, block: Any, captions: Captions, call: Call) -> None:
        block.prompt = list(captions.prompts)
        block.prompt_enhancements = list(captions.outcomes)
        if call.takes_negative and any(captions.negatives):
            block.negative_prompt = list(captions.negatives)


def _earlier(state: Any, prompts: list[str]) -> tuple[list[str], list[Any]] | None:
    """What a state that is run again was enhanced from: its captions are not enhanced a second time."""
    found = state.get("prompt_enhancements") or []
    captions = [outcome.caption if isinstance(outcome, Enhancement) else outcome.prompt for outcome in found]
    return (state.get("original_prompt"), found) if found and captions == prompts else None
