"""Second encoders: CLIP gets a short caption of its own, whole; quoted text reaches the glyph encoder."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancer, enhance
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.integrations.diffusers import captions_for, enhance_pipeline, restore_pipeline
from t2v_recaption.integrations.diffusers.glyphs import glyphs, with_straight_quotes

PROMPT = "two red balls on a table"
COLOURS = ["green", "blue", "white", "black", "brown", "grey", "yellow", "pink"] * 2
PLACES = ["tree", "cage", "room", "hall", "car", "bus", "train", "boat"]
PLACES += ["box", "bag", "hat", "cup", "bowl", "barn", "tower", "garden"]
BIRDS = [f"a {colour} bird sleeps in a {place}" for colour, place in zip(COLOURS, PLACES, strict=True)]
LONG = f"a cat sits on a red sofa while {' and '.join(BIRDS)}"
"""More stated facts than CLIP has tokens for."""


@pytest.fixture(params=["hunyuan", "hunyuan_i2v", "kandinsky5", "kandinsky5_i2v"])
def two(request: pytest.FixtureRequest, build: Any) -> Any:
    return build(request.param)


@pytest.mark.parametrize("prompts", [PROMPT, [PROMPT, LONG], LONG], ids=["one", "two", "long"])
def test_clip_reads_a_short_caption_whole(two: Any, listen: Any, prompts: Any) -> None:
    enhance_pipeline(two.pipe)
    with listen(two, two.companion) as heard:
        two.pipe(prompt=prompts, **two.arguments_for(prompts))
    for text, outcome in zip(heard, two.pipe.last_enhancements, strict=False):
        assert len(two.pipe.tokenizer_2(text).input_ids) <= 77
        sentences = [sentence.text for sentence in outcome.sentences]
        if outcome.short:
            assert text == outcome.short
            assert all(sentence in sentences for sentence in split(outcome.short, sentences))
        else:  # not even one sentence fits: whole words of the prompt
            assert outcome.prompt.startswith(f"{text} ") or outcome.prompt == text
            assert text


def split(short: str, sentences: list[str]) -> list[str]:
    """The sentences that a short caption is made of; what is left over counts as one, and is in no list."""
    found = [sentence for sentence in sentences if sentence in short]
    return found if " ".join(found) == short else [short]


def test_the_negative_prompt_reaches_clip_as_it_is(build: Any, listen: Any) -> None:
    case = build("kandinsky5")
    enhance_pipeline(case.pipe)
    with listen(case, case.companion) as heard:
        case.pipe(prompt=PROMPT, **case.arguments)
    assert heard[1] == case.pipe.last_enhancement.negative


def test_a_prompt_2_of_the_users_own_is_what_clip_reads(build: Any, listen: Any, record: Any) -> None:
    """diffusers' own HunyuanVideo pipeline takes it and then reads the first prompt (0.42.1)."""
    case = build("hunyuan")
    with record(case.pipe) as calls, listen(case, case.companion) as heard:
        enhance_pipeline(case.pipe)
        case.pipe(prompt=PROMPT, prompt_2="balls", **case.arguments)
    assert calls[0]["prompt_2"] == "balls"
    assert heard == ["balls"]


def test_prompt_2_carries_it_too(build: Any, record: Any) -> None:
    case = build("hunyuan")
    with record(case.pipe, run=False) as calls:
        enhance_pipeline(case.pipe)
        case.pipe(prompt=[PROMPT, PROMPT], **case.arguments)
    assert calls[0]["prompt_2"] == [outcome.short for outcome in case.pipe.last_enhancements]


def test_the_encoding_method_is_put_back(two: Any) -> None:
    enhance_pipeline(two.pipe)
    before = set(vars(two.pipe))
    with pytest.raises(RuntimeError):
        two.pipe(prompt=PROMPT, **{**two.arguments, "callback_on_step_end": burst})
    assert not any(name.startswith(("_get_clip", "_encode_prompt_clip")) for name in vars(two.pipe))
    assert before <= set(vars(two.pipe))


def burst(*_: Any) -> None:
    raise RuntimeError("in the middle of denoising")


# --- glyphs


MARKS = ['"{}"', "“{}”", "'{}'", "‘{}’", "„{}“", "«{}»", "「{}」", "『{}』"]


