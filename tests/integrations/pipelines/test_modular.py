"""PromptEnhanceStep in real modular pipelines, run end to end on tiny random components."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch

from t2v_recaption import Enhancement, Enhancer, InvalidInput, NotKept
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.integrations.diffusers import PromptEnhanceStep, enhance_pipeline

modular = pytest.importorskip("diffusers.modular_pipelines")
PROMPT = "two red balls on a table"
OTHER = "a street at night, no people"


def wan() -> tuple[Any, dict[str, Any], str, str]:
    pytest.importorskip("ftfy")
    import tiny

    guider = tiny.diffusers.ClassifierFreeGuidance(guidance_scale=5.0)
    parts = {
        "transformer": tiny.wan_transformer(), "vae": tiny.wan_vae(), "text_encoder": tiny.t5(), "guider": guider,
        "tokenizer": tiny.tokenizer(), "scheduler": tiny.flow(shift=7.0),
    }  # fmt: skip
    return modular.WanBlocks(), parts, "wan2.1", "videos"


def ltx() -> tuple[Any, dict[str, Any], str, str]:
    import tiny

    guider = tiny.diffusers.ClassifierFreeGuidance(guidance_scale=3.0)
    return modular.LTXAutoBlocks(), {**tiny.ltx_parts(), "guider": guider}, "ltx-video", "videos"


def ltx2() -> tuple[Any, dict[str, Any], str, str]:
    import tiny

    return modular.LTX2AutoBlocks(), tiny.ltx2_parts(), "ltx-2", "videos"


def hunyuan15() -> tuple[Any, dict[str, Any], str, str]:
    import tiny

    return modular.HunyuanVideo15AutoBlocks(), tiny.hunyuan15_parts(), "hunyuanvideo-1.5", "videos"


MAKERS: dict[str, Callable[[], Any]] = {"wan": wan, "ltx": ltx, "ltx2": ltx2, "hunyuan15": hunyuan15}
CALLS = {
    "wan": {"height": 16, "width": 16, "num_frames": 5},
    "ltx": {"height": 32, "width": 32, "num_frames": 9},
    "ltx2": {"height": 32, "width": 32, "num_frames": 5, "frame_rate": 25.0},
    "hunyuan15": {"height": 16, "width": 16, "num_frames": 3},
}


@pytest.fixture(params=list(MAKERS))
def made(request: pytest.FixtureRequest) -> Any:
    """(run, step options → pipeline, target) of each kind."""
    blocks, parts, target, output = MAKERS[request.param]()
    call = {"num_inference_steps": 1, "output_type": "pt", **CALLS[request.param]}

    def pipeline(*arguments: Any, **options: Any) -> Any:
        steps = copy.deepcopy(blocks)
        steps.sub_blocks.insert("enhance", PromptEnhanceStep(*arguments, **options), 0)
        pipe = steps.init_pipeline()
        pipe.update_components(**{name: part for name, part in parts.items() if name in pipe.component_names})
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def run(pipe: Any, prompt: Any, **more: Any) -> Any:
        return pipe(prompt=prompt, generator=torch.Generator().manual_seed(0), **{**call, **more})

    return pipeline, run, target, output, parts


def reads(parts: dict[str, Any]) -> tuple[list[str], Any]:
    """What the text encoder gets to read from now on."""
    heard: list[str] = []

    def hear(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        ids = args[0] if args else kwargs["input_ids"]
        heard.extend(parts["tokenizer"].batch_decode(ids, skip_special_tokens=True))

    return heard, parts["text_encoder"].register_forward_pre_hook(hear, with_kwargs=True)


def test_replaces_the_prompt_and_keeps_the_original(made: Any) -> None:
    pipeline, run, target, output, parts = made
    heard, hook = reads(parts)
    state = run(pipeline(), PROMPT)
    hook.remove()
    (found,) = state.get("prompt_enhancements")
    assert isinstance(found, Enhancement)
    assert (found.prompt, found.target) == (PROMPT, target)
    assert found.fit.exact
    assert not found.fit.over
    assert state.get("prompt") == [found.caption]
    assert state.get("original_prompt") == [PROMPT]
    assert found.caption in heard[0]  # not a token of it is cut
    assert state.get(output) is not None


def test_a_list(made: Any) -> None:
    pipeline, run, target, _, _ = made
    # Two clips at once are more than HunyuanVideo-1.5's autoencoder can decode (0.42.1).
    prompts = [PROMPT, OTHER] if target != "hunyuanvideo-1.5" else [OTHER]
    state = run(pipeline(), prompts)
    found = state.get("prompt_enhancements")
    assert state.get("original_prompt") == prompts
    assert state.get("prompt") == [outcome.caption for outcome in found]
    negative = state.get("negative_prompt")
    assert negative is None or [outcome.negative for outcome in found] == negative
    assert "people" in (negative or [""])[-1] or "no people" in found[-1].caption


def test_the_users_negative_prompt_stays(made: Any) -> None:
    pipeline, run, *_ = made
    state = run(pipeline(), [OTHER], negative_prompt=["blurry"])
    assert state.get("negative_prompt") == ["blurry"]
    assert "no people" in state.get("prompt")[0].lower()


def test_can_be_switched_off(made: Any) -> None:
    pipeline, run, _, _, parts = made
    heard, hook = reads(parts)
    state = run(pipeline(), PROMPT, enhance_prompt=False)
    hook.remove()
    assert state.get("prompt") == PROMPT
    assert state.get("prompt_enhancements") == []
    assert PROMPT in heard[0]


def test_a_state_that_is_run_again_is_not_enhanced_twice(made: Any) -> None:
    pipeline, run, *_ = made
    pipe = pipeline()
    state = run(pipe, PROMPT)
    caption = state.get("prompt")
    _, again = pipe.blocks.sub_blocks["enhance"](pipe, copy.deepcopy(state))
    assert again.get("prompt") == caption
    assert again.get("original_prompt") == [PROMPT]
    assert again.get("prompt_enhancements")[0].prompt == PROMPT


def test_survives_the_copy_of_the_blocks(made: Any) -> None:
    """An enhancer that holds what cannot be copied, as one with a connection or a model does."""
    pipeline, run, *_ = made
    enhancer = Enhancer()
    enhancer.lock = threading.Lock()
    with pytest.raises(TypeError):
        copy.deepcopy(enhancer)
    pipe = pipeline(enhancer)
    step = pipe.blocks.sub_blocks["enhance"]
    assert step._captioner.enhancer is enhancer
    assert run(pipe, PROMPT).get("prompt_enhancements")


def test_the_clip_is_that_of_the_caption(made: Any) -> None:
    pipeline, run, _, output, _ = made
    pipe = pipeline()
    state = run(pipe, PROMPT)
    bare = run(pipe, state.get("prompt"), negative_prompt=state.get("negative_prompt"), enhance_prompt=False)
    assert torch.equal(torch.as_tensor(state.get(output)), torch.as_tensor(bare.get(output)))


def test_its_own_text_length_counts() -> None:
    blocks, parts, *_ = ltx()
    blocks.sub_blocks.insert("enhance", PromptEnhanceStep(), 0)
    pipe = blocks.init_pipeline()
    pipe.update_components(**{name: part for name, part in parts.items() if name in pipe.component_names})
    call = {"num_inference_steps": 1, "output_type": "pt", **CALLS["ltx"]}
    assert pipe(prompt=PROMPT, **call).get("prompt_enhancements")[0].fit.counts[0].limit == 128
    found = pipe(prompt=PROMPT, max_sequence_length=60, **call).get("prompt_enhancements")[0]
    assert found.fit.counts[0].tokens <= found.fit.counts[0].limit == 60


def test_without_guidance_the_caption_rules_out() -> None:
    """The step alone: LTX's blocks cannot run without guidance (0.42.1)."""
    import tiny

    blocks, parts, *_ = ltx()
    blocks.sub_blocks.insert("enhance", PromptEnhanceStep(), 0)
    pipe = blocks.init_pipeline()
    parts["guider"] = tiny.diffusers.ClassifierFreeGuidance(guidance_scale=1.0, enabled=False)
    pipe.update_components(**{name: part for name, part in parts.items() if name in pipe.component_names})
    state = modular.modular_pipeline.PipelineState({"prompt": OTHER, "max_sequence_length": 128})
    _, state = pipe.blocks.sub_blocks["enhance"](pipe, state)
    assert "no people" in state.get("prompt")[0].lower()
    assert state.get("negative_prompt") is None


