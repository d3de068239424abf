"""What holds for every pipeline: real ones, run end to end on tiny random components."""

from __future__ import annotations

import inspect
import json
import random
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancement
from t2v_recaption.integrations.diffusers import captions_for, enhance_pipeline, recognise, restore_pipeline
from t2v_recaption.integrations.diffusers.call import Call
from t2v_recaption.integrations.diffusers.tokens import measured
from t2v_recaption.targets import load

PROMPT = "two red balls on a table"
OTHER = "a street at night, no people"
WORDS = ("a", "cat,", "red", "“OPEN”", "Zebra's", "the", "on", "24/7", "und", "—", "猫")


def plain(case: Any, text: str) -> str:
    """A text as the pipeline's tokenizer sees it: some make it lower case, some make quotation marks straight."""
    text = text if case.cased else text.lower()
    return " ".join(text.replace("“", '"').replace("”", '"').replace("’", "'").split())


def holds(case: Any, heard: str, text: str) -> bool:
    return plain(case, text) in plain(case, heard)


def test_is_recognised(case: Any) -> None:
    found = recognise(case.pipe)
    assert (found.target, found.note) == (case.target, "")


def test_a_string(case: Any, listen: Any, record: Any) -> None:
    with record(case.pipe) as calls, listen(case) as heard:
        enhance_pipeline(case.pipe)
        assert case.pipe(prompt=PROMPT, **case.arguments) is not None
    found = case.pipe.last_enhancement
    assert isinstance(found, Enhancement)
    assert (found.prompt, found.target) == (PROMPT, case.target)
    assert found.report.passed
    assert len(found.caption.split()) > 2 * len(PROMPT.split())
    assert found.fit.exact
    assert not found.fit.over
    assert calls[0]["prompt"] == found.caption
    assert isinstance(calls[0].get("negative_prompt", ""), str)
    assert calls[0].get("negative_prompt", "") == found.negative
    assert holds(case, heard[0], found.caption)  # no token of it is cut
    assert case.template in heard[0]


def test_a_list(case: Any, listen: Any, record: Any) -> None:
    prompts = [PROMPT, OTHER]
    with record(case.pipe) as calls, listen(case) as heard:
        enhance_pipeline(case.pipe)
        frames = case.pipe(prompt=prompts, **case.arguments_for(prompts))[0]
    assert len(frames) == 2
    found = case.pipe.last_enhancements
    assert [outcome.prompt for outcome in found] == prompts
    assert calls[0]["prompt"] == [outcome.caption for outcome in found]
    assert prompts == [PROMPT, OTHER]  # the caller's list is not written into
    for text, outcome in zip(heard, found, strict=False):
        assert holds(case, text, outcome.caption)
    if "negative_prompt" in calls[0]:
        assert calls[0]["negative_prompt"] == [outcome.negative for outcome in found]
        assert calls[0]["negative_prompt"][1].startswith("people")
    else:  # nowhere else to say it
        assert "no people" in found[1].caption


@pytest.mark.parametrize("own", ["blurry", ""])
def test_the_users_negative_prompt_stays(case: Any, record: Any, own: str) -> None:
    with record(case.pipe, run=False) as calls:
        enhance_pipeline(case.pipe)
        case.pipe(prompt=OTHER, negative_prompt=own, **case.arguments)
    assert calls[0]["negative_prompt"] == own
    assert "no people" in case.pipe.last_enhancement.caption.lower()  # it has nowhere else to go


