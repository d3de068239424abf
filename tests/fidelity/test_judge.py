import json

import pytest

from t2v_recaption import fidelity, intent
from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest
from t2v_recaption.errors import BackendError
from t2v_recaption.fidelity.report import Report, Status

PROMPT = "a woman repairing a clock"
TEXT = "A woman bends over a clock and brings it back to life. The camera pans left."


class Judge(Backend):
    name = "second-opinion"

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer
        self.asked: list[ChatRequest] = []

    def generate(self, requests):
        self.asked += requests
        if isinstance(self.answer, Exception):
            raise self.answer
        return [ChatReply(self.answer)]


def checked(judge: Backend | None, text: str = TEXT) -> Report:
    return fidelity.check(intent.parse(PROMPT), text, judge=judge)


def lost_id() -> str:
    return next(v.fact.id for v in checked(None).failures if v.status is Status.LOST)


def test_judge_accepts_a_paraphrase_and_says_so() -> None:
    answer = json.dumps({lost_id(): {"kept": True, "quote": "brings it back to life"}})
    judge = Judge(f"Here you are:\n```json\n{answer}\n```")
    found = checked(judge)
    verdict = next(v for v in found.verdicts if v.fact.id == lost_id())
    assert verdict.status is Status.KEPT
    assert verdict.by == "second-opinion"
    assert TEXT[slice(*verdict.span)] == "brings it back to life"
    assert PROMPT in judge.asked[0].messages[0].text


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "no idea",
        "[1, 2]",
        "{broken",
        '{"f1": true}',
        BackendError("down"),
        ValueError("bug"),
        '{"ID": {"kept": true, "quote": "words that the text does not have"}}',
        '{"ID": {"kept": "yes", "quote": "brings"}}',
    ],
)
def test_without_a_usable_answer_the_rules_stand(answer: str | Exception) -> None:
    said = answer.replace("ID", lost_id()) if isinstance(answer, str) else answer
    assert checked(Judge(said)).verdicts == checked(None).verdicts


def test_failed_reply_leaves_the_rules() -> None:
    class Failing(Judge):
        def generate(self, requests):
            return [ChatReply("", error=BackendError("timeout"))]

    assert checked(Failing("")) == checked(None)


def test_judge_cannot_undo_a_contradiction_and_is_not_asked_when_all_is_kept() -> None:
    judge = Judge("{}")
    assert checked(judge, "A woman is repairing a clock.").passed
    assert not judge.asked


def test_prompt_and_text_are_data_for_the_judge() -> None:
    judge = Judge("{}")
    fidelity.check(intent.parse("a cat {{ 7 * 7 }} jumping"), "Nothing {% raw %} here.", judge=judge)
    assert "{{ 7 * 7 }}" in judge.asked[0].messages[0].text
    assert "{% raw %}" in judge.asked[0].messages[0].text
