"""The client for model servers, against a real server on this machine that misbehaves on command."""

from __future__ import annotations

import base64
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption.backends.openai import OpenAIBackend
from t2v_recaption.backends.server_address import normal_url
from t2v_recaption.errors import BackendError, InvalidInput

pytest.importorskip("openai")
Ask = Callable[..., Any]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def backend(server: Any) -> OpenAIBackend:
    return OpenAIBackend("tiny", base_url=server.url, retries=2)


def failure(backend: OpenAIBackend, request: Any) -> BackendError:
    error = backend.generate([request])[0].error
    assert error is not None
    return error


def test_a_good_answer(backend: OpenAIBackend, server: Any, ask: Ask) -> None:
    request = ask("a cat", system="be brief", seed=7, temperature=0.5, top_p=0.9, max_tokens=33, stop=("\n",))
    reply = backend.generate([request])[0]
    assert (reply.text, reply.finish_reason, reply.model) == ("re: a cat", "stop", "tiny")
    assert (reply.prompt_tokens, reply.completion_tokens, reply.notes) == (3, 5, ())
    sent = server.seen[0]
    assert sent["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "a cat"}]
    assert {key: sent[key] for key in ("model", "seed", "temperature", "top_p", "max_tokens", "stop")} == {
        "model": "tiny",
        "seed": 7,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 33,
        "stop": ["\n"],
    }


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_may_pass_is_tried_again(backend: OpenAIBackend, server: Any, do: Any, ask: Ask, status: int) -> None:
    server.plans["a cat"] = [do.refuse(status), do.refuse(status)]
    assert backend.generate([ask("a cat")])[0].text == "re: a cat"
    assert server.asked("a cat") == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_will_not_pass_is_not(backend: OpenAIBackend, server: Any, do: Any, ask: Ask, status: int) -> None:
    server.plans["a cat"] = [do.refuse(status)]
    error = failure(backend, ask("a cat"))
    assert (error.status, error.retryable, error.backend) == (status, False, "openai")
    assert error.hint
    assert server.asked("a cat") == 1


def test_it_gives_up_after_its_retries(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    server.plans["a cat"] = [do.refuse(503, "overloaded")] * 9
    error = failure(backend, ask("a cat"))
    assert (error.status, error.retryable) == (503, True)
    assert "overloaded" in error.message
    assert server.asked("a cat") == 3


def test_it_waits_as_long_as_the_server_says(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    server.plans["a cat"] = [do.refuse(429, Retry_After="0.3")]
    assert backend.generate([ask("a cat")])[0].error is None
    first, second = server.times["a cat"]
    assert second - first >= 0.3


def test_a_cut_connection_is_tried_again(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    server.plans["a cat"] = [do.cut]
    assert backend.generate([ask("a cat")])[0].text == "re: a cat"


def test_a_server_that_always_cuts_the_connection(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    server.plans["a cat"] = [do.cut] * 9
    error = failure(backend, ask("a cat"))
    assert error.retryable
    assert "cut the connection" in error.message


def test_a_slow_server(server: Any, do: Any, ask: Ask) -> None:
    server.plans["a cat"] = [do.slow(1.0)] * 2
    error = failure(OpenAIBackend("tiny", base_url=server.url, timeout=0.1, retries=1), ask("a cat"))
    assert error.retryable
    assert "0.1 seconds" in error.message
    assert server.asked("a cat") == 2


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"choices": [', "application/json"),
        (b"not json", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"<html>Bad gateway</html>", "text/html"),
        (b'{"choices": []}', "application/json"),
        (b'{"choices": null}', "application/json"),
        (b'{"choices": [{"index": 0}]}', "application/json"),
        (b'{"error": "busy"}', "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b"", "application/json"),
    ],
)
def test_a_broken_answer(
    backend: OpenAIBackend, server: Any, do: Any, ask: Ask, body: bytes, content_type: str
) -> None:
    server.plans["once"] = [do.raw(body, content_type)]
    server.plans["always"] = [do.raw(body, content_type)] * 9
    once, always, other = backend.generate([ask("once"), ask("always"), ask("a cat")])
    assert (once.text, other.text) == ("re: once", "re: a cat")
    assert always.error is not None
    assert always.error.retryable


@pytest.mark.parametrize("text", ["naïve 猫 👩‍🚀", "", " \n"])
def test_text_arrives_as_it_was_sent(backend: OpenAIBackend, server: Any, do: Any, ask: Ask, text: str) -> None:
    server.plans["a cat"] = [do.split(text)]
    reply = backend.generate([ask("a cat")])[0]
    assert reply.error is None
    assert reply.text == text


def test_lone_surrogates_do_not_get_through(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    server.plans["a cat"] = [do.raw(b'{"choices": [{"message": {"content": "\\ud83d\\ude3a \\ud83d"}}]}')]
    assert backend.generate([ask("a cat")])[0].text == "😺 \ufffd"


def test_thoughts_are_no_answer(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    server.plans["a cat"] = [do.answer("A cat.", reasoning_content="Hm, a cat?")]
    server.plans["a dog"] = [do.answer("", reasoning_content="Hm, a dog?")]
    cat, dog = backend.generate([ask("a cat"), ask("a dog")])
    assert (cat.text, cat.notes) == ("A cat.", ())
    assert dog.text == ""
    assert "max_tokens" in dog.notes[0]


def test_many_at_once_keep_their_order(server: Any, do: Any, ask: Ask) -> None:
    server.default = do.slow(0.05)
    backend = OpenAIBackend("tiny", base_url=server.url, concurrency=4)
    prompts = [f"prompt {number}" for number in range(20)]
    assert [reply.text for reply in backend.generate([ask(p) for p in prompts])] == [f"re: {p}" for p in prompts]
    assert 2 <= server.most_at_once <= 4


def test_every_failure_stays_with_its_request(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    server.plans["bad"] = [do.refuse(400, "bad")] * 9
    prompts = ["a", "bad", "b", "bad", "c"]
    replies = backend.generate([ask(p) for p in prompts])
    assert [reply.error is not None for reply in replies] == [p == "bad" for p in prompts]
    assert [reply.text for reply in replies] == ["re: a", "", "re: b", "", "re: c"]


def test_what_would_fail_for_all_is_not_tried_for_all(server: Any, do: Any, ask: Ask) -> None:
    server.default = do.refuse(401, "wrong key")
    backend = OpenAIBackend("tiny", base_url=server.url, concurrency=2)
    replies = backend.generate([ask(str(number)) for number in range(50)])
    assert all(reply.error is not None and reply.error.status == 401 for reply in replies)
    assert len(server.seen) <= 2


# --- parameters that a server lacks


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Unrecognized request argument supplied: seed"),
        (422, "seed: Extra inputs are not permitted"),
        (400, "Unknown parameter: 'seed'."),
        (400, "`seed` is not supported by this model"),
    ],
)
def test_a_server_without_seeds(
    backend: OpenAIBackend, server: Any, do: Any, ask: Ask, status: int, message: str
) -> None:
    server.plans["a cat"] = [do.refuse(status, message)]
    cat = backend.generate([ask("a cat")])[0]
    dog = backend.generate([ask("a dog")])[0]
    assert (cat.text, dog.text) == ("re: a cat", "re: a dog")
    assert "seed" in cat.notes[0]
    assert cat.notes == dog.notes
    assert [("seed" in body) for body in server.seen] == [True, False, False]


def test_a_server_that_wants_max_completion_tokens(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    server.plans["a cat"] = [do.refuse(400, message, "max_tokens")]
    assert backend.generate([ask("a cat", max_tokens=9)])[0].text == "re: a cat"
    assert server.seen[-1]["max_completion_tokens"] == 9
    assert "max_tokens" not in server.seen[-1]


def test_a_limit_that_is_too_high_is_not_dropped(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    server.plans["a cat"] = [do.refuse(400, "max_tokens is too large: 99999", "max_tokens")]
    assert "too large" in failure(backend, ask("a cat")).message
    assert server.asked("a cat") == 1


SCHEMA = {"type": "object", "properties": {"caption": {"type": "string"}}}


def test_a_schema_is_sent(backend: OpenAIBackend, server: Any, ask: Ask) -> None:
    backend.generate([ask("a cat", schema=SCHEMA)])
    sent = server.seen[0]["response_format"]
    assert (sent["type"], sent["json_schema"]["schema"]) == ("json_schema", SCHEMA)


def test_a_server_without_schemas(backend: OpenAIBackend, server: Any, do: Any, ask: Ask) -> None:
    refusals = ["response_format type json_schema is unavailable", "'response_format.type' must be 'text'"]
    server.plans["a cat"] = [do.refuse(400, message) for message in refusals]
    reply = backend.generate([ask("a cat", schema=SCHEMA)])[0]
    assert reply.text == "re: a cat"
    assert "response_format" in reply.notes[0]
    formats = [body.get("response_format", {}).get("type") for body in server.seen]
    assert formats == ["json_schema", "json_object", None]


# --- keys


def test_no_key_no_header(backend: OpenAIBackend, server: Any, ask: Ask) -> None:
    backend.generate([ask("a cat")])
    assert "authorization" not in server.headers[0]


def test_the_key_is_sent_and_shown_nowhere(
    server: Any, do: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    caplog.set_level(logging.DEBUG)
    server.plans["a cat"] = [do.refuse(401, "Incorrect API key provided: sk-very-secret")]
    backend = OpenAIBackend("tiny", base_url=server.url, key_env_var="MY_KEY")
    error = failure(backend, ask("a cat"))
    assert server.headers[0]["authorization"] == "Bearer sk-very-secret"
    assert "MY_KEY" in error.hint
    ours = [record.getMessage() for record in caplog.records]
    assert "sk-very-secret" not in f"{error!s} {backend.identity()} {vars(backend)} {ours}"


def test_a_hosted_server_needs_a_key(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    backend = OpenAIBackend("gpt")
    assert backend.needs_key
    with pytest.raises(InvalidInput, match="OPENAI_API_KEY"):
        backend.generate([ask("a cat")])


def test_a_password_in_the_address_is_not_shown(server: Any, do: Any, ask: Ask) -> None:
    server.default = do.refuse(500)
    backend = OpenAIBackend("tiny", base_url=server.url.replace("//", "//user:secret@"), retries=0)
    assert "secret" not in f"{failure(backend, ask('a cat'))!s} {backend.identity()}"


# --- models and addresses


def test_an_unknown_model_brings_the_list(server: Any, do: Any, ask: Ask) -> None:
    server.models = ["llama", "qwen"]
    server.default = do.refuse(404, "model not found")
    error = failure(OpenAIBackend("gwen", base_url=server.url), ask("a cat"))
    assert "llama, qwen" in error.hint


def test_the_only_model_is_taken(server: Any, ask: Ask) -> None:
    backend = OpenAIBackend(base_url=server.url)
    assert backend.generate([ask("a cat")])[0].error is None
    assert server.seen[0]["model"] == backend.identity()["model"] == "tiny"


@pytest.mark.parametrize("models", [[], ["llama", "qwen"]])
def test_no_model_named_and_not_just_one_there(server: Any, ask: Ask, models: list[str]) -> None:
    server.models = models
    with pytest.raises(InvalidInput, match="llama, qwen" if models else "none"):
        OpenAIBackend(base_url=server.url).generate([ask("a cat")])


def test_no_server(ask: Ask, server: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    backend = OpenAIBackend("tiny", base_url=f"http://127.0.0.1:{port}", retries=1)
    replies = backend.generate([ask(str(number)) for number in range(30)])
    assert all(reply.error is not None and "no server" in reply.error.message for reply in replies)
    with pytest.raises(BackendError, match="no server"):
        OpenAIBackend(base_url=f"http://127.0.0.1:{port}", retries=0).generate([ask("a cat")])


@pytest.mark.parametrize(("port", "command"), [(11434, "ollama serve"), (8000, "vllm serve")])
def test_the_hint_says_how_to_start_it(port: int, command: str) -> None:
    from t2v_recaption.backends.server_errors import Server, normalise

    openai = pytest.importorskip("openai")
    error = openai.APIConnectionError(request=None)
    error.__cause__ = type("ConnectError", (Exception,), {})()
    server = Server(f"http://localhost:{port}/v1", "m", "KEY", "", 1.0)
    assert command in normalise(error, server).hint


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:8000/", "http://localhost:8000/v1"),
        ("https://host/api/openai/", "https://host/api/openai"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_addresses(given: str, used: str) -> None:
    assert normal_url(given) == used


@pytest.mark.parametrize("given", ["ftp://host", "http://", "http://host:port", "http://host:99999", "   "])
def test_no_addresses(given: str) -> None:
    with pytest.raises(InvalidInput, match="no address"):
        OpenAIBackend("tiny", base_url=given)


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"timeout": 0}, {"retries": -1}])
def test_numbers_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        OpenAIBackend("tiny", base_url="http://localhost:1", **options)


# --- images, unloading, interrupting


def test_images_are_sent_before_the_text(backend: OpenAIBackend, server: Any, ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "frame.png"
    path.write_bytes(PNG)
    assert backend.generate([ask("a cat", images=(path, PNG))])[0].error is None
    parts = server.seen[0]["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["image_url", "image_url", "text"]
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert [part["image_url"]["url"] for part in parts[:2]] == [url, url]


def test_an_image_that_is_not_there(backend: OpenAIBackend, ask: Ask, tmp_path: Path) -> None:
    missing, fine = backend.generate([ask("a cat", images=(tmp_path / "no.png",)), ask("a dog")])
    assert missing.error is not None
    assert "no.png" in missing.error.message
    assert fine.text == "re: a dog"


def test_ollama_is_told_to_unload(server: Any, ask: Ask) -> None:
    backend = OpenAIBackend("tiny", base_url=server.url, unload=True)
    backend.close()
    assert server.paths == []
    backend.generate([ask("a cat")])
    backend.close()
    assert server.paths[-1] == "/api/generate"
    assert server.seen[-1] == {"model": "tiny", "keep_alive": 0}


def test_an_interrupt_drops_what_waits(server: Any, do: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import Future

    server.default = do.slow(0.1)
    backend = OpenAIBackend("tiny", base_url=server.url, concurrency=1, retries=0)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        backend.generate([ask(str(number)) for number in range(50)])
    assert len(server.seen) < 10
    monkeypatch.undo()
    for thread in threading.enumerate():
        if thread.name.startswith("t2v-openai"):
            thread.join(5)
    assert backend.generate([ask("a cat")])[0].text == "re: a cat"