@pytest.mark.parametrize("marks", MARKS)
def test_quoted_text_reaches_the_glyph_encoder(build: Any, listen: Any, marks: str) -> None:
    case = build("hunyuan15")
    enhance_pipeline(case.pipe)
    with listen(case, "text_encoder_2") as heard:
        case.pipe(prompt=f"a cat next to a neon sign that says {marks.format('OPEN 24/7')}", **case.arguments)
    found = case.pipe.last_enhancement
    assert heard[0] == 'Text "OPEN 24/7". '
    assert found.report.passed
    assert found.report.text == found.caption
    assert " ".join(sentence.text for sentence in found.sentences) == found.caption


def test_without_quoted_text_nothing_is_quoted(build: Any) -> None:
    found = captions_for(build("hunyuan15").pipe, PROMPT).outcomes[0]
    assert glyphs(found.caption) == []


def test_a_model_that_forgets_the_marks(build: Any) -> None:
    said = (
        "A neon sign that says OPEN hangs over a door, and its red letters glow in the rain. Puddles on the pavement "
        "mirror them, and steam drifts past from a grate. The camera stays still at eye level."
    )
    enhancer = Enhancer(writer="chat", backend=ScriptedBackend([said]), attempts=0)
    found = captions_for(build("hunyuan15").pipe, 'a neon sign that says "OPEN"', enhancer).outcomes[0]
    assert glyphs(found.caption) == ["OPEN"]
    assert any("Quotation marks" in note for note in found.notes)
    assert found.report.passed


def test_too_much_quoted_text_is_said(build: Any) -> None:
    text = "open " * 60
    found = captions_for(build("hunyuan15").pipe, f'a sign that says "{text.strip()}"').outcomes[0]
    assert any("glyph" in note for note in found.notes)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(MARKS),
    st.text(st.sampled_from("OPEN24/7 &é猫!"), min_size=2, max_size=20).filter(lambda text: text.strip() == text),
)
def test_stated_text_is_never_lost_to_the_glyph_encoder(marks: str, text: str) -> None:
    enhancer = Enhancer("hunyuanvideo-1.5")
    outcome = enhance(f"a sign that says {marks.format(text)}", target="hunyuanvideo-1.5")
    stated = [fact.value for fact in outcome.intent if fact.kind.value == "text"]
    found = with_straight_quotes(outcome, enhancer)
    assert set(stated) <= set(glyphs(found.caption))
    assert found.report.passed


def test_sanas_instruction_counts_only_where_there_is_one(build: Any, listen: Any) -> None:
    case = build("sana")
    enhance_pipeline(case.pipe)
    for instruction in ([], ["Make it good.", "User Prompt: "]):
        with listen(case) as heard:
            case.pipe(prompt=PROMPT, complex_human_instruction=instruction, max_sequence_length=60, **case.arguments)
        found = case.pipe.last_enhancement
        assert found.fit.counts[0].tokens <= 60
        assert found.caption.lower() in heard[0]
        assert ("Make it good." in heard[0]) == bool(instruction)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([PROMPT, "a cat", "a dog runs in the rain", LONG]), min_size=1, max_size=4),
    st.integers(8, 300),
)
def test_captions_are_whole_or_said_to_be_too_long(build: Any, listen: Any, prompts: list[str], limit: int) -> None:
    case = build("ltx")
    enhance_pipeline(case.pipe)
    try:
        with listen(case) as heard:
            case.pipe.encode_prompt = swallow(case.pipe.encode_prompt)
            with pytest.raises(Enough):
                case.pipe(prompt=prompts, max_sequence_length=limit, **case.arguments)
    finally:
        del case.pipe.encode_prompt
        restore_pipeline(case.pipe)
    outcomes = captions_for(case.pipe, prompts, max_sequence_length=limit).outcomes
    assert len(outcomes) == len(prompts)
    for text, outcome in zip(heard, outcomes, strict=False):
        assert (text == outcome.caption) != outcome.fit.over


class Enough(Exception):
    """What comes after encoding is of no interest."""


def swallow(encode: Any) -> Any:
    def encode_and_stop(*args: Any, **kwargs: Any) -> None:
        encode(*args, **kwargs)
        raise Enough

    return encode_and_stop
