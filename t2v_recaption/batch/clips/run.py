"""caption_clips: every clip of some sources into one output, resumable after a kill at any moment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from t2v_recaption.batch.clips.job import ClipJob, digest
from t2v_recaption.batch.clips.ledger import Ledger, Sync
from t2v_recaption.batch.clips.output import LiveFile, check_output, write_output
from t2v_recaption.batch.clips.pool import ReaderPool
from t2v_recaption.batch.clips.runner import PATIENCE, Runner
from t2v_recaption.batch.clips.shards import Shard
from t2v_recaption.batch.clips.sources import Item, find_items
from t2v_recaption.batch.clips.units import Outcome, Unit, parts_of
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record

Retry = Literal["all", "passing", "none"]
"""Failures of an earlier run that are tried again: all, those that may pass (a timeout, a lost server), or none."""
MOST_LISTED = 20


@dataclass(frozen=True)
class Resources:
    """How much of a machine a run may use."""

    workers: int = 0
    """Reader processes that work at once; 0 for one less than there are processors."""
    batch: int = 8
    """Requests that go to a model in this process at once."""
    in_flight: int = 0
    """Clips under way at once; 0 for twice what the model takes at once."""
    timeout: float = 120.0
    """Seconds without a frame or a sign of life after which reading a clip is given up."""
    limit: float = 0.0
    """Seconds that one clip may take in all, its questions included; 0 for no limit."""
    patience: int = PATIENCE
    """Clips that may fail one after the other because of the server before the run stops; 0 to go on in any case."""
    memory: int | None = 4 * 2**30
    """Bytes that a reader may allocate."""
    room: int = 64 * 2**20
    """Bytes of frames that wait for one clip's turn."""
    sync: Sync = "row"

    @property
    def readers(self) -> int:
        """Reader processes that work at once."""
        return self.workers or max(1, (os.cpu_count() or 2) - 1)

    def pool(self, most: int) -> ReaderPool:
        """Reader processes; `most` of them with those that wait for their consumer."""
        return ReaderPool(
            self.readers, most=most, timeout=self.timeout, memory=self.memory, room=self.room, limit=self.limit
        )


class Engine(Protocol):
    """Does the work of a run: `LocalEngine`, or Ray's."""

    def run(self, units: Iterable[Unit]) -> Iterator[Outcome]:
        """Caption units; gives each outcome when it is in a ledger."""

    def close(self) -> None:
        """Free everything."""


class LocalEngine:
    """This machine: reader processes, and one model in this process or behind a server."""

    def __init__(self, job: ClipJob, ledger: Ledger, resources: Resources, settings: str) -> None:
        self._readers: ReaderPool | None = None
        self.runner = Runner(
            job,
            ledger,
            self,
            settings=settings,
            batch=resources.batch,
            in_flight=resources.in_flight,
            limit=resources.limit,
            patience=resources.patience,
        )
        self._resources = resources

    def open(self, read: Any, *arguments: Any) -> Any:
        """Start a reading in a reader process."""
        assert self._readers is not None
        return self._readers.open(read, *arguments)

    def run(self, units: Iterable[Unit]) -> Iterator[Outcome]:
        """Caption units."""
        most = max(self._resources.readers, self.runner.in_flight)
        with self._resources.pool(most) as self._readers:
            yield from self.runner.run(units)

    def close(self) -> None:
        """Free the model."""
        self.runner.close()


@dataclass
class ClipSummary(Record):
    """What a run did."""

    output: Path
    ledger: Path
    written: list[Path] = field(default_factory=list)
    total: int = 0
    """Clips that the sources hold (in this shard)."""
    ok: int = 0
    """Rows with a caption now in the output, those of earlier runs included."""
    failed: int = 0
    resumed: int = 0
    """Rows that earlier runs had finished."""
    steps: int = 0
    """Steps that were asked for in this run."""
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    """`id: message`, the first ones."""


