"""Reading prompts from .txt, .csv and .jsonl files, row by row, however large the file is."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from t2v_recaption.errors import InvalidInput

PROMPT_COLUMNS = ("prompt", "text", "caption", "prompt_en", "query")
"""Columns that are taken for the prompt when none is named, first match first."""

FORMATS = (".txt", ".csv", ".jsonl")


@dataclass(frozen=True)
class Row:
    """One row of a file of prompts."""

    number: int
    """Counted from 1 (a CSV's header not counted)."""
    prompt: str
    """Empty for a blank row: it stays blank."""
    columns: dict[str, Any] = field(default_factory=dict)
    """Everything else the row holds (CSV, JSONL), to be kept."""
    error: str = ""
    """Why this row cannot be read, where it cannot."""


@dataclass(frozen=True)
class Source:
    """A file of prompts, opened for reading again and again."""

    path: Path
    column: str = ""
    """The CSV column or JSONL key that holds the prompt; empty for .txt."""
    header: tuple[str, ...] = ()
    """The columns of a CSV file."""
    names: tuple[str, ...] = PROMPT_COLUMNS
    """Keys of a JSONL object that are tried, in order, where no column is named."""

    @property
    def format(self) -> str:
        """`.txt`, `.csv` or `.jsonl`."""
        return format_of(self.path)

    def rows(self) -> Iterator[Row]:
        """All rows, in order, one at a time.

        Raises:
            InvalidInput: the file is not UTF-8 or cannot be read.
        """
        read = {".txt": self._text, ".csv": self._csv, ".jsonl": self._jsonl}[self.format]
        with open_text(self.path) as stream:
            try:
                yield from read(stream)
            except UnicodeDecodeError as error:
                raise _not_utf8(self.path, error) from error

    def count(self) -> int:
        """How many rows there are."""
        return sum(1 for _ in self.rows())

    def _text(self, stream: TextIO) -> Iterator[Row]:
        for number, line in enumerate(stream, 1):
            yield Row(number, line.rstrip("\r\n"))

    def _csv(self, stream: TextIO) -> Iterator[Row]:
        for number, record in enumerate(_records(stream, self.path), 1):
            columns = {name: value for name, value in record.items() if name is not None}
            yield Row(number, columns.get(self.column) or "", columns)

    def _jsonl(self, stream: TextIO) -> Iterator[Row]:
        for number, line in enumerate(stream, 1):
            yield self._json_row(number, line.strip())

    def _json_row(self, number: int, line: str) -> Row:
        if not line:
            return Row(number, "")
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            return Row(number, "", error=f"line {number} is not valid JSON: {error}")
        if isinstance(value, str):
            return Row(number, value, {"prompt": value})
        if not isinstance(value, dict):
            return Row(number, "", error=f"line {number} is neither a JSON object nor a string")
        key = self.column or next((name for name in self.names if name in value), "")
        if not isinstance(prompt := value.get(key), str):
            return Row(number, "", value, error=f"line {number} has no text under {key or 'prompt'!r}")
        return Row(number, prompt, value)


def open_source(path: Path, column: str = "", names: tuple[str, ...] = PROMPT_COLUMNS) -> Source:
    """Look at a file of prompts (or of whatever `names` call its main column): its format and that column.

    Raises:
        InvalidInput: no such file, a format that is not known, no prompt column.
    """
    if path.is_dir() or not path.exists():
        raise InvalidInput(f"There is no file {str(path)!r}.", hint="Check the path.")
    if format_of(path) != ".csv":
        return Source(path, column, names=names)
    with open_text(path) as stream:
        try:
            header = next(csv.reader(stream), [])
        except UnicodeDecodeError as error:
            raise _not_utf8(path, error) from error
        except csv.Error as error:
            raise InvalidInput(f"{path} is not a CSV file: {error}.") from error
    return Source(path, _main_column(path, header, column, names), tuple(header), names)


def format_of(path: Path) -> str:
    """The format that a file name says.

    Raises:
        InvalidInput: a format that is not known.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InvalidInput(f"{path.name!r} is of no known format.", hint=f"Use one of {', '.join(FORMATS)}.")
    return suffix


def open_text(path: Path) -> TextIO:
    """Open a UTF-8 text file (a byte order mark is skipped), keeping line ends as they are.

    Raises:
        InvalidInput: it cannot be opened.
    """
    try:
        # Only "\n" ends a line: U+2028 and the like are part of a prompt.
        return path.open(encoding="utf-8-sig", newline="\n" if path.suffix.lower() != ".csv" else "")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error


def _main_column(path: Path, header: Sequence[str], column: str, names: tuple[str, ...]) -> str:
    if column:
        if column not in header:
            raise InvalidInput(f"{path} has no column {column!r}.", hint=f"It has: {', '.join(header)}.")
        return column
    for name in names:
        if name in header:
            return name
    if len(header) == 1:
        for sign, called in ((";", "semicolons"), ("\t", "tabs")):
            if sign in header[0] and set(header[0].split(sign)) & set(names):
                raise InvalidInput(
                    f"The columns of {path} are separated by {called}.", hint="Save it with commas, or as .jsonl."
                )
        return header[0]
    raise InvalidInput(
        f"{path} has no column named {names[0]}.",
        hint=f"Name one with --column: {', '.join(header) or 'the file is empty'}.",
    )


def _records(stream: TextIO, path: Path) -> Iterator[dict[Any, Any]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield from csv.DictReader(stream)
    except csv.Error as error:
        raise InvalidInput(f"{path} is not a valid CSV file: {error}.", hint="Is it saved as plain CSV?") from error


def _not_utf8(path: Path, error: UnicodeDecodeError) -> InvalidInput:
    return InvalidInput(
        f"{path} is not UTF-8 text ({error.reason} at byte {error.start:,} of what was read).",
        hint=f"Convert it: iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8{path.suffix}",
    )
