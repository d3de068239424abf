"""Small real videos, and a vision server on loopback that answers by what it is asked and remembers it."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption.batch.clips import ClipJob, Resources
from tests.video.films import numbered, write

QUICK = Resources(workers=2, batch=4, timeout=60)


@pytest.fixture
def clips(tmp_path) -> Path:
    """Four clips of five seconds; none looks like another."""
    return make_clips(tmp_path / "clips", 4)


def make_clips(folder: Path, count: int, seconds: int = 5) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        stamps = range(0, seconds * 1000, 200)
        pictures = [numbered((number * 41 + shown) % 256) for shown in range(len(stamps))]
        write(folder / f"clip{number}.mp4", stamps, options={"preset": "ultrafast"}, pictures=pictures)
    return folder


class Eyes:
    """The server: its address, what it was asked, and how it may be made to fail."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """A digest of each request that was answered, in order."""
        self.delay = 0.0
        self.answer: Callable[[str, dict[str, Any]], Any] = _describe
        """Gives the text for a digest and a request; an int is an HTTP status; None cuts the connection."""
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"eyes": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None  # clients are killed here: a connection that breaks says nothing
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def job(self, mode: str = "sliding", **options: Any) -> ClipJob:
        """A job that this server answers."""
        backend = {"base_url": self.url, "model": "eyes", "retries": 0, "timeout": 20, "concurrency": 4}
        return ClipJob(mode=mode, backend="openai", backend_options=backend, **options)

    def reply(self, body: dict[str, Any]) -> Any:
        digest = hashlib.sha256(json.dumps(body["messages"], sort_keys=True).encode()).hexdigest()
        time.sleep(self.delay)
        text = self.answer(digest, body)
        if isinstance(text, str):
            with self._lock:
                self.asked.append(digest)
        return text

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def _describe(digest: str, body: dict[str, Any]) -> str:
    return f"A pattern named {digest[:10]} drifts over the stage while {digest[10:16]} stays where it is."


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    eyes: Eyes

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": "eyes", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = self.eyes.reply(body)
        if text is None:
            self.close_connection = True
            self.connection.close()
        elif isinstance(text, int):
            self._send(text, {"error": {"message": "out of order", "code": text}})
        else:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._send(200, {"id": "x", "object": "chat.completion", "model": "eyes", "choices": [choice]})

    def _send(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def eyes() -> Iterator[Eyes]:
    server = Eyes()
    yield server
    server.stop()


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
