"""Takes: the knowledge under `takes/`: whole shots of one action, subject or place, read and compiled on first use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from t2v_recaption.writers.composer.library import Entry, Library, Ready
from t2v_recaption.writers.composer.tags import Tags

CUTS = ('"takes": [', '"wear": {', '"with": [')
"""Keys after which a line has only text: what stands before them is all that an index needs."""


class Take(NamedTuple):
    """One continuous shot."""

    motion: tuple[Ready, ...]
    setting: Ready | None
    camera: Ready | None
    """How it is seen; None for what is seen from the air, where the prompt says so."""
    wear: tuple[Ready, ...]
    place: Entry | None
    time: str
    """day, dawn, dusk, night; empty where the setting goes with any."""


class Group:
    """The takes of one action, subject or place. Its head is known at once, the rest is read on first use."""

    def __init__(self, head: dict[str, Any], line: str, library: Library) -> None:
        self.head = head
        self._line = line
        self._library = library

    @cached_property
    def _row(self) -> dict[str, Any]:
        row: dict[str, Any] = json.loads(self._line)
        return row

    @cached_property
    def takes(self) -> tuple[Take, ...]:
        """The takes, compiled."""
        return tuple(map(self._take, self._row.get("takes", ())))

    @cached_property
    def looks(self) -> tuple[Ready, ...]:
        """Phrases that follow "with"."""
        return self._ready(self._row.get("with", ()))

    def wear(self, context: str) -> tuple[Ready, ...]:
        """Phrases for what is worn in a context ("city", "beach", … and "any")."""
        return self._ready(self._row.get("wear", {}).get(context, ()))

    def _take(self, row: dict[str, Any]) -> Take:
        place = self._library.place(row["place"], exact=True) if "place" in row else None
        where = place or (self._library.place(self.head["place"], exact=True) if "place" in self.head else None)

        def there(source: str) -> Ready:
            return _at_home(self._library.ready(source), where)

        return Take(
            tuple(map(there, row["motion"])),
            there(row["setting"]) if "setting" in row else None,
            there(row["camera"]) if "camera" in row else None,
            self._ready(row.get("wear", ())),
            place,
            row.get("time", ""),
        )

    def _ready(self, sources: Sequence[str]) -> tuple[Ready, ...]:
        return tuple(map(self._library.ready, sources))


class Takes:
    """All takes of one knowledge folder."""

    def __init__(self, folder: Path, library: Library) -> None:
        self._library = library
        self._actions: dict[str, list[Group]] = {}
        self._named: dict[tuple[str, str], list[Group]] = {}
        for path in sorted((folder / "takes").glob("*.jsonl")):
            for group in self._read(path):
                self._learn(group)

    def of_action(self, verb: str) -> Sequence[Group]:
        """The groups of a verb ("jump up" with its particle)."""
        return self._actions.get(verb, ())

    def of_subject(self, name: str) -> Sequence[Group]:
        """The groups of a subject, those that need a word first."""
        return self._named.get(("subject", name.lower()), ())

    def of_place(self, name: str) -> Sequence[Group]:
        """The groups of a place, those that need a word first."""
        return self._named.get(("place", name.lower()), ())

    def from_above(self, name: str) -> Sequence[Group]:
        """The groups of a place or a thing as it is seen from the air, those that need a word first."""
        return self._named.get(("above", name.lower()), ())

    def _read(self, path: Path) -> Iterator[Group]:
        lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
        short = [_head(line) for line in lines]
        heads = json.loads(f"[{','.join(short)}]")  # one call: half the time of one for each line
        for head, line in zip(heads, lines, strict=True):
            yield Group(head, line, self._library)

    def _name(self, key: tuple[str, str], group: Group, *, own: bool) -> None:
        """One group a name, the one that has it as its own rather than besides; before it those that need a word."""
        known = self._named.setdefault(key, [])
        needy = [other for other in known if other.head.get("needs")]
        plain = [other for other in known if not other.head.get("needs")]
        if group.head.get("needs"):
            self._named[key] = [*needy, group, *plain]
        elif own or not plain:
            self._named[key] = [*needy, group]

    def _learn(self, group: Group) -> None:
        head = group.head
        if "verb" not in head:
            kind = next(kind for kind in ("subject", "place", "above") if kind in head)
            for name in dict.fromkeys(word.lower() for word in (head[kind], *head.get("also", ()))):
                self._name((kind, name), group, own=name == head[kind].lower())
            return
        particle = head.get("particle", "")
        for word in {f"{head['verb']} {particle}".strip(), *head.get("also", ())}:
            self._actions.setdefault(word.lower(), []).append(group)


def _at_home(ready: Ready, place: Entry | None) -> Ready:
    """The sentence without tags that its own place belies: "the ridge of a roof" is no mountain in a town."""
    if place is None:
        return ready
    tags, here = ready.tags, place.situation
    return ready._replace(tags=Tags(tags.has & ~here.bars, tags.bars & ~here.has))


def _head(line: str) -> str:
    at = min(found for found in (*map(line.find, CUTS), len(line)) if found > 0)
    return line if at == len(line) else f"{line[:at].rstrip().rstrip(',')}}}"
