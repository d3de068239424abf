"""Deeds: what happens in a scene, and which entry of the knowledge tells how it unfolds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Protocol, TypeVar

from t2v_recaption.intent.model import Kind
from t2v_recaption.language.model import NounPhrase, VerbPhrase
from t2v_recaption.writers.composer.casting import Casting
from t2v_recaption.writers.composer.library import Entry, Library
from t2v_recaption.writers.composer.scene import ALIVE, EVENTS, PLACES, Action, Actor, Scene
from t2v_recaption.writers.composer.takes import Group
from t2v_recaption.writers.composer.words import words

TOWARDS = frozenset(("to", "on", "at", "with", "for", "into", "outside", "in", "over", "against", "between", "above"))
"""Prepositions that join a verb to what it is about: listening to music."""
GAZING = frozenset(("look", "gaze", "stare", "watch", "point", "lean", "climb"))
"""Verbs that have a place for their object: looking at the sea."""
WORN = frozenset(("make", "dress", "wear", "cover", "fill", "decorate"))
"""Verbs that say how something is, where another one says what it does."""
PARTICLES = {"out": "out", "off": "off", "into": "in", "onto": "on", "up": "up", "down": "down"}
OCCASIONS = frozenset(("game", "class", "session", "lesson", "course", "match", "training", "performance", "show"))
"""Nouns before which another one tells what is done: a chess game."""
ENGAGING = frozenset(
    ("train", "practice", "practise", "engage", "participate", "compete", "enjoy", "love", "do", "go", "keep")
)
"""Verbs behind which a gerund tells what is done."""
ATTEMPTS = frozenset(("pretend", "try", "start", "begin", "continue", "attempt", "learn", "help", "stop", "get"))
"""Verbs that say of another one how it goes on: what is seen is the other."""


class Deeds:
    """Finds the action of one scene."""

    def __init__(self, scene: Scene, library: Library, casting: Casting) -> None:
        self.scene = scene
        self.library = library
        self.casting = casting
        self.a = scene.analysis

    def find(self, verb: VerbPhrase | None, first: NounPhrase | None) -> Action | None:
        """The action: of the verb, of an event ("a fight"), or of a participle ("a sleeping cat")."""
        if verb is not None:
            return self._of_verb(verb)
        return self._of_noun(first) if first is not None else self._of_modifier()

    def verb(self) -> VerbPhrase | None:
        """The verb that says most about what happens."""
        lens = [s for f in self.scene.intent.of_kind(Kind.CAMERA) for s in f.spans]
        verbs = [v for v in self.a.verbs if v.start >= self.casting.start and not v.negated and not v.gerund]
        verbs = [v for v in verbs if not any(s.start < v.end and v.start < s.end for s in lens)]
        verbs = [v for v in verbs if not self._is_attempt(v) and not self._is_worn(v, verbs)] or verbs
        verbs = sorted(verbs, key=self._is_relative)
        if verbs and verbs[0].first == 0 and verbs[0].form == "ing":
            return verbs[0]
        strong = [v for v in verbs if v.lemma not in words().weak_verbs and (v.agents or v.objects) and self._known(v)]
        if strong:
            return self._engaged(strong[0])
        if verbs and verbs[0].first == 0:
            return verbs[0]
        return next((v for v in verbs if v.agents or v.objects), None)

    def _is_relative(self, verb: VerbPhrase) -> bool:
        """Whether it only says which one is meant: a man that waves."""
        return verb.first > 0 and self.a.tokens[verb.first - 1].lower in ("that", "which", "who")

    def _is_worn(self, verb: VerbPhrase, verbs: Sequence[VerbPhrase]) -> bool:
        later = (v for v in verbs if v.first > verb.verb and v.lemma not in WORN and set(v.agents) & set(verb.agents))
        return verb.lemma in WORN and any(self._known(v) for v in later)

    def _engaged(self, verb: VerbPhrase) -> VerbPhrase:
        """Training in swimming is swimming."""
        later = (v for v in self.a.verbs if v.gerund and v.first > verb.verb and self._known(v))
        herself = any(self.a.tokens[self.a.nouns[i].head].lower.endswith(("self", "selves")) for i in verb.objects)
        return next(later, verb) if verb.lemma in ENGAGING or herself else verb

    def _is_attempt(self, verb: VerbPhrase) -> bool:
        to = self.a.tokens[verb.last].lower if verb.last < len(self.a.tokens) else ""
        return verb.lemma in ATTEMPTS and to == "to"

    def _known(self, verb: VerbPhrase) -> bool:
        names = (f"{verb.lemma} {verb.particle}".strip(), verb.lemma)
        return any(self.library.actions(name) or self.library.takes.of_action(name) for name in names)

    def _of_verb(self, verb: VerbPhrase) -> Action:
        obj = None
        if not verb.passive:
            obj = next((self.casting.actor(self.a.nouns[i]) for i in verb.objects if not self.a.nouns[i].pronoun), None)
        particle = self._particle(verb)
        names = dict.fromkeys((f"{verb.lemma} {particle}".strip(), verb.lemma))
        options: list[Entry] = [entry for name in names for entry in self.library.actions(name)]
        if obj is None and not verb.passive:
            obj = self._told(verb, options)
        entry = None if verb.passive else self._best(options, obj)
        return Action(verb, verb.lemma, entry, obj, particle)

    def _particle(self, verb: VerbPhrase) -> str:
        """The particle, or the preposition that does for one where the knowledge tells of both: getting into a car."""
        after = self.a.tokens[verb.last].lower if verb.last < len(self.a.tokens) else ""
        word = PARTICLES.get(after, "")
        both = f"{verb.lemma} {word}"
        known = bool(word) and bool(self.library.actions(both) or self.library.takes.of_action(both))
        return verb.particle or (word if known else "")

    def _told(self, verb: VerbPhrase, options: Sequence[Entry]) -> Actor | None:
        """The noun right after a verb that mostly has no object, where an entry is about both: "flying a kite"."""
        noun = next((noun for noun in self.a.nouns if noun.first == verb.last and not noun.pronoun), None)
        if noun is None:
            grounds = [r.ground for r in self.a.relations if r.verb == verb.index and r.category in TOWARDS]
            noun = next((self.a.nouns[ground] for ground in grounds if ground is not None), None)
            noun = None if noun is not None and noun.root in PLACES and verb.lemma not in GAZING else noun
        lens = noun is not None and noun.core in ("camera", "lens")
        actor = self.casting.actor(noun) if noun is not None and not lens else None
        known = {name for entry in options for name in entry.head.get("objects") or ()}
        known |= {name for group in self._groups(verb) for name in group.head.get("objects") or ()}
        return actor if known.intersection(self._names_of(actor)) else None

    def _groups(self, verb: VerbPhrase) -> list[Group]:
        names = {f"{verb.lemma} {self._particle(verb)}".strip(), verb.lemma}
        return [group for name in names for group in self.library.takes.of_action(name)]

    def _of_noun(self, first: NounPhrase) -> Action | None:
        """A fight between two dragons is two dragons that fight."""
        event = self.a.nouns[0]
        entry = None
        if event.index != first.index and self.casting.root(event) in EVENTS:
            entry = self._best(self.library.actions(event.core), None) if self.scene.main is not None else None
        return Action(None, event.core, entry, None) if entry is not None else self._of_modifier()

    def _of_modifier(self) -> Action | None:
        """ "a sleeping orangutan" sleeps."""
        if self.scene.main is None:
            return None
        for modifier in self.scene.main.noun.modifiers:
            if modifier.text.lower().endswith("ing"):
                verb = self._verb_of(modifier.text.lower())
                entry = self._best(self.library.actions(verb), None)
                if entry is not None:
                    return Action(None, verb, entry, None)
        return None

    def _verb_of(self, text: str) -> str:
        stem = text[:-3]
        options = (stem, f"{stem}e", stem[:-1] if stem[-1:] == stem[-2:-1] else stem)
        return next((word for word in options if self.library.actions(word)), stem)

    def _best(self, options: Sequence[Entry], obj: Actor | None) -> Entry | None:
        """The entry whose doer and object fit nearest; None when none fits. Entries that name the object come first."""
        fitting = ranked(options, self.scene, obj, self.library)
        if not fitting and self.scene.main is not None and self.scene.main.root in ALIVE:
            fitting = ranked(options, self.scene, obj, self.library, anybody=True)
        return fitting[0][0] if fitting else None

    def _names_of(self, actor: Actor | None) -> list[str]:
        return names_of(actor, self.library)


class Told(Protocol):
    """What the knowledge tells of an action."""

    @property
    def head(self) -> dict[str, Any]:
        """Its short fields, with `objects` and `by`."""


T = TypeVar("T", bound=Told)


def ranked(
    options: Sequence[T], scene: Scene, obj: Actor | None, library: Library, *, anybody: bool = False
) -> list[list[T]]:
    """Those that fit the object and the doer, nearest first, equally near ones together; only those that name the
    object, if there are any.

    `anybody` takes those that name the object for another doer.
    """
    things = names_of(obj, library)
    doers = ["person"] if scene.hands else names_of(scene.main, library)
    if scene.main is not None and scene.main.root == "body part":
        doers.append("person")  # hands do what people do
    scored = [(_score(option.head, things, doers), -at, option) for at, option in enumerate(options)]
    special = [item for item in scored if item[0][0] > 0 and (anybody or item[0][1] > 0)]
    fitting = special if anybody else special or [item for item in scored if item[0][1] > 0 and item[0][0] == 0]
    fitting.sort(key=lambda item: item[:2], reverse=True)
    return [[item[2] for item in alike] for _, alike in groupby(fitting, key=lambda item: item[0])]


def _score(head: dict[str, Any], things: Sequence[str], doers: Sequence[str]) -> tuple[int, int]:
    """How near its objects (-1: it needs another one; 0: it names none) and its doers (0: not for this one) are."""
    objects, by = head.get("objects") or (), head.get("by") or ()
    near = 0
    if objects:
        hit = next((at for at, name in enumerate(things) if name in objects), None)
        near = -1 if hit is None else 40 - min(hit, 20)
    if not by:
        return near, 1
    hit = next((at for at, name in enumerate(doers) if name in by), None)
    return near, 0 if hit is None else 20 - min(hit, 15)


def names_of(actor: Actor | None, library: Library) -> list[str]:
    """What an actor is called and what it is, nearest first."""
    if actor is None:
        return []
    kind = actor.noun.lemma.split(" ")[:-1] if actor.noun.core in OCCASIONS else []
    return [*actor.names, *kind, *library.chain_names(actor.entry), actor.root]
