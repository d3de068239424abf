"""Pictures: the sentences that make us see a thing (portraits) or a place (vignettes), from near and from the air."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from t2v_recaption.intent.model import Fact, Kind
from t2v_recaption.language.model import NounPhrase
from t2v_recaption.writers.composer.library import Entry, Library, Ready
from t2v_recaption.writers.composer.notation import Reference
from t2v_recaption.writers.composer.scene import PLACES, TIMES, Actor, Scene
from t2v_recaption.writers.composer.selector import Planned, Selector, opening
from t2v_recaption.writers.composer.words import words

THINGS = frozenset(("food", "object", "building", "plant", "vehicle"))
"""Roots whose kinds differ too much for the portrait of one to do for another."""
NEAR = 3
"""Portraits among which the first words may decide."""
ANCHORS = frozenset(("name", "they", "their", "them"))
"""Slots that tie a sentence to its subject: needed where the sentence is not about the main one."""


class Pictures:
    """Portraits and vignettes for one scene."""

    def __init__(self, selector: Selector) -> None:
        self.s = selector
        self.scene: Scene = selector.scene
        self.library: Library = selector.library
        self._said: dict[int, tuple[frozenset[str], frozenset[str]]] = {}
        """What must not be said of a noun, and which kinds of attributes are stated, by its index."""
        self.openings = {"The", "A", "An"}
        """First words of the portraits so far: the next one should begin with another."""

    @property
    def from_above(self) -> bool:
        """Whether the clip is seen from the air (an interior seen from high up still shows its inside)."""
        if "indoor" in self.library.vocabulary.names(self.scene.tags):
            return False
        return "far" in self.library.vocabulary.names(self.scene.said) or any(
            fact.value in words().airborne for fact in self.scene.intent.of_kind(Kind.CAMERA) if not fact.negated
        )

    def portrait(self, actor: Actor, who: Reference, weight: float, *, main: bool, kin: bool = False) -> list[Planned]:
        """One sentence on how a subject looks that goes with everything the user said of it."""
        if actor.entry is None:
            return []
        fitting = [r for r in self._portraits(actor, kin=main or kin) if self._suits(r, actor, who, main=main)]
        if not fitting:
            return []
        near = fitting[:NEAR]  # further ones may be of something more general
        ready = next((r for r in near if opening(r) not in self.openings), fitting[0])
        self.openings.add(opening(ready))
        self.s.used.add(ready.fragment.source)
        return [Planned("subject", weight, ready, who, f"portrait.{actor.noun.index}", own=main)]

    def _suits(self, ready: Ready, actor: Actor, who: Reference, *, main: bool) -> bool:
        if not self.s.fits(ready, who) or self.clashes(ready, actor):
            return False
        if not main and not ready.slots & ANCHORS and not ready.words & _names(actor):
            return False
        return main or not who.group or "name" in ready.slots  # "they" would be the main subject

    def is_told(self, actor: Actor) -> bool:
        """Whether the knowledge has more on the thing than what is true of all buildings, foods or objects."""
        general = actor.entry is None or not actor.entry.get("is")
        if actor.root not in THINGS:
            return True
        named = actor.entry is not None and actor.noun.lemma.lower() in _own_words(actor.entry)
        return is_exact(actor) and not general and (named or actor.root in ("food", "plant"))

    def vignette(self, place: Entry, weight: float) -> list[Planned]:
        """One sentence that paints the whole place."""
        who = self.s.who()
        for link in self._near(place):
            options = self._views("vignettes", link)
            for ready in self.s.choice.order(f"vignette.{link.name}", options):
                if self.s.fits(ready, who) and self._is_now(ready) and not self._is_contrary(ready):
                    self.s.used.add(ready.fragment.source)
                    self.s.narrow(ready.tags)
                    return [Planned("setting", weight, ready, who, f"vignette.{len(self.s.used)}")]
        return []

    def _is_contrary(self, ready: Ready) -> bool:
        """Whether it says the contrary of what is said of the subject: of a house under construction."""
        main = self.scene.main
        return main is not None and main.root in PLACES and bool(ready.words & self._stated(main)[0])

    def _is_now(self, ready: Ready) -> bool:
        """Whether the sentence tells of no other time of day than the scene has."""
        names = set(self.library.vocabulary.names(ready.tags))
        told = {time for time, signs in TIMES if names & signs} - {"day"}
        return not told or not self.scene.time or self.scene.time in told

    def paints(self, place: Entry | None) -> bool:
        """Whether there is a sentence that paints the place."""
        return place is not None and any(self._views("vignettes", link) for link in self._near(place))

    def _near(self, place: Entry) -> list[Entry]:
        """The place and what it is, without the roots: what is true of all outdoors shows no street."""
        links = list(self.library.chain(place, places=True))
        return [link for link in links if link.get("is") or link.name == place.name]

    def lit(self, items: Sequence[Planned]) -> bool:
        """Whether one of these sentences tells of the light already."""
        return any(item.ready.words & words().luminous for item in items)

    def _portraits(self, actor: Actor, *, kin: bool) -> Iterator[Ready]:
        """The portraits of the kind that the user named ("cello"), of its entry, and with `kin` of what that is."""
        entry, key = actor.entry, "above" if self.from_above else "portrait"
        assert entry is not None
        for kind in actor.names:
            if kind != entry.name.lower() and self.library.subject(kind) is entry:
                yield from self.s.choice.order(f"portrait.{kind}", self._shown(kind, key))
                if actor.root in THINGS - {"plant"} and self.library.picture("portraits", kind, "portrait"):
                    return
        for link in self.library.chain(entry) if is_exact(actor) else ():
            own = self._views("portraits", link)
            yield from self.s.choice.order(f"portrait.{link.name}", own)
            if (own and not kin) or actor.root in THINGS - {"plant"}:
                return

    def _shown(self, kind: str, key: str) -> list[Ready]:
        """The portraits of a kind; from the air those from near, where it has no other."""
        return self.library.picture("portraits", kind, key) or self.library.picture("portraits", kind, "portrait")

    def _views(self, kind: str, entry: Entry) -> list[Ready]:
        if self.from_above:
            return self.library.picture(kind, entry.name, "above")
        return self.library.picture(kind, entry.name, kind.removesuffix("s"))

    def _stated(self, actor: Actor) -> tuple[frozenset[str], frozenset[str]]:
        """Words that would contradict what the user said of the subject, and the kinds of attributes stated."""
        index = actor.noun.index
        if index not in self._said:
            kinds = {m.category for m in actor.noun.modifiers}
            kinds |= {fact.category for fact in self.scene.intent.of_kind(Kind.ATTRIBUTE) if self._is_of(fact, actor)}
            self._said[index] = self._barred(actor), frozenset(kinds)
        return self._said[index]

    def _is_of(self, fact: Fact, actor: Actor) -> bool:
        """Whether an attribute is said of this thing, or of the scene as a whole."""
        whose = next((other for other in self.scene.intent.facts if other.id == fact.of), None)
        noun = actor.noun
        return whose is None or any(start < noun.end and noun.start < end for start, end in whose.spans)

    def _barred(self, actor: Actor) -> frozenset[str]:
        barred: set[str] = set()
        a = self.scene.analysis
        does = {verb.lemma for verb in a.verbs if not verb.negated}
        for said in _modifiers(actor.noun) | {noun.core for noun in a.nouns} | does:
            barred.update(words().contrary.get(said, ()))
        return frozenset(barred)

    def clashes(self, ready: Ready, actor: Actor | None) -> bool:
        """Whether the text colours, makes or dresses the subject otherwise than the user did, or says the contrary."""
        if actor is None:
            return False
        barred, stated = self._stated(actor)
        if ready.words & barred:
            return True
        names = set(self.library.vocabulary.names(ready.tags))
        if stated & {"colour", "nationality"} and ("colour" in names or ready.words & words().shades):
            return True
        if "material" in stated and ready.words & words().materials:
            return True
        action = self.scene.action
        own = action is not None and action.obj is not None and action.obj.root == "clothing"
        return "clothing" in names and self.dressed and not own and actor.root in ("person", "creature")

    @cached_property
    def dressed(self) -> bool:
        """Whether the user said what people wear, or they do what nobody does in clothes."""
        a = self.scene.analysis
        return (
            "clothing" in self.library.vocabulary.names(self.scene.tags)
            or self.scene.has(Kind.ATTRIBUTE, "clothing")
            or any(noun.root == "clothing" for noun in a.nouns)
            or any(token.lemma in words().undressed for token in a.tokens)
        )


def is_exact(actor: Actor) -> bool:
    """Whether the entry is about just this thing: a portrait of a tower is none of a transmission tower."""
    entry, lemma = actor.entry, actor.noun.lemma.lower()
    if entry is None or actor.root not in THINGS or actor.called:
        return True
    kinds = entry.head.get("kinds", ()) if entry.head.get("is") else ()
    return lemma in _own_words(entry) or lemma in (word.lower() for word in kinds)


def _own_words(entry: Entry) -> set[str]:
    return {word.lower() for word in (entry.name, *entry.head.get("also", ()))}


def _modifiers(noun: NounPhrase) -> set[str]:
    return {m.lemma for m in noun.modifiers} | {m.text.lower() for m in noun.modifiers}


def _names(actor: Actor) -> set[str]:
    return {*actor.noun.lemma.split(" "), *actor.noun.core.split(" "), *actor.name.lower().split(" ")} - {"the"}
