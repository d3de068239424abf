"""A small server for blind judging, on this machine only: the page, its clips, and the answers as they are given."""

from __future__ import annotations

import json
import re
import secrets
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from t2v_recaption.compare.blind import ANSWERS, Sheet, add_answer, blind_page, media_type, read_answers, write_key
from t2v_recaption.errors import RecaptionError

HOST = "127.0.0.1"
LARGEST_BODY = 10_000


class BlindServer(ThreadingHTTPServer):
    """Serves one sheet under an address that cannot be guessed.

    Args:
        folder: of the run; answers are appended to its `answers.jsonl`.
        sheet: the questions.
        port: 0 takes a free one.
    """

    daemon_threads = True

    def __init__(self, folder: Path, sheet: Sheet, port: int = 0) -> None:
        super().__init__((HOST, port), _Handler)
        self.folder, self.sheet, self.token = folder, sheet, secrets.token_urlsafe(12)
        write_key(folder, sheet)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    def answers(self) -> dict[int, Any]:
        """What was answered so far."""
        return dict(read_answers(self.folder / ANSWERS, self.sheet.id).get(self.sheet.id, {}))


class _Handler(BaseHTTPRequestHandler):
    server: BlindServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the page, or a clip."""
        if (path := self._path()) is None:
            return
        if path == "":
            html = blind_page(self.server.sheet, self.server.answers(), served=True).encode()
            self._reply(HTTPStatus.OK, "text/html; charset=utf-8", html)
        elif found := re.fullmatch(r"clip/(\d{1,9})/(left|right)", path):
            self._clip(int(found[1]), found[2])
        else:
            self._reply(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Take an answer."""
        if (path := self._path()) is None:
            return
        length = self.headers.get("Content-Length", "")
        if path != "answer" or not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._reply(HTTPStatus.BAD_REQUEST)
            return
        try:
            told = json.loads(self.rfile.read(int(length)))
            number, seconds = int(told["number"]), float(told.get("seconds", 0.0))
            add_answer(self.server.folder, self.server.sheet, number, told["choice"], seconds)
        except (ValueError, KeyError, TypeError, RecaptionError):
            self._reply(HTTPStatus.BAD_REQUEST)
            return
        self._reply(HTTPStatus.NO_CONTENT)

    def log_message(self, *args: object) -> None:
        """Say nothing: the terminal is for the person."""

    def _path(self) -> str | None:
        """What is asked for under the address; None (and an answer) for everybody who does not know it."""
        host = self.headers.get("Host", "").rpartition(":")[0]
        start = f"/{self.server.token}/"
        # A page elsewhere that points a name of its own at this machine would send that name as the host.
        if host not in (HOST, "localhost") or not self.path.startswith(start):
            self.close_connection = True
            self._reply(HTTPStatus.NOT_FOUND)
            return None
        return self.path.removeprefix(start)

    def _clip(self, number: int, side: str) -> None:
        pairs = self.server.sheet.pairs
        if not (self.server.sheet.clips and 1 <= number <= len(pairs)):
            self._reply(HTTPStatus.NOT_FOUND)
            return
        path = Path(getattr(pairs[number - 1], side))
        try:
            data = path.read_bytes()
        except OSError:
            self._reply(HTTPStatus.NOT_FOUND)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None or int(wanted[1]) >= len(data):
            self._reply(HTTPStatus.OK, media_type(path), data)
            return
        first, last = int(wanted[1]), min(int(wanted[2] or len(data) - 1), len(data) - 1)
        part = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
        self._reply(HTTPStatus.PARTIAL_CONTENT, media_type(path), data[first : last + 1], part)

    def _reply(
        self, status: HTTPStatus, kind: str = "text/plain", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Accept-Ranges", "bytes")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
