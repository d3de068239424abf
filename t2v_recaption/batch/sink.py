"""Writing captions beside their prompts, so that a killed run can go on exactly where it stopped.

Two files grow together: the output (as the user wants it) and its sidecar `OUTPUT.jsonl`, one JSON object a row
with the original prompt, the facts, the repairs, the provenance, and how long the output was after that row. A row
counts as done when its line in the sidecar is whole; on resuming, the output is cut back to that length.
A `.jsonl` output is its own sidecar.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from t2v_recaption.batch.source import Row, Source, format_of
from t2v_recaption.enhancement import Enhancement, Failure, Outcome
from t2v_recaption.errors import InvalidInput, RecaptionError

RESULT_COLUMNS = ("caption", "negative_prompt", "status", "error")
"""Columns that a CSV output adds."""


@dataclass(frozen=True)
class Done:
    """What an earlier run has finished."""

    rows: int
    failed: int
    size: int
    """Bytes of the output that belong to the finished rows."""
    sidecar_size: int


class Sink:
    """Appends one outcome after the other to an output file and its sidecar.

    Args:
        path: the output, .txt, .csv or .jsonl.
        source: what the prompts come from (a CSV output keeps its columns).
        settings: a digest of everything that decides a caption: a run is only resumed under the same settings.
    """

    def __init__(self, path: Path, source: Source, settings: str) -> None:
        self.path = path
        self.format = format_of(path)
        self.sidecar = path if self.format == ".jsonl" else path.with_name(path.name + ".jsonl")
        self.source = source
        self.settings = settings
        self._output: BinaryIO | None = None
        self._journal: BinaryIO | None = None

    def open(self, *, resume: bool, overwrite: bool) -> Done:
        """Open for appending; what an earlier run finished is kept when `resume` is set.

        Raises:
            InvalidInput: the output exists already, or was made with other prompts or settings, or cannot be written.
        """
        if self.path.resolve() == self.source.path.resolve():
            raise InvalidInput("The output is the input file itself.", hint="Give another file with --output.")
        if not (resume or overwrite) and self.path.exists() and self.path.stat().st_size:
            raise InvalidInput(
                f"{self.path} exists already.", hint="Continue it with --resume, or replace it with --overwrite."
            )
        done = self._finished() if resume else Done(0, 0, 0, 0)
        try:
            if self.format != ".jsonl":
                self._output = _open_at(self.path, done.size)
            self._journal = _open_at(self.sidecar, done.sidecar_size)
        except OSError as error:
            raise InvalidInput(
                f"{self.path} cannot be written: {error.strerror}.", hint="Choose another place with --output."
            ) from error
        if done.rows == 0 and self.format == ".csv":
            self._put(_csv_line([*self.source.header, *self._added_columns()]))
        return done

    def write(self, row: Row, outcome: Outcome | None) -> None:
        """Append the outcome of a row (None: a blank row).

        Raises:
            RecaptionError: the disk is full or gone; everything before this row is kept.
        """
        record = _record(row, outcome) | {"settings": self.settings}
        try:
            if self.format != ".jsonl":
                record["size"] = self._put(self._line(row, outcome))
            assert self._journal is not None
            self._journal.write(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            self._journal.flush()
        except OSError as error:
            raise RecaptionError(
                f"{self.path} cannot be written any further: {error.strerror}.",
                hint=f"The {row.number - 1} rows before are kept; make room and go on with --resume.",
            ) from error

    def close(self) -> None:
        """Close both files. What a failed write left in them belongs to no finished row, and is let go."""
        for stream in (self._output, self._journal):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _put(self, line: str) -> int:
        assert self._output is not None
        self._output.write(line.encode("utf-8", "replace"))
        self._output.flush()
        return self._output.tell()

    def _line(self, row: Row, outcome: Outcome | None) -> str:
        caption = outcome.caption if isinstance(outcome, Enhancement) else ""
        if self.format == ".txt":
            return caption + "\n"
        results = dict(zip(RESULT_COLUMNS, _results(row, outcome), strict=True))
        kept = [row.columns.get(name) or "" for name in self.source.header]
        return _csv_line([*kept, *(results[name.removeprefix("enhanced_")] for name in self._added_columns())])

    def _added_columns(self) -> list[str]:
        return [f"enhanced_{name}" if name in self.source.header else name for name in RESULT_COLUMNS]

    def _finished(self) -> Done:
        if not self.sidecar.exists() or not self.path.exists():
            return Done(0, 0, 0, 0)
        rows = failed = size = sidecar_size = 0
        for (record, end), row in zip(_whole_lines(self.sidecar), self.source.rows(), strict=False):
            if record.get("prompt") != row.prompt or record.get("row") != row.number:
                raise InvalidInput(
                    f"{self.path} was made from other prompts (row {row.number} differs).",
                    hint="Start again with --overwrite, or give another --output.",
                )
            if record.get("settings") != self.settings:
                raise InvalidInput(
                    f"{self.path} was made with other settings.",
                    hint="Repeat the options of the first run, or start again with --overwrite.",
                )
            if self.format != ".jsonl" and record["size"] > self.path.stat().st_size:
                break
            rows, failed = rows + 1, failed + (record.get("status") == "failed")
            size, sidecar_size = record.get("size", 0), end
        return Done(rows, failed, size, sidecar_size)


def _open_at(path: Path, size: int) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = path.open("r+b" if path.exists() else "w+b")
    stream.truncate(size)
    stream.seek(0, os.SEEK_END)
    return stream


def _whole_lines(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """The whole JSON lines of a sidecar with the byte offset after each; stops at a torn one."""
    end = 0
    with path.open("rb") as stream:
        for line in stream:
            try:
                record = json.loads(line)
            except ValueError:
                return
            if not line.endswith(b"\n") or not isinstance(record, dict):
                return
            end += len(line)
            yield record, end


def _csv_line(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _results(row: Row, outcome: Outcome | None) -> tuple[str, str, str, str]:
    if isinstance(outcome, Enhancement):
        return outcome.caption, outcome.negative, "fallback" if outcome.fallback else "ok", outcome.fallback
    if isinstance(outcome, Failure):
        return "", "", "failed", f"{outcome.message} {outcome.hint}".strip()
    return "", "", "blank", ""


def _record(row: Row, outcome: Outcome | None) -> dict[str, Any]:
    """One row's line in the sidecar: what the user gave, then the results, then how they came about."""
    results = dict(zip(RESULT_COLUMNS, _results(row, outcome), strict=True))
    kept = {key: value for key, value in row.columns.items() if key != "prompt"}
    record: dict[str, Any] = {"row": row.number, "prompt": row.prompt} | {
        f"input_{key}" if key in results or key in ("row", "settings", "size") else key: value
        for key, value in kept.items()
    }
    record |= results
    if isinstance(outcome, Enhancement):
        full = outcome.to_dict()
        names = ("short", "target", "task", "language", "writer", "seed", "repairs", "notes", "attempts", "translation")
        record |= {name: full[name] for name in names}
        record |= {"facts": _facts(outcome), "tokens": full["fit"]["counts"], "provenance": full["provenance"]}
    return record


def _facts(outcome: Enhancement) -> list[dict[str, Any]]:
    return [
        {
            "kind": verdict.fact.kind.value,
            "text": verdict.fact.text,
            "value": verdict.fact.value,
            "spans": [list(span) for span in verdict.fact.spans],
            "status": verdict.status.value,
            "by": verdict.by,
        }
        for verdict in outcome.report.verdicts
    ]
