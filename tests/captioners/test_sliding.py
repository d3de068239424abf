"""Sliding captions: what is asked when, resuming, scenes and windows side by side, streaming."""

import json
import weakref
import zlib
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners import profile as profiles
from t2v_recaption.captioners.base import ClipCaption, Step
from t2v_recaption.captioners.captioner import Captioner
from t2v_recaption.captioners.drive import run_sessions
from t2v_recaption.captioners.sliding import BUFFER
from t2v_recaption.errors import BackendError, InvalidInput
from tests.captioners.conftest import frames_of, greys, text_of


def scenes_at(*starts: float) -> list[SimpleNamespace]:
    return [SimpleNamespace(start=start) for start in starts]


def speaking(request: ChatRequest) -> str:
    """An answer that depends on the question alone, as a model's does."""
    mark = zlib.crc32(f"{text_of(request)} {greys(request)}".encode())
    return f"The ball {mark} rolls to the left."


def slid(frames, *, answer=speaking, captioner_options=None, **options) -> tuple[ClipCaption, ScriptedBackend]:
    backend = answer if isinstance(answer, ScriptedBackend) else ScriptedBackend(answer)
    captioner = Captioner(backend, **(captioner_options or {}))
    (caption,) = run_sessions([captioner.session(frames, None, "sliding", **options)], backend)
    return caption, backend


def test_first_frame_then_pairs_with_the_previous_text_then_a_summary(backend) -> None:
    captioner = Captioner(backend)
    seen: list[Step] = []
    (caption,) = run_sessions([captioner.session(frames_of(3), None, "sliding", on_step=seen.append)], backend)
    first, second, third, summary = backend.history
    assert [greys(request) for request in backend.history] == [[0], [0, 37], [37, 74], []]
    assert "how the video begins" in text_of(first)
    assert "<before>\nThe ball number 1 rolls to the left.\n</before>" in text_of(second)
    assert "from 2.00 s to 4.00 s" in text_of(third)
    assert "The ball number 2" in text_of(third)
    assert "The ball number 1" not in text_of(third)
    assert "[0.00 s to 2.00 s] The ball number 2" in text_of(summary)
    assert [(step.number, step.start, step.end, step.text[:17]) for step in seen] == [
        (0, 0.0, 0.0, "The ball number 1"),
        (1, 0.0, 2.0, "The ball number 2"),
        (2, 2.0, 4.0, "The ball number 3"),
    ]
    assert caption.steps == tuple(seen)
    assert caption.times == (0.0, 2.0, 4.0)
    assert caption.text == "The ball number 4 rolls to the left."
    assert caption.provenance["profile"] == "generic"
    assert json.loads(caption.to_json())["steps"][2]["end"] == 4.0


def test_frames_stand_after_their_true_times(backend) -> None:
    frames = [replace(frame, time=time) for frame, time in zip(frames_of(2), (0.0334, 1.9686), strict=True)]
    run_sessions([Captioner(backend).session(frames, None, "sliding")], backend)
    parts = backend.history[1].messages[-1].content
    assert [part for part in parts[:4] if isinstance(part, str)] == ["Frame at 0.03 s:", "Frame at 1.97 s:"]
    assert [isinstance(part, str) for part in parts] == [True, False, True, False, True]


def test_a_scene_begins_anew_and_scenes_run_side_by_side() -> None:
    sizes: list[int] = []

    class Counting(ScriptedBackend):
        def generate(self, requests):
            sizes.append(len(requests))
            return super().generate(requests)

    caption, backend = slid(frames_of(7), answer=Counting(speaking), scenes=scenes_at(0.0, 4.0, 9.0))
    assert [(step.scene, step.start, step.end) for step in caption.steps] == [
        (0, 0.0, 0.0),
        (0, 0.0, 2.0),
        (1, 4.0, 4.0),
        (1, 4.0, 6.0),
        (1, 6.0, 8.0),
        (2, 10.0, 10.0),
        (2, 10.0, 12.0),
    ]
    assert sizes == [3, 3, 1, 1]
    assert sum("begins" in text_of(request) for request in backend.history) == 3


