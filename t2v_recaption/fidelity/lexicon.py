"""Lexicon: which word may stand for which, and which words exclude each other. Reads `prompts/lexicon/*.txt`.

Three relations, each from a data file of its own:

- equals (`synonyms.txt`): "sofa" and "couch". Not transitive: two words are equal when one group names both.
- narrower (`narrower.txt` and the subjects of the knowledge base): "labrador" keeps "dog"; chains work.
- opposites (`opposites.txt`): "left" of the same thing cannot be "right".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from t2v_recaption import knowledge

FOLDER = Path(__file__).parent.parent / "prompts" / "lexicon"

Words = Mapping[str, list[str]]

NATURAL = frozenset(("animal", "person", "vehicle", "food", "plant", "creature"))
"""Roots where the `kinds` of an entry are kinds of it. Among things they may be neighbours that look and move alike (a
spoon is listed with the fork), so there only "fish fork" is a fork."""

DEPTH = 6
"""Steps up a chain of narrower words at most; the longest real one (corgi, dog, mammal, animal) has three."""


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The lines of a word list as `(section, line)`; comments and blank lines left out."""
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and not line.startswith("#"):
            yield section, line


def words_of(line: str) -> list[str]:
    """The words of a comma-separated list."""
    return [word for part in line.split(",") if (word := part.strip())]


@cache
def listed(section: str) -> frozenset[str]:
    """The entries of one section of `fidelity.txt`."""
    lines = sections((FOLDER / "fidelity.txt").read_text(encoding="utf-8"))
    return frozenset(word.replace("_", " ") for name, line in lines if name == section for word in line.split())


@cache
def _equals() -> Mapping[str, Words]:
    found: dict[str, dict[str, list[str]]] = {}
    for section, line in sections((FOLDER / "synonyms.txt").read_text(encoding="utf-8")):
        group = words_of(line)
        table = found.setdefault(section, {})
        for word in group:
            table.setdefault(word, []).extend(group)
    return found


@cache
def _broader() -> Mapping[str, Words]:
    found: dict[str, dict[str, list[str]]] = {}
    for section, line in sections((FOLDER / "narrower.txt").read_text(encoding="utf-8")):
        general, _, rest = line.partition(":")
        table = found.setdefault(section, {})
        for word in words_of(rest):
            table.setdefault(word, []).append(general.strip())
    return found


class Kin(NamedTuple):
    """What the knowledge base says of its subjects."""

    equals: Mapping[str, list[str]]
    """May name a word more than once: making a thousand lists unique costs more than asking them ever does."""
    broader: Mapping[str, list[str]]


@cache
def _kin() -> Kin:
    equal: dict[str, list[str]] = {}
    broader: dict[str, list[str]] = {}
    for head in knowledge.heads("subjects"):
        names = [name.lower() for name in (head["name"], *head.get("also", ()))]
        for name in names:
            equal.setdefault(name, []).extend(names)
        natural = knowledge.roots().get(head["name"], "") in NATURAL
        for kind in head.get("kinds", ()):
            if natural or kind.lower().endswith(names[0]):
                broader.setdefault(kind.lower(), []).append(names[0])
        if head.get("is"):
            broader.setdefault(names[0], []).append(str(head["is"]).lower())
    return Kin(equal, broader)


@lru_cache(maxsize=16384)
def stands_for(word: str, part: str) -> frozenset[str]:
    """Every word that a text may mean by this one: itself, its equals, and what is more general than any of them.

    Args:
        word: a lemma in lower case.
        part: `noun`, `verb` or `adj`.
    """
    found = set(equals(word, part))
    edge = {word} if any(True for _ in _ups(word, part)) else set(found)  # "a ray" of light is no fish
    for _ in range(DEPTH):
        edge = {up for low in edge for up in _ups(low, part)} - found
        if not edge:
            break
        found |= edge  # the equals of a general word count, but lead no further: meanings drift with every step
        found |= {equal for up in edge for equal in _equals().get(part, {}).get(up, ())}
    return frozenset(found)


def _ups(word: str, part: str) -> Iterator[str]:
    yield from _broader().get(part, {}).get(word, ())
    if part == "noun":
        yield from _kin().broader.get(word, ())


@lru_cache(maxsize=16384)
def equals(word: str, part: str) -> frozenset[str]:
    """The word and its synonyms."""
    known = _kin().equals.get(word, ()) if part == "noun" else ()
    return frozenset((word, *_equals().get(part, {}).get(word, ()), *known))


def keeps(said: str, meant: str, part: str) -> bool:
    """Whether a text that says `said` keeps a prompt that says `meant`: the same, an equal or a narrower word."""
    return said == meant or meant in stands_for(said, part)


@cache
def _opposites() -> Mapping[str, tuple[Mapping[str, int], ...]]:
    found: dict[str, list[dict[str, int]]] = {}
    for section, line in sections((FOLDER / "opposites.txt").read_text(encoding="utf-8")):
        members = {word: index for index, part in enumerate(line.split("|")) for word in words_of(part)}
        found.setdefault(section, []).append(members)
    return {section: tuple(sets) for section, sets in found.items()}


@lru_cache(maxsize=16384)
def _members(word: str, section: str, part: str) -> tuple[frozenset[int], ...]:
    known = stands_for(word, part)
    return tuple(
        frozenset((members[word],)) if word in members else frozenset(members[w] for w in known if w in members)
        for members in _opposites().get(section, ())
    )


@lru_cache(maxsize=16384)
def excludes(one: str, other: str, section: str, part: str = "adj") -> bool:
    """Whether the two words cannot both be true of one thing ("red" and "blue", "sunrise" and "sunset").

    Args:
        one: a lemma.
        other: another lemma.
        section: the section of `opposites.txt`: `colour`, `size`, `time`, `action`, …
        part: part of speech under which their synonyms are looked up.
    """
    if keeps(one, other, part) or keeps(other, one, part):
        return False
    pairs = zip(_members(one, section, part), _members(other, section, part), strict=True)
    return any(mine and theirs and not mine & theirs for mine, theirs in pairs)


def has_opposites(word: str, section: str) -> bool:
    """Whether the section's opposites know the word ("summer", "evening")."""
    return any(_members(word, section, section))
