"""Tiny models built on the spot, the real SmolLM2 where it can be had, and a server that misbehaves on command."""

from __future__ import annotations

import importlib.util
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption.backends.base import ChatRequest, Message
from tests import tiny_models
from tests.tiny_models import CHATML, byte_tokenizer, text_settings


@pytest.fixture(scope="session")
def ask() -> Callable[..., ChatRequest]:
    """A request with one user message, greedy and short unless told otherwise."""

    def make(text: str, system: str = "", images: tuple[Any, ...] = (), **options: Any) -> ChatRequest:
        messages = ([Message("system", system)] if system else []) + [Message("user", text, images)]
        return ChatRequest(tuple(messages), **{"temperature": 0.0, "max_tokens": 12, **options})

    return make


# --- tiny models


def build(folder: Path, kind: str, template: str | None = CHATML, **settings: Any) -> Path:
    """A random model of that kind with the byte tokenizer, saved."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    tokenizer = byte_tokenizer(template)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = getattr(transformers, f"{kind}Config")(**{**text_settings(tokenizer), **settings})
        getattr(transformers, f"{kind}ForCausalLM")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("llama"), "Llama")


@pytest.fixture(scope="session")
def build_model() -> Callable[..., Path]:
    return build


@pytest.fixture(scope="session")
def tiny_llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random vision-language model with a real processor; needs no torchvision."""
    return tiny_models.tiny_llava(tmp_path_factory.mktemp("llava"))


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The real SmolLM2-135M-Instruct; tests that want it are skipped when it cannot be had."""
    for package in ("torch", "transformers", "gguf"):
        pytest.importorskip(package)
    spec = importlib.util.spec_from_file_location("fetch_models", Path(__file__).parent.parent / "fetch_models.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        path: Path = module.smollm2()
    except OSError as error:
        pytest.skip(f"SmolLM2 cannot be had: {error}")
    return path


# --- a server that misbehaves on command


class Server:
    """An OpenAI-compatible server on this machine. `plans` says what it does with a prompt, first try first."""

    def __init__(self) -> None:
        self.plans: dict[str, list[Callable[[Any, dict[str, Any]], None]]] = {}
        self.default: Callable[[Any, dict[str, Any]], None] = answer()
        self.models = ["tiny"]
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.times: dict[str, list[float]] = {}
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def asked(self, prompt: str) -> int:
        """How often the server was asked this."""
        return len(self.times.get(prompt, []))

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                send(self, 200, {"object": "list", "data": [{"id": m, "object": "model"} for m in server.models]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.paths.append(self.path)
                if not self.path.endswith("/chat/completions"):
                    server.seen.append(body)
                    return send(self, 200, {})
                with server._lock:
                    action = server._note(body, {name.lower(): value for name, value in self.headers.items()})
                try:
                    action(self, body)
                finally:
                    with server._lock:
                        server._at_once -= 1
                return None

        return Handler

    def _note(self, body: dict[str, Any], headers: dict[str, str]) -> Callable[[Any, dict[str, Any]], None]:
        self.seen.append(body)
        self.headers.append(headers)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        prompt = prompt_of(body)
        self.times.setdefault(prompt, []).append(time.monotonic())
        plan = self.plans.get(prompt)
        return plan.pop(0) if plan else self.default


def prompt_of(body: dict[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else next(part["text"] for part in content if part["type"] == "text")


def send(handler: Any, status: int, body: Any, **headers: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(raw)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(raw)


def completion(text: str | None, **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "tiny", "choices": [choice], "usage": usage}


def answer(text: str | None = None, **message: Any) -> Callable[[Any, dict[str, Any]], None]:
    """Answer well: with the text, or with an echo of the prompt."""

    def act(handler: Any, body: dict[str, Any]) -> None:
        send(handler, 200, completion(f"re: {prompt_of(body)}" if text is None else text, **message))

    return act


def refuse(status: int, message: str = "no", param: str | None = None, **headers: str) -> Callable[..., None]:
    """Answer with an error."""

    def act(handler: Any, body: dict[str, Any]) -> None:
        send(handler, status, {"error": {"message": message, "type": "error", "param": param, "code": None}}, **headers)

    return act


def raw(body: bytes, content_type: str = "application/json") -> Callable[..., None]:
    """Answer 200 with these bytes."""

    def act(handler: Any, _: dict[str, Any]) -> None:
        send(handler, 200, body, Content_Type=content_type)

    return act


def slow(seconds: float) -> Callable[..., None]:
    """Answer well, but late."""

    def act(handler: Any, body: dict[str, Any]) -> None:
        time.sleep(seconds)
        try:
            answer()(handler, body)
        except OSError:  # the client has gone
            handler.close_connection = True

    return act


def cut(handler: Any, _: dict[str, Any]) -> None:
    """Promise a long answer, send a few bytes of it, and hang up."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def split(text: str) -> Callable[..., None]:
    """Answer in chunks of one byte, so that every character outside ASCII is torn."""

    def act(handler: Any, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for byte in json.dumps(completion(text), ensure_ascii=False).encode():
            handler.wfile.write(b"1\r\n" + bytes([byte]) + b"\r\n")
            handler.wfile.flush()
        handler.wfile.write(b"0\r\n\r\n")

    return act


class Misbehaviour:
    """What a server can be told to do, for tests to put into its plans."""

    answer, refuse, raw, slow, split = map(staticmethod, (answer, refuse, raw, slow, split))
    cut = staticmethod(cut)
    completion = staticmethod(completion)


@pytest.fixture
def do() -> type[Misbehaviour]:
    return Misbehaviour


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    base_client = pytest.importorskip("openai._base_client")
    monkeypatch.setattr(base_client, "INITIAL_RETRY_DELAY", 0.001)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    running = Server()
    yield running
    running.stop()
