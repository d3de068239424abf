"""Ledger: the record of truth of a run over clips, append-only, at the level of single steps.

A folder beside the output, `OUTPUT.ledger/`, holds `job.json` (what was asked for) and one `.jsonl` file for every
process that ever wrote. A process only appends to its own file, whole lines at a time, so that several may write at
once and a kill at any moment costs at most the line that was being written. A line is one of

    {"kind": "parts", "id": …, "sha256": …, "parts": [[start, end], …]}   how a video was split
    {"kind": "step", "id": …, "sha256": …, "step": {…}}                   one differential caption
    {"kind": "row", "id": …, "row": {…}}                                  the outcome of a clip, good or bad
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from t2v_recaption.captioners.base import Step
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.records import to_plain
from t2v_recaption.whole_files import write_whole

Sync = Literal["never", "row", "step"]
"""When the disk is told to really keep it: a kill never loses what was written, a power cut may what was not synced."""

VERSION = 1


class Halt(Exception):
    """The run cannot go on: the disk takes no more, or the model cannot be used at all. `error` says it to people.

    No `RecaptionError` itself, so that nothing on the way takes it for the failure of one clip.
    """

    def __init__(self, error: RecaptionError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass
class Past:
    """What a ledger knows of one clip."""

    place: tuple[int, int] | None = None
    """File number and offset of its last row; None while there is none."""
    ok: bool = False
    retryable: bool = False
    """Whether the failure of the last row may pass."""
    failures: int = 0
    sha256: str = ""
    steps: dict[int, Step] = field(default_factory=dict)
    """Steps by number, of a clip that is not finished."""
    parts: list[tuple[float, float]] | None = None


class Ledger:
    """Reads what earlier processes wrote and appends to a file of its own.

    Args:
        folder: `OUTPUT.ledger`.
        sync: when to call fsync.
    """

    def __init__(self, folder: Path, *, sync: Sync = "row") -> None:
        self.folder = folder
        self.sync = sync
        self.past: dict[str, Past] = {}
        self.torn = 0
        """Lines that could not be read: cut off by a kill."""
        self._files: list[Path] = []
        self._fd: int | None = None
        self._size = 0
        self._number = -1
        self._closed = False
        self._lock = Lock()

    @property
    def exists(self) -> bool:
        """Whether an earlier run left something."""
        return (self.folder / "job.json").is_file()

    def begin(self, settings: dict[str, Any]) -> None:
        """Start a ledger, or go on with one that was made with the same settings.

        Raises:
            InvalidInput: the settings differ, or the folder cannot be written.
        """
        path = self.folder / "job.json"
        wanted = json.loads(json.dumps(to_plain(settings), default=str))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.exists:
                _compare(json.loads(path.read_text(encoding="utf-8")), wanted, self.folder)
                return
            write_whole(path, json.dumps({"version": VERSION, "settings": wanted}, ensure_ascii=False, indent=1))
        except OSError as error:
            raise InvalidInput(f"{self.folder} cannot be written: {error.strerror}.") from error
        except ValueError as error:
            raise InvalidInput(f"{path} is damaged: {error}.", hint="Start again with --overwrite.") from error

    def load(self) -> None:
        """Read everything that was ever written, in the order in which the files were begun."""
        self.past.clear()
        self.torn = 0
        self._files = sorted(self.folder.glob("*.jsonl"))
        for number in range(len(self._files)):
            for offset, record in self._records(number):
                self._remember(record, number, offset)

    def known(self, id: str, sha256: str) -> tuple[Step, ...]:
        """The steps of an unfinished clip, by number; none when they are of another file's content."""
        past = self.past.get(id)
        if past is None or past.sha256 != sha256:
            return ()
        return tuple(past.steps[number] for number in sorted(past.steps))

    def finished(self, id: str) -> bool:
        """Whether there is a good row of that clip."""
        past = self.past.get(id)
        return past is not None and past.ok

    def row(self, id: str) -> dict[str, Any] | None:
        """The last row of a clip, read from the disk."""
        past = self.past.get(id)
        if past is None or past.place is None:
            return None
        number, offset = past.place
        with self._files[number].open("rb") as stream:
            stream.seek(offset)
            row: dict[str, Any] = json.loads(stream.readline())["row"]
            return row

    def add_parts(self, id: str, sha256: str, parts: list[tuple[float, float]]) -> None:
        """Record how a video is split.

        Raises:
            Halt: the disk takes no more.
        """
        self._append({"kind": "parts", "id": id, "sha256": sha256, "parts": parts}, sync=self.sync == "step")

    def add_step(self, id: str, sha256: str, step: Step) -> None:
        """Record one differential caption.

        Raises:
            Halt: the disk takes no more.
        """
        record = {"kind": "step", "id": id, "sha256": sha256, "step": step.to_dict()}
        self._append(record, sync=self.sync == "step")

    def add_row(self, id: str, row: dict[str, Any]) -> None:
        """Record the outcome of a clip.

        Raises:
            Halt: the disk takes no more.
        """
        self._append({"kind": "row", "id": id, "row": row}, sync=self.sync != "never")

    def clear(self) -> None:
        """Remove what earlier runs wrote.

        Raises:
            InvalidInput: it cannot be removed.
        """
        try:
            for path in (*self.folder.glob("*.jsonl"), self.folder / "job.json"):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise InvalidInput(f"{self.folder} cannot be removed: {error.strerror}.") from error
        self.past.clear()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Within, no other run may use this ledger.

        Raises:
            InvalidInput: another run uses it now.
        """
        try:
            import fcntl
        except ImportError:  # Windows: two runs on one output are the user's own affair there
            yield
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InvalidInput(
                    f"Another run is writing to {self.folder}.", hint="Wait for it, or give another --output."
                ) from error
            except OSError:
                pass  # a file system without locks
            yield

    def close(self) -> None:
        """Close the file that is being appended to; safe to call twice."""
        with self._lock:
            self._closed = True
            if self._fd is not None:
                with contextlib.suppress(OSError):
                    os.close(self._fd)
                self._fd = None

    def _append(self, record: dict[str, Any], *, sync: bool) -> None:
        line = json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            if self._closed:
                raise Halt(RecaptionError("The run was stopped."))
            try:
                fd = self._open()
                offset = self._size
                _write_all(fd, line, offset)
                if sync:
                    os.fsync(fd)
            except OSError as error:
                raise Halt(
                    RecaptionError(
                        f"The ledger {self.folder} cannot be written any further: {error.strerror}.",
                        hint="Everything before is kept; make room and go on with --resume.",
                    )
                ) from error
            self._size += len(line)
            self._remember(record, self._number, offset)

    def _open(self) -> int:
        if self._fd is None:
            host = "".join(c if c.isalnum() else "-" for c in socket.gethostname())[:32]
            name = f"{time.time_ns():020d}-{host}-{os.getpid()}-{uuid.uuid4().hex[:6]}.jsonl"
            path = self.folder / name
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            self._files.append(path)
            self._number, self._size = len(self._files) - 1, 0
        return self._fd

    def _records(self, number: int) -> Iterator[tuple[int, dict[str, Any]]]:
        offset = 0
        with self._files[number].open("rb") as stream:
            for line in stream:
                record = _parsed(line)
                if record is None:
                    self.torn += 1
                else:
                    yield offset, record
                offset += len(line)

    def _remember(self, record: dict[str, Any], number: int, offset: int) -> None:
        past = self.past.setdefault(record["id"], Past())
        if record["kind"] == "parts":
            past.parts = [(float(start), float(end)) for start, end in record["parts"]]
            past.sha256 = record["sha256"]
        elif record["kind"] == "step" and not past.ok:
            if past.sha256 != record["sha256"]:
                past.steps, past.sha256 = {}, record["sha256"]
            step = _step(record["step"])
            past.steps.setdefault(step.number, step)
        elif record["kind"] == "row":
            row = record["row"]
            good = row.get("status") == "ok"
            if good or not past.ok:
                past.place, past.ok, past.retryable = (number, offset), good, bool(row.get("retryable"))
                past.failures += not good
            if good:
                past.steps = {}


def _parsed(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "id" in record and "kind" in record else None


def _step(plain: dict[str, Any]) -> Step:
    return Step(**{**plain, "flags": tuple(plain.get("flags", ()))})


def _write_all(fd: int, line: bytes, offset: int) -> None:
    """Write a line wholly or not at all: what a full disk took of it is taken back."""
    done = 0
    try:
        while done < len(line):
            done += os.write(fd, line[done:])
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(fd, offset)
            os.lseek(fd, offset, os.SEEK_SET)
        raise


def _compare(job: dict[str, Any], wanted: dict[str, Any], folder: Path) -> None:
    had = job.get("settings", {})
    if job.get("version") != VERSION:
        raise InvalidInput(
            f"{folder} was written by another version of this program.", hint="Start again with --overwrite."
        )
    differing = sorted(key for key in had.keys() | wanted.keys() if had.get(key) != wanted.get(key))
    if differing:
        key = differing[0]
        raise InvalidInput(
            f"{folder} was made with other settings: {', '.join(differing)} "
            f"({key} was {_brief(had.get(key))}, is {_brief(wanted.get(key))}).",
            hint="Repeat the options of the first run, give another --output, or start again with --overwrite.",
        )


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
