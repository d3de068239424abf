"""What goes to a video model, and what is written down about it: one line a caption, one JSON object a row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from t2v_recaption import Enhancement, Failure, InvalidInput


def one_line(text: str) -> str:
    """The text without anything that a script could take for the end of a line."""
    return " ".join(text.split())


def text_of(outcome: Enhancement | Failure) -> str:
    """What the video model gets, as one line: the caption, or the prompt where the user chose that."""
    return one_line(outcome.prompt if isinstance(outcome, Failure) else outcome.caption)


def record(outcome: Enhancement | Failure) -> dict[str, Any]:
    """What a manifest keeps of an outcome; `status` is `ok`, `fallback` or `original`."""
    full = outcome.to_dict()
    if isinstance(outcome, Failure):
        error = f"{outcome.message} {outcome.hint}".strip()
        return {"prompt": outcome.prompt, "caption": text_of(outcome), "status": "original", "error": error}
    names = ("prompt", "caption", "negative", "short", "target", "task", "language", "writer", "seed", "fallback")
    status = {"status": "fallback" if outcome.fallback else "ok"}
    return {name: full[name] for name in names} | status | {n: full[n] for n in ("repairs", "notes", "provenance")}


def write_manifest(path: Path, records: Iterable[Mapping[str, Any]], *, append: bool = False) -> None:
    """Write JSON Lines, one object a video or caption.

    Raises:
        InvalidInput: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if append else "w", encoding="utf-8", errors="replace", newline="\n") as stream:
            stream.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in records)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.", hint="Choose another place.") from error
