"""The user's wishes, templates of their own, and answers as JSON."""

import json

import pytest

from t2v_recaption.backends.base import ChatReply
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners.captioner import Captioner
from t2v_recaption.captioners.drive import run_sessions
from t2v_recaption.captioners.guidance import Guidance
from t2v_recaption.errors import InvalidInput, InvalidTemplate
from tests.captioners.conftest import frames_of, text_of

SCHEMA = {
    "type": "object",
    "properties": {"caption": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
    "required": ["caption", "people"],
    "additionalProperties": False,
}
GOOD = {"caption": "A man walks along a beach.", "people": 1}


def one(answers, mode: str = "fast", frames: int = 3, **guidance):
    backend = ScriptedBackend(answers)
    captioner = Captioner(backend, guidance=Guidance(**guidance))
    (caption,) = run_sessions([captioner.session(frames_of(frames), None, mode)], backend)
    return caption, backend.history


def test_wishes_stand_in_the_instructions_of_every_question() -> None:
    caption, history = one(
        lambda request: "The cook cuts an onion.",
        "sliding",
        focus="the hands of the cook",
        style="like a recipe",
        vocabulary=("julienne", "claw grip"),
        wishes="Name the tools.",
        language="de",
        detail="rich",
    )
    for request in history:
        system = request.messages[0].text
        for words in ("the hands of the cook", "like a recipe", "julienne, claw grip", "Name the tools.", "in German"):
            assert words in system
        assert "Be generous with details" in system
    assert caption.provenance["guidance"]["focus"] == "the hands of the cook"


def test_without_wishes_nothing_is_said_of_any(backend) -> None:
    _, (request,) = one(["A ball rolls to the left."])
    assert "wishes" not in request.messages[0].text
    assert "English" not in request.messages[0].text


def test_a_wish_is_text_and_never_a_template() -> None:
    _, (request,) = one(["A ball rolls."], focus="{{ guidance.__class__ }} {% include 'judge.j2' %}")
    assert "{{ guidance.__class__ }} {% include 'judge.j2' %}" in request.messages[0].text


def test_instructions_of_the_users_own(tmp_path) -> None:
    path = tmp_path / "mine.j2"
    path.write_text('{% extends "clip-role.j2" %}{% block role %}You look for {{ guidance.focus }}.{% endblock %}')
    _, (request,) = one(["A ball rolls."], template=str(path), focus="balls")
    assert request.messages[0].text.startswith("You look for balls.")
    assert "You watch for four things" in request.messages[0].text


def test_templates_of_the_users_run_in_a_sandbox(tmp_path) -> None:
    path = tmp_path / "evil.j2"
    path.write_text("{{ guidance.__class__.__mro__[1].__subclasses__() }}")
    caption, history = one(["A ball rolls."], template=str(path))
    assert isinstance(caption.error, InvalidTemplate)
    assert history == []


def test_a_schema_is_asked_for_in_the_last_question_only() -> None:
    caption, history = one(
        lambda request: json.dumps(GOOD) if request.schema else "A man walks.", "sliding", schema=SCHEMA
    )
    assert [request.schema for request in history] == [None, None, None, SCHEMA]
    assert '"minimum": 0' in text_of(history[-1])
    assert caption.data == GOOD
    assert caption.text == "A man walks along a beach."
    assert json.loads(caption.to_json())["data"] == GOOD


def test_one_step_still_becomes_json() -> None:
    caption, history = one(lambda r: json.dumps(GOOD) if r.schema else "A man walks.", "sliding", 1, schema=SCHEMA)
    assert (caption.data, len(history)) == (GOOD, 2)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        f"```json\n{json.dumps(GOOD, indent=2)}\n```",
        f"Here is the object: {json.dumps(GOOD)} I hope it helps.",
        f"{{not this}} {json.dumps(GOOD)}",
    ],
)
def test_json_is_found_among_other_words(text: str) -> None:
    caption, history = one([text], schema=SCHEMA)
    assert (caption.data, len(history)) == (GOOD, 1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"caption": "A man."}', "'people' is a required property"),
        ('{"caption": "A man.", "people": -1}', "-1 is less than the minimum of 0 (at people)"),
        ("A man walks along a beach.", "it is no JSON"),
        ('{"caption": "A man.", "people": 1', "it is no JSON"),
    ],
)
def test_a_wrong_answer_is_asked_for_again_with_the_fault_named(text: str, fault: str) -> None:
    caption, (first, second) = one([text, json.dumps(GOOD)], schema=SCHEMA)
    assert caption.data == GOOD
    assert caption.flags == ()
    assert caption.provenance["attempts"] == 2
    assert [message.role for message in second.messages] == ["system", "user", "assistant", "user"]
    assert fault in second.messages[-1].text
    assert first.schema == second.schema == SCHEMA


def test_what_stays_wrong_is_flagged_and_kept_as_text() -> None:
    caption, history = one(["A man walks.", '{"caption": 3, "people": 1}'], schema=SCHEMA)
    assert caption.data is None
    assert caption.flags == ("schema",)
    assert caption.text
    assert any("is not of type 'string'" in note for note in caption.notes)
    assert len(history) == 2
    assert caption.error is None


def test_an_answer_that_fails_the_second_time_keeps_the_first() -> None:
    caption, _ = one(["A man walks.", RuntimeError("gone")], schema=SCHEMA)
    assert (caption.text, caption.flags, caption.error) == ("A man walks.", ("schema",), None)
    caption, _ = one([RuntimeError("gone")], schema=SCHEMA)
    assert caption.error is not None


def test_a_cut_answer_that_is_whole_json_is_taken() -> None:
    caption, _ = one([ChatReply(json.dumps(GOOD), finish_reason="length")], schema=SCHEMA)
    assert caption.data == GOOD


def test_a_schema_without_a_caption_gives_its_json_as_text() -> None:
    schema = {"type": "array", "items": {"type": "string"}}
    caption, _ = one(['["ein Bär", "ein Baum"]'], schema=schema)
    assert caption.data == ["ein Bär", "ein Baum"]
    assert caption.text == '["ein Bär", "ein Baum"]'


def test_a_schema_that_is_none_is_said_before_the_model_is_asked() -> None:
    caption, history = one(["A man walks."], schema={"type": "thing"})
    assert isinstance(caption.error, InvalidInput)
    assert "not valid" in caption.error.message
    assert history == []


def test_impossible_guidance() -> None:
    with pytest.raises(InvalidInput, match="detail 'huge'"):
        Guidance(detail="huge")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="not a str"):
        Guidance(schema="{}")  # type: ignore[arg-type]


def test_a_schema_fetches_nothing() -> None:
    caption, _ = one([json.dumps(GOOD)], schema={"$ref": "http://127.0.0.1:9/schema.json"})
    assert isinstance(caption.error, InvalidInput)
    assert "127.0.0.1:9" in caption.error.message


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 3_000, '{"caption": ' * 50_000, "\x00\ud800"])
def test_endless_brackets_end(text: str) -> None:
    caption, _ = one([text, text], schema=SCHEMA)
    assert caption.flags == ("schema",)
    assert caption.error is None
