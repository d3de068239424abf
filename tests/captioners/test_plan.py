"""Plans: what a clip will cost, and how it is kept within a budget."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners import profile as profiles
from t2v_recaption.captioners.captioner import Captioner
from t2v_recaption.captioners.drive import run_sessions
from t2v_recaption.captioners.plan import Budget, plan
from t2v_recaption.captioners.tokens import image_tokens
from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import parse_sampling
from tests.captioners.conftest import frames_of

GENERIC = profiles.load("generic")
HD = (1920, 1080)


def info(duration: float, size: tuple[int, int] = HD) -> SimpleNamespace:
    return SimpleNamespace(duration=duration, width=size[0], height=size[1])


def test_a_short_clip_costs_what_it_takes() -> None:
    found = plan(GENERIC, "every:2", "sliding", 10.0, HD)
    one = image_tokens(768, 432)
    assert (found.frames, found.calls, found.visual_tokens) == (5, 6, 9 * one)
    assert found.new_tokens == 5 * 400 + 800
    assert found.notes == ()
    fast = plan(GENERIC, "uniform:16", "fast", 10.0, HD)
    assert (fast.frames, fast.calls, fast.visual_tokens, fast.new_tokens) == (16, 1, 16 * one, 600)


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_the_plan_tells_how_many_questions_are_asked(count: int, counting) -> None:
    backend = ScriptedBackend(counting)
    captioner = Captioner(backend)
    planned = captioner.plan("sliding", info(2.0 * count))
    run_sessions([captioner.session(frames_of(count), info(2.0 * count), "sliding")], backend)
    assert planned.frames == count
    assert len(backend.history) == planned.calls - (count == 1)  # a single description is its own summary


def test_an_hour_is_thinned_by_rule_and_the_caption_says_so(counting) -> None:
    backend = ScriptedBackend(counting)
    captioner = Captioner(backend, budget=Budget(calls=200))
    planned = captioner.plan("sliding", info(3600.0))
    assert planned.calls <= 200
    assert planned.sampling.startswith("every:")
    assert 18 < float(planned.sampling.split(":")[1]) < 60
    assert captioner.sampling("sliding", info(3600.0)) == planned.sampling
    assert captioner.sampling("sliding") == "every:2"
    (caption,) = run_sessions([captioner.session(frames_of(3), info(3600.0), "sliding")], backend)
    assert caption.notes[0].startswith("every:2 would take")
    assert planned.sampling in caption.notes[0]
    assert caption.provenance["sampling"] == planned.sampling
    assert caption.provenance["budget"] == {"calls": 200, "visual_tokens": 0}


def test_visual_tokens_thin_the_fast_mode_too() -> None:
    found = plan(GENERIC, "uniform:16", "fast", 60.0, HD, Budget(visual_tokens=3000))
    assert found.sampling == f"uniform:{3000 // image_tokens(768, 432)}"
    assert found.visual_tokens <= 3000


@settings(max_examples=100, deadline=None)
@given(
    duration=st.floats(0.1, 10_000),
    sampling=st.sampled_from(
        ["every:2", "every:0.5", "uniform:16", "keyframes", "keyframes:2:0.9", "keyframes:1:0.9:m"]
    ),
    mode=st.sampled_from(["fast", "sliding"]),
    profile=st.sampled_from(["generic", "sharecaptioner"]),
    calls=st.integers(0, 400),
    tokens=st.integers(0, 100_000),
)
def test_a_plan_never_passes_its_budget(duration, sampling, mode, profile, calls, tokens) -> None:
    limits = Budget(calls, tokens)
    try:
        found = plan(profiles.load(profile), sampling, mode, duration, HD, limits)
    except InvalidInput:  # not even one frame fits
        cheapest = plan(profiles.load(profile), "uniform:1", mode, duration, HD)
        assert (calls and cheapest.calls > calls) or (tokens and cheapest.visual_tokens > tokens)
        return
    assert not calls or found.calls <= calls
    assert not tokens or found.visual_tokens <= tokens
    assert found.frames >= 1
    assert str(parse_sampling(found.sampling)).split(":")[0] == sampling.split(":")[0]
    assert (found.sampling == sampling) is (found.notes == ())


def test_a_budget_for_nothing_is_an_error_of_the_clip() -> None:
    backend = ScriptedBackend([])
    captioner = Captioner(backend, budget=Budget(calls=1))
    (caption,) = run_sessions([captioner.session(frames_of(3), info(6.0), "sliding")], backend)
    assert isinstance(caption.error, InvalidInput)
    assert "1 calls" in caption.error.message
    with pytest.raises(InvalidInput, match="negative"):
        Budget(calls=-1)


def test_what_cannot_be_told_beforehand_is_not_guessed() -> None:
    found = plan(GENERIC, "scene:3", "fast", 60.0, HD, Budget(calls=1))
    assert (found.frames, found.calls, found.sampling) == (None, None, "scene:3")
    assert Captioner(ScriptedBackend([])).plan("fast", None).frames is None


def test_the_users_sampling_wins() -> None:
    assert Captioner(ScriptedBackend([]), sampling="keyframes").sampling("sliding") == "keyframes"


def test_one_question_shows_as_many_frames_as_the_profile_says() -> None:
    found = plan(GENERIC, "uniform:64", "fast", 3600.0, HD)
    assert (found.sampling, found.frames) == ("uniform:32", 32)
    assert found.notes == ("uniform:64 gives 64 frames, and one question shows 32: uniform:32 was used",)
    original = plan(profiles.load("sharecaptioner"), "every:2", "fast", 3600.0, HD)
    assert original.sampling == "every:40"
    assert plan(profiles.load("sharecaptioner"), "every:2", "fast", 180.0, HD).notes == ()
