"""Intent and Fact: a prompt taken apart into what the user stated, each with its place in the prompt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from t2v_recaption.records import Record


class Span(NamedTuple):
    """Half-open character range `[start, end)` of a text."""

    start: int
    end: int


class Kind(str, Enum):
    """What a fact is about."""

    SUBJECT = "subject"
    COUNT = "count"
    ATTRIBUTE = "attribute"
    ACTION = "action"
    RELATION = "relation"
    SETTING = "setting"
    TIME = "time"
    WEATHER = "weather"
    LIGHT = "light"
    MOOD = "mood"
    CAMERA = "camera"
    STYLE = "style"
    TEXT = "text"
    """Quoted text: to be shown or spoken letter by letter."""
    NAME = "name"
    ORDER = "order"
    NEGATION = "negation"
    FORMAT = "format"
    """Duration, resolution, aspect ratio, frame rate."""
    PHRASE = "phrase"
    """Content that fits no other kind, kept as a phrase (also: languages that are not analysed further)."""


@dataclass(frozen=True)
class Fact(Record):
    """One thing the user stated."""

    id: str
    """`f1`, `f2`, … in the order of the prompt."""
    kind: Kind
    text: str
    """The words of the prompt that state it."""
    value: str
    """The canonical value: lemma of the head noun or verb, digits of a count, `left`, `zoom in`, exact quoted text."""
    spans: tuple[Span, ...]
    """Where it is said in the prompt (more than one where the words are apart)."""
    category: str = ""
    """The finer kind: attribute `colour|material|size|age|state|pattern|…`, camera `size|angle|movement|lens|speed`,
    relation `left|right|above|below|behind|front|on|in|near|with|…`, subject `person|animal|vehicle|food|plant|…`."""
    of: str | None = None
    """Id of the fact it is bound to: attribute, count → its subject; action → its agent; relation → its figure."""
    to: str | None = None
    """Id of the second party: relation → the landmark; action → its object; order → what comes later."""
    negated: bool = False
    """True for what must not be there (kind `negation`): `value` is then the thing to avoid."""


@dataclass(frozen=True)
class Intent(Record):
    """A prompt taken apart. Made by `t2v_recaption.intent.parse`."""

    prompt: str
    """The prompt exactly as given: spans count in it."""
    language: str
    """ISO 639-1 code; `en` where the prompt is too short to tell."""
    facts: tuple[Fact, ...]

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts)

    def of_kind(self, *kinds: Kind) -> tuple[Fact, ...]:
        """The facts of these kinds, in order."""
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], ())
        return tuple(fact for fact in self.facts if fact.kind in kinds)

    def bound_to(self, fact_id: str) -> tuple[Fact, ...]:
        """The facts bound to that fact (its attributes, counts, actions …)."""
        return tuple(fact for fact in self.facts if fact.of == fact_id)

    def __getitem__(self, fact_id: str) -> Fact:
        return self._by_id[fact_id]

    @cached_property
    def _by_kind(self) -> dict[Kind, tuple[Fact, ...]]:
        kinds = dict.fromkeys(fact.kind for fact in self.facts)
        return {kind: tuple([fact for fact in self.facts if fact.kind is kind]) for kind in kinds}

    @cached_property
    def _by_id(self) -> dict[str, Fact]:
        return {fact.id: fact for fact in self.facts}
