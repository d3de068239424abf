"""Work on one clip: reading it, driving its session, and what became of it in the ledger."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, cast

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.batch.clips import reader
from t2v_recaption.batch.clips.batcher import Batcher
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
from t2v_recaption.batch.clips.units import Outcome, Unit, parts_of
from t2v_recaption.batch.clips.wire import Message
from t2v_recaption.captioners.base import ClipCaption, Session, Step
from t2v_recaption.errors import BackendError, InvalidInput, MissingDependency, RecaptionError

if TYPE_CHECKING:
    from t2v_recaption.captioners.captioner import Captioner
    from t2v_recaption.video.frame import Frame

log = logging.getLogger(__name__)


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


@dataclass
class Work:
    """Does units, several threads at once.

    Args:
        job: what is to be done.
        ledger: where steps and rows are recorded.
        readings: where clips are read.
        settings: digest of the run's settings, for the rows.
        captioner: asks; None where clips are only measured.
        batcher: takes its questions to the model; None with it.
        stopped: set when the run is to end.
        limit: seconds that one clip may take in all; 0 for no limit.
    """

    job: ClipJob
    ledger: Ledger
    readings: Readings
    settings: str
    captioner: Captioner | None
    batcher: Batcher | None
    stopped: Event
    limit: float = 0.0

    def do(self, unit: Unit, more: list[Unit]) -> Outcome:
        """Split or caption a unit; raises as these do."""
        return self.split(unit, more) if unit.split else self.caption(unit)

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


def _caption(plain: dict[str, Any]) -> ClipCaption:
    steps = tuple(Step(**{**step, "flags": tuple(step["flags"])}) for step in plain["steps"])
    lists = {name: tuple(plain[name]) for name in ("times", "flags", "notes")}
    return ClipCaption(**{**plain, **lists, "steps": steps})
