"""Summaries: of a part, and of more than fits."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.backends.base import ChatRequest
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners import profile as profiles
from t2v_recaption.captioners.base import Step, between
from t2v_recaption.captioners.captioner import Captioner
from t2v_recaption.captioners.drive import run_sessions
from t2v_recaption.captioners.tokens import clipped, text_tokens
from t2v_recaption.errors import BackendError, InvalidInput
from tests.captioners.conftest import text_of


def steps_of(
    count: int, text: str = "The ball rolls on past the tree number {}.", scene_length: int = 10
) -> list[Step]:
    return [
        Step(n, max(0.0, 2.0 * n - 2), 2.0 * n, text.format(n), scene=n // scene_length, model="m")
        for n in range(count)
    ]


def tokens(request: ChatRequest) -> int:
    return request.max_tokens + sum(text_tokens(message.text) for message in request.messages)


def test_any_part_from_stored_steps_without_frames(backend) -> None:
    captioner = Captioner(backend)
    caption = captioner.summarize(steps_of(6), start=3.0, end=7.0)
    (request,) = backend.history
    assert "number 1" not in text_of(request)
    assert [f"number {n}." in text_of(request) for n in (2, 3, 4, 5)] == [True, True, True, False]
    assert "from 3.00 s to 7.00 s" in text_of(request)
    assert [part for part in request.messages[-1].content if not isinstance(part, str)] == []
    assert (caption.mode, caption.start, caption.end) == ("summary", 3.0, 7.0)
    assert [step.number for step in caption.steps] == [2, 3, 4]
    assert caption.text.startswith("The ball number 1")
    assert "sampling" not in caption.provenance


def test_the_whole_is_the_default(backend) -> None:
    caption = Captioner(backend).summarize(steps_of(3)[::-1])
    assert (caption.start, caption.end, [step.number for step in caption.steps]) == (0.0, 4.0, [0, 1, 2])


def test_parts_that_hold_nothing_are_errors(backend) -> None:
    captioner = Captioner(backend)
    with pytest.raises(InvalidInput, match="No step lies between 50 and 60") as error:
        captioner.summarize(steps_of(3), 50, 60)
    assert "from 0 to 4 s" in error.value.hint
    with pytest.raises(InvalidInput, match="empty"):
        captioner.summarize(steps_of(3), 3, 1)
    with pytest.raises(InvalidInput, match="No step"):
        captioner.summarize([])
    assert backend.history == []


@given(st.floats(-5, 30), st.floats(-5, 30))
def test_a_step_belongs_to_a_part_if_any_of_it_lies_inside(start: float, end: float) -> None:
    steps = steps_of(10)
    if not start < end:
        return
    inside = {s.number for s in steps if min(s.end, end) > max(s.start, start)}
    try:
        found = {step.number for step in between(steps, start, end)}
    except InvalidInput:
        found = set()
    assert inside <= found <= inside | {0}  # step 0 is a moment, no stretch of time


def test_an_hour_of_video_fits_any_context() -> None:
    profile = replace(profiles.load("generic"), context=2500)
    backend = ScriptedBackend(lambda request: "A man walks through the town and meets a friend at the market.")
    caption = Captioner(backend, profile).summarize(steps_of(1800))
    assert caption.error is None
    assert max(tokens(request) for request in backend.history) <= 2500
    assert len(backend.history) > 20
    assert any("1800 descriptions were summarised in" in note for note in caption.notes)
    last = text_of(backend.history[-1])
    assert "from 0.00 s to 3598.00 s" in last
    assert "A man walks through the town" in last


def test_parts_of_a_level_are_asked_for_in_one_batch_and_cover_all_steps() -> None:
    profile = replace(profiles.load("generic"), context=2500)
    batches: list[list[str]] = []

    class Batches(ScriptedBackend):
        def generate(self, requests):
            batches.append([text_of(request) for request in requests])
            return super().generate(requests)

    backend = Batches(lambda request: "A man walks through the town.")
    Captioner(backend, profile).summarize(steps_of(200))
    first = "\n".join(sorted(batches[0]))
    assert len(batches[0]) > 1
    assert [first.count(f"number {n}.") for n in range(200)] == [1] * 200


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 9000), min_size=1, max_size=60),
    context=st.integers(2200, 9000),
    letters=st.sampled_from(["a b", "é ", "中文", "🎈 "]),
    reply=st.integers(1, 4000),
)
def test_every_question_fits_and_the_end_is_always_reached(sizes, context, letters, reply) -> None:
    """Also with descriptions of thousands of words, and with a model that ignores how long its answer may be."""
    profile = replace(profiles.load("generic"), context=context)
    steps = [Step(n, 2.0 * n, 2.0 * n + 2, (letters * size)[:size] or "x") for n, size in enumerate(sizes)]
    backend = ScriptedBackend(lambda request: "word " * reply + ".")
    captioner = Captioner(backend, replace(profile, repeats=False))
    (caption,) = run_sessions([captioner.session((), None, "summary", known=steps)], backend)
    assert caption.error is None
    assert caption.text
    for request in backend.history:
        assert tokens(request) <= context


def test_a_context_that_is_too_small_for_anything_says_so(backend) -> None:
    profile = replace(profiles.load("generic"), context=700)
    caption = Captioner(backend, profile).summarize(steps_of(100))
    assert isinstance(caption.error, InvalidInput)
    assert "context of 700 tokens is too small" in caption.error.message
    assert len(caption.steps) == 100


def test_a_failed_part_fails_the_caption_and_keeps_the_steps() -> None:
    profile = replace(profiles.load("generic"), context=2500)
    backend = ScriptedBackend(lambda request: "A man walks.", fail_at=[1])
    caption = Captioner(backend, profile).summarize(steps_of(200))
    assert isinstance(caption.error, BackendError)
    assert len(caption.steps) == 200


def test_empty_steps_are_left_out(backend) -> None:
    steps = [replace(step, text="" if step.number % 2 else step.text) for step in steps_of(4)]
    Captioner(backend).summarize(steps)
    assert text_of(backend.history[0]).count(" s] ") == 2
    blank = Captioner(backend).summarize([replace(step, text="") for step in steps])
    assert "nothing to summarise" in str(blank.error)


@given(st.text(max_size=400), st.integers(0, 60))
def test_clipped_texts_fit_and_are_the_beginning(text: str, limit: int) -> None:
    short = clipped(text, limit)
    assert short == text or text_tokens(short) <= limit or limit <= 1
    assert short == text or text.encode("utf-8", "replace").decode().startswith(short.removesuffix("…"))
