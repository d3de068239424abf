"""Bounded work: prompts wait in one queue with a limit, and worker threads take them in groups.

Prompts with the same settings that wait at the same time are enhanced as one batch, from however many clients they
come: a model in this process answers sixteen prompts nearly as fast as one, and a server answers them side by side.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from t2v_recaption.enhancement import Outcome
from t2v_recaption.enhancer import CHUNK, Enhancer
from t2v_recaption.pipeline import Job

log = logging.getLogger(__name__)

LONGEST_WAIT = 60
"""Seconds that a client is told to wait, at most."""


class QueueFull(Exception):
    """No room for more prompts; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


@dataclass(eq=False)
class Order:
    """Prompts of one request, with the settings that they share."""

    key: str
    """Equal keys, equal settings."""
    enhancer: Enhancer
    jobs: Sequence[Job]
    future: Future[list[Outcome]] = field(default_factory=Future)


class Workshop:
    """The queue and its workers.

    Args:
        queue: prompts that may wait or be under way.
        workers: groups under way at once, each in its own thread.
    """

    def __init__(self, queue: int, workers: int) -> None:
        self.limit = queue
        self.pending = 0
        """Prompts that wait or are under way."""
        self._waiting: deque[Order] = deque()
        self._changed = threading.Condition(threading.RLock())
        self._stopped = False
        self._seconds = 0.0
        # Daemons: a model call cannot be interrupted, and must not keep the process from ending.
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, order: Order) -> Future[list[Outcome]]:
        """Queue an order; cancelling its future takes it out again as long as it waits.

        Raises:
            QueueFull: its prompts do not fit.
        """
        with self._changed:
            if self.pending + len(order.jobs) > self.limit:
                raise QueueFull(self._retry_after())
            self.pending += len(order.jobs)
            self._waiting.append(order)
            self._changed.notify()
        order.future.add_done_callback(lambda _: self._finished(order))
        return order.future

    def stop(self) -> None:
        """Take no more orders from the queue; the threads end after what they are doing."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _finished(self, order: Order) -> None:
        with self._changed:
            self.pending -= len(order.jobs)
            if order.future.cancelled() and order in self._waiting:
                self._waiting.remove(order)
                order.future.set_running_or_notify_cancel()  # whoever waits for it learns that it is over

    def _retry_after(self) -> int:
        return max(1, min(LONGEST_WAIT, math.ceil(self._seconds * self.pending / 2)))

    def _work(self) -> None:
        while group := self._next():
            start = time.monotonic()
            _carry_out(group)
            with self._changed:
                fresh = (time.monotonic() - start) / sum(len(order.jobs) for order in group)
                self._seconds = fresh if not self._seconds else 0.9 * self._seconds + 0.1 * fresh

    def _next(self) -> list[Order]:
        """The orders to carry out together, waiting for them; none when the workshop has been stopped."""
        with self._changed:
            while True:
                if self._stopped:
                    return []
                if group := self._group():
                    return group
                self._changed.wait()

    def _group(self) -> list[Order]:
        """The oldest order, and others with the same settings, up to a whole batch."""
        group: list[Order] = []
        size = 0
        for order in list(self._waiting):
            if group and (order.key != group[0].key or size + len(order.jobs) > CHUNK):
                continue
            self._waiting.remove(order)
            if order.future.set_running_or_notify_cancel():
                group.append(order)
                size += len(order.jobs)
        return group


def _carry_out(group: Sequence[Order]) -> None:
    """Enhance the prompts of all orders together, and give each its own; what breaks one does not break the others."""
    try:
        outcomes = iter(group[0].enhancer.batch(job for order in group for job in order.jobs))
        results = [[next(outcomes) for _ in order.jobs] for order in group]
    except Exception as error:
        if len(group) == 1:
            group[0].future.set_exception(error)
            return
        for order in group:
            _carry_out([order])
        return
    for order, result in zip(group, results, strict=True):
        order.future.set_result(result)
