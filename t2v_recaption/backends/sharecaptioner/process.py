"""Talking to the other process: start it, send a line, wait for a line, and end it whatever it does."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from t2v_recaption.backends.sharecaptioner.worker import MARK, PROTOCOL
from t2v_recaption.errors import BackendError

log = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("worker.py")
NAME = "sharecaptioner"
TAIL = 30
"""Lines of the process's standard error that are kept for messages."""
SHOWN = 5
HELLO_SECONDS = 60.0
QUIT_SECONDS = 10.0


class Died(BackendError):
    """The process ended, was too slow, or spoke nonsense: it is gone, and a new one may do better."""


class TooSlow(Died):
    """It did not answer in time, and would not the next time."""


class Process:
    """A running worker.

    Args:
        python: the command of the interpreter that runs it.
        hello_seconds: how long it may take to start.

    Raises:
        Died: it does not start, or speaks another protocol.
    """

    def __init__(self, python: Sequence[str], *, hello_seconds: float = HELLO_SECONDS) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._out: queue.Queue[bytes | None] = queue.Queue()
        self._errors: deque[str] = deque(maxlen=TAIL)
        self._process = self._start(python)
        self._threads = [
            threading.Thread(target=work, name=f"t2v-{NAME}{work.__name__}", daemon=True)
            for work in (self._read, self._read_errors, self._write)
        ]
        for thread in self._threads:
            thread.start()
        hello = self._wait(hello_seconds, "start")
        if hello.get("type") != "hello" or hello.get("protocol") != PROTOCOL:
            self.kill()
            raise Died(f"The worker said {hello!r} where it should say hello.", backend=NAME)
        log.info("The worker runs Python %s as process %s.", hello.get("python"), hello.get("pid"))

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask(
        self, message: dict[str, Any], seconds: float, doing: str, on_download: Callable[[int], None] | None = None
    ) -> dict[str, Any]:
        """Send a message and wait for what it says to it.

        Raises:
            Died: it ended, did not answer in time, or answered what is no message; it is gone then.
        """
        self._out.put(json.dumps(message).encode() + b"\n")
        wanted, end = message.get("id"), time.monotonic() + seconds
        while True:
            answer = self._wait(max(0.0, end - time.monotonic()), doing, seconds)
            if answer.get("type") == "download":
                if on_download is not None:
                    on_download(int(answer.get("bytes") or 0))
            elif answer.get("id") == wanted:
                return answer
            else:
                log.warning("The worker answered something that was not asked: %s", answer)

    def close(self) -> None:
        """Ask it to quit, and end it when it does not."""
        self._out.put(b'{"type": "quit"}\n')
        self._out.put(None)
        try:
            self._process.wait(QUIT_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("The worker does not quit; it is ended.")
        self.kill()

    def kill(self) -> None:
        """End it now, with all that it started. Safe to call twice."""
        self._out.put(None)
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()

    def _start(self, python: Sequence[str]) -> subprocess.Popen[bytes]:
        # Its own packages only: not those of the environment that this process runs in.
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
        try:
            return subprocess.Popen(
                [*python, "-s", "-u", str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**kept, "PYTHONIOENCODING": "utf-8"},
                start_new_session=True,  # Ctrl-C is for this process, which then ends the other in order
            )
        except OSError as error:
            hint = "Make its environment with: t2v backends install sharecaptioner"
            raise Died(f"The worker cannot be started: {error}.", hint=hint, backend=NAME) from error

    def _wait(self, seconds: float, doing: str, allowed: float | None = None) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.kill()
            what = f"The worker did not {doing} in {allowed or seconds:g} seconds, and was ended."
            raise TooSlow(what, hint=self._said() or "Give it more time.", retryable=True, backend=NAME) from None
        if line is None:
            raise self._ended(doing)
        try:
            message = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("no object")
        except ValueError as error:
            self.kill()
            what = f"The worker said something that is no message: {line[:100]!r}."
            raise Died(what, hint=self._said(), retryable=True, backend=NAME) from error
        return message

    def _ended(self, doing: str) -> Died:
        code = self._process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        self.kill()
        self._threads[1].join(1.0)  # its last words may still be on their way
        what = f"The worker {how} and did not {doing}."
        return Died(what, hint=self._said() or "It may have run out of memory.", retryable=True, backend=NAME)

    def _said(self) -> str:
        said = [line for line in list(self._errors) if line.strip()][-SHOWN:]
        return f"It said last: {' | '.join(said)}" if said else ""

    def _read(self) -> None:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line.startswith(MARK):
                self._lines.put(line[len(MARK) :])
            elif line.strip():
                log.debug("The worker printed: %s", line)
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for raw in self._process.stderr:
            self._errors.append(raw.decode("utf-8", "replace").rstrip("\r\n"))

    def _write(self) -> None:
        # In a thread of its own: a worker that hangs reads nothing, and a full pipe would hang this process as well.
        assert self._process.stdin is not None
        with contextlib.suppress(OSError), self._process.stdin as stdin:
            while (line := self._out.get()) is not None:
                stdin.write(line)
                stdin.flush()
