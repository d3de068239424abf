"""The composer's knowledge: cached loaders of the JSON Lines files under `prompts/knowledge`.

A file that is not there yields no entries, so that the parts of the package that only want to know what a noun is
keep working with a reduced knowledge base. The schema is in `prompts/knowledge/README.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from t2v_recaption import prompts
from t2v_recaption.errors import InvalidInput

Entry = dict[str, Any]
FOLDER = Path(prompts.__file__).parent / "knowledge"
ROOTS = frozenset(
    [
        "person",
        "animal",
        "vehicle",
        "food",
        "plant",
        "building",
        "object",
        "landform",
        "water",
        "sky",
        "creature",
        "substance",
        "group",
    ]
) | {"body part"}  # where the chains of `is` end
_BULK = re.compile('"(?:look|foreground|phrase|sentences)":')  # long fields; those that name things come before


_PHRASE = re.compile(r"(?:^|\s)(?:in|on|at|inside|outside|under|by|near|from|with|of|the|an?)\s")


@lru_cache(maxsize=64)
def entries(name: str) -> tuple[Entry, ...]:
    """All entries of a folder (`subjects`, `actions`, `places`) or of a single file (`camera`, `styles`, …).

    Raises:
        InvalidInput: a line of a file is no JSON object.
    """
    return tuple(entry for path in _files(name) for entry in _lines(path))


@lru_cache(maxsize=64)
def by_name(name: str) -> dict[str, Entry]:
    """The entries of a folder or file by `name` and by every `also`; names win over `also`, earlier over later."""
    found: dict[str, Entry] = {}
    for entry in entries(name):
        found.setdefault(entry["name"], entry)
    for entry in entries(name):
        for other in entry.get("also", ()):
            found.setdefault(other, entry)
    return found


@lru_cache(maxsize=16)
def heads(name: str) -> tuple[Entry, ...]:
    """The short leading fields of each entry (`name`, `also`, `is`, `kinds`, `category`, …), much faster than
    `entries`.
    """
    return tuple(head for path in _files(name) for head in _heads(path))


@lru_cache(maxsize=1)
def roots() -> dict[str, str]:
    """Every noun the knowledge has (names, `also`, `kinds` of subjects) with the root its chain of `is` ends in.

    Reads only the short leading fields of each entry, because the command's cold start pays for it.
    """
    subjects = heads("subjects")
    parents = {head["name"]: str(head.get("is", "")) for head in subjects}
    ends = {name: _root(name, parents) for name in parents}
    found = dict(ends)
    for key in ("also", "kinds"):  # an entry's own name always means itself, and another word for it beats a kind
        for head in subjects:
            for word in head.get(key, ()):
                found.setdefault(word, ends[head["name"]])
    return found


@lru_cache(maxsize=1)
def place_names() -> frozenset[str]:
    """Every name of a place, with its other names, without the phrases among them ("at home", "inside a house")."""
    words = (word for head in heads("places") for word in (head["name"], *head.get("also", ())))
    return frozenset(word for word in words if not _PHRASE.search(f"{word} "))


def _root(name: str, parents: dict[str, str]) -> str:
    for _ in range(12):  # a chain longer than this is a circle
        if name in ROOTS or not parents.get(name):
            return name if name in ROOTS else ""
        name = parents[name]
    return ""


def _files(name: str) -> list[Path]:
    folder = FOLDER / name
    if folder.is_dir():
        return sorted(folder.glob("*.jsonl"))
    single = FOLDER / f"{name}.jsonl"
    return [single] if single.is_file() else []


def _lines(path: Path) -> Iterator[Entry]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            yield _entry(line, path, number)


def _heads(path: Path) -> list[Entry]:
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    short = [line[: cut.start()].rstrip(" ,") + "}" if (cut := _BULK.search(line)) else line for line in lines]
    try:
        found: list[Entry] = json.loads(f"[{','.join(short)}]")  # one call: half the time of one for each line
    except ValueError:
        return list(_lines(path))  # whatever is wrong is said there
    return found


def _entry(line: str, path: Path, number: int) -> Entry:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise InvalidInput(
            f"{path.name}, line {number}: {error}.", hint="Each line must be one JSON object."
        ) from error
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        if isinstance(entry, dict) and "tag" in entry:
            return {"name": entry["tag"], **entry}
        raise InvalidInput(f"{path.name}, line {number} has no name.", hint='Each entry needs a "name".')
    return entry
