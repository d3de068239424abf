"""Which prompt belongs to which clip: one for all, a text file with a line each, or a table of both."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from t2v_recaption.errors import InvalidInput

CLIP_NAMES = ("clip", "video", "path", "file")
PROMPT_NAMES = ("prompt", "text")


class Pair(NamedTuple):
    """A clip and what was asked for; no clip where only the prompt is wanted."""

    clip: str | None
    prompt: str


def pairs_of(clips: Sequence[str], prompt: str | None, file: Path | None) -> list[Pair]:
    """The pairs that a command line means.

    Args:
        clips: paths.
        prompt: for all of them.
        file: a `.txt` with one prompt a line, in the order of the clips; or a `.csv` or `.jsonl` with a column `prompt`
            and, unless clips are given, a column `clip` (paths are relative to the file).

    Raises:
        InvalidInput: both or neither of prompt and file; a file that cannot be read; numbers that do not match.
    """
    if (prompt is None) == (file is None):
        raise InvalidInput("Give what the user asked for.", hint="Use --prompt TEXT or --prompts FILE, one of them.")
    if prompt is not None:
        return [Pair(clip, prompt) for clip in clips] or [Pair(None, prompt)]
    assert file is not None
    rows = list(_rows(file))
    if not clips:
        return rows
    if len(clips) != len(rows):
        raise InvalidInput(f"{file} has {len(rows)} prompts for {len(clips)} clips.", hint="One prompt for each clip.")
    return [Pair(clip, row.prompt) for clip, row in zip(clips, rows, strict=True)]


def _rows(file: Path) -> Iterator[Pair]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(
            f"The prompts in {file} cannot be read: {error.strerror}.", hint="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 text.", hint="Convert it with iconv first.") from error
    if file.suffix.lower() == ".csv":
        for number, row in enumerate(csv.DictReader(text.splitlines(keepends=True)), 2):
            yield _pair(row, file, number)
    elif file.suffix.lower() in (".jsonl", ".ndjson"):
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield _pair(_object(line, file, number), file, number)
    else:
        for line in text.splitlines():
            if line.strip():
                yield Pair(None, line.strip())


def _object(line: str, file: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InvalidInput(f"Line {number} of {file} is no JSON: {error}.") from error
    if not isinstance(row, dict):
        raise InvalidInput(f"Line {number} of {file} is no JSON object.")
    return row


def _pair(row: dict[str, Any], file: Path, number: int) -> Pair:
    prompt = next((row[name] for name in PROMPT_NAMES if row.get(name) is not None), None)
    clip = next((row[name] for name in CLIP_NAMES if row.get(name)), None)
    if not isinstance(prompt, str):
        raise InvalidInput(f"Line {number} of {file} has no prompt.", hint="Name the column prompt.")
    return Pair(str(file.parent / str(clip)) if clip is not None else None, prompt)
