"""The prompts of a comparison: read from a file, each taken once, each with an id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record

STRATUM_COLUMNS = ("stratum", "category", "dimension")
"""Columns that are taken for the group that a prompt belongs to, first match first."""


@dataclass(frozen=True)
class Item(Record):
    """One prompt: the unit of every statistic."""

    id: str
    prompt: str
    stratum: str = ""
    """The group that results are also given for."""
    line: int = 0
    """Its row in the file, from 1: rewrites in a text file are matched by it."""
    videos: tuple[str, ...] = ()
    """The names that a suite gives to its clips, by seed."""


@dataclass(frozen=True)
class Items(Record):
    """The prompts, and what had to be said about them."""

    items: tuple[Item, ...]
    rows: int
    """Rows of the file, blank ones and repetitions included."""
    notes: tuple[str, ...] = ()


def read_items(path: Path, column: str = "") -> Items:
    """The prompts of a .txt, .csv or .jsonl file; columns `id` and `stratum` (or category, dimension) are used.

    Raises:
        InvalidInput: a file that cannot be read, a row that is broken, no prompts, an id that is there twice.
    """
    from t2v_recaption.batch.source import open_source

    rows = list(open_source(path, column).rows())
    for row in rows:
        if row.error:
            raise InvalidInput(f"Row {row.number} of {path} cannot be used: {row.error}.")
    items = [
        Item(
            _text(row.columns, ("id",)) or f"p{row.number}", row.prompt, _text(row.columns, STRATUM_COLUMNS), row.number
        )
        for row in rows
    ]
    return unique(items, rows=len(rows), where=str(path))


def unique(items: Iterable[Item], *, rows: int = 0, where: str = "the list") -> Items:
    """Each prompt once: a repetition would count one prompt's result twice.

    Raises:
        InvalidInput: no prompts, or two prompts under one id.
    """
    given = [replace(item, line=item.line or number) for number, item in enumerate(items, 1)]
    first: dict[str, Item] = {}
    notes = []
    for item in given:
        text = " ".join(item.prompt.split())
        if not text:
            continue
        if text in first:
            notes.append(f"{where}: {item.id} repeats the prompt of {first[text].id} and was left out.")
        else:
            first[text] = item
    kept = tuple(first.values())
    if not kept:
        raise InvalidInput(f"There are no prompts in {where}.", hint="Write one a line.")
    ids = [item.id for item in kept]
    if twice := next((name for name in ids if ids.count(name) > 1), ""):
        raise InvalidInput(f"Two prompts in {where} have the id {twice!r}.")
    return Items(kept, rows or len(given), tuple(notes))


def _text(columns: dict[str, Any], names: Iterable[str]) -> str:
    value = next((columns[name] for name in names if columns.get(name)), "")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
