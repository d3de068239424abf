"""Scene: what the composer makes of an intent: who does what where and when, and which situation that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from t2v_recaption.intent.model import Fact, Intent, Kind
from t2v_recaption.language.model import Analysis, NounPhrase, VerbPhrase
from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.grammar import capital, plural_of
from t2v_recaption.writers.composer.library import Entry, Library
from t2v_recaption.writers.composer.notation import Reference
from t2v_recaption.writers.composer.opening import FRAME
from t2v_recaption.writers.composer.tags import NONE, Tags
from t2v_recaption.writers.composer.words import words

OUTSIDE = frozenset(("outside", "near", "by", "behind", "front", "along", "across", "around"))
EVENTS = frozenset(("", "abstract", "group", "event"))
ALIVE = frozenset(("person", "animal", "creature"))
MOVING = ALIVE | {"vehicle"}
PLACES = frozenset(("landform", "water", "sky", "place", "building"))
GENDER = {"he": "he", "him": "he", "his": "he", "she": "she", "her": "she", "hers": "she"}
GROUPS = frozenset(("group", "crowd", "pair", "pod", "flock", "herd", "troop", "pack", "swarm", "school", "bunch", "couple", "team", "variety", "number", "lot"))
POSTURES = frozenset(("sit", "stand", "lie", "wear", "hold", "have", "be", "look"))


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


def build(intent: Intent, analysis: Analysis, library: Library, choice: Choice) -> Scene:
    """The scene of an intent."""
    return _Builder(Scene(intent, analysis, choice), library).build()


class _Builder:
    def __init__(self, scene: Scene, library: Library) -> None:
        self.scene = scene
        self.library = library
        self.a = scene.analysis
        frame = FRAME.match(self.a.text)
        self.start = frame.end() if frame else 0

    def build(self) -> Scene:
        scene = self.scene
        scene.tags = self.library.vocabulary.read(self._positive())
        scene.avoid = self._avoided()
        nouns = self._actors()
        verb = self._verb(nouns)
        first = self._main_noun(nouns, verb)
        scene.hands = verb is not None and first is None and verb.first == 0 and verb.form == "ing"
        if first is None and verb is not None and verb.objects and scene.hands:
            first = self.a.nouns[verb.objects[0]]
        if first is not None:
            scene.main = self._actor(first)
            scene.others = [self._actor(n) for n in nouns if self._is_other(n, first)]
            self._join_partners(first)
        scene.action = self._action(verb) if verb is not None or first is None else self._action_of_noun(first)
        self._find_place(first)
        self._find_time()
        return scene

    # subjects

    def _actors(self) -> list[NounPhrase]:
        return [
            n for n in self.a.nouns if n.start >= self.start and not n.pronoun and not n.negated and n.root != "time" and not self._is_lens(n)
        ]

    def _is_lens(self, noun: NounPhrase) -> bool:
        """Whether the noun is the camera that films, not a thing in the picture."""
        return noun.core in ("camera", "lens") and self.scene.has(Kind.CAMERA)

    def _main_noun(self, nouns: list[NounPhrase], verb: VerbPhrase | None) -> NounPhrase | None:
        if verb is not None:
            doers = verb.objects if verb.passive else verb.agents
            for index in doers:
                noun = self.a.nouns[index]
                if not noun.pronoun and noun in nouns:
                    return self._content(noun)
            if verb.first == 0:
                return None
        alive = [n for n in nouns if self._root(n) in ALIVE and not self._inside(n)]
        if nouns and self._root(nouns[0]) in EVENTS and self.library.actions(nouns[0].core):
            doers = [n for n in nouns if self._root(n) in ALIVE]
            if doers:
                return self._content(doers[0])
        first = nouns[0] if nouns else None
        if first is not None and self._root(first) in PLACES | {"", "abstract"} and alive and alive[0].first < 8:
            return self._content(alive[0]) if self._root(first) in ("", "abstract") else self._content(first)
        return self._content(first) if first is not None else None

    def _inside(self, noun: NounPhrase) -> bool:
        return any(r.ground == noun.index for r in self.a.relations)

    def _content(self, noun: NounPhrase) -> NounPhrase:
        """ "a group of students" is about the students, "a cup of tea" about the cup."""
        if noun.of is None:
            return noun
        inner = self.a.nouns[noun.of]
        known = self.library.subject(noun.lemma, noun.core)
        if noun.core in words().collective or noun.root == "group" or (known is None and inner.root):
            return inner
        return noun

    def _is_other(self, noun: NounPhrase, first: NounPhrase) -> bool:
        return noun.index != first.index and noun.index not in first.partners and noun.of != first.index

    def _root(self, noun: NounPhrase) -> str:
        if noun.root and noun.root not in ("abstract", "place"):
            return noun.root
        entry = self.library.subject(noun.lemma, noun.core)
        names = self.library.chain_names(entry)
        return names[-1] if names else noun.root

    def _actor(self, noun: NounPhrase) -> Actor:
        entry, root = self._entry(noun), self._root(noun)
        root = "object" if self._is_lifeless(noun) else root
        if entry is None and root:
            entry = self.library.subject(root)
        if noun.core in words().no_subject:
            entry = None
        collective = next((n for n in self.a.nouns if n.of == noun.index and n.core in GROUPS), None)
        plural = noun.plural or collective is not None
        group = self.library.chain_names(entry)[-1:] == ["group"]
        pronoun = "they" if group else self._pronoun(noun, entry, root, plural)
        return Actor(noun, entry, root, self._name(noun, plural), pronoun, plural, group)

    def _entry(self, noun: NounPhrase) -> Entry | None:
        """What the knowledge has on it; an animal on a plate is food."""
        entry = self.library.subject(noun.lemma, noun.core)
        piece = any(n.of == noun.index and n.core in words().pieces for n in self.a.nouns)
        if self._is_lifeless(noun):
            return self.library.subject(noun.core if noun.root == "object" else "figurine", "toy", "object")
        if piece or (self._root(noun) == "animal" and self._is_cooked()):
            return self.library.subject("food")
        return entry

    def _is_lifeless(self, noun: NounPhrase) -> bool:
        """Whether it only has the shape of an animal: "a plastic flamingo"."""
        said = {token.lower for token in self.a.tokens[noun.first : noun.last]}
        return self._root(noun) in ("animal", "object") and bool(said & words().lifeless) and noun.root == "animal"

    def _is_cooked(self) -> bool:
        return any(token.lower in words().cooked or token.lemma in words().cooked for token in self.a.tokens)

    def _name(self, noun: NounPhrase, plural: bool) -> str:
        size = len(noun.lemma.split(" "))
        first = max(noun.first, noun.head - size + 1)
        text = self.a.words(first, noun.head + 1)
        if noun.proper and noun.determiner not in ("the", "a", "an"):
            return text
        if noun.count is not None and noun.count > 1 and noun.count_first >= 0 and noun.count_first < first:
            text = f"{self.a.tokens[noun.count_first].text.lower()} {text}"
        elif plural and not noun.plural:
            entry = self.library.subject(noun.lemma, noun.core)
            text = plural_of(text, str(entry.get("plural", "")) if entry is not None and entry.name == noun.core else "")
        other = (
            "other " if noun.determiner == "another" or "another" in self.a.words(noun.first, noun.head).lower() else ""
        )
        return f"the {other}{self._named(text.removesuffix(' of'))}"

    def _named(self, text: str) -> str:
        """Names in it get their capital, as in the opening."""
        lists = words()
        low = text.lower().split(" ")
        if not any(word in lists.capital or word in lists.names or word in lists.upper for word in low):
            return text
        known = lists.capital | lists.names
        return " ".join(
            word.upper() if word.lower() in lists.upper else capital(word) if word.lower() in known else word
            for word in text.split(" ")
        )

    def _pronoun(self, noun: NounPhrase, entry: Entry | None, root: str, plural: bool) -> str:
        if plural:
            return "they"
        for other in self.a.nouns:
            if other.possessor == noun.index and other.determiner in GENDER and root in ALIVE:
                return GENDER[other.determiner]
        known = next((str(e.head["pronoun"]) for e in self.library.chain(entry) if e.head.get("pronoun")), "")
        if root == "person" and known in ("", "they"):
            said = {token.lower for token in self.a.tokens[noun.first : noun.last]}
            return next((p for p, signs in words().gender.items() if said.intersection(signs)), "they")
        return known or "it"

    def _join_partners(self, first: NounPhrase) -> None:
        """ "a man and a woman" are one plural subject."""
        main = self.scene.main
        partners = [self.a.nouns[i] for i in first.partners if i > first.index]
        if main is None or not partners:
            return
        joined = [t.lower for t in self.a.tokens[first.last : partners[0].first]]
        if "and" not in joined and "," not in joined and "&" not in joined:
            return
        names = [main.name, *(self._name(n, n.plural) for n in partners)]
        same = all(self._root(n) == main.root for n in partners)
        name = " and ".join(names) if len(names) == 2 else f"{', '.join(names[:-1])} and {names[-1]}"
        if not same and main.root not in ALIVE:
            return
        entry = main.entry
        for link in self.library.chain(main.entry):
            entry = link
        self.scene.main = Actor(first, entry if same else main.entry, main.root, name, "they", True)

    # actions

    def _verb(self, nouns: list[NounPhrase]) -> VerbPhrase | None:
        """The verb that says most about what happens."""
        lens = [s for f in self.scene.intent.of_kind(Kind.CAMERA) for s in f.spans]
        verbs = [v for v in self.a.verbs if v.start >= self.start and not v.negated and not v.gerund]
        verbs = [v for v in verbs if not any(s.start < v.end and v.start < s.end for s in lens)]
        strong = [v for v in verbs if v.lemma not in POSTURES and (v.agents or v.objects) and self._known(v)]
        if strong:
            return strong[0]
        if verbs and verbs[0].first == 0:
            return verbs[0]
        return next((v for v in verbs if v.agents or v.objects), None)

    def _known(self, verb: VerbPhrase) -> bool:
        return bool(self.library.actions(f"{verb.lemma} {verb.particle}".strip()) or self.library.actions(verb.lemma))

    def _action(self, verb: VerbPhrase | None) -> Action | None:
        if verb is None:
            return self._action_of_modifier()
        obj = None
        if not verb.passive:
            obj = next((self._actor(self.a.nouns[i]) for i in verb.objects if not self.a.nouns[i].pronoun), None)
        options: list[Entry] = [*self.library.actions(f"{verb.lemma} {verb.particle}".strip())]
        if verb.particle:
            options += self.library.actions(verb.lemma)
        entry = None if verb.passive else self._best(options, obj)
        return Action(verb, verb.lemma, entry, obj)

    def _action_of_noun(self, first: NounPhrase) -> Action | None:
        """A fight between two dragons is two dragons that fight."""
        event = self.a.nouns[0]
        entry = None
        if event.index != first.index and self._root(event) in EVENTS:
            entry = self._best(self.library.actions(event.core), None) if self.scene.main is not None else None
        return Action(None, event.core, entry, None) if entry is not None else self._action_of_modifier()

    def _action_of_modifier(self) -> Action | None:
        """ "a sleeping orangutan" sleeps."""
        if self.scene.main is None:
            return None
        for modifier in self.scene.main.noun.modifiers:
            if modifier.text.lower().endswith("ing"):
                entry = self._best(self.library.actions(self._verb_of(modifier.text.lower())), None)
                if entry is not None:
                    return Action(None, entry.name, entry, None)
        return None

    def _verb_of(self, text: str) -> str:
        stem = text[:-3]
        options = (stem, f"{stem}e", stem[:-1] if stem[-1:] == stem[-2:-1] else stem)
        return next((word for word in options if self.library.actions(word)), stem)

    def _best(self, options: Sequence[Entry], obj: Actor | None) -> Entry | None:
        """The entry whose doer and object fit nearest; None when none fits. Entries that name the object come first."""
        scored = [(self._score(entry, obj), -at, entry) for at, entry in enumerate(options)]
        special = [item for item in scored if item[0][0] > 0]
        fitting = [item for item in special or scored if item[0][1] > 0 and item[0][0] >= 0]
        if not fitting and special and self.scene.main is not None and self.scene.main.root in ALIVE:
            fitting = special
        return max(fitting, key=lambda item: item[:2])[2] if fitting else None

    def _score(self, entry: Entry, obj: Actor | None) -> tuple[int, int]:
        """How near its objects (-1: it needs another one; 0: it names none) and its doers (0: not for this one) are."""
        objects, doers = entry.head.get("objects") or (), entry.head.get("by") or ()
        near = 0
        if objects:
            hit = next((at for at, name in enumerate(self._names_of(obj)) if name in objects), None)
            near = -1 if hit is None else 40 - min(hit, 20)
        if not doers:
            return near, 1
        names = ["person"] if self.scene.hands else self._names_of(self.scene.main)
        hit = next((at for at, name in enumerate(names) if name in doers), None)
        return near, 0 if hit is None else 20 - min(hit, 15)

    def _names_of(self, actor: Actor | None) -> list[str]:
        if actor is None:
            return []
        return [actor.noun.lemma, actor.noun.core, *self.library.chain_names(actor.entry), actor.root]

    # place and time

    def _find_place(self, first: NounPhrase | None) -> None:
        scene = self.scene
        for noun in self._place_nouns(first):
            own = first is not None and noun.index == first.index
            entry = self.library.place(noun.lemma, noun.core, exact=own and noun.root not in ("place", "landform"))
            if entry is not None and not entry.situation.fits(scene.tags):
                entry = self._inside_or_outside(noun)
            if entry is not None:
                scene.place, scene.place_name, scene.place_stated = entry, self._name(noun, noun.plural), True
                scene.tags = scene.tags | entry.situation
                return
        self._general_place()

    def _general_place(self) -> None:
        """A stated place that is no entry is at least inside or outside."""
        scene = self.scene
        spans = [span for fact in scene.intent.of_kind(Kind.SETTING) if not fact.negated for span in fact.spans]
        noun = next((n for n in self.a.nouns if any(s.start < n.end and n.start < s.end for s in spans)), None)
        scene.place_stated = bool(spans)
        if noun is None and scene.main is None and scene.intent.of_kind(Kind.TIME, Kind.WEATHER):
            scene.place, scene.place_stated = self.library.place("sky"), True
        if noun is None:
            return
        scene.place = self._inside_or_outside(noun)
        if scene.place is not None:
            scene.place_name = self._name(noun, noun.plural)
            scene.tags = scene.tags | scene.place.situation

    def _inside_or_outside(self, noun: NounPhrase) -> Entry | None:
        """The general entry for a place that has none of its own, or whose own is the wrong side of the door."""
        names = self.library.vocabulary.names(self.scene.tags)
        relation = next((r.category for r in self.a.relations if r.ground == noun.index), "")
        inside = "indoor" in names or (noun.root == "building" and relation in ("in", "inside"))
        outside = bool({"outdoor", "sky"} & set(names)) or noun.root in ("landform", "water", "sky") or relation in OUTSIDE
        return self.library.place("indoor" if inside else "outdoor") if inside or outside else None

    def _place_nouns(self, first: NounPhrase | None) -> list[NounPhrase]:
        """Nouns that may be the place: what is stated as setting, landmarks of relations, then the subject itself."""
        spans = [span for fact in self.scene.intent.of_kind(Kind.SETTING) if not fact.negated for span in fact.spans]
        stated = [n for n in self.a.nouns if any(s.start < n.end and n.start < s.end for s in spans)]
        grounds = [self.a.nouns[r.ground] for r in self.a.relations if r.ground is not None and not r.negated]
        own = [first] if first is not None and self._root(first) in PLACES | {"", "abstract"} else []
        landmarks = [n for n in grounds if n.root in PLACES | {"", "abstract", "object", "vehicle"}]
        inner = self.a.nouns[self.a.nouns[0].of] if self.a.nouns and self.a.nouns[0].of is not None else None
        whose = [inner] if inner is not None and inner.root in PLACES else []
        return [*stated, *landmarks, *whose, *own]

    def _find_time(self) -> None:
        names = set(self.library.vocabulary.names(self.scene.tags))
        for time, signs in (
            ("night", ("night",)), ("dusk", ("dusk", "golden hour", "blue hour")), ("dawn", ("dawn",)), ("day", ("day", "noon")),
        ):  # fmt: skip
            if names.intersection(signs):
                self.scene.time = time
                return

    # words

    def _positive(self) -> str:
        """The prompt without what it rules out."""
        text = self.scene.intent.prompt
        for fact in self.scene.intent.facts:
            if fact.negated:
                for start, end in fact.spans:
                    text = text[:start] + " " * (end - start) + text[end:]
        return text

    def _avoided(self) -> frozenset[str]:
        found: set[str] = set()
        for fact in self.scene.intent.facts:
            if fact.negated:
                found.update(_forms(fact))
        return frozenset(found)


def _forms(fact: Fact) -> set[str]:
    """The thing ruled out, in the forms that a sentence may have it."""
    forms = set()
    for word in fact.value.lower().split():
        forms |= {word, f"{word}s", f"{word}es", word.removesuffix("s"), word.removesuffix("es")}
    if forms & {"people", "person", "human"}:
        forms |= {"people", "person", "persons", "figures", "figure", "crowd", "passers-by", "faces", "someone"}
    return {form for form in forms if len(form) > 2}
