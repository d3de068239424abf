"""Real servers on loopback: in this process with a writer that waits for the test, and as the command."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption import Enhancer
from t2v_recaption.serve import Limits, Server
from t2v_recaption.writers.composer import Composer

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
"""Seconds after which a test gives up on what should have happened; never a measure of speed."""


class GatedComposer(Composer):
    """The composer, held up until the test opens the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.entered = threading.Semaphore(0)
        self.groups: list[int] = []

    def write(self, requests: Sequence[Any], target: Any, options: Any) -> list[Any]:
        self.groups.append(len(requests))
        self.entered.release()
        assert self.gate.wait(PATIENCE)
        return super().write(requests, target, options)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    json: Any


@dataclass
class Client:
    """Requests to a running server, each on a connection of its own."""

    host: str
    port: int
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, content: Any = None, *, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            sent = {"Content-Type": "application/json"} if method == "POST" else {}
            sent |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            data = json.dumps(content).encode() if content is not None else body
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            text = response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, json.loads(text or "null"))

    def enhance(self, prompt: str = "a cat", **options: Any) -> Answer:
        return self.ask("POST", "/v1/enhance", {"prompt": prompt, **options})

    def pending(self) -> int:
        return int(self.ask("GET", "/health").json["prompts"]["pending"])

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENCE)


@contextlib.contextmanager
def serving(enhancer: Enhancer | None = None, *, token: str = "", host: str = "127.0.0.1", **limits: Any):
    """A server in a thread of this process; the server and a client of it."""
    server = Server(enhancer or Enhancer(), host=host, port=0, token=token, limits=Limits(**limits))
    address: list[str] = []
    ready = threading.Event()
    thread = threading.Thread(target=lambda: server.run(lambda url: (address.append(url), ready.set())))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield server, Client("127.0.0.1", int(address[0].rpartition(":")[2]), token)
    finally:
        server.stop()
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client of a server with the composer and the limits as they are by default."""
    with serving(Enhancer("wan2.2", seed=5)) as (_, client):
        yield client


@pytest.fixture
def writer() -> Iterator[GatedComposer]:
    writer = GatedComposer()
    yield writer
    writer.gate.set()


@contextlib.contextmanager
def command(*options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """The real command in its own process, on a free port."""
    call = [sys.executable, "-m", "t2v_recaption", "serve", "--port", "0", *options]
    process = subprocess.Popen(
        call, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        url = process.stdout.readline().strip()
        assert url, process.stderr.read()
        yield process, Client("127.0.0.1", int(url.rpartition(":")[2]))
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()
        process.stderr.close()


@dataclass
class ModelServer:
    """An OpenAI-like model server that answers when the test lets it."""

    gate: threading.Event = field(default_factory=threading.Event)
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    url: str = ""


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    state = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.release()
            state.gate.wait(PATIENCE)
            text = "A cat sits on a sunny windowsill and looks out at the street, its tail moving slowly."
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            body = json.dumps({"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]})
            with contextlib.suppress(OSError):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    state.gate.set()
    server.shutdown()
    server.server_close()


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait for something that must come true."""
    waited = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if condition():
            return True
        waited.wait(0.02)
    return False


def received(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)
