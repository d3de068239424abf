"""Files of rewrites: matched to the prompts by line, or by the prompt that stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from t2v_recaption.batch.source import PROMPT_COLUMNS, Row, open_source
from t2v_recaption.compare.items import Items
from t2v_recaption.errors import InvalidInput

REWRITE_COLUMNS = ("caption", "rewrite", "enhanced", "enhanced_prompt", "refined_prompt", "output", "text")
"""Columns that are taken for the rewrite when none is named, first match first."""


@dataclass(frozen=True)
class Rewrites:
    """The rewrite of each prompt, by the prompt's id; a prompt may have none."""

    texts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_rewrites(path: Path, items: Items, column: str = "") -> Rewrites:
    """The rewrites of a .txt, .csv or .jsonl file.

    Raises:
        InvalidInput: the file cannot be read, or its lines cannot belong to these prompts.
    """
    if path.suffix.lower() == ".txt":
        return _by_line([row.prompt for row in open_source(path).rows()], path, items)
    rows = [row for row in open_source(path, column).rows() if row.columns or row.prompt or row.error]
    found = [(_prompt(row, column), _rewrite(row, column, path)) for row in rows]
    if not any(prompt for prompt, _ in found):
        return _by_line([text for _, text in found], path, items)
    return _by_prompt(found, path, items)


def _by_line(lines: list[str], path: Path, items: Items) -> Rewrites:
    while len(lines) > items.rows and not lines[-1].strip():
        lines.pop()
    if len(lines) != items.rows:
        raise InvalidInput(
            f"{path} has {len(lines)} rewrites for {items.rows} prompts: which belongs to which cannot be told.",
            hint="Give as many lines as prompts, or a .csv or .jsonl file with the columns prompt and caption.",
        )
    return Rewrites({item.id: lines[item.line - 1].strip() for item in items.items})


def _by_prompt(found: list[tuple[str, str]], path: Path, items: Items) -> Rewrites:
    texts: dict[str, str] = {}
    notes = []
    for prompt, text in found:
        key = " ".join(prompt.split())
        if texts.setdefault(key, text) != text:
            notes.append(f"{path}: two rewrites of {prompt!r}; the first is used.")
    wanted = {" ".join(item.prompt.split()): item.id for item in items.items}
    if not wanted.keys() & texts.keys():
        raise InvalidInput(f"{path} has no rewrite of any of the prompts.", hint="Its column prompt must hold them.")
    if more := len(texts.keys() - wanted.keys()):
        notes.append(f"{path}: {more} rewrite{'s' * (more > 1)} of other prompts left out.")
    return Rewrites({name: texts[key].strip() for key, name in wanted.items() if key in texts}, tuple(notes))


def _prompt(row: Row, column: str) -> str:
    """The prompt beside a rewrite; empty where the row holds nothing but one text."""
    names = [name for name in PROMPT_COLUMNS if name not in REWRITE_COLUMNS and name != column]
    found = next((str(row.columns[name]) for name in names if row.columns.get(name)), "")
    return found if len(row.columns) > 1 else ""


def _rewrite(row: Row, column: str, path: Path) -> str:
    if column and not row.error:
        return row.prompt
    names = [name for name in REWRITE_COLUMNS if name in row.columns]
    if len(row.columns) == 1 and not row.error:
        names = list(row.columns)
    if row.error or not names:
        known = ", ".join(map(str, row.columns)) or "nothing"
        raise InvalidInput(
            f"Row {row.number} of {path} has no rewrite: {row.error or 'no column is called caption'}.",
            hint=f"Name the column: --arm NAME={path.name}:column=…; it has {known}.",
        )
    return str(row.columns[names[0]] or "")
