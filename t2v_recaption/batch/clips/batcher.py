"""Batcher: what many sessions ask at about the same time goes to the model in one call."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Thread

from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest
from t2v_recaption.errors import BackendError

LINGER = 0.25
"""Seconds that a batch waits, at most, for sessions that are about to ask."""


class _Question:
    """Requests of one session, and their replies when they are there."""

    def __init__(self, requests: Sequence[ChatRequest]) -> None:
        self.requests = tuple(requests)
        self.replies: tuple[ChatReply, ...] | None = None
        self.error: Exception | None = None

    @property
    def open(self) -> bool:
        """Whether it waits for its replies."""
        return self.replies is None and self.error is None


class Batcher:
    """Sits between sessions, each in a thread of its own, and a backend.

    A batch goes off when it is full, or when no session is about to ask: those that wait for frames or for an answer
    are not. A model in this process gets one batch after the other; a server that takes several requests at once gets
    every request as it comes.

    Args:
        backend: answers.
        size: requests in a batch, at most.
        calls: calls of the backend at once.
    """

    def __init__(self, backend: Backend, *, size: int = 8, calls: int = 1) -> None:
        self.backend, self.size, self.calls = backend, size, calls
        self.batches = 0
        self.asked = 0
        self._condition = Condition()
        self._questions: list[_Question] = []
        self._busy = 0
        self._answered = False
        self._stopped = False
        self._threads = [Thread(target=self._work, name="t2v-model", daemon=True) for _ in range(calls)]
        for thread in self._threads:
            thread.start()

    def ask(self, requests: Sequence[ChatRequest]) -> tuple[ChatReply, ...]:
        """The replies to requests, in order; blocks until they are there.

        Raises:
            BackendError, InvalidInput, MissingDependency: the backend cannot answer at all.
        """
        if not requests:
            return ()
        if self.calls == 1:
            for request in requests:
                self.backend.prepare(request)
        # A server has a scheduler of its own, and takes one request at a time from each of our calls.
        questions = [_Question([one]) for one in requests] if self.calls > 1 else [_Question(requests)]
        with self._condition:
            self._questions += questions
            self._busy -= 1
            self._condition.notify_all()
            while not self._stopped and any(question.open for question in questions):
                self._condition.wait(1.0)
            if self.calls > 1 or questions[0].open:
                self._busy += 1  # otherwise done with the answer
        for question in questions:
            if question.error is not None:
                raise question.error
            if question.replies is None:
                raise BackendError("The run was stopped before this was answered.", retryable=True)
        return tuple(reply for question in questions for reply in question.replies or ())

    @property
    def answered(self) -> bool:
        """Whether the backend has ever answered."""
        return self._answered

    @contextmanager
    def working(self) -> Iterator[None]:
        """Within, the calling thread counts as one that is about to ask."""
        with self._turn(1):
            yield

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Within, the calling thread waits for something else, and no batch waits for it."""
        with self._turn(-1):
            yield

    @contextmanager
    def _turn(self, by: int) -> Iterator[None]:
        with self._condition:
            self._busy += by
            self._condition.notify_all()
        try:
            yield
        finally:
            with self._condition:
                self._busy -= by
                self._condition.notify_all()

    def close(self) -> None:
        """Answer nothing more."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def _work(self) -> None:
        while (batch := self._batch()) is not None:
            self._answer(batch)

    def _batch(self) -> list[_Question] | None:
        with self._condition:
            while not self._questions and not self._stopped:
                self._condition.wait()
            if self.calls == 1:
                self._gather()
            if self._stopped:
                return None
            taken = self._fitting()
            self._questions = [question for question in self._questions if question not in taken]
            return taken

    def _gather(self) -> None:
        until = time.monotonic() + LINGER
        while self._busy > 0 and not self._stopped and sum(len(q.requests) for q in self._questions) < self.size:
            left = until - time.monotonic()
            if left <= 0:
                return
            self._condition.wait(left)

    def _fitting(self) -> list[_Question]:
        """The questions of the next batch: the oldest, and those behind it that fit."""
        if self.calls > 1:
            return self._questions[:1]
        taken: list[_Question] = []
        room = self.size
        for question in self._questions:
            if not taken or len(question.requests) <= room:
                taken.append(question)
                room -= len(question.requests)
        return taken

    def _answer(self, batch: list[_Question]) -> None:
        requests = [request for question in batch for request in question.requests]
        replies: list[ChatReply] = []
        error: Exception | None = None
        try:
            given = list(self.backend.generate(requests))
            if len(given) != len(requests):
                raise BackendError(f"The backend gave {len(given)} replies to {len(requests)} requests.")
            replies = given
        except Exception as raised:
            error = raised
        with self._condition:
            self.batches += 1
            self.asked += len(requests)
            self._answered = self._answered or any(reply.error is None for reply in replies)
            place = 0
            # Who is answered is about to ask again, from this moment on and not only when its thread wakes up: or else
            # the next batch would go off without it, and sessions would fall out of step.
            self._busy += len(batch) if self.calls == 1 else 0
            for question in batch:
                if error is None:
                    question.replies = tuple(replies[place : place + len(question.requests)])
                    place += len(question.requests)
                else:
                    question.error = error
            self._condition.notify_all()


def calls_at_once(backend: Backend) -> int:
    """How many calls a backend takes at once: as many as it sends to a server, or one."""
    behind = getattr(backend, "backend", backend)
    return max(1, int(getattr(behind, "concurrency", 1)))
