"""What the tests of the knowledge read: every line of every file with where it stands, and every sentence rendered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from t2v_recaption.knowledge import FOLDER
from t2v_recaption.writers.composer.grammar import capital
from t2v_recaption.writers.composer.notation import Fragment, Reference, compile_fragment, realise

WORDS = Path(__file__).resolve().parents[1] / "data" / "knowledge_words.txt"
FOLDERS = ("subjects", "actions", "places")
SINGLE = ("camera", "light", "moods", "sounds", "styles", "tags", "times", "weather")
FIELDS = {
    "subjects": ("look", "move", "still", "wear"),
    "actions": ("beats",),
    "places": ("foreground", "background", "life", "light"),
}
ONE = Reference("the model", "it", False, "the ball", "the beach", "in a medium shot", "at eye level")
MANY = ONE._replace(name="the two models", pronoun="they", plural=True)
SOMEBODY = ONE._replace(pronoun="they")
FORMS = {"one": ONE, "many": MANY, "singular they": SOMEBODY}


class Row(NamedTuple):
    """One line of a file."""

    where: str
    folder: str
    entry: dict[str, Any]


class Line(NamedTuple):
    """One sentence of an entry."""

    row: Row
    field: str
    source: str

    @property
    def where(self) -> str:
        """File, line, entry and field, as a failure names them."""
        name = self.row.entry.get("name", self.row.entry.get("tag"))
        return f"{self.row.where} {name!r} {self.field}: {self.source}"


class _Nth:
    """A choice that always takes the option at one place, so that every option gets its turn."""

    def __init__(self, at: int) -> None:
        self.at = at

    def pick(self, key: str, options: Sequence[str]) -> str:
        return options[self.at % len(options)]


@lru_cache(maxsize=32)
def _rows(folder: str) -> tuple[Row, ...]:
    path = FOLDER / folder
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [FOLDER / f"{folder}.jsonl"]
    return tuple(
        Row(f"{file.relative_to(FOLDER)}:{number}", folder, json.loads(line))
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if line.strip()
    )


@lru_cache(maxsize=32)
def _lines(folder: str) -> tuple[Line, ...]:
    fields = FIELDS.get(folder, ("sentences",))
    return tuple(
        Line(row, field, source)
        for row in _rows(folder)
        for key in fields
        for field, source in _strings(key, row.entry.get(key, ()))
    )


def _strings(field: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(f"{field}.{key}", inner)
    else:
        for inner in value:
            yield from _strings(field, inner)


@lru_cache(maxsize=100_000)
def _rendered(source: str) -> tuple[tuple[str, str], ...]:
    fragment: Fragment = compile_fragment(source)
    options = max((len(part.options) for part in fragment.parts if part.kind == "free"), default=1)
    found: dict[str, str] = {}
    for form, who in FORMS.items():
        for at in range(options):
            for named in (False, True):
                text = capital(realise(fragment, who, _Nth(at), "k", named=named))  # type: ignore[arg-type]
                found.setdefault(text, form)
    return tuple((form, text) for text, form in found.items())


def _expect(faults: Sequence[str]) -> None:
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(dict.fromkeys(faults))


@pytest.fixture(scope="session")
def word_list() -> Callable[[str], list[str]]:
    """A section of `tests/data/knowledge_words.txt`: lines for `empty`, words for the others."""
    text = WORDS.read_text(encoding="utf-8")

    def section(name: str) -> list[str]:
        body = re.split(rf"^\[{name}.*\]$", text, flags=re.MULTILINE)[1].partition("\n[")[0]
        return body.strip().splitlines() if name == "empty" else body.split()

    return section


@pytest.fixture(scope="session")
def rows() -> Callable[[str], tuple[Row, ...]]:
    """The lines of a folder or of a single file."""
    return _rows


@pytest.fixture(scope="session")
def lines() -> Callable[[str], tuple[Line, ...]]:
    """The sentences of a folder or of a single file."""
    return _lines


@pytest.fixture(scope="session")
def rendered() -> Callable[[str], tuple[tuple[str, str], ...]]:
    """A sentence in every number form and with every free variation: pairs of form and text."""
    return _rendered


@pytest.fixture(scope="session")
def expect() -> Callable[[Sequence[str]], None]:
    """Fail with all faults, one a line, each once."""
    return _expect


@pytest.fixture(scope="session")
def word_pattern() -> re.Pattern[str]:
    """A word, with its apostrophes and hyphens."""
    return re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
