"""The store of a run: every outcome under the hash of what it was made from, safe against a kill at any point."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.records import Record

NAME = "results.sqlite"
RUNNING = "running.sqlite"
"""Locked while a process works on the run; the system lets go of the lock when the process dies, however it dies."""


@dataclass(frozen=True)
class Outcome(Record):
    """What became of one step: a value, or an error. An error is never a value."""

    value: dict[str, Any]
    """Empty for an error."""
    error: str = ""
    seconds: float = 0.0
    """How long it took."""
    made: float = 0.0
    """When: seconds since 1970."""

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return not self.error


class Store:
    """Outcomes by key in one SQLite file in the folder of the run.

    Raises:
        InvalidInput: the file is there and is no store.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.path = folder / NAME
        try:
            self._connection = sqlite3.connect(self.path, timeout=30.0, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS outcomes (key TEXT PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, "
                "error TEXT NOT NULL, seconds REAL NOT NULL, made REAL NOT NULL)"
            )
        except sqlite3.DatabaseError as error:
            raise InvalidInput(f"{self.path} cannot be used: {error}.", hint="Give another --run.") from error

    def get(self, key: str) -> Outcome | None:
        """The outcome under a key; None where there is none."""
        row = self._connection.execute(
            "SELECT value, error, seconds, made FROM outcomes WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else Outcome(json.loads(row[0]), *row[1:])

    def put(self, key: str, kind: str, outcome: Outcome) -> Outcome:
        """Keep an outcome: it is on the disk when this returns. A value is never replaced, an error may be.

        Raises:
            RecaptionError: the disk is full or gone; everything before is kept.
        """
        row = (key, kind, json.dumps(outcome.value, ensure_ascii=True), outcome.error, outcome.seconds)
        try:
            with self._connection:
                self._connection.execute("DELETE FROM outcomes WHERE key = ? AND error != ''", (key,))
                self._connection.execute(
                    "INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?, ?, ?)", (*row, outcome.made or time.time())
                )
        except sqlite3.Error as error:
            raise RecaptionError(
                f"{self.path} cannot be written any further: {error}.",
                hint="What was finished is kept: make room and give the same command again.",
            ) from error
        return outcome

    def forget_errors(self) -> int:
        """Forget every error, so that those steps are tried again; how many there were."""
        with self._connection:
            return self._connection.execute("DELETE FROM outcomes WHERE error != ''").rowcount

    def seconds(self, kind: str) -> float | None:
        """How long a step of that kind took, in the middle of all; None where none was done."""
        rows = self._connection.execute(
            "SELECT seconds FROM outcomes WHERE kind = ? AND error = '' ORDER BY seconds", (kind,)
        ).fetchall()
        return rows[len(rows) // 2][0] if rows else None

    def count(self, kind: str) -> int:
        """How many outcomes of that kind there are."""
        (found,) = self._connection.execute("SELECT count(*) FROM outcomes WHERE kind = ?", (kind,)).fetchone()
        return int(found)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def make_folder(folder: Path) -> None:
    """Make the folder of a run.

    Raises:
        InvalidInput: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"The folder {folder} cannot be made: {error.strerror}.", hint="Give another --run."
        ) from error


@contextmanager
def only_process(folder: Path) -> Iterator[None]:
    """Make sure that nobody else works on this run: two would make, and pay for, everything twice.

    Raises:
        InvalidInput: another process works on it.
    """
    make_folder(folder)
    connection = sqlite3.connect(folder / RUNNING, timeout=0.2, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" not in str(error):
            raise InvalidInput(f"{folder} cannot be used: {error}.", hint="Give another --run.") from error
        raise InvalidInput(
            f"Another process works on the run in {folder}.", hint="Wait for it, or give another --run."
        ) from error
    try:
        yield
    finally:
        connection.close()
