"""Scene: what the composer makes of an intent: who does what where and when, and which situation that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from t2v_recaption.intent.model import Intent, Kind
from t2v_recaption.language.model import Analysis, NounPhrase, VerbPhrase
from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.library import Entry
from t2v_recaption.writers.composer.notation import Reference
from t2v_recaption.writers.composer.tags import NONE, Tags

EVENTS = frozenset(("", "abstract", "group", "event"))
ALIVE = frozenset(("person", "animal", "creature"))
MOVING = ALIVE | {"vehicle"}
TIMES = (
    ("night", {"night"}),
    ("dusk", {"dusk", "golden hour", "blue hour", "evening"}),
    ("dawn", {"dawn", "morning"}),
    ("day", {"day", "noon"}),
)
"""Times of day as the knowledge names them, with the tags that tell them."""
PLACES = frozenset(("landform", "water", "sky", "place", "building"))


@dataclass
class Actor:
    """A subject of the scene."""

    noun: NounPhrase
    entry: Entry | None
    root: str
    name: str
    """Definite noun phrase: "the dog"."""
    pronoun: str
    plural: bool
    group: bool = False
    parts: tuple[Actor, ...] = ()
    """The subjects that it joins: of "a man and a woman" the man and the woman."""
    called: str = ""
    """What the knowledge calls it with its adjective ("abandoned building"); empty where it has no such name."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What it may be called in the knowledge, nearest first."""
        lemma, core = self.noun.lemma.lower(), self.noun.core.lower()
        head = self.entry.head if self.entry is not None else {}
        known = {
            str(head.get("name", "")).lower(),
            *(w.lower() for key in ("also", "kinds") for w in head.get(key, ())),
        }
        options = (self.called, lemma, "" if lemma in known or self.called else core)  # wine glasses are no glasses
        return tuple(dict.fromkeys(name for name in options if name))

    @property
    def reference(self) -> Reference:
        """How fragments refer to it."""
        return Reference(self.name, self.pronoun, self.plural, group=self.group)


@dataclass
class Action:
    """What the main subject does."""

    verb: VerbPhrase | None
    lemma: str
    entry: Entry | None
    obj: Actor | None
    particle: str = ""
    """"out" of "getting out of the car"."""

    @property
    def names(self) -> tuple[str, ...]:
        """The verb with its particle, then alone."""
        return (f"{self.lemma} {self.particle}", self.lemma) if self.particle else (self.lemma,)


@dataclass
class Scene:
    """One prompt, understood."""

    intent: Intent
    analysis: Analysis
    choice: Choice
    main: Actor | None = None
    others: list[Actor] = field(default_factory=list)
    action: Action | None = None
    place: Entry | None = None
    place_name: str = ""
    place_stated: bool = False
    hands: bool = False
    """Whether nobody is named for the action (someone's hands do it)."""
    time: str = ""
    said: Tags = NONE
    """The tags of the prompt's own words."""
    tags: Tags = NONE
    avoid: frozenset[str] = frozenset()

    def has(self, kind: Kind, category: str = "") -> bool:
        """Whether the user stated something of this kind (and category)."""
        return any(
            fact.kind is kind and not fact.negated and (not category or fact.category == category)
            for fact in self.intent.facts
        )

    @property
    def ambiguous(self) -> bool:
        """Whether the main subject's pronoun could mean another subject, too."""
        return self.main is not None and any(
            other.pronoun == self.main.pronoun and other.root in MOVING for other in self.others
        )
