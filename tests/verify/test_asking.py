"""All questions about a clip in a few requests: the same verdicts, probes that still probe, and nothing lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import BackendError, InvalidInput, Verification, Verifier
from t2v_recaption.backends.base import ChatRequest
from t2v_recaption.backends.openai import OpenAIBackend
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.verify import ClaimStatus
from t2v_recaption.verify.asking import TOGETHER, answers_in
from tests.backends.conftest import Server, completion, send
from tests.verify.judges import Answerer, good_judge, knowing, question_of
from tests.verify.test_verify import PROMPT, TRUTH

Check = Callable[..., Verification]

LISTED = re.compile(r"^(\d+)\. (.+?\?)(?: This is about the time .+? s\.)? \(Answer with", re.MULTILINE)


def listed(text: str) -> dict[int, str]:
    """The questions of a request that puts many, by number."""
    return {int(number): question for number, question in LISTED.findall(text)}


def at_once(one: Answerer) -> Answerer:
    """A judge that answers a list of questions as it answers each by itself."""

    def answer(request: ChatRequest) -> str:
        questions = listed(request.messages[-1].text)
        if not questions:
            return one(request)
        rows = []
        for number, question in questions.items():
            said = one(ChatRequest((type(request.messages[-1])("user", question),))).split(" | ")
            times = [float(time) for time in re.findall(r"[\d.]+(?= s)", said[1])] if len(said) > 1 else []
            rows.append({"id": number, "seen": said[-1], "times": times, "answer": said[0]})
        return json.dumps({"answers": rows})

    return answer


def knowing_all(truth: Mapping[str, str]) -> ScriptedBackend:
    return ScriptedBackend(at_once(knowing(truth)))


def decided(found: Verification) -> dict[str, ClaimStatus]:
    return {result.claim.text: result.status for result in found}


def test_the_verdicts_are_the_same_and_the_requests_few(check: Check) -> None:
    one_by_one, together = good_judge(TRUTH), knowing_all(TRUTH)
    slow, fast = check(PROMPT, judges=one_by_one), check(PROMPT, judges=together, ask="together")
    assert decided(fast) == decided(slow)
    assert fast.judges[0].specificity == slow.judges[0].specificity
    assert len(together.history) == fast.provenance["requests"]["scripted"] == 2  # the opposites by themselves
    assert len(one_by_one.history) == slow.provenance["requests"]["scripted"] > 10
    cars = next(result for result in fast if result.claim.text == "There are cars.")
    assert cars.evidence.observation == "two cars side by side"
    assert len(cars.evidence.times) == 2


def test_each_question_is_put_once_in_an_order_that_tells_nothing(check: Check) -> None:
    judge, alone = knowing_all(TRUTH), good_judge(TRUTH)
    check(PROMPT, judges=judge, ask="together")
    check(PROMPT, judges=alone)
    put = [question for request in judge.history for question in listed(request.messages[-1].text).values()]
    assert sorted(put) == sorted(question_of(request) for request in alone.history)
    foils = [n for n, question in enumerate(put) if question not in TRUTH and question.startswith("Is there a")]
    assert len(foils) >= 5
    assert foils != list(range(foils[0], foils[0] + len(foils)))  # not in a row
    again = knowing_all(TRUTH)
    check(PROMPT, judges=again, ask="together")
    assert [r.messages[-1].text for r in again.history] == [r.messages[-1].text for r in judge.history]


def test_an_opposite_is_never_beside_its_claim(check: Check) -> None:
    judge = knowing_all(TRUTH)
    check(PROMPT, judges=judge, ask="together")
    for request in judge.history:
        questions = listed(request.messages[-1].text).values()
        assert len({question.startswith("Is this so:") for question in questions}) == 1


def test_it_never_sees_the_prompt_or_an_expected_answer(check: Check) -> None:
    judge = knowing_all(TRUTH)
    check("exactly seven turquoise cars", judges=judge, ask="together")
    text = " ".join(
        request.messages[-1].text for request in judge.history if "Is this so" not in request.messages[-1].text
    )
    assert "seven" not in text
    assert "turquoise" not in text


def test_long_lists_are_cut(check: Check) -> None:
    judge = knowing_all({})
    prompt = (
        "a cat, a dog, a horse, a cow, a sheep, a goat, a duck, a hen, a bird, a fish, a boat, a car, a bus, a tram"
    )
    check(
        f"{prompt}, a tree, a house, a lamp, a chair, a table, a bed, a cup, a hat, a coat",
        judges=judge,
        ask="together",
    )
    lengths = [len(listed(request.messages[-1].text)) for request in judge.history]
    assert sum(lengths) > TOGETHER
    assert max(lengths) <= TOGETHER
    assert len(lengths) == 2


def test_what_is_missing_or_no_answer_is_asked_by_itself(check: Check) -> None:
    full = at_once(knowing({"Is there a cat in the video?": "Yes", "Is there a dog in the video?": "Yes"}))

    def forgetful(request: ChatRequest) -> str:
        said = full(request)
        if not listed(request.messages[-1].text):
            return said
        rows = json.loads(said)["answers"]
        cat = next(n for n, q in listed(request.messages[-1].text).items() if "cat" in q)
        kept = [{**row, "answer": "lorem ipsum"} if row["id"] == rows[-1]["id"] else row for row in rows]
        return json.dumps({"answers": [row for row in kept if row["id"] != cat]})

    judge = ScriptedBackend(forgetful)
    found = check("a cat and a dog", judges=judge, ask="together")
    assert decided(found) == {"There is a cat.": ClaimStatus.SUPPORTED, "There is a dog.": ClaimStatus.SUPPORTED}
    assert len(judge.history) == found.provenance["requests"]["scripted"] == 3
    assert found.judges[0].failures == 0


@pytest.mark.parametrize("said", ["", "Yes.", "I'm sorry, but I can't help with that.", '{"answers": []}'])
def test_a_judge_that_cannot_make_lists_is_asked_one_by_one(check: Check, said: str) -> None:
    one = knowing({"Is there a cat in the video?": "Yes"})
    judge = ScriptedBackend(lambda request: said if listed(request.messages[-1].text) else one(request))
    found = check("a cat", judges=judge, ask="together")
    assert decided(found) == {"There is a cat.": ClaimStatus.SUPPORTED}
    assert found.judges[0].reliable


def test_a_failed_request_makes_errors_and_no_score(check: Check) -> None:
    judge = ScriptedBackend(lambda request: BackendError("The server did not answer."))
    found = check("a cat", judges=judge, ask="together")
    assert decided(found) == {"There is a cat.": ClaimStatus.ERROR}
    assert found.score is None
    assert len(judge.history) == 1  # a server that is down is not asked once more for each question


@pytest.mark.parametrize("said", ["Yes", "No"])
def test_who_says_the_same_to_everything_is_found_out(check: Check, said: str) -> None:
    found = check("a cat on a sofa", judges=ScriptedBackend(at_once(lambda request: said)), ask="together")
    assert not found.judges[0].reliable
    assert found.score is None


def test_an_unknown_way_to_ask() -> None:
    with pytest.raises(InvalidInput, match="'all'"):
        Verifier(ask="all")  # type: ignore[arg-type]


@settings(max_examples=200)
@given(
    st.text(),
    st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["yes", "no", "2"])), max_size=9),
    st.integers(0, 400),
)
def test_answers_are_read_from_whatever_came(noise: str, rows: list[tuple[int, str]], cut: int) -> None:
    text = noise + json.dumps({"answers": [{"id": number, "answer": said} for number, said in rows]})
    whole, part = answers_in(text), answers_in(text[:cut])
    if not {"{", "}"} & set(noise):
        for number, _ in rows:
            said = {s for n, s in rows if n == number}
            assert (json.loads(whole[number])["answer"] == said.pop()) if len(said) == 1 else whole[number] == ""
    assert set(part) <= set(whole) | set(range(10))


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


def test_a_server_gets_the_frames_once(check: Check, server: Server) -> None:
    judge = at_once(knowing(TRUTH))

    def act(handler: Any, body: dict[str, Any]) -> None:
        text = body["messages"][-1]["content"][-1]["text"]
        message = ChatRequest((_message(text),))
        send(handler, 200, completion(judge(message)))

    server.default = act
    sent = {}
    for ask in ("each", "together"):
        server.seen.clear()
        backend = OpenAIBackend("tiny", base_url=server.url)
        found = check(PROMPT, judges=backend, ask=ask, frames=6)
        backend.close()
        assert decided(found)["The truck is blue."] is ClaimStatus.REFUTED
        pictures = [sum(p["type"] == "image_url" for p in body["messages"][-1]["content"]) for body in server.seen]
        assert set(pictures) == {6}
        sent[ask] = sum(pictures)
        if ask == "together":
            schemas = [body["response_format"]["json_schema"]["schema"] for body in server.seen]
            assert all("answers" in schema["properties"] for schema in schemas)
    assert sent["together"] == 12 < sent["each"] / 5


def _message(text: str) -> Any:
    from t2v_recaption.backends.base import Message

    return Message("user", text)
