"""States: sentences that show what the prompt says of its subject or scene: covered in snow, abandoned, bored."""

from __future__ import annotations

from collections.abc import Iterator

from t2v_recaption.writers.composer.library import Entry
from t2v_recaption.writers.composer.scene import Actor, Scene
from t2v_recaption.writers.composer.selector import Planned, Selector

MOST = 2
"""States that are shown at most: a caption of nothing but states shows no clip."""


class States:
    """Stated states of one scene."""

    def __init__(self, selector: Selector) -> None:
        self.s = selector
        self.scene: Scene = selector.scene
        self.text = f" {self.scene.analysis.text.lower()} "

    def sentences(self) -> list[Planned]:
        """One sentence for each state that the prompt states, two at most."""
        out: list[Planned] = []
        for entry, actor in self._stated():
            who = actor.reference if actor is not None else self.s.who()
            ready = self.s.pick(f"state.{entry.name}", entry.ready("sentences"), who)
            if ready is not None:
                self.s.narrow(ready.tags)
                own = actor is None or actor is self.scene.main
                out.append(Planned("subject", 0.87, ready, who, f"state.{entry.name}", own=own))
            if len(out) == MOST:
                break
        return out

    def _stated(self) -> Iterator[tuple[Entry, Actor | None]]:
        """The entries whose words the prompt has, each with the thing that it is about."""
        seen: set[str] = set()
        for entry in self.s.library.table("states"):
            if entry.name in seen or not any(f" {word} " in self._spaced() for word in entry.head["words"]):
                continue
            actor = self._bearer(entry)
            if actor is not None:
                seen.add(entry.name)
                yield entry, actor

    def _spaced(self) -> str:
        return self.text.replace(",", " ").replace(".", " ")

    def _bearer(self, entry: Entry) -> Actor | None:
        """The thing that the state is said of: the one with the word among its own, else the main subject."""
        words = {part for word in entry.head["words"] for part in word.split(" ")}
        actors = [actor for actor in (self.scene.main, *self.scene.others) if actor is not None]
        fitting = [actor for actor in actors if actor.root in entry.head["of"]]
        for actor in fitting:
            if words & {m.text.lower() for m in actor.noun.modifiers}:
                return actor
        said = {m.text.lower() for actor in actors for m in actor.noun.modifiers}
        if words & said or not fitting:
            return None  # it is said of something else
        return fitting[0] if fitting[0] is self.scene.main and not self.scene.hands else None