def test_without_guidance_the_caption_rules_out(case: Any, record: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scale = next((name for name in ("true_cfg_scale", "guidance_scale") if name in signature(case.pipe)), None)
    off = {scale: 1.0} if scale else {}
    if not off:
        monkeypatch.setattr(case.pipe.guider, "_enabled", False)
    with record(case.pipe, run=False) as calls:
        enhance_pipeline(case.pipe)
        case.pipe(prompt=OTHER, **off, **case.arguments)
    assert "negative_prompt" not in calls[0]
    assert "no people" in case.pipe.last_enhancement.caption.lower()


def test_prompt_embeds_are_left_alone(case: Any, record: Any) -> None:
    name = next(name for name in signature(case.pipe) if name.startswith("prompt_embeds"))
    given = {name: torch.zeros(1, 4, 8), **case.arguments}
    with record(case.pipe, run=False) as calls:
        enhance_pipeline(case.pipe)
        case.pipe(**given)
        case.pipe(prompt=None, **given)
    assert list(calls[0]) == list(given)
    assert all(calls[0][key] is value and calls[1][key] is value for key, value in given.items())
    assert case.pipe.last_enhancement is None


def test_random_states_stay_as_they_were(case: Any) -> None:
    """At the moment when the pipeline begins: what it draws itself afterwards is its own business."""
    generator = torch.Generator().manual_seed(5)
    before = states(generator)
    seen: list[Any] = []
    own = case.pipe.check_inputs
    case.pipe.check_inputs = lambda *args, **kwargs: (seen.append(states(generator)), own(*args, **kwargs))[1]
    try:
        enhance_pipeline(case.pipe, seed=3)
        case.pipe(prompt=PROMPT, generator=generator, **case.arguments)
    finally:
        del case.pipe.check_inputs
    assert seen == [before]


def test_the_clip_is_that_of_the_caption(case: Any) -> None:
    """With the same generator, the same as when the caption is given to the bare pipeline by hand."""
    enhance_pipeline(case.pipe)
    mine = case.pipe(prompt=PROMPT, generator=torch.Generator().manual_seed(1), **case.arguments)[0]
    found = case.pipe.last_enhancement
    restore_pipeline(case.pipe)
    given: dict[str, Any] = {"prompt": found.caption}
    if found.negative and "negative_prompt" in signature(case.pipe):
        given["negative_prompt"] = found.negative
    theirs = case.pipe(**given, generator=torch.Generator().manual_seed(1), **case.arguments)[0]
    if not case.companion:  # those read a short caption besides, which cannot be given by hand
        assert torch.equal(torch.as_tensor(mine), torch.as_tensor(theirs))


def test_undone(case: Any, record: Any) -> None:
    original, attributes = type(case.pipe), dict(vars(case.pipe))
    assert isinstance(enhance_pipeline(case.pipe), original)
    assert restore_pipeline(case.pipe) is case.pipe
    assert type(case.pipe) is original
    assert vars(case.pipe) == attributes
    assert restore_pipeline(case.pipe) is case.pipe  # twice does no harm
    with record(case.pipe, run=False) as calls:
        case.pipe(prompt=PROMPT, **case.arguments)
    assert calls[0]["prompt"] == PROMPT
    assert not hasattr(case.pipe, "last_enhancement")


def test_is_saved_under_its_own_name(case: Any, tmp_path: Path) -> None:
    name = type(case.pipe).__name__
    enhance_pipeline(case.pipe)
    assert case.pipe.to("cpu") is case.pipe
    case.pipe.save_pretrained(tmp_path)
    index = json.loads((tmp_path / "model_index.json").read_text())
    assert index["_class_name"] == name
    assert not any("t2v" in str(value) for value in index.values())


def test_the_calls_own_text_length_counts(case: Any) -> None:
    if "max_sequence_length" not in signature(case.pipe) or case.target.startswith("cogvideox"):
        pytest.skip("its text length is fixed")
    taken = 20 if case.target == "cosmos-predict2.5" else 0  # of these its chat template takes some
    long = captions_for(case.pipe, PROMPT, max_sequence_length=200 + taken, **case.arguments).outcomes[0]
    short = captions_for(case.pipe, PROMPT, max_sequence_length=50 + taken, **case.arguments).outcomes[0]
    assert short.fit.counts[0].tokens <= short.fit.counts[0].limit <= 50 + taken
    assert len(short.caption) < len(long.caption)
    assert short.report.passed


class Stop(Exception):
    """Enough was heard."""


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["a", "cat,", "red", "“OPEN”", "Zebra's", "the", "on", "24/7", "und", "—", "猫"]), max_size=60
    )
)
def test_no_token_is_cut_where_the_count_says_so(case: Any, words: list[str]) -> None:
    """For any text: when the count is within the limit, the last word reaches the text encoder."""
    text = " ".join([*words, "xylophone"])
    arguments = dict(case.arguments)
    if "max_sequence_length" in signature(case.pipe) and not case.target.startswith("cogvideox"):
        arguments["max_sequence_length"] = 80
    call = Call.of(case.pipe, {"prompt": text, **arguments})
    known = recognise(case.pipe)
    target, counters = measured(load(known.target), known.family, case.pipe, call.arguments)
    encoder = target.encoders[0]
    fits = counters[encoder.name].count(text) <= encoder.limit
    heard = first_heard(case, text, arguments)
    assert not fits or "xylophone" in heard
    if not case.template or case.target == "sana-video":  # nothing follows the text that could be cut instead of it
        assert fits or "xylophone" not in heard


def first_heard(case: Any, text: str, arguments: dict[str, Any]) -> str:
    tokenizer = getattr(case.pipe.tokenizer, "tokenizer", case.pipe.tokenizer)
    heard: list[Any] = []

    def stop(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        heard.append((args[0] if args else kwargs["input_ids"])[0])
        raise Stop

    hook = case.pipe.text_encoder.register_forward_pre_hook(stop, with_kwargs=True)
    try:
        with pytest.raises(Stop):
            case.pipe(prompt=text, **arguments)
    finally:
        hook.remove()
    ids = heard[0].tolist()
    if case.target == "sana-video":  # of what its encoder says, only the last tokens stay
        ids = ids[-arguments["max_sequence_length"] + 1 :]
    return str(tokenizer.decode(ids, skip_special_tokens=True))


def signature(pipe: Any) -> tuple[str, ...]:
    return tuple(inspect.signature(type(pipe).__call__).parameters)


def states(generator: torch.Generator) -> tuple[Any, ...]:
    return (
        generator.get_state().tolist(),
        torch.get_rng_state().tolist(),
        random.getstate(),
        str(numpy.random.get_state()),
    )
