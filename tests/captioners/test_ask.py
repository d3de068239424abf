"""Questions about a clip: several over the same frames, conversations, cited times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners.ask import Answer, cited, nearest
from t2v_recaption.captioners.base import Step
from t2v_recaption.captioners.captioner import Captioner
from t2v_recaption.captioners.conversation import Conversation
from t2v_recaption.captioners.drive import run_sessions
from t2v_recaption.captioners.guidance import Guidance
from t2v_recaption.errors import BackendError, InvalidInput
from tests.captioners.conftest import frames_of, greys, text_of


def answered(answers, questions, *, frames=5, **options) -> tuple[list[Answer], ScriptedBackend]:
    backend = answers if isinstance(answers, ScriptedBackend) else ScriptedBackend(answers)
    session = Captioner(backend).ask_session(frames_of(frames), questions, **options)
    (found,) = run_sessions([session], backend)
    return found, backend


def pictures(request) -> list[object]:
    return [part for message in request.messages for part in message.content if not isinstance(part, str)]


def test_several_questions_over_the_very_same_frames_in_one_batch() -> None:
    batches: list[int] = []

    class Batches(ScriptedBackend):
        def generate(self, requests):
            batches.append(len(requests))
            return super().generate(requests)

    found, backend = answered(
        Batches(lambda r: "It is red." if "colour" in text_of(r) else "At [2.00 s] it falls."),
        ["What colour is the ball?", "When does it fall?"],
    )
    assert batches == [2]
    assert [(answer.question, answer.text) for answer in found] == [
        ("What colour is the ball?", "It is red."),
        ("When does it fall?", "At [2.00 s] it falls."),
    ]
    first, second = backend.history
    assert all(a is b for a, b in zip(pictures(first), pictures(second), strict=True))
    assert first.messages[0] == second.messages[0]
    assert first.messages[1].content[:10] == second.messages[1].content[:10]
    assert greys(first) == [0, 37, 74, 111, 148]


def test_cited_times_and_the_frames_that_show_them() -> None:
    ((answer,), _) = answered(["It falls at [1.9 s], and lies there from 5 to 6 seconds."], ["What happens?"])
    assert answer.times == (1.9, 5.0, 6.0)
    assert answer.frames == (1, 2, 3)
    assert answer.shown == (0.0, 2.0, 4.0, 6.0, 8.0)
    assert (answer.start, answer.end) == (0.0, 8.0)
    assert answer.flags == ()


def test_times_outside_the_clip_are_left_out_and_flagged() -> None:
    ((answer,), _) = answered(lambda r: "It falls at [2 s] and bursts at [99 s].", ["When?"])
    assert answer.times == (2.0,)
    assert answer.flags == ("times",)
    assert any("99" in note for note in answer.notes)


def test_times_count_from_the_start_of_the_video_in_a_part_of_it() -> None:
    frames = frames_of(10)[5:]
    backend = ScriptedBackend(["At [12 s] it falls."])
    session = Captioner(backend).ask_session(frames, ["When?"], span=(10.0, 20.0))
    (((answer,)),) = run_sessions([session], backend)
    assert answer.times == (12.0,)
    assert answer.frames == (1,)
    assert "from 10.00 s to 20.00 s" in text_of(backend.history[0])


def test_a_conversation_knows_what_was_said() -> None:
    history = [Answer("Who is there?", "A man."), Answer("What does he wear?", "A hat.")]
    _, backend = answered(["Yes."], ["Is it red?"], history=history)
    (request,) = backend.history
    assert [message.role for message in request.messages][1:] == ["user", "assistant", "user", "assistant", "user"]
    assert "Who is there?" in request.messages[1].text
    assert [message.text for message in request.messages[2:]] == [
        "A man.",
        "What does he wear?",
        "A hat.",
        "Is it red?",
    ]
    assert len(pictures(request)) == 5
    assert pictures(request) == [part for part in request.messages[1].content if not isinstance(part, str)]


def test_a_long_conversation_forgets_its_beginning() -> None:
    history = [Answer(f"Question {n}?", "A long answer. " * 200) for n in range(20)]
    ((answer,), backend) = answered(["Yes."], ["And now?"], history=history)
    texts = [message.text for message in backend.history[0].messages]
    assert "Question 19?" in " ".join(texts)
    assert "Question 0?" not in " ".join(texts)
    assert any("no longer fit" in note for note in answer.notes)


def test_conversation_object(tmp_path) -> None:
    class Clip:
        span = (0.0, 10.0)

    backend = ScriptedBackend(["A man.", BackendError("gone"), "A red hat."])
    captioner = Captioner(backend)
    captioner._frames = lambda clip, sampling: iter(frames_of(4))  # type: ignore[method-assign]
    talk = Conversation(captioner, Clip())  # type: ignore[arg-type]
    assert talk.ask("Who?").text == "A man."
    assert talk.ask("Where?").error is not None
    assert talk.ask("What does he wear?").text == "A red hat."
    assert [answer.question for answer in talk.history] == ["Who?", "What does he wear?"]
    assert [message.text for message in backend.history[-1].messages[2:]] == ["A man.", "What does he wear?"]


def test_descriptions_may_go_with_the_frames() -> None:
    _, backend = answered(["Yes."], ["Is it red?"], steps=[Step(0, 0.0, 0.0, "A ball lies there.")])
    assert "[0.00 s to 0.00 s] A ball lies there." in text_of(backend.history[0])


def test_answers_as_json() -> None:
    backend = ScriptedBackend(['{"yes": true}', "no", '{"yes": false}'])
    captioner = Captioner(backend, guidance=Guidance(schema={"type": "object", "required": ["yes"]}))
    (found,) = run_sessions([captioner.ask_session(frames_of(2), ["Red?", "Blue?"])], backend)
    assert [answer.data for answer in found] == [{"yes": True}, {"yes": False}]
    assert [answer.provenance["attempts"] for answer in found] == [1, 2]


def test_one_failed_question_does_not_lose_the_others() -> None:
    found, _ = answered(ScriptedBackend(lambda r: "Yes.", fail_at=[0]), ["One?", "Two?"])
    assert [answer.error is None for answer in found] == [False, True]


def test_short_answers_are_no_fault() -> None:
    long = "in the image it is red and stands at the left of the big old house over there"
    found, backend = answered(["red", long], ["a?", "b?"])
    assert [answer.flags for answer in found] == [(), ()]
    assert len(backend.history) == 2


@pytest.mark.parametrize("questions", [[], [" "], ["Red?", ""]])
def test_no_question(questions: list[str]) -> None:
    with pytest.raises(InvalidInput, match="no question"):
        answered(["x"], questions)


def test_a_profile_that_answers_no_questions() -> None:
    with pytest.raises(InvalidInput, match="no mode 'ask'"):
        Captioner(ScriptedBackend([]), "sharecaptioner").ask_session(frames_of(1), ["Red?"])


def test_too_many_frames_are_thinned() -> None:
    ((answer,), backend) = answered(["Yes."], ["Red?"], frames=70)
    assert len(answer.shown) <= 32
    assert any("of 70 frames were shown" in note for note in answer.notes)
    assert answer.shown[0] == 0.0
    assert len(pictures(backend.history[0])) == len(answer.shown)


@given(st.lists(st.floats(0, 100), max_size=20), st.floats(0, 50), st.floats(0.1, 50))
def test_cited_times_lie_in_the_clip(times: list[float], start: float, length: float) -> None:
    text = " ".join(f"[{time:.2f} s]" for time in times)
    inside, outside = cited(text, (start, start + length))
    assert sorted(inside + outside) == sorted({round(float(f"{time:.2f}"), 2) for time in times})
    assert all(start - 0.06 <= time <= start + length + 0.06 for time in inside)
    assert list(inside) == sorted(inside)


def test_nearest_frames_come_once() -> None:
    assert nearest((0.1, 0.2, 3.9), (0.0, 2.0, 4.0)) == (0, 2)
    assert nearest((), (0.0,)) == nearest((1.0,), ()) == ()


def test_a_question_of_the_users_in_the_fast_mode() -> None:
    backend = ScriptedBackend(lambda request: "A ball rolls.")
    for profile, place in (("generic", 0), ("sharegpt4video", -1)):
        captioner = Captioner(backend, profile)
        (caption,) = run_sessions([captioner.session(frames_of(2), None, "fast", query="What rolls?")], backend)
        assert caption.error is None
        assert "What rolls?" in text_of(backend.history[place])
        assert "in detail" not in text_of(backend.history[-1])
    captioner = Captioner(backend, "sharecaptioner")
    (caption,) = run_sessions([captioner.session(frames_of(2), None, "fast", query="What rolls?")], backend)
    assert "no place for a question" in str(caption.error)
