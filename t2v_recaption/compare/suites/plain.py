"""Any file of prompts: .txt (one a line), .csv, .jsonl; with `id` and `stratum` (or category, dimension) if given."""

from __future__ import annotations

from pathlib import Path

from t2v_recaption.batch.source import open_source
from t2v_recaption.compare.suites.base import Suite, SuitePrompt
from t2v_recaption.errors import InvalidInput

STRATA = ("stratum", "category", "dimension")


def load(name: str, path: Path) -> Suite:
    """Read a file of prompts; a prompt that is there twice is taken once.

    Raises:
        InvalidInput: no such file, an unknown format, a row that cannot be read, no prompts.
    """
    found: dict[str, SuitePrompt] = {}
    notes = []
    for row in open_source(path).rows():
        if row.error:
            raise InvalidInput(f"{path} cannot be used: {row.error}.")
        text = " ".join(row.prompt.split())
        if text in found:
            notes.append(f"Row {row.number} repeats the prompt of {found[text].id} and was left out.")
        elif text:
            stratum = next((str(row.columns[key]) for key in STRATA if row.columns.get(key)), "")
            own = str(row.columns.get("id") or f"p{row.number}")
            found[text] = SuitePrompt(own, row.prompt, stratum, (stratum,) if stratum else ())
    if not found:
        raise InvalidInput(f"There are no prompts in {path}.", hint="Write one a line.")
    return Suite(path.stem, tuple(found.values()), str(path), notes=tuple(notes))