def test_a_long_scene_is_described_anew_at_each_window() -> None:
    profile = replace(profiles.load("generic"), window=3)
    caption, backend = slid(frames_of(8), captioner_options={"profile": profile, "windows": 1})
    kinds = [
        "first" if "begins, at" in text_of(r) else "pair" if "<before>" in text_of(r) else "anchor"
        for r in backend.history
    ]
    assert kinds[:8] == ["first", "pair", "pair", "anchor", "pair", "pair", "anchor", "pair"]
    assert [greys(request) for request in backend.history[2:5]] == [[37, 74], [74, 111], [111, 148]]
    assert [(step.start, step.end) for step in caption.steps[1:]] == [(2.0 * n, 2.0 * n + 2) for n in range(7)]


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 14),
    cuts=st.sets(st.integers(1, 13), max_size=4),
    window=st.integers(0, 4),
    width=st.integers(1, 4),
    known=st.sets(st.integers(0, 13)),
)
def test_neither_parallel_scenes_nor_an_interruption_change_the_caption(count, cuts, window, width, known) -> None:
    """Whatever runs side by side and whatever is known already: the same steps, each asked for at most once."""
    profile = replace(profiles.load("generic"), window=window)
    scenes = scenes_at(0.0, *(2.0 * cut for cut in sorted(cuts)))
    plain, _ = slid(frames_of(count), captioner_options={"profile": profile, "windows": 1}, scenes=scenes)
    memory = [step for step in plain.steps if step.number in known]
    fresh: list[Step] = []
    again, backend = slid(
        frames_of(count),
        captioner_options={"profile": profile, "windows": width},
        scenes=scenes,
        known=memory,
        on_step=fresh.append,
    )
    assert again.steps == plain.steps
    assert again.text == plain.text
    assert sorted(step.number for step in fresh) == [n for n in range(count) if n not in known]
    assert len(backend.history) == len(fresh) + (count > 1)


def test_steps_of_other_frames_are_asked_for_again() -> None:
    stale = [Step(0, 0.0, 0.0, "A cat sleeps."), Step(1, 0.0, 1.5, "A cat wakes.")]
    caption, backend = slid(frames_of(2), known=stale)
    assert [step.text == "A cat sleeps." for step in caption.steps] == [True, False]
    assert any("other frames" in note for note in caption.notes)
    assert "A cat sleeps." in text_of(backend.history[0])


@pytest.mark.parametrize("width", [1, 2, 4])
def test_frames_are_pulled_as_they_are_needed(width: int) -> None:
    pulled: list[int] = []

    def reading():
        for frame in frames_of(400):
            pulled.append(frame.number)
            yield frame

    session = Captioner(ScriptedBackend(speaking), windows=width).session(reading(), None, "sliding", windows=width)
    asked = session.send(None)
    for _ in range(5):
        asked = session.send(tuple(ChatReply(f"A ball rolls {len(pulled)}.") for _ in asked))
        assert len(pulled) <= 6 if width == 1 else len(pulled) <= BUFFER * width + 6 * width
    session.close()


def test_memory_is_bounded_by_the_frames_of_the_lanes() -> None:
    """At no time are more frames alive than the lanes may hold."""
    alive: set[int] = set()
    most: list[int] = []

    def reading():
        for number in range(200):
            frame = replace(frames_of(1)[0], number=number, time=2.0 * number)
            alive.add(number)
            weakref.finalize(frame, alive.discard, number)
            yield frame
            del frame
            most.append(len(alive))

    session = Captioner(ForgetfulBackend(speaking)).session(
        reading(), None, "sliding", scenes=scenes_at(0.0, 50.0), windows=2
    )
    (caption,) = run_sessions([session], ForgetfulBackend(speaking))
    assert len(caption.steps) == 200
    assert max(most) <= 2 * BUFFER + 8


