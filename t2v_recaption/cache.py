"""Content-addressed store of model replies: the same question to the same model is paid for once."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest, Estimate, Footage
from t2v_recaption.backends.images import digest
from t2v_recaption.records import to_plain

log = logging.getLogger(__name__)

BUSY_SECONDS = 30.0
"""How long one process waits for another that is writing."""


def default_path() -> Path:
    """The user's cache file (`~/.cache/t2v_recaption/replies.sqlite` on Linux)."""
    from platformdirs import user_cache_path

    return user_cache_path("t2v_recaption") / "replies.sqlite"


class ReplyStore:
    """Replies by key in one SQLite file, safe for several processes; an unusable file is a warning, not a failure."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self._connection: sqlite3.Connection | None = None
        self._broken = False

    def get(self, key: str) -> dict[str, Any] | None:
        """The stored reply, or None."""
        rows = self._run("SELECT reply FROM replies WHERE key = ?", (key,))
        if not rows:
            return None
        try:
            reply = json.loads(rows[0][0])
        except ValueError:
            return None
        return reply if isinstance(reply, dict) else None

    def put(self, key: str, reply: dict[str, Any]) -> None:
        """Store a reply under its key."""
        self._run("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, json.dumps(reply, ensure_ascii=True)))

    def clear(self) -> None:
        """Forget everything."""
        self._run("DELETE FROM replies", ())

    def close(self) -> None:
        """Close the file; it opens again when used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, statement: str, values: tuple[str, ...]) -> list[tuple[str]]:
        if self._broken:
            return []
        try:
            with self._open() as connection:
                return connection.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            log.warning("The reply cache %s cannot be used (%s); going on without it.", self.path, error)
            self._broken = True
            return []

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL)")
        return self._connection


class CachedBackend(Backend):
    """A backend that looks into a `ReplyStore` first. Failed and cut-off replies are never stored."""

    def __init__(self, backend: Backend, store: ReplyStore) -> None:
        self.backend = backend
        self.store = store
        self.name = backend.name
        self.accepts_images = backend.accepts_images
        self.supports_schema = backend.supports_schema
        self.supports_choices = backend.supports_choices
        self.supports_beams = backend.supports_beams

    @property
    def accepts_video(self) -> bool:  # type: ignore[override]  # some backends know only when the model is there
        """That of the backend behind."""
        return self.backend.accepts_video

    def generate(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """Stored replies where there are any; one call of the backend for all others."""
        identity = self.identity()
        keys = [request_key(identity, request) for request in requests]
        replies = [self._stored(key) for key in keys]
        missing = [index for index, reply in enumerate(replies) if reply is None]
        fresh = self.backend.generate([requests[index] for index in missing]) if missing else []
        for index, reply in zip(missing, fresh, strict=True):
            replies[index] = reply
            if _whole(reply):
                self.store.put(keys[index], reply.to_dict())
        return [reply for reply in replies if reply is not None]

    def prepare(self, request: ChatRequest) -> None:
        """As the backend behind does, where there is no stored reply."""
        if self._stored(request_key(self.identity(), request)) is None:
            self.backend.prepare(request)

    def estimate(self, request: ChatRequest) -> Estimate | None:
        """What the request takes, cached or not."""
        return self.backend.estimate(request)

    def identity(self) -> dict[str, Any]:
        """That of the backend behind."""
        return self.backend.identity()

    def close(self) -> None:
        """Close the backend and the store."""
        self.backend.close()
        self.store.close()

    def _stored(self, key: str) -> ChatReply | None:
        stored = self.store.get(key)
        try:
            return None if stored is None else ChatReply(**stored)
        except TypeError:
            return None


def uncached(backend: Backend) -> Backend:
    """The backend behind the cache: it answers anew what it was asked before."""
    return backend.backend if isinstance(backend, CachedBackend) else backend


def _whole(reply: ChatReply) -> bool:
    """Whether it is worth keeping: probabilities are whole however short the text is."""
    return reply.error is None and (reply.finish_reason == "stop" or reply.probabilities is not None)


def request_key(identity: dict[str, Any], request: ChatRequest) -> str:
    """The content address of a request to a model: every setting and every image's bytes decide it."""
    shown = [[_digest(part) for part in message.content] for message in request.messages]
    text = json.dumps([identity, to_plain(request), shown], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(part: Any) -> Any:
    """Text as it is, an image's or a video's content as hashes."""
    if isinstance(part, str):
        return part
    if isinstance(part, Footage):
        return [[digest(frame) for frame in part.frames], part.times]
    return {"image": digest(part)}
