"""The backend without a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption.backends.base import ChatReply
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.errors import BackendError, InvalidInput

Ask = Callable[..., Any]


def texts(backend: ScriptedBackend, requests: list[Any]) -> list[str]:
    return [reply.text for reply in backend.generate(requests)]


def test_a_list_is_answered_in_order_and_comes_to_its_end(ask: Ask) -> None:
    backend = ScriptedBackend(["one", "two"])
    assert texts(backend, [ask("a")]) == ["one"]
    assert texts(backend, [ask("b")]) == ["two"]
    with pytest.raises(BackendError, match="ended"):
        backend.generate([ask("c")])


def test_it_remembers_what_it_was_asked(ask: Ask) -> None:
    backend = ScriptedBackend(lambda request: request.messages[-1].text.upper())
    requests = [ask("a"), ask("b", seed=4)]
    assert texts(backend, requests) == ["A", "B"]
    assert backend.history == requests


def test_an_answer_can_be_a_reply_an_error_or_nothing(ask: Ask) -> None:
    cut = ChatReply("cut of", finish_reason="length")
    replies = ScriptedBackend([cut, BackendError("down"), ValueError("odd"), None]).generate([ask("a")] * 4)
    assert replies[0] == cut
    assert [str(reply.error) for reply in replies[1:3]] == ["down", "ValueError: odd"]
    assert (replies[3].text, replies[3].error) == ("", None)


def test_failures_where_they_are_ordered(ask: Ask) -> None:
    backend = ScriptedBackend(["one", "two"], fail_at=[1])
    replies = backend.generate([ask("a"), ask("b"), ask("c")])
    assert [reply.text for reply in replies] == ["one", "", "two"]
    assert replies[1].error is not None
    assert replies[1].error.retryable


def test_a_function_that_raises_loses_only_its_own(ask: Ask) -> None:
    def script(request: Any) -> str:
        if request.messages[-1].text == "b":
            raise BackendError("down")
        return "fine"

    assert texts(ScriptedBackend(script), [ask("a"), ask("b"), ask("c")]) == ["fine", "", "fine"]


def test_a_file_of_lines(tmp_path: Path, ask: Ask) -> None:
    path = tmp_path / "answers.txt"
    path.write_text("one\n\nünï\u2028x\n", encoding="utf-8")
    assert texts(ScriptedBackend(path), [ask("a")] * 3) == ["one", "", "ünï\u2028x"]
    assert texts(ScriptedBackend(model=str(path)), [ask("a")]) == ["one"]


def test_a_file_of_json_lines(tmp_path: Path, ask: Ask) -> None:
    path = tmp_path / "answers.jsonl"
    lines = ["one\ntwo", {"text": "cut", "finish_reason": "length"}, {"error": "down"}]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    replies = ScriptedBackend(path).generate([ask("a")] * 3)
    assert [reply.text for reply in replies] == ["one\ntwo", "cut", ""]
    assert replies[1].finish_reason == "length"
    assert str(replies[2].error) == "down"


@pytest.mark.parametrize("content", [b"{", b"[1]", b'{"nope": 1}', b"\xff"])
def test_files_that_are_no_script(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"answers\.jsonl"):
        ScriptedBackend(path)


def test_without_answers(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no answers"):
        ScriptedBackend()
    with pytest.raises(InvalidInput, match="cannot be read"):
        ScriptedBackend(tmp_path / "none.txt")
