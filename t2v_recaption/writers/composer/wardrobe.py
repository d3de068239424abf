"""Wardrobe: what the main subject wears, or what tells it from others, as a phrase behind its name."""

from __future__ import annotations

from collections.abc import Iterator

from t2v_recaption.writers.composer.director import Shot
from t2v_recaption.writers.composer.library import Ready
from t2v_recaption.writers.composer.notation import realise
from t2v_recaption.writers.composer.pictures import THINGS, Pictures, is_exact
from t2v_recaption.writers.composer.scene import PLACES, Actor
from t2v_recaption.writers.composer.selector import Selector
from t2v_recaption.writers.composer.takes import Group
from t2v_recaption.writers.composer.words import words

LONGEST = 16
"""Words of a phrase that stands between a subject and its verb."""


class Wardrobe:
    """Looks for one scene."""

    def __init__(self, selector: Selector, pictures: Pictures) -> None:
        self.s = selector
        self.scene = selector.scene
        self.pictures = pictures

    def phrase(self, shot: Shot | None) -> str:
        """What follows "a woman": "in a camel coat over a cream sweater". Empty where the prompt says such things."""
        main = self.scene.main
        if main is None or self.scene.hands or main.parts or main.root == "body part":
            return ""
        if main.root == "person":
            return "" if main.plural or self.pictures.dressed else self._realised(self._worn(main, shot), main)
        if main.root in PLACES - {"building"} or (main.root in THINGS and not is_exact(main)):
            return ""
        if main.plural and main.group:
            return ""
        looks = [ready for group in self._groups(main) for ready in self.s.choice.order("looks", group.looks)]
        said = self._realised(iter(looks), main)
        return f"with {said}" if said else ""

    def _worn(self, main: Actor, shot: Shot | None) -> Iterator[Ready]:
        groups = list(self._groups(main))
        if groups and groups[0].wear("any") and main.noun.core not in words().people:
            yield from self.s.choice.order("wear", groups[0].wear("any"))  # a chef is dressed as a chef
        posed = self.scene.action is not None and self.scene.action.lemma in words().posed
        if shot is not None and shot.kind == "action" and (shot.placed or not posed):
            yield from self.s.choice.order("wear", shot.take.wear)
        for context in self._contexts():
            for group in groups:
                yield from self.s.choice.order("wear", group.wear(context))

    def _contexts(self) -> Iterator[str]:
        """For what one is dressed here, nearest first."""
        place, names = self.scene.place, self.s.tag_names()
        chain = set(self.s.library.chain_names(place, places=True)) if place is not None else set()
        for said in (chain, names):
            yield from (context for context, signs in words().contexts.items() if signs & said)
        yield "any"

    def _groups(self, main: Actor) -> Iterator[Group]:
        seen: set[str] = set()
        names = [*main.names, *(link.name for link in self.s.library.chain(main.entry))]
        for name in names if main.root not in THINGS else main.names:
            if name not in seen:
                seen.add(name)
                yield from (g for g in self.s.library.takes.of_subject(name) if not g.head.get("needs"))

    def _realised(self, options: Iterator[Ready], main: Actor) -> str:
        for ready in options:
            text = realise(ready.fragment, main.reference, self.s.choice, "look")
            if (
                len(text.split()) <= LONGEST
                and self.s.fits(ready, main.reference)
                and not self.pictures.clashes(ready, main)
            ):
                return text
        return ""
