"""ReaderPool: clips are read in processes of their own, ahead of the model; none can stop or crash the run.

A reader that hangs is killed after `timeout` seconds without a frame or a sign of life, one that crashes or wants too
much memory takes only its clip along, and is replaced. What a reader sends waits in a buffer of bounded size; when that
is full the reader waits too, and does not count as one that works: another may be started for the clips behind it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from t2v_recaption.batch.clips.rows import ReadingError, out_of_time
from t2v_recaption.batch.clips.stream import ROOM, Stream
from t2v_recaption.batch.clips.wire import Message, receive, send_call

TICK = 0.1
START = 60.0
"""Seconds that a new process may take to be ready."""


class _Lane:
    """A thread that keeps one reader process busy."""

    def __init__(self, pool: ReaderPool) -> None:
        self.pool = pool
        self.process: subprocess.Popen[bytes] | None = None
        self.log: Any = None
        self.busy = self.blocked = self.ready = False
        self.since: float | None = None
        """When the last message came, while one is awaited."""
        self.expired = False
        self.thread = Thread(target=self._work, name="t2v-reader", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while (job := self.pool._next(self)) is not None:
            call, stream = job
            try:
                self._serve(call, stream)
            except Exception as error:
                self.stop()
                stream.end(ReadingError(f"Its reader was lost: {error}.", kind="crash"))
            finally:
                self.since = None
        self.stop()

    def _serve(self, call: Any, stream: Stream) -> None:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        self.expired = False
        began = time.monotonic()
        try:
            send_call(process.stdin, call)
            # Starting up is not the clip's fault, however long a busy machine takes for it.
            self.since = time.monotonic() + (0.0 if self.ready else max(0.0, START - self.pool.timeout))
            while True:
                message = receive(process.stdout)
                self.since = None
                if message is not None and message.type == "ready":
                    self.ready = True
                    began = self.since = time.monotonic()
                    continue
                if message is None:
                    stream.end(self._lost())
                    return
                if self.pool.limit and time.monotonic() - began > self.pool.limit:
                    self.stop()
                    stream.end(out_of_time(self.pool.limit))
                    return
                if message.type == "alive" and not stream.closed:
                    self.since = time.monotonic()
                    continue
                if message.type == "end":
                    stream.end()
                    return
                if message.type == "error":
                    stream.end(_as_error(message))
                    return
                if not stream.put(message, self._block):
                    self.stop()  # the rest is not wanted, and telling a decoder to stop is slower than a new one
                    return
                self.since = time.monotonic()
        except (OSError, ValueError):
            stream.end(self._lost())

    def _block(self, blocked: bool) -> None:
        self.blocked = blocked
        if blocked:
            self.pool._grow()

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            self.stop()
            self.log = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the process
            self.ready = False
            self.process = start_reader(self.log, self.pool.memory)
        return self.process

    def _lost(self) -> ReadingError:
        """Why the process is gone."""
        assert self.process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        code = self.process.returncode
        last = self._last_words()
        self.stop()
        if self.expired:
            return ReadingError(
                f"Reading it gave nothing for {self.pool.timeout:g} seconds and was stopped.",
                hint="If the file is sound, raise --timeout.",
                kind="timeout",
            )
        if "MemoryError" in last or "Cannot allocate memory" in last or code == -signal.SIGKILL:
            return ReadingError("Reading it took more memory than a reader may have.", kind="memory")
        how = f"signal {-code}, {_signal_name(-code)}" if code is not None and code < 0 else f"exit code {code}"
        return ReadingError(f"Reading it crashed the reader ({how}).{' ' + last if last else ''}", kind="crash")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self.log.seek(0, os.SEEK_END)
            self.log.seek(max(0, self.log.tell() - 400))
            lines = self.log.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1][:200] if lines else ""
        return ""

    def stop(self) -> None:
        """Kill the process, if there is one."""
        process, self.process = self.process, None
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    assert pipe is not None
                    pipe.close()
        if self.log is not None:
            self.log.close()
            self.log = None


class ReaderPool:
    """Runs readings in processes.

    Args:
        workers: how many readers work at once.
        most: how many there may be with those that wait for their consumer.
        timeout: seconds without a message after which a reading is given up.
        memory: bytes of data that a reader may allocate; None for no limit.
        room: bytes that wait for a clip's consumer.
        limit: seconds that one reading may take in all, waiting for its consumer included; 0 for no limit.
    """

    def __init__(
        self,
        workers: int = 2,
        *,
        most: int = 64,
        timeout: float = 120.0,
        memory: int | None = 4 * 2**30,
        room: int = ROOM,
        limit: float = 0.0,
    ) -> None:
        self.workers, self.most = max(1, workers), max(most, workers, 1)
        self.timeout, self.memory, self.room, self.limit = timeout, memory, room, limit
        self._jobs: queue.SimpleQueue[tuple[Any, Stream] | None] = queue.SimpleQueue()
        self._lanes: list[_Lane] = []
        self._lock = Lock()
        self._stopped = Event()
        self._watch: Thread | None = None

    def open(self, read: Callable[..., Iterator[Any]], *arguments: Any) -> Stream:
        """Start `read(*arguments)` in a reader; `read` must be importable there (see `reader.read_clip`)."""
        stream = Stream(self.room)
        self._jobs.put((pickle.dumps((read, arguments)), stream))
        self._grow()
        return stream

    def close(self) -> None:
        """Stop all readers; what they were reading is given up."""
        self._stopped.set()
        with self._lock:
            lanes = list(self._lanes)
        for lane in lanes:
            self._jobs.put(None)
            process = lane.process
            if process is not None:
                with contextlib.suppress(OSError):
                    process.kill()
        for lane in lanes:
            lane.thread.join(5)

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _next(self, lane: _Lane) -> tuple[Any, Stream] | None:
        lane.busy = False
        while True:
            job = self._jobs.get()
            if job is None or not job[1].closed:
                lane.busy = job is not None
                return job

    def _grow(self) -> None:
        """One more reader, if clips wait, none is idle, and not enough of them work."""
        with self._lock:
            if self._stopped.is_set() or self._jobs.empty() or any(not lane.busy for lane in self._lanes):
                return
            working = sum(not lane.blocked for lane in self._lanes)
            if working < self.workers and len(self._lanes) < self.most:
                self._lanes.append(_Lane(self))
            if self._watch is None:
                self._watch = Thread(target=self._watching, name="t2v-watch", daemon=True)
                self._watch.start()

    def _watching(self) -> None:
        while not self._stopped.wait(TICK):
            now = time.monotonic()
            with self._lock:
                lanes = list(self._lanes)
            for lane in lanes:
                since, process = lane.since, lane.process
                if since is not None and process is not None and now - since > self.timeout:
                    lane.expired = True
                    with contextlib.suppress(OSError):
                        process.kill()
            self._grow()


def start_reader(log: Any, memory: int | None) -> subprocess.Popen[bytes]:
    """A new reader process: waits for a call on its standard input and answers on its standard output."""
    # Not multiprocessing: that imports the caller's main module again, whatever it does.
    code = "import sys; sys.path[:] = eval(sys.argv[1]); from t2v_recaption.batch.clips.reader import main; main()"
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    arguments = [sys.executable, "-c", code, repr([p or str(Path.cwd()) for p in sys.path]), str(memory or 0)]
    return subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, bufsize=-1
    )


def _as_error(message: Message) -> ReadingError:
    about = message.about
    return ReadingError(about["message"], hint=about.get("hint", ""), kind=about.get("kind", "unreadable"))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
