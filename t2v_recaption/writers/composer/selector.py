"""Selector: picks sentences of the knowledge that may stand in a scene, each at most once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from t2v_recaption.intent.model import Kind
from t2v_recaption.writers.base import Aspect
from t2v_recaption.writers.composer.library import Entry, Library, Ready
from t2v_recaption.writers.composer.notation import Reference
from t2v_recaption.writers.composer.scene import Scene
from t2v_recaption.writers.composer.tags import Tags
from t2v_recaption.writers.composer.words import words

GENERAL = frozenset(("object", "food", "building"))
"""Roots whose kinds have too little in common for a sentence that shows anything."""


@dataclass
class Planned:
    """A sentence to be written."""

    aspect: Aspect
    importance: float
    ready: Ready
    who: Reference
    key: str
    own: bool = True
    """Whether `{they}` is the main subject."""
    spare: Ready | None = None
    """Another sentence for the same that begins with another word."""


class Selector:
    """The state of one plan: the situation so far and what has been said."""

    def __init__(self, scene: Scene, library: Library) -> None:
        self.scene = scene
        self.library = library
        self.choice = scene.choice
        self.tags: Tags = scene.tags
        self.used: set[str] = set()
        said = f" {scene.analysis.text.lower()} "
        self.against = frozenset(
            word for stated, barred in words().against.items() if f" {stated}" in said for word in barred
        )
        """Words that would contradict what the user said of the whole scene."""

    def narrow(self, tags: Tags) -> None:
        """From now on the situation is also this one."""
        self.tags = self.tags | tags

    def narrow_named(self, name: str) -> None:
        """From now on the situation also has this tag."""
        self.narrow(self.library.vocabulary.named([name]))

    def tag_names(self) -> set[str]:
        """The tags of the situation so far."""
        return set(self.library.vocabulary.names(self.tags))

    def who(self) -> Reference:
        """How the main subject is referred to."""
        main, action, place = self.scene.main, self.scene.action, self.scene.place_name
        obj = action.obj.name if action is not None and action.obj is not None else ""
        if self.scene.hands:
            return Reference("the hands", "they", True, obj or (main.name if main else ""), place)
        if main is None or (main.entry is None and main.root in ("", "abstract", "time")):
            return Reference("the scene", "it", False, obj, place)
        place = "" if place == main.name else place
        return Reference(main.name, main.pronoun, main.plural, obj, place, group=main.group)

    def fits(self, ready: Ready, who: Reference) -> bool:
        """Whether the sentence may stand in this scene."""
        tags = ready.tags
        if tags.has & self.tags.bars or self.tags.has & tags.bars or ready.fragment.source in self.used:
            return False
        if "or" in ready.words:
            return False  # "steam or drops" leaves the decision to the reader
        if (
            ready.words & (self.scene.avoid | self.against)
            or ready.words & words().ambiguous
            or (who.name.endswith("hands") and ready.words & words().body)
        ):
            return False
        return not (("obj" in ready.slots and not who.obj) or ("place" in ready.slots and not who.place))

    def pick(self, key: str, options: Sequence[Ready], who: Reference) -> Ready | None:
        """The first option that fits, in the order of the seed."""
        for ready in self.choice.order(key, options):
            if self.fits(ready, who):
                self.used.add(ready.fragment.source)
                return ready
        return None

    def pick_two(self, options: Iterable[Ready], who: Reference) -> tuple[Ready | None, Ready | None]:
        """The first option that fits, and the next one that begins with another word."""
        first: Ready | None = None
        for ready in options:
            if first is None and self.fits(ready, who):
                self.used.add(ready.fragment.source)
                first = ready
            elif first is not None and opening(ready) != opening(first) and self.fits(ready, who):
                return first, ready
        return first, None

    def from_chain(
        self, entry: Entry, key: str, who: Reference, aspect: Aspect, weights: Sequence[float], *, places: bool = False
    ) -> list[Planned]:
        """One sentence a weight from the entry's list, going up to what it is where it has none that fit."""
        out: list[Planned] = []
        for link in self.library.chain(entry, places=places):
            if not places and link.name in GENERAL:
                break  # what is true of all objects says nothing of this one
            for ready in self.choice.order(f"{key}.{link.name}", link.ready(key)):
                if len(out) == len(weights):
                    return out
                if self.fits(ready, who):
                    self.used.add(ready.fragment.source)
                    out.append(Planned(aspect, weights[len(out)], ready, who, f"{key}{len(out)}"))
            if out:
                break
        return out

    def stated(self, kind: Kind, category: str = "") -> bool:
        """Whether the user stated something of this kind (and category)."""
        return self.scene.has(kind, category)


def opening(ready: Ready) -> str:
    """The word that the sentence begins with."""
    first = ready.fragment.source.split(" ", 1)[0]
    return "The" if first.startswith("{Name}") else first