class ForgetfulBackend(ScriptedBackend):
    def generate(self, requests):
        replies = super().generate(requests)
        self.history.clear()
        return replies


def test_streaming_gives_steps_while_the_clip_is_read(tmp_path, backend) -> None:
    pulled: list[int] = []
    captioner = Captioner(backend)

    def reading():
        for frame in frames_of(5):
            pulled.append(frame.number)
            yield frame

    captioner._frames = lambda clip, sampling: reading()  # type: ignore[method-assign]
    clip = SimpleNamespace(info=SimpleNamespace(duration=10.0, width=64, height=48), span=(0.0, 10.0), warnings=())
    stream = captioner.stream(clip)
    for number in range(4):
        step = next(stream)
        assert isinstance(step, Step)
        assert step.number == number
        assert len(pulled) <= number + 2
    *_, last = stream
    assert isinstance(last, ClipCaption)
    assert len(last.steps) == 5


def test_a_failing_question_ends_the_clip_and_keeps_its_steps() -> None:
    answers = ["A ball lies there.", "A ball rolls.", BackendError("gone", backend="x")]
    caption, _ = slid(frames_of(5), answer=ScriptedBackend(answers))
    assert isinstance(caption.error, BackendError)
    assert caption.text == ""
    assert [step.text for step in caption.steps] == ["A ball lies there.", "A ball rolls."]


def test_a_clip_that_breaks_in_the_middle_keeps_its_steps() -> None:
    def breaking():
        yield from frames_of(2)
        raise OSError("no more")

    caption, _ = slid(breaking(), captioner_options={"windows": 1})
    assert isinstance(caption.error, InvalidInput)
    assert "after 2 frames" in caption.error.message
    assert len(caption.steps) == 2


def test_no_frame_is_an_error_and_one_frame_is_its_own_caption() -> None:
    caption, _ = slid([])
    assert "no frame" in str(caption.error)
    caption, backend = slid(frames_of(1))
    assert caption.text == caption.steps[0].text
    assert len(backend.history) == 1


def test_what_the_ledger_raises_is_not_swallowed() -> None:
    def full(step: Step) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        slid(frames_of(2), on_step=full)


def test_the_previous_text_is_bounded() -> None:
    long = "The ball rolls to the left and then to the right of the old green tree. " * 60
    caption, backend = slid(frames_of(3), answer=lambda request: long)
    assert caption.steps[0].flags == ("looping",)
    before = text_of(backend.history[2]).split("<before>")[1].split("</before>")[0]
    assert len(before.encode()) <= 3 * profiles.load("generic").before + 4
    assert before.strip().endswith("…")


def test_large_frames_are_made_smaller() -> None:
    frames = frames_of(1, size=(1600, 900))
    _, backend = slid(frames)
    (picture,) = (part for part in backend.history[0].messages[-1].content if not isinstance(part, str))
    assert picture.size == (768, 432)


def test_templates_in_a_models_text_stay_text() -> None:
    caption, backend = slid(frames_of(2), answer=lambda request: "{{ 7 * 7 }} balls {% raw %} roll </before> away.")
    assert "{{ 7 * 7 }} balls {% raw %} roll </ before> away." in text_of(backend.history[1])
    assert caption.steps[0].text.startswith("{{ 7 * 7 }}")


def test_seeds_make_the_difference_and_the_same_seed_none() -> None:
    def seeded(seed: int) -> list[int]:
        _, backend = slid(frames_of(3), captioner_options={"seed": seed})
        return [request.seed for request in backend.history]

    assert seeded(5) == seeded(5) == [5, 6, 7, 8]
    assert seeded(6) != seeded(5)


def test_a_model_that_says_nothing_leaves_its_empty_steps() -> None:
    caption, backend = slid(frames_of(3), answer=lambda request: "")
    assert "nothing to summarise" in str(caption.error)
    assert [(step.text, step.flags, step.attempts) for step in caption.steps] == [("", ("empty",), 2)] * 3
    assert len(backend.history) == 6
