"""Bad input: one clear error, before the pipeline runs, or the pipeline's own."""

from __future__ import annotations

import copy
import logging
from typing import Any

import pytest
import torch

from t2v_recaption import (
    BackendError,
    Enhancement,
    Enhancer,
    Failure,
    InvalidInput,
    NotKept,
    RecaptionError,
    UnknownName,
)
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.integrations.diffusers import captions_for, enhance_pipeline, restore_pipeline

PROMPT = "two red balls on a table"


@pytest.fixture
def ltx(build: Any) -> Any:
    return build("ltx")


def test_two_enhancers_on_one_pipeline(ltx: Any) -> None:
    enhance_pipeline(ltx.pipe)
    with pytest.raises(InvalidInput, match="already") as refused:
        enhance_pipeline(ltx.pipe)
    assert "restore_pipeline" in refused.value.hint
    enhance_pipeline(restore_pipeline(ltx.pipe))


@pytest.mark.parametrize("name", ["enable_prompt_enhancement"])
def test_the_pipelines_own_enhancer_besides(build: Any, record: Any, name: str) -> None:
    case = build("ltx2")
    with record(case.pipe, run=False) as calls:
        enhance_pipeline(case.pipe)
        with pytest.raises(InvalidInput, match=name):
            case.pipe(prompt=PROMPT, **{name: True}, **case.arguments)
    assert calls == []


@pytest.mark.parametrize("prompts", [["a cat on a sofa", ""], ["", "a cat on a sofa"], ["a cat on a sofa", "   "]])
def test_an_empty_string_in_a_list(ltx: Any, record: Any, prompts: list[str]) -> None:
    with record(ltx.pipe, run=False) as calls:
        enhance_pipeline(ltx.pipe)
        with pytest.raises(InvalidInput, match=r"Prompt \d of 2 .*empty"):
            ltx.pipe(prompt=prompts, **ltx.arguments)
    assert calls == []  # not run with half of them
    assert ltx.pipe.last_enhancements == ()


def test_partial_lets_it_through_as_typed(ltx: Any, record: Any, caplog: pytest.LogCaptureFixture) -> None:
    with record(ltx.pipe, run=False) as calls, caplog.at_level(logging.WARNING):
        enhance_pipeline(ltx.pipe, partial=True)
        ltx.pipe(prompt=["a cat on a sofa", ""], **ltx.arguments)
    done, failed = ltx.pipe.last_enhancements
    assert isinstance(done, Enhancement)
    assert isinstance(failed, Failure)
    assert calls[0]["prompt"] == [done.caption, ""]
    assert len(calls[0]["negative_prompt"]) == 2
    assert "as it was typed" in caplog.text


def saying(answers: dict[str, Any]) -> ScriptedBackend:
    """A model that answers by what stands in the prompt."""

    def answer(request: Any) -> Any:
        text = request.messages[-1].text
        return next(said for key, said in answers.items() if key in text)

    return ScriptedBackend(answer)


DENSE = (
    "A cat sits on a sofa in a bright room. Its grey fur is short and smooth, and its ears turn towards a sound. "
    "Light falls through a wide window onto the cushions. The camera stays still."
)


@pytest.mark.parametrize("failure", [BackendError("The server is gone."), ValueError("a writer's own mistake")])
def test_an_enhancer_that_fails_in_the_middle(ltx: Any, record: Any, failure: Exception) -> None:
    backend = saying({"a cat": DENSE, "a dog": failure})
    with record(ltx.pipe, run=False) as calls:
        enhance_pipeline(ltx.pipe, Enhancer(writer="chat", backend=backend, attempts=0))
        with pytest.raises((RecaptionError, ValueError)):
            ltx.pipe(prompt=["a cat on a sofa", "a dog in the rain"], **ltx.arguments)
    assert calls == []
    assert ltx.pipe.last_enhancements == ()


def test_a_fallback_that_the_user_chose(ltx: Any, record: Any, caplog: pytest.LogCaptureFixture) -> None:
    backend = saying({"": BackendError("The server is gone.")})
    with record(ltx.pipe, run=False) as calls, caplog.at_level(logging.WARNING):
        enhance_pipeline(ltx.pipe, writer="chat", backend=backend, on_failure="compose")
        ltx.pipe(prompt=PROMPT, **ltx.arguments)
    assert "The server is gone." in ltx.pipe.last_enhancement.fallback
    assert "The server is gone." in caplog.text
    assert calls[0]["prompt"] == ltx.pipe.last_enhancement.caption


def test_a_prompt_that_would_come_back_as_it_is(ltx: Any, record: Any) -> None:
    with record(ltx.pipe, run=False) as calls:
        enhance_pipeline(ltx.pipe)
        with pytest.raises(NotKept, match="left the prompt as it is"):
            ltx.pipe(prompt="eine Katze auf dem Sofa", **ltx.arguments)
    assert calls == []


def test_a_prompt_that_is_a_caption_already(ltx: Any) -> None:
    found = captions_for(ltx.pipe, DENSE + " " + DENSE.replace("cat", "dog")).outcomes[0]
    assert isinstance(found, Enhancement)


