"""Library: the knowledge under `prompts/knowledge`, indexed cheaply, read and compiled entry by entry on first use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from t2v_recaption import knowledge, prompts
from t2v_recaption.writers.composer.grammar import plural_of
from t2v_recaption.writers.composer.notation import Fragment, compile_fragment
from t2v_recaption.writers.composer.tags import NONE, Tags, Vocabulary, words_of
from t2v_recaption.writers.composer.words import words

if TYPE_CHECKING:
    from t2v_recaption.writers.composer.takes import Takes

FOLDER = Path(prompts.__file__).parent / "knowledge"
CUTS = ('"look": [', '"move": [', '"still": [', '"beats": [', '"foreground": [', '"background": [', '"sentences": [')
"""Keys of the long lists: what stands before the first of them in a line is its head, which is all an index needs."""
STANDING = frozenset(("object", "building", "plant", "landform", "water", "vehicle", "food", "substance"))
"""Roots of what a place has about."""


class Ready(NamedTuple):
    """A compiled fragment with what its words betray."""

    fragment: Fragment
    tags: Tags
    words: frozenset[str]
    slots: frozenset[str]


class Entry:
    """One entry of the knowledge. Its head is known at once, the rest is read on first use."""

    __slots__ = ("_library", "_line", "_ready", "_row", "_situation", "_tags", "head", "name")

    def __init__(self, head: dict[str, Any], line: str, library: Library) -> None:
        self.head = head
        self.name: str = head.get("name") or head["state"]
        self._line = line
        self._library = library
        self._row: dict[str, Any] | None = None
        self._ready: dict[str, list[Ready]] = {}
        self._tags: Tags | None = None
        self._situation: Tags | None = None

    @property
    def row(self) -> dict[str, Any]:
        """The whole entry."""
        if self._row is None:
            self._row = json.loads(self._line)
        return self._row

    @property
    def tags(self) -> Tags:
        """The tags that the entry lists."""
        if self._tags is None:
            self._tags = self._library.vocabulary.named(self.get("tags", ()) or ())
        return self._tags

    @property
    def situation(self) -> Tags:
        """The tags of a place, with those of what it is."""
        if self._situation is None:
            vocabulary = self._library.vocabulary
            names = [*(self.get("tags", ()) or ()), *self._library.chain_names(self, places=True)]
            self._situation = vocabulary.named(name for name in names if name in vocabulary.known)
        return self._situation

    def get(self, key: str, default: Any = None) -> Any:
        """A field of the entry."""
        return self.head[key] if key in self.head else self.row.get(key, default)

    def ready(self, key: str) -> list[Ready]:
        """The sentences of a list field, compiled; dots go down (`light.day`)."""
        if key not in self._ready:
            value: Any = self.row
            for part in key.split("."):
                value = value.get(part, ()) if isinstance(value, dict) else ()
            self._ready[key] = [self._library.ready(source) for source in value]
        return self._ready[key]

    def beats(self) -> list[list[Ready]]:
        """The triples of an action, compiled."""
        if "beats" not in self._ready:
            flat = [self._library.ready(source) for triple in self.row.get("beats", ()) for source in triple]
            self._ready["beats"] = flat
        sizes = [len(triple) for triple in self.row.get("beats", ())]
        out, at = [], 0
        for size in sizes:
            out.append(self._ready["beats"][at : at + size])
            at += size
        return out


class Library:
    """All knowledge of one folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._compiled: dict[str, Ready] = {}
        self.vocabulary = Vocabulary(json.loads(line) for line in self._lines("tags.jsonl"))
        self._subjects = self._index("subjects")
        self._places = self._index("places")
        self._actions = self._verbs()
        self._tables: dict[str, list[Entry]] = {}
        self._pictures: dict[str, dict[str, str]] = {}

    # look-ups

    def subject(self, *names: str) -> Entry | None:
        """The first subject entry that one of the names means; a compound also by its last words."""
        return self._find(self._subjects, names)

    def exactly(self, name: str) -> Entry | None:
        """The subject entry that just this name means."""
        return self._subjects.get(name.lower())

    def place(self, *names: str, exact: bool = False) -> Entry | None:
        """The first place entry that one of the names means; a compound also by its last words, unless `exact`."""
        return self._places.get(names[0].lower()) if exact else self._find(self._places, names)

    def actions(self, verb: str) -> Sequence[Entry]:
        """The entries of a verb ("jump up" with its particle)."""
        return self._actions.get(verb, ())

    @cached_property
    def things(self) -> frozenset[str]:
        """The words for things that stand about in a place: fences, tables, trees."""
        roots = {name: self.chain_names(entry)[-1] for name, entry in self._subjects.items() if " " not in name}
        names = {name for name, root in roots.items() if root in STANDING}
        return frozenset(names | {plural_of(name) for name in names}) - words().filming

    @cached_property
    def takes(self) -> Takes:
        """The takes of this knowledge."""
        from t2v_recaption.writers.composer.takes import Takes  # reads entries of this library

        return Takes(self._folder, self)

    def table(self, name: str) -> list[Entry]:
        """The entries of a single file: camera, light, times, weather, moods, styles, sounds."""
        if name not in self._tables:
            self._tables[name] = [self._entry(line) for line in self._lines(f"{name}.jsonl")]
        return self._tables[name]

    @cache  # noqa: B019 -- one library lives as long as the process
    def named(self, table: str, name: str) -> Entry | None:
        """The entry of a single file with this name or other word."""
        low = name.lower()
        for entry in self.table(table):
            if entry.name.lower() == low or low in (word.lower() for word in entry.head.get("also", ())):
                return entry
        return None

    @cache  # noqa: B019 -- one library lives as long as the process
    def sound(self, name: str) -> Entry | None:
        """The sounds of an action, subject, place or tag."""
        return next((entry for entry in self.table("sounds") if name in entry.head["of"]), None)

    def chain(self, entry: Entry | None, *, places: bool = False) -> Iterator[Entry]:
        """The entry and everything it is, nearest first."""
        index = self._places if places else self._subjects
        seen: set[str] = set()
        while entry is not None and entry.name not in seen:
            seen.add(entry.name)
            yield entry
            entry = index.get(entry.head.get("is") or "")

    def chain_names(self, entry: Entry | None, *, places: bool = False) -> list[str]:
        """The names along the chain, with the root even where it has no entry."""
        chain = list(self.chain(entry, places=places))
        last = chain[-1].head.get("is") if chain else None
        return [e.name for e in chain] + ([last] if last else [])

    def ready(self, source: str) -> Ready:
        """The compiled fragment of a source."""
        found = self._compiled.get(source)
        if found is None:
            fragment = compile_fragment(source)
            found = Ready(fragment, self.vocabulary.read(source), words_of(source), fragment.slots)
            self._compiled[source] = found
        return found

    @cache  # noqa: B019 -- one library lives as long as the process
    def picture(self, kind: str, name: str, key: str) -> list[Ready]:
        """The sentences under `key` of an entry of `portraits/` or `vignettes/`."""
        if kind not in self._pictures:
            paths = sorted((self._folder / kind).glob("*.jsonl"))
            lines = (line for path in paths for line in self._lines(f"{kind}/{path.name}"))
            self._pictures[kind] = {name: line for line in lines for name in _pictured(line, kind.removesuffix("s"))}
        line = self._pictures[kind].get(name.lower())
        return [self.ready(source) for source in json.loads(line).get(key, ())] if line else []

    # reading

    def _lines(self, name: str) -> Iterator[str]:
        path = self._folder / name
        if path.exists():
            yield from (line for line in path.read_text(encoding="utf-8").split("\n") if line.startswith("{"))

    def _entry(self, line: str) -> Entry:
        at = min((found for found in map(line.find, CUTS) if found > 0), default=-1)
        head = json.loads(f"{line[:at].rstrip().rstrip(',')}}}" if at > 0 else line)
        return Entry(head, line, self)

    def _entries(self, folder: str) -> Iterator[Entry]:
        paths = sorted((self._folder / folder).glob("*.jsonl"))
        lines = [line for path in paths for line in self._lines(f"{folder}/{path.name}")]
        if self._folder == FOLDER and folder != "actions":
            heads = knowledge.heads(folder)  # read already, for the nouns of the analysis
            if len(heads) == len(lines):
                yield from (Entry(head, line, self) for head, line in zip(heads, lines, strict=True))
                return
        yield from map(self._entry, lines)

    def _index(self, folder: str) -> dict[str, Entry]:
        """Names before other words before kinds, so that an entry's own name always means itself."""
        entries = list(self._entries(folder))
        index: dict[str, Entry] = {}
        for key in ("kinds", "also"):
            for entry in entries:
                for word in entry.head.get(key, ()):
                    index[word.lower()] = entry
        index.update({entry.name.lower(): entry for entry in entries})
        return index

    def _verbs(self) -> dict[str, list[Entry]]:
        index: dict[str, list[Entry]] = {}
        for entry in self._entries("actions"):
            verb = entry.head.get("verb") or entry.name.split(" ")[0]
            particle = entry.head.get("particle", "")
            for word in {f"{verb} {particle}".strip(), *entry.head.get("also", ())}:
                index.setdefault(word.lower(), []).append(entry)
        return index

    @staticmethod
    def _find(index: dict[str, Entry], names: Sequence[str]) -> Entry | None:
        for name in names:
            words = name.lower().split(" ")
            for at in range(len(words)):
                entry = index.get(" ".join(words[at:]))
                if entry is not None:
                    return entry
        return None


def _pictured(line: str, key: str) -> list[str]:
    """The name and the other words in a line of pictures, read off its head: to parse every line would take long."""
    quoted = line.partition(f'"{key}":')[0].split('"')
    return [word.lower() for word in (quoted[3], *quoted[7::2])]


@lru_cache(maxsize=1)
def library() -> Library:
    """The built-in knowledge."""
    return Library()


__all__ = ["NONE", "Entry", "Library", "Ready", "library"]
