"""run_file: enhance a whole file, resumable after a kill at any point, one outcome a row."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from t2v_recaption.batch.sink import Sink
from t2v_recaption.batch.source import Row, Source, open_source
from t2v_recaption.enhancement import Failure, Outcome
from t2v_recaption.enhancer import CHUNK, Enhancer
from t2v_recaption.errors import InvalidInput
from t2v_recaption.pipeline import Job
from t2v_recaption.records import Record

SEED = re.compile(r"[+-]?[0-9]+(\.0*)?")
"""A whole number; tables with gaps write it as 3.0."""
URL = re.compile(r"(data|https?):", re.IGNORECASE)
"""A picture that is no file."""
MOST_LISTED = 20
"""Failures that a summary lists in words; all of them are in the sidecar."""


@dataclass
class Summary(Record):
    """What a run over a file did."""

    output: Path
    sidecar: Path
    total: int = 0
    done: int = 0
    """Rows with a caption now in the output, rows of an earlier run included."""
    resumed: int = 0
    """Rows that an earlier run had finished."""
    blank: int = 0
    failed: int = 0
    fallbacks: int = 0
    failures: list[str] = field(default_factory=list)
    """`row 7: message`, the first ones."""


def run_file(
    source: Path | Source,
    output: Path,
    enhancer: Enhancer,
    *,
    column: str = "",
    resume: bool = False,
    overwrite: bool = False,
    on_row: Callable[[Row, Outcome | None], None] | None = None,
    on_start: Callable[[int, int], None] | None = None,
) -> Summary:
    """Enhance every row of a file into `output`, in order, a blank row staying blank.

    Args:
        source: a .txt (one prompt a line), .csv or .jsonl file.
        output: a .txt, .csv or .jsonl file; .txt and .csv get a sidecar `OUTPUT.jsonl` with everything known.
        enhancer: decides target, writer and settings.
        column: the column or key that holds the prompt, where it is not called prompt, text or caption.
        resume: go on after what an earlier run finished.
        overwrite: replace an existing output.
        on_row: called after each row is safely written.
        on_start: called once with (rows in all, rows already done).

    Raises:
        InvalidInput: a file that cannot be used; nothing was written.
        RecaptionError: the disk is full; what was finished is kept and can be resumed.
    """
    source = source if isinstance(source, Source) else open_source(source, column)
    if output.suffix.lower() == ".csv" and source.format != ".csv":
        raise InvalidInput("A .csv output needs a .csv input.", hint="Use .txt or .jsonl for --output.")
    sink = Sink(output, source, settings_digest(enhancer))
    total = source.count()
    finished = sink.open(resume=resume, overwrite=overwrite)
    summary = Summary(output, sink.sidecar, total, finished.rows - finished.failed, finished.rows, 0, finished.failed)
    if on_start is not None:
        on_start(total, finished.rows)
    try:
        for row, outcome in _outcomes(islice(source.rows(), finished.rows, None), enhancer):
            sink.write(row, outcome)
            _tally(summary, row, outcome)
            if on_row is not None:
                on_row(row, outcome)
    finally:
        sink.close()
    return summary


def settings_digest(enhancer: Enhancer) -> str:
    """A hash of everything that decides this enhancer's captions."""
    text = json.dumps(enhancer.settings(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _outcomes(rows: Iterator[Row], enhancer: Enhancer) -> Iterator[tuple[Row, Outcome | None]]:
    while some := list(islice(rows, CHUNK)):
        jobs = {row.number: _job(row) for row in some if row.prompt.strip() or row.error}
        wanted = {number: job for number, job in jobs.items() if isinstance(job, Job)}
        outcomes = dict(zip(wanted, enhancer.stream(wanted.values()), strict=True))
        for row in some:
            job = jobs.get(row.number)
            yield row, job if isinstance(job, Failure) else outcomes.get(row.number)


def _job(row: Row) -> Job | Failure:
    """What a row asks for, or why it cannot be used: a seed or picture is never passed over in silence."""
    columns: dict[str, Any] = row.columns
    seed = str(columns["seed"]).strip() if columns.get("seed") is not None else ""
    error = row.error
    if seed and not SEED.fullmatch(seed):
        error = error or f"its seed {seed!r} is no whole number"
    images = [columns.get(name) or None for name in ("image", "last_image")]
    for image in images:
        if isinstance(image, str) and not URL.match(image) and not os.path.isfile(image):
            error = error or f"there is no picture {image!r}"
    if error:
        return Failure.of(row.prompt, InvalidInput(f"The row cannot be read: {error}."))
    return Job(row.prompt, int(seed.partition(".")[0]) if seed else None, *images)


def _tally(summary: Summary, row: Row, outcome: Outcome | None) -> None:
    if outcome is None:
        summary.blank += 1
        summary.done += 1
    elif isinstance(outcome, Failure):
        summary.failed += 1
        if len(summary.failures) < MOST_LISTED:
            summary.failures.append(f"row {row.number}: {outcome.message} {outcome.hint}".strip())
    else:
        summary.done += 1
        summary.fallbacks += bool(outcome.fallback)