def test_a_prompt_that_cannot_be_enhanced_stops_it(made: Any) -> None:
    pipeline, run, *_ = made
    with pytest.raises(InvalidInput, match="empty"):
        run(pipeline(), ["a cat", ""])
    with pytest.raises(NotKept):
        run(pipeline(writer="chat", backend=ScriptedBackend(lambda request: "I am sorry."), attempts=0), PROMPT)
    with pytest.raises(InvalidInput, match="dict"):
        run(pipeline(), {0: "a cat"})


def test_the_pipelines_own_enhancer_besides() -> None:
    blocks, *_ = ltx2()
    blocks.sub_blocks.insert("enhance", PromptEnhanceStep(), 0)
    pipe = blocks.init_pipeline()
    with pytest.raises(InvalidInput, match="enable_prompt_enhancement"):
        pipe(prompt=PROMPT, enable_prompt_enhancement=True, **CALLS["ltx2"])


def test_a_modular_pipeline_wants_the_block() -> None:
    blocks, *_ = ltx()
    with pytest.raises(InvalidInput, match="modular") as refused:
        enhance_pipeline(blocks.init_pipeline())
    assert "PromptEnhanceStep" in refused.value.hint


def test_it_documents_itself() -> None:
    step = PromptEnhanceStep()
    assert "original_prompt" in step.doc
    assert "prompt" in step.input_names
