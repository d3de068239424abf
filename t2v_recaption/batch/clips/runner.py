"""Runner: many clips under way at once on one model; the part that a machine of a run does, with or without Ray.

Each clip under way has a thread that drives its session (`captioners.base.Session`), fed by a reader process and
answered by the batcher. Steps and rows go to the ledger as they are made, before anything else hears of them.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from threading import Event, Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, cast

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.batch.clips import reader
from t2v_recaption.batch.clips.batcher import Batcher, calls_at_once
from t2v_recaption.batch.clips.job import ClipJob
from t2v_recaption.batch.clips.ledger import Halt, Ledger
from t2v_recaption.batch.clips.rows import (
    NO_WAY,
    ClipRow,
    ReadingError,
    base_of,
    failed_row,
    good_row,
    out_of_time,
    read_columns,
)
from t2v_recaption.batch.clips.units import Line, Outcome, Unit, parts_of
from t2v_recaption.batch.clips.wire import Message
from t2v_recaption.captioners.base import ClipCaption, Session, Step
from t2v_recaption.errors import BackendError, InvalidInput, MissingDependency, RecaptionError

if TYPE_CHECKING:
    from t2v_recaption.video.frame import Frame

log = logging.getLogger(__name__)

PATIENCE = 32
"""Clips that may fail one after the other because of the server before a run takes it for gone."""


class Readings(Protocol):
    """Starts readings (`pool.ReaderPool`, or Ray's)."""

    def open(self, read: Callable[..., Iterator[Message]], *arguments: Any) -> Any:
        """Messages to iterate, with `close()`."""


@dataclass
class _Reading:
    """What a session is fed with: facts of the clip first, then frames."""

    messages: Iterator[Message]
    batcher: Batcher
    last: dict[str, Any] | None = None

    def frames(self) -> Iterator[Frame]:
        """The frames as they come; no batch waits for a clip that waits for them."""
        import numpy as np

        from t2v_recaption.video.frame import Frame

        while True:
            with self.batcher.idle():
                message = next(self.messages, None)
            if message is None:
                return
            if message.type == "frame":
                about = message.about
                pixels = np.frombuffer(message.payload, dtype=np.uint8).reshape(about["shape"])
                yield Frame(about["number"], about["time"], pixels)
            else:
                self.last = message.about


class Runner:
    """Captions clips with one captioner.

    Args:
        job: what is to be done.
        ledger: where steps and rows are recorded.
        readings: where clips are read.
        settings: digest of the run's settings, for the rows.
        batch: requests that go to the model at once.
        in_flight: clips under way at once; 0 for as many as a batch holds and a few more.
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
        self.limit, self.patience = limit, patience
        self._silent = 0
        self.job, self.ledger, self.readings, self.settings = job, ledger, readings, settings
        self.captioner = None if job.mode == "measured" else job.captioner()
        self.batcher: Batcher | None = None
        if self.captioner is not None:
            calls = calls_at_once(self.captioner.backend)
            batch = calls if calls > 1 else batch
            self.batcher = Batcher(self.captioner.backend, size=batch, calls=calls)
        self.in_flight = in_flight or 2 * batch
        self.stopped = Event()

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
                    outcome = self.split(unit, more) if unit.split else self.caption(unit)
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

    def split(self, unit: Unit, more: list[Unit]) -> Outcome:
        """Find out how an item is split; its parts that are not finished are added to `more`."""
        base = base_of(unit.item, self.settings)
        past = self.ledger.past.get(unit.id)
        parts = past.parts if past is not None else None
        if parts is None:
            stream = self.readings.open(reader.split_clip, unit.item.path, unit.start, unit.end, self.job.split)
            try:
                messages = {message.type: message.about for message in stream}
                base = read_columns(base, messages["facts"])
                parts = [(float(start), float(end)) for start, end in messages["parts"]["parts"]]
                if not parts:
                    raise ReadingError("It shows no frame.")
                self.ledger.add_parts(unit.id, messages["facts"]["sha256"], parts)
            except ReadingError as error:
                return self._record(unit.id, failed_row(base, error))
            finally:
                stream.close()
        more += [part for part in parts_of(unit.item, parts) if not self.ledger.finished(part.id)]
        return Outcome(unit.id, None, parts=len(parts))

    def caption(self, unit: Unit) -> Outcome:
        """Caption one unit; whatever is wrong with it is its outcome.

        Raises:
            Halt: the ledger cannot be written, or the model cannot be used at all.
        """
        base = base_of(unit.item, self.settings) | {"video_id": unit.id}
        base["timestamp"] = (float(unit.start), float(unit.start if unit.end is None else unit.end))
        if unit.item.error:
            error = ReadingError(f"It cannot be used: {unit.item.error}.", kind="manifest")
            return self._record(unit.id, failed_row(base, error))
        fresh: list[Step] = []
        stream = self._open(unit)
        try:
            messages = iter(stream)
            first = next(messages, None)
            if first is None or first.type != "facts":
                raise ReadingError("It shows no frame.")
            base = read_columns(base, first.about)
            caption, warnings = self._said(unit, first.about, messages, fresh)
            row = _row(base, caption, warnings, self.job.profile)
        except RecaptionError as error:
            row = failed_row(base, error)
        except Halt:
            raise
        except Exception as error:
            log.exception("%s failed in a way that was not foreseen.", unit.id)
            row = failed_row(base, error)
        finally:
            stream.close()
        return self._record(unit.id, row, len(fresh))

    def _open(self, unit: Unit) -> Any:
        where = (unit.item.path, unit.start, unit.end)
        if self.captioner is None:
            return self.readings.open(reader.measure_clip, *where)
        captioner, mode = self.captioner, self.job.mode
        scenes = mode == "sliding" and captioner.scenes
        look = reader.Look(mode, captioner.profile, captioner.sampling(mode), captioner.budget, scenes)
        return self.readings.open(reader.read_clip, *where, look)

    def _said(
        self, unit: Unit, facts: dict[str, Any], messages: Iterator[Message], fresh: list[Step]
    ) -> tuple[ClipCaption, tuple[str, ...]]:
        """The caption of a clip whose reading has begun, and what reading it warned of."""
        if self.captioner is None or self.batcher is None:
            measured = next(messages).about
            return _caption(measured), tuple(facts["warnings"])
        reading = _Reading(messages, self.batcher)
        until = time.monotonic() + self.limit if self.limit else None

        def on_step(step: Step) -> None:
            self.ledger.add_step(unit.id, facts["sha256"], step)
            fresh.append(step)

        session = self.captioner.session(
            reading.frames(),
            SimpleNamespace(**facts["info"]),
            self.job.mode,
            known=self.ledger.known(unit.id, facts["sha256"]),
            on_step=on_step,
            scenes=[SimpleNamespace(number=n, start=start, end=end) for n, start, end in facts["scenes"]],
            span=(facts["start"], facts["end"]) if facts["end"] > facts["start"] else None,
        )
        caption = self._drive(session, self.batcher, until)
        return caption, tuple((reading.last or facts)["warnings"])

    def _drive(self, session: Session, batcher: Batcher, until: float | None) -> ClipCaption:
        replies: tuple[ChatReply, ...] | None = None
        try:
            with batcher.working():
                while True:
                    # None starts a generator, which its type does not say
                    asked = session.send(cast("tuple[ChatReply, ...]", replies))
                    if until is not None and time.monotonic() > until:
                        raise out_of_time(self.limit)
                    replies = self._answered(asked, batcher)
        except StopIteration as stop:
            caption: ClipCaption = stop.value
            return caption
        finally:
            session.close()

    def _answered(self, asked: tuple[ChatRequest, ...], batcher: Batcher) -> tuple[ChatReply, ...]:
        try:
            replies = batcher.ask(asked)
            for error in (reply.error for reply in replies):
                # No server, no key, no such model: before anything was ever answered that is no fault of the clip's.
                if error is not None and error.status in (None, *NO_WAY) and not batcher.answered:
                    raise Halt(error)
            return replies
        except (InvalidInput, MissingDependency) as error:
            raise Halt(error) from error
        except BackendError as error:
            if not batcher.answered and not self.stopped.is_set():
                raise Halt(error) from error
            raise

    def _record(self, id: str, row: ClipRow, steps: int = 0) -> Outcome:
        if self.stopped.is_set() and row.status != "ok":
            return Outcome(id, None)  # what fails because the run is stopped has not failed
        plain = row.to_dict()
        self.ledger.add_row(id, plain)
        return Outcome(id, plain, steps=steps)


def _row(base: dict[str, Any], caption: ClipCaption, warnings: tuple[str, ...], profile: str) -> ClipRow:
    if caption.error is not None:
        return failed_row(base, caption.error, steps=caption.steps)
    if not caption.text.strip():
        error = BackendError("The model returned nothing, however often it was asked.", retryable=False)
        return failed_row(base, error, steps=caption.steps)
    caption = replace(caption, notes=(*caption.notes, *warnings))
    return good_row(base, caption, profile)


def _gone(message: str, clips: int) -> RecaptionError:
    return RecaptionError(
        f"{clips} clips one after the other failed because of the server, so the run was stopped: {message}",
        hint="What is finished is kept; when the server is back, go on with --resume. --patience 0 never stops.",
    )


def _caption(plain: dict[str, Any]) -> ClipCaption:
    steps = tuple(Step(**{**step, "flags": tuple(step["flags"])}) for step in plain["steps"])
    lists = {name: tuple(plain[name]) for name in ("times", "flags", "notes")}
    return ClipCaption(**{**plain, **lists, "steps": steps})