@pytest.mark.parametrize("prompt", [{0: "a cat"}, ("a", "b"), 7, [1, 2], []])
def test_prompts_of_another_type(ltx: Any, record: Any, prompt: Any) -> None:
    with record(ltx.pipe, run=False) as calls:
        enhance_pipeline(ltx.pipe)
        with pytest.raises(InvalidInput, match="cannot be enhanced"):
            ltx.pipe(prompt=prompt, **ltx.arguments)
    assert calls == []


def test_a_tokenizer_is_missing(build: Any, record: Any) -> None:
    case = copy.copy(build("ltx"))
    case.pipe = copy.copy(case.pipe)
    case.pipe.tokenizer = None
    with record(case.pipe, run=False) as calls:
        enhance_pipeline(case.pipe)
        with pytest.raises(InvalidInput, match="no tokenizer"):
            case.pipe(prompt=PROMPT, **case.arguments)
    assert calls == []
    found = captions_for(case.pipe, PROMPT).outcomes[0]  # for whoever encodes elsewhere: estimated
    assert not found.fit.exact
    assert found.fit.counts[0].limit == 128


def test_errors_of_the_call_are_the_pipelines_own(ltx: Any) -> None:
    enhance_pipeline(ltx.pipe)
    with pytest.raises(TypeError, match="no_such_argument"):
        ltx.pipe(prompt=PROMPT, no_such_argument=1)
    with pytest.raises(ValueError, match="Provide either"):
        ltx.pipe(**ltx.arguments)
    with pytest.raises(ValueError, match="Cannot forward both"):
        ltx.pipe(prompt=PROMPT, prompt_embeds=torch.zeros(1, 4, 8), **ltx.arguments)


def test_a_text_length_that_the_transformer_cannot_take(build: Any, record: Any) -> None:
    case = build("cogvideox")
    with record(case.pipe, run=False) as calls:
        enhance_pipeline(case.pipe)
        with pytest.raises(InvalidInput, match="226"):
            case.pipe(prompt=PROMPT, max_sequence_length=300, **case.arguments)
    assert calls == []


@pytest.mark.parametrize("other", [None, "a pipeline", print, type("No", (), {})()])
def test_something_else_than_a_pipeline(other: Any) -> None:
    with pytest.raises(InvalidInput):
        enhance_pipeline(other)


def test_options_that_make_no_sense(ltx: Any) -> None:
    with pytest.raises(InvalidInput, match="offload"):
        enhance_pipeline(ltx.pipe, offload="cpu")
    with pytest.raises(InvalidInput, match="seed"):
        enhance_pipeline(ltx.pipe, Enhancer(), seed=3)
    with pytest.raises(InvalidInput, match="not an enhancer"):
        enhance_pipeline(ltx.pipe, "composer")
    with pytest.raises(UnknownName):
        enhance_pipeline(ltx.pipe, target="wan22x")
    assert type(ltx.pipe).__call__.__qualname__.startswith("LTXPipeline")  # nothing was done to it
    enhance_pipeline(ltx.pipe)


def test_stated_facts_that_are_too_much_for_the_encoder_are_said(ltx: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        enhance_pipeline(ltx.pipe)
        ltx.pipe(prompt="two red balls and a blue vase on a table", max_sequence_length=8, **ltx.arguments)
    assert ltx.pipe.last_enhancement.fit.over
    assert "the end will be cut" in caplog.text


def test_a_call_with_embeds_leaves_no_earlier_enhancement(ltx: Any, record: Any) -> None:
    with record(ltx.pipe, run=False):
        enhance_pipeline(ltx.pipe)
        ltx.pipe(prompt=PROMPT, **ltx.arguments)
        assert ltx.pipe.last_enhancement is not None
        ltx.pipe(prompt_embeds=torch.zeros(1, 4, 8), **ltx.arguments)
    assert ltx.pipe.last_enhancement is None


def test_another_pipeline_made_from_it_is_not_enhanced(ltx: Any) -> None:
    import diffusers

    enhance_pipeline(ltx.pipe)
    other = diffusers.LTXImageToVideoPipeline.from_pipe(ltx.pipe)
    assert type(other) is diffusers.LTXImageToVideoPipeline
    assert other.transformer is ltx.pipe.transformer


def test_strength_is_the_enhancers(build: Any) -> None:
    """Video-to-video pipelines have an argument of that name, a number."""
    with pytest.raises(InvalidInput, match="strength"):
        captions_for(build("ltx").pipe, PROMPT, strength=0.6)


def test_an_argument_that_is_given_by_place(build: Any) -> None:
    case = build("ltx")
    enhance_pipeline(case.pipe)
    case.pipe(PROMPT, "blurry", **case.arguments)
    assert case.pipe.last_enhancement.prompt == PROMPT


def test_a_copy_shares_the_enhancer(ltx: Any) -> None:
    enhance_pipeline(ltx.pipe, writer="chat", backend=ScriptedBackend([]))
    copied = copy.deepcopy(ltx.pipe)
    assert vars(copied)["_t2v_recaption"] is vars(ltx.pipe)["_t2v_recaption"]


def test_the_same_prompt_makes_the_same_caption(ltx: Any) -> None:
    first, second = captions_for(ltx.pipe, PROMPT, seed=4), captions_for(ltx.pipe, [PROMPT, PROMPT], seed=4)
    assert first.prompts * 2 == second.prompts
    assert captions_for(ltx.pipe, PROMPT, seed=5).prompts != first.prompts
