"""Portraits and vignettes: of things and places that exist, definite, and right for one and for several."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "prompts" / "knowledge"
KINDS = {"portraits": ("subjects", "portrait"), "vignettes": ("places", "vignette")}
TOKENS = {"they", "them", "their", "themselves", "name", "They", "Their", "Name", "Them"}
BANNED = re.compile(
    r"\b(?:stunning|majestic|picturesque|breathtaking|serene|tranquil|vibrant|lush|mesmeri[sz]ing|nestled|testament"
    r"|sense of|as if|something|captivating|beautiful|or)\b",
    re.IGNORECASE,
)


class Row(NamedTuple):
    where: str
    entry: dict


def rows(folder: str) -> list[Row]:
    found = []
    for path in sorted((FOLDER / folder).glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found.append(Row(f"{path.name}:{number}", json.loads(line)))
    return found


def sentences(kind: str) -> Iterator[tuple[str, str]]:
    _, key = KINDS[kind]
    for where, entry in rows(kind):
        yield from ((where, sentence) for sentence in (*entry[key], *entry.get("above", ())))


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_of_an_entry_that_exists_and_each_entry_has_one_line(kind: str) -> None:
    folder, key = KINDS[kind]
    known = {row.entry["name"] for row in rows(folder)}
    known |= {word for row in rows(folder) for key in ("kinds", "also") for word in row.entry.get(key, ())}
    names = [name for row in rows(kind) for name in (row.entry["name"], *row.entry.get("also", ()))]
    assert set(names) - known == set()
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [
        row.where for row in rows(kind) if set(row.entry) - {"name", "also", key, "above"} or not row.entry[key]
    ] == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_sentence_comes_twice(kind: str) -> None:
    counted = Counter(sentence for _, sentence in sentences(kind))
    assert [sentence for sentence, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("kind", KINDS)
def test_definite_and_without_praise(kind: str) -> None:
    faults = [(where, sentence) for where, sentence in sentences(kind) if BANNED.search(sentence)]
    assert faults == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_notation_is_whole(kind: str) -> None:
    for where, sentence in sentences(kind):
        assert set(re.findall(r"\{(\w+)\}", sentence)) <= TOKENS, (where, sentence)
        bare = re.sub(r"\{\w+\}|\[[^\[\]|]*\|[^\[\]|]*\]|<[^<>|]+\|[^<>|]+>|\([^()]*/[^()]*\)", "x", sentence)
        assert not re.search(r"[\[\]{}<>|]", bare), (where, sentence)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("many", [False, True])
def test_a_sentence_in_every_number(kind: str, many: bool) -> None:
    for where, sentence in sentences(kind):
        text = re.sub(r"\[([^\[\]|]*)\|([^\[\]|]*)\]|<([^<>|]+)\|([^<>|]+)>", _form(many), sentence)
        text = re.sub(r"\(([^()/]*)/[^()]*\)", r"\1", re.sub(r"\{(\w+)\}", "they", text))
        assert text[:1].isupper() or text.startswith("they"), (where, text)
        assert text.endswith("."), (where, text)
        assert "  " not in text, (where, text)
        assert not re.search(r"\b(\w+) \1\b", text), (where, text)
        assert 6 <= len(text.split()) <= 40, (where, len(text.split()), text)


def _form(many: bool):
    return lambda found: (found[2] or found[4] or "") if many else (found[1] or found[3] or "")


def test_as_many_as_promised() -> None:
    assert len(rows("portraits")) >= 600
    assert len(rows("vignettes")) >= 150