def caption_clips(
    sources: Sequence[str | os.PathLike[str]],
    output: Path,
    job: ClipJob,
    *,
    column: str = "",
    shard: Shard | None = None,
    resume: bool = False,
    overwrite: bool = False,
    retry: Retry = "all",
    resources: Resources | None = None,
    engine: Callable[[ClipJob, Ledger, Resources, str], Engine] = LocalEngine,
    exports: Sequence[str] = (),
    on_start: Callable[[int, int], None] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> ClipSummary:
    """Caption all clips of some sources into `output` (.jsonl, .parquet, .txt for prompts, .vtt for one clip).

    Args:
        sources: files, folders, globs and manifests (`sources.find_items`).
        output: with a shard, its number goes into the name.
        job: what is to be said, and by what.
        column: the column of manifests that holds the path.
        shard: only this part of the clips.
        resume: go on with what an earlier run left: nothing that is finished is done again, down to single steps.
        overwrite: start again; what an earlier run left is removed.
        retry: which failures of an earlier run are tried again.
        resources: how much of the machine to use.
        engine: where the work is done.
        exports: further forms, beside the output (`exports.EXPORTS`).
        on_start: called with the number of clips, and of those that are finished.
        on_outcome: called when an outcome is in the ledger.

    Raises:
        InvalidInput: sources, output or settings that cannot be used; nothing was written.
        RecaptionError: the disk is full, or the model cannot be used at all; what was finished can be resumed.
    """
    output = shard.named(output) if shard is not None else output
    check_output(output, exports)
    if job.mode == "measured" and (output.suffix.lower() == ".txt" or "prompts" in exports):
        raise InvalidInput("What is measured names no subject, so it makes no prompts.", hint="Name a model.")
    ledger = Ledger(output.with_name(output.name + ".ledger"), sync=(resources or Resources()).sync)
    run = _Run(sources, output, job, ledger, column, shard, retry, tuple(exports))
    run.check(resume=resume, overwrite=overwrite)
    run.total = sum(1 for _ in run.items())
    run.settings = job.settings(None if job.mode == "measured" else job.captioner())
    with ledger.alone():
        return run.run(engine, resources or Resources(), overwrite, on_start, on_outcome)


@dataclass
class _Run:
    sources: Sequence[str | os.PathLike[str]]
    output: Path
    job: ClipJob
    ledger: Ledger
    column: str
    shard: Shard | None
    retry: Retry
    exports: tuple[str, ...]
    total: int = 0
    settings: dict[str, Any] = field(default_factory=dict)

    def items(self) -> Iterator[Item]:
        return find_items(self.sources, column=self.column, shard=self.shard)

    def check(self, *, resume: bool, overwrite: bool) -> None:
        there = self.output.exists() and self.output.stat().st_size > 0
        if (there or self.ledger.exists) and not (resume or overwrite):
            raise InvalidInput(
                f"{self.output} exists already.", hint="Continue it with --resume, or replace it with --overwrite."
            )
        if resume and there and not self.ledger.exists:
            raise InvalidInput(
                f"{self.output} has no ledger beside it ({self.ledger.folder.name}), so it cannot be gone on with.",
                hint="Replace it with --overwrite, or give another --output.",
            )

    def run(
        self,
        make: Callable[[ClipJob, Ledger, Resources, str], Engine],
        resources: Resources,
        overwrite: bool,
        on_start: Callable[[int, int], None] | None,
        on_outcome: Callable[[Outcome], None] | None,
    ) -> ClipSummary:
        began = time.monotonic()
        total, settings = self.total, self.settings
        if overwrite:
            self.ledger.clear()
        self.ledger.begin(settings)
        self.ledger.load()
        summary = ClipSummary(self.output, self.ledger.folder, total=total)
        summary.resumed = sum(row["status"] == "ok" for row in self.rows())
        if on_start is not None:
            on_start(total, sum(self._settled(item) for item in self.items()))
        engine = make(self.job, self.ledger, resources, digest(settings))
        live = LiveFile(self.output, self.rows()) if self.output.suffix.lower() == ".jsonl" else None
        try:
            for outcome in engine.run(self.units()):
                summary.steps += outcome.steps
                if live is not None and outcome.row is not None:
                    live.add(outcome.row)
                if on_outcome is not None:
                    on_outcome(outcome)
        finally:
            if live is not None:
                live.close()
            engine.close()
            self.ledger.close()
        self.ledger.load()
        summary.written = write_output(self.output, self.rows, self.exports)
        self._tally(summary)
        summary.seconds = time.monotonic() - began
        return summary

    def units(self) -> Iterator[Unit]:
        """What is left to do."""
        for item in self.items():
            past = self.ledger.past.get(item.id)
            split = self.job.split != "none" and not item.error
            if split and past is not None and past.parts is not None:
                yield from (part for part in parts_of(item, past.parts) if not self._done(part.id))
            elif not self._done(item.id):
                yield Unit(item, item.id, item.start, item.end, split)

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows so far, in the order of the clips."""
        for item in self.items():
            for id in self._ids(item):
                row = self.ledger.row(id)
                if row is not None:
                    yield row

    def _ids(self, item: Item) -> list[str]:
        past = self.ledger.past.get(item.id)
        if past is not None and past.parts is not None and self.job.split != "none":
            return [part.id for part in parts_of(item, past.parts)]
        return [item.id]

    def _settled(self, item: Item) -> bool:
        return all(self._done(id) for id in self._ids(item))

    def _done(self, id: str) -> bool:
        past = self.ledger.past.get(id)
        if past is None or past.place is None:
            return False
        return past.ok or self.retry == "none" or (self.retry == "passing" and not past.retryable)

    def _tally(self, summary: ClipSummary) -> None:
        for row in self.rows():
            if row["status"] == "ok":
                summary.ok += 1
                continue
            summary.failed += 1
            if len(summary.failures) < MOST_LISTED:
                summary.failures.append(f"{row['video_id']}: {row['message']}")
