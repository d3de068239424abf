"""Runner: many clips under way at once on one model; the part that a machine of a run does, with or without Ray.

Each clip under way has a thread that drives its session (`captioners.base.Session`), fed by a reader process and
answered by the batcher. Steps and rows go to the ledger as they are made, before anything else hears of them.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Event, Thread

from t2v_recaption.batch.clips.batcher import Batcher, calls_at_once
from t2v_recaption.batch.clips.job import ClipJob
from t2v_recaption.batch.clips.ledger import Halt, Ledger
from t2v_recaption.batch.clips.units import Line, Outcome, Unit
from t2v_recaption.batch.clips.work import Readings, Work
from t2v_recaption.errors import RecaptionError

PATIENCE = 32
"""Clips that may fail one after the other because of the server before a run takes it for gone."""


class Runner:
    """Captions clips with one captioner.

    Args:
        job: what is to be done.
        ledger: where steps and rows are recorded.
        readings: where clips are read.
        settings: digest of the run's settings, for the rows.
        batch: requests that go to the model at once.
        in_flight: clips under way at once; 0 for twice as many as a batch holds.
        limit: seconds that one clip may take in all; 0 for no limit.
        patience: clips that may fail one after the other because of the server, and at least three times those under
            way, before the run stops; 0 to go on whatever happens.
    """

    def __init__(
        self,
        job: ClipJob,
        ledger: Ledger,
        readings: Readings,
        *,
        settings: str = "",
        batch: int = 8,
        in_flight: int = 0,
        limit: float = 0.0,
        patience: int = PATIENCE,
    ) -> None:
        self.patience, self._silent = patience, 0
        self.captioner = None if job.mode == "measured" else job.captioner()
        self.batcher: Batcher | None = None
        if self.captioner is not None:
            calls = calls_at_once(self.captioner.backend)
            batch = calls if calls > 1 else batch
            self.batcher = Batcher(self.captioner.backend, size=batch, calls=calls)
        self.in_flight = in_flight or 2 * batch
        self.stopped = Event()
        self.work = Work(job, ledger, readings, settings, self.captioner, self.batcher, self.stopped, limit)

    def run(self, units: Iterable[Unit]) -> Iterator[Outcome]:
        """Caption units, several at a time; gives each outcome when it is in the ledger.

        Raises:
            RecaptionError: the ledger cannot be written, or the model cannot be used at all; all that was finished is
                in the ledger.
        """
        line = Line(units)
        outcomes: queue.SimpleQueue[Outcome | BaseException | None] = queue.SimpleQueue()
        threads = [Thread(target=self._seat, args=(line, outcomes), daemon=True) for _ in range(self.in_flight)]
        for thread in threads:
            thread.start()
        left = len(threads)
        try:
            while left:
                outcome = outcomes.get()
                if outcome is None:
                    left -= 1
                elif isinstance(outcome, Halt):
                    raise outcome.error
                elif isinstance(outcome, BaseException):
                    raise outcome
                else:
                    yield outcome
        finally:
            self.stopped.set()
            line.stop()
            if left and self.batcher is not None:
                self.batcher.close()

    def close(self) -> None:
        """Free the model."""
        self.stopped.set()
        if self.batcher is not None:
            self.batcher.close()
        if self.captioner is not None:
            self.captioner.backend.close()

    def _seat(self, line: Line, outcomes: queue.SimpleQueue[Outcome | BaseException | None]) -> None:
        try:
            while not self.stopped.is_set() and (unit := line.take()) is not None:
                began = time.monotonic()
                more: list[Unit] = []
                try:
                    outcome = self.work.do(unit, more)
                finally:
                    line.done(more)
                if not self.stopped.is_set():
                    outcomes.put(replace(outcome, seconds=time.monotonic() - began))
                    self.watch(outcome)
        except BaseException as error:
            if not self.stopped.is_set():
                self.stopped.set()
                outcomes.put(error)
        finally:
            outcomes.put(None)

    def watch(self, outcome: Outcome) -> None:
        """Take the server for gone when clip after clip fails because of it.

        Raises:
            Halt: it is.
        """
        row = outcome.row or {}
        if row.get("status") == "ok":
            self._silent = 0
        elif row.get("error") == "server":
            self._silent += 1
            if self.patience and self._silent >= max(self.patience, 3 * self.in_flight):
                raise Halt(_gone(row["message"], self._silent))


def _gone(message: str, clips: int) -> RecaptionError:
    return RecaptionError(
        f"{clips} clips one after the other failed because of the server, so the run was stopped: {message}",
        hint="What is finished is kept; when the server is back, go on with --resume. --patience 0 never stops.",
    )
