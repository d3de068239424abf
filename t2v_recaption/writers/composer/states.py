"""States: sentences that show what the prompt says of its subject or scene: covered in snow, abandoned, bored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from t2v_recaption.writers.composer.library import Entry, Library
from t2v_recaption.writers.composer.scene import Actor, Scene
from t2v_recaption.writers.composer.selector import Planned, Selector

MARKS = re.compile(r"[,.;:!?]+\s*")
MOST = 2
"""States that are shown at most: a caption of nothing but states shows no clip."""


class States:
    """Stated states of one scene."""

    def __init__(self, selector: Selector) -> None:
        self.s = selector
        self.scene: Scene = selector.scene
        self.text = f" {MARKS.sub(' ', self.scene.analysis.text.lower())} "

    def sentences(self) -> list[Planned]:
        """One sentence for each state that the prompt states, two at most."""
        out: list[Planned] = []
        for entry, actor in self._stated():
            ready = self.s.pick(f"state.{entry.name}", entry.ready("sentences"), actor.reference)
            if ready is not None:
                self.s.narrow(ready.tags)
                own, key = actor is self.scene.main, f"state.{entry.name}"
                out.append(Planned("subject", 0.87, ready, actor.reference, key, own=own))
            if len(out) == MOST:
                break
        return out

    def _stated(self) -> Iterator[tuple[Entry, Actor]]:
        """The entries whose words the prompt has, each with the thing that it is about."""
        seen: set[str] = set()
        actors = [actor for actor in (self.scene.main, *self.scene.others) if actor is not None]
        if self.scene.hands:
            actors = actors[1:]  # the hands are not in the prompt
        for entry in self._possible():
            actor = self._bearer(entry, actors) if entry.name not in seen else None
            if actor is not None:
                seen.add(entry.name)
                yield entry, actor

    def _possible(self) -> list[Entry]:
        """The entries of which the prompt has the longest part of one of their words, in the order of the table."""
        index = _by_part(self.s.library)
        said = {form for t in self.scene.analysis.tokens for form in (t.lower, t.lemma)}
        found = {place: entry for word in said | set(self.text.split()) for place, entry in index.get(word, ())}
        return [found[place] for place in sorted(found)]

    def _bearer(self, entry: Entry, actors: Sequence[Actor]) -> Actor | None:
        """Whom the state is said of: a single word of the thing that it stands with, a phrase of the main subject."""
        fitting = [actor for actor in actors if actor.root in entry.head["of"]]
        words = set(entry.head["words"])
        for actor in fitting:
            if words & self._modifiers(actor):
                return actor
        said = any(" " in word and f" {word} " in self.text for word in words)
        return fitting[0] if said and fitting and fitting[0] is self.scene.main else None

    @staticmethod
    def _modifiers(actor: Actor) -> set[str]:
        return {word for m in actor.noun.modifiers for word in (m.text.lower(), m.lemma)}


@lru_cache(maxsize=4)
def _by_part(library: Library) -> dict[str, list[tuple[int, Entry]]]:
    """The states by the longest parts of what tells of them, each with its place in the table."""
    index: dict[str, list[tuple[int, Entry]]] = {}
    for place, entry in enumerate(library.table("states")):
        for word in dict.fromkeys(max(word.split(" "), key=len) for word in entry.head["words"]):
            index.setdefault(word, []).append((place, entry))
    return index
