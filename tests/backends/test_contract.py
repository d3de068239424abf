"""What every backend promises, on all of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from t2v_recaption.backends.base import Backend, ChatReply
from t2v_recaption.errors import BackendError
from t2v_recaption.registry import BACKENDS

NAMES = ["scripted", "openai", "transformers", "sharecaptioner"]
TOO_LONG = "x" * 5000
"""A prompt that each of the backends below fails on."""


STAND_IN = """
class load:
    about = {}

    def __init__(self, options, announce):
        pass

    def answer(self, request):
        text = request["turns"][-1]["parts"][0]["text"]
        if len(text) == 5000:
            raise ValueError("too long")
        return {"text": "re: " + text, "finish_reason": "stop"}
"""


@pytest.fixture(params=NAMES)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "scripted":

        def script(asked: Any) -> str | BackendError:
            prompt = asked.messages[-1].text
            return BackendError("too long") if prompt == TOO_LONG else f"re: {prompt}"

        made = BACKENDS.create("scripted", answers=script)
    elif request.param == "openai":
        server, do = request.getfixturevalue("server"), request.getfixturevalue("do")
        server.plans[TOO_LONG] = [do.refuse(400, "too long")] * 9
        made = BACKENDS.create("openai", model="tiny", base_url=server.url)
    elif request.param == "sharecaptioner":
        module = request.getfixturevalue("tmp_path") / "stand_in.py"
        module.write_text(STAND_IN, encoding="utf-8")
        made = BACKENDS.create(
            "sharecaptioner", trust_remote_code=True, revision="0" * 40, python=sys.executable, module=module
        )
    else:
        made = BACKENDS.create("transformers", model=str(request.getfixturevalue("tiny_llama")), device="cpu")
    with made:
        yield made


def test_all_backends_are_here() -> None:
    assert set(NAMES) == {name for name, entry in BACKENDS.entries().items() if not entry.source}


def test_nothing_asked_nothing_answered(backend: Backend) -> None:
    assert backend.generate([]) == []


def test_replies_come_in_order(backend: Backend, ask: Callable[..., Any]) -> None:
    requests = [ask(text) for text in ("a cat", "two dogs on a beach at dusk", "the sea", "雪の中の猫", "a cat")]
    together = [reply.text for reply in backend.generate(requests)]
    alone = [backend.generate([request])[0].text for request in requests]
    assert together == alone
    assert together[0] == together[4]


def test_a_failed_request_never_loses_the_others(backend: Backend, ask: Callable[..., Any]) -> None:
    replies = backend.generate([ask("a cat"), ask(TOO_LONG), ask("a dog")])
    assert [reply.error is None for reply in replies] == [True, False, True]
    assert isinstance(replies[1].error, BackendError)
    assert replies[1].text == ""
    assert replies[1].finish_reason == "error"
    assert all(isinstance(reply, ChatReply) and reply.model for reply in replies)


@pytest.mark.parametrize("text", ["\ud83d alone", "naïve 👩‍🚀 مرحبا", "a\x00b", "{{ 7*7 }}", "<|im_end|>"])
def test_any_text_can_be_asked(backend: Backend, ask: Callable[..., Any], text: str) -> None:
    assert backend.generate([ask(text)])[0].error is None


def test_it_works_again_after_close(backend: Backend, ask: Callable[..., Any]) -> None:
    before = backend.generate([ask("a cat")])[0].text
    backend.close()
    backend.close()
    assert backend.generate([ask("a cat")])[0].text == before


def test_identity_is_json_and_names_the_backend(backend: Backend) -> None:
    identity = json.loads(json.dumps(backend.identity()))
    assert identity["backend"] == backend.name
    assert identity == json.loads(json.dumps(backend.identity()))


def test_a_reply_is_json(backend: Backend, ask: Callable[..., Any]) -> None:
    reply = backend.generate([ask("a cat")])[0]
    assert json.loads(reply.to_json())["text"] == reply.text
