"""Tags: which situations a text betrays by its words, and which situations exclude each other.

A set of tags is an integer with one bit a tag, so that the question "may this sentence stand in this scene?" costs
two bit operations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


class Tags(NamedTuple):
    """What a text carries, and what it cannot stand beside."""

    has: int = 0
    bars: int = 0

    def fits(self, other: Tags) -> bool:
        """Whether both can be said of one clip."""
        return not (self.has & other.bars or other.has & self.bars)

    def __or__(self, other: Tags) -> Tags:
        return Tags(self.has | other.has, self.bars | other.bars)


NONE = Tags()

REMEMBERED = 4096
"""Sets of tags whose names are kept: they are asked for a dozen times a caption."""


class Vocabulary:
    """The tags of `prompts/knowledge/tags.jsonl`, ready to be read off texts."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        rows = list(rows)
        self._bit: dict[str, int] = {}
        self._names: dict[int, tuple[str, ...]] = {}
        self._rows = {row["tag"]: row for row in rows}
        self._known = frozenset(self._rows)
        self._whole: dict[str, Tags] = {name: self._closure(name) for name in self._rows}
        self._words: dict[str, Tags] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], Tags]]] = {}
        for row in rows:
            for word in row["words"]:
                self._learn(word.lower(), self._whole[row["tag"]])

    @property
    def known(self) -> frozenset[str]:
        """The names of all tags that have an entry."""
        return self._known

    def bit(self, name: str) -> int:
        """The bit of a tag (a tag that only occurs in `excludes` has one too)."""
        return self._bit.setdefault(name, 1 << len(self._bit))

    def named(self, names: Iterable[str]) -> Tags:
        """The tags of these names, with all they imply and exclude."""
        total = NONE
        for name in names:
            total = total | (self._whole[name] if name in self._whole else Tags(self.bit(name), 0))
        return total

    def read(self, text: str) -> Tags:
        """The tags that the words of this text betray."""
        words = [_bare(found.group()) for found in WORD.finditer(text)]
        has = bars = 0
        for at, word in enumerate(words):
            found = self._words.get(word)
            if found:
                has |= found.has
                bars |= found.bars
            for phrase, tags in self._phrases.get(word, ()):
                if tuple(words[at : at + len(phrase)]) == phrase:
                    has |= tags.has
                    bars |= tags.bars
        return Tags(has, bars)

    def names(self, tags: Tags) -> tuple[str, ...]:
        """The names of the tags."""
        found = self._names.get(tags.has)
        if found is None:
            if len(self._names) >= REMEMBERED:
                self._names.clear()
            found = self._names[tags.has] = tuple([name for name, bit in self._bit.items() if tags.has & bit])
        return found

    def _closure(self, name: str) -> Tags:
        seen: set[str] = set()
        todo = [name]
        has = bars = 0
        while todo:
            tag = todo.pop()
            if tag in seen:
                continue
            seen.add(tag)
            has |= self.bit(tag)
            row = self._rows.get(tag)
            if row is not None:
                todo += row.get("implies", ())
                for other in row.get("excludes", ()):
                    bars |= self.bit(other)
        return Tags(has, bars & ~has)

    def _learn(self, word: str, tags: Tags) -> None:
        parts = tuple(found.group() for found in WORD.finditer(word))
        if len(parts) > 1:
            self._phrases.setdefault(parts[0], []).append((parts, tags))
        elif parts:
            self._words[parts[0]] = self._words.get(parts[0], NONE) | tags


@lru_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """The lower-case words of a text."""
    return frozenset(_bare(found.group()) for found in WORD.finditer(text))


def _bare(word: str) -> str:
    """In small letters, and "the sun's" is about the sun."""
    return word.lower().removesuffix("'s").removesuffix("’s")
