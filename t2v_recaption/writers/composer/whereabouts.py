"""Whereabouts: the place and the time of day that a prompt states."""

from __future__ import annotations

from t2v_recaption.intent.model import Fact, Intent, Kind
from t2v_recaption.language.model import NounPhrase
from t2v_recaption.writers.composer.casting import Casting
from t2v_recaption.writers.composer.library import Entry, Library
from t2v_recaption.writers.composer.scene import PLACES, TIMES, Scene
from t2v_recaption.writers.composer.tags import words_of
from t2v_recaption.writers.composer.words import words

OUTSIDE = frozenset(("outside", "near", "by", "behind", "front", "along", "across", "around"))

DEPICTING = frozenset(("paint", "draw", "sketch", "depict", "design", "imagine", "reflect", "mirror", "face", "touch"))
"""Verbs whose object is not where it happens: it is in a picture, or far off."""
ANYWHERE = frozenset(("habitat", "environment", "wild", "surroundings", "setting"))
"""Words for a place that tell none: where the subject lives."""
INNER = frozenset(("interior", "inside", "wall", "walls", "interior wall", "room"))
"""Parts of a place that are shown as the place is."""
REACHING = frozenset(("enter", "leave", "exit", "visit", "explore", "tour", "reach", "cross", "wander"))
"""Verbs whose object is where it happens."""


class Whereabouts:
    """Finds where and when one scene is."""

    def __init__(self, scene: Scene, library: Library, casting: Casting) -> None:
        self.scene = scene
        self.library = library
        self.casting = casting
        self.a = scene.analysis

    def find(self, first: NounPhrase | None) -> None:
        """Fill in place and time of the scene, as far as the prompt states them."""
        for fact in self.scene.intent.of_kind(Kind.TIME):
            if not fact.negated and fact.value in self.library.vocabulary.known:
                self.scene.tags = self.scene.tags | self.library.vocabulary.named([fact.value])
        self._find_place(first)
        names = set(self.library.vocabulary.names(self.scene.tags))
        self.scene.time = next((time for time, signs in TIMES if names & signs), "")

    def _find_place(self, first: NounPhrase | None) -> None:
        scene = self.scene
        for noun in self._place_nouns(first):
            own = first is not None and noun.index == first.index
            exact = own and noun.root not in ("place", "landform")
            entry = self._entry_of(noun, exact=exact)
            if entry is not None and own and self._is_outside_of(entry):
                entry = None
            if entry is not None and entry.name == "house" and not own and self._is_in(noun):
                entry = self.library.place("living room")
            if entry is not None and entry.name == "city" and self._is_from_afar():
                entry = self.library.place("skyline")
            if entry is not None and (not entry.situation.fits(scene.tags) or self._is_left(noun, entry)):
                entry = self._inside_or_outside(noun)
            if entry is not None:
                scene.place, scene.place_name, scene.place_stated = (
                    entry,
                    self.casting.name(noun, plural=noun.plural),
                    True,
                )
                scene.tags = scene.tags | entry.situation
                return
        self._general_place()

    def _entry_of(self, noun: NounPhrase, *, exact: bool) -> Entry | None:
        """What the knowledge has on a noun as a place, by as many of its words as possible."""
        first = noun.first + (noun.determiner != "")
        whole = self.a.words(first, noun.head + 1) if first <= noun.head else noun.lemma
        inner = self.a.nouns[noun.of] if noun.of is not None else None
        of = self.a.words(first, inner.last) if inner is not None and first < inner.last else whole
        found = self.library.place(f"{noun.lemma} interior", exact=True) if self._is_in(noun) else None
        found = found or self.library.place(of, exact=True) or self.library.place(whole, exact=True)
        if found is None and self._is_in(noun):
            forms = ("{} interior", "in the {}", "inside a {}", "on the {}")
            options = (form.format(name) for name in dict.fromkeys((noun.lemma, noun.core)) for form in forms)
            named = (self.library.place(option, exact=True) for option in options)
            found = next((entry for entry in named if entry is not None), None)
        if found is not None or exact:
            return found or self.library.place(noun.lemma, exact=True)
        return self.library.place(whole, noun.lemma, noun.core)

    def _is_left(self, noun: NounPhrase, entry: Entry) -> bool:
        """Whether it happens outside a place that is known from inside: "parked outside the casino"."""
        indoor = "indoor" in self.library.vocabulary.names(entry.situation)
        airborne = any(fact.value in words().airborne for fact in self.scene.intent.of_kind(Kind.CAMERA))
        outside = any(r.ground == noun.index and r.category in OUTSIDE for r in self.a.relations)
        outside = outside and noun.root in ("building", "place", "") and "indoor" not in self._said()
        return indoor and (outside or (airborne and noun.root == "building"))

    def _is_in(self, noun: NounPhrase) -> bool:
        on = ("on",) if noun.core in ("bus", "train", "tram", "subway", "plane", "airplane") else ()
        return any(r.ground == noun.index and r.category in ("in", "inside", *on) for r in self.a.relations)

    def _is_from_afar(self) -> bool:
        """Whether a place is looked at from another: a view from the hill on the city."""
        from_ = any(r.category in ("from", "over") and r.ground is not None for r in self.a.relations)
        from_ = from_ or any(verb.lemma in ("overlook", "oversee") for verb in self.a.verbs)
        return from_ and any(noun.core in ("view", "panorama", "sight", "overlook") for noun in self.a.nouns)

    def _is_outside_of(self, entry: Entry) -> bool:
        """Whether the subject is a church or a train as it stands, and the place is what it has inside."""
        return entry.name.endswith(" interior") and not {"interior", "inside"} & words_of(self.a.text)

    def _said(self) -> tuple[str, ...]:
        """The situations that the prompt's own words betray."""
        return self.library.vocabulary.names(self.scene.tags)

    def _general_place(self) -> None:
        """A stated place that is no entry is at least inside or outside."""
        scene = self.scene
        spans = [span for fact in scene.intent.of_kind(Kind.SETTING) if not fact.negated for span in fact.spans]
        noun = next((n for n in self.a.nouns if any(s.start < n.end and n.start < s.end for s in spans)), None)
        scene.place_stated = bool(spans) and not (noun is not None and noun.core in ANYWHERE)
        if noun is None and any(verb.lemma in REACHING and verb.objects for verb in self.a.verbs):
            scene.place_stated = True  # some place, whatever it is
        if noun is None and scene.main is None and scene.intent.of_kind(Kind.TIME, Kind.WEATHER):
            scene.place, scene.place_stated = self.library.place("sky"), True
        if noun is None:
            return
        scene.place = self._inside_or_outside(noun)
        if scene.place is not None:
            scene.place_name = self.casting.name(noun, plural=noun.plural)
            scene.tags = scene.tags | scene.place.situation

    def _inside_or_outside(self, noun: NounPhrase) -> Entry | None:
        """The general entry for a place that has none of its own, or whose own is the wrong side of the door."""
        names = self.library.vocabulary.names(self.scene.tags)
        if "underwater" in names:
            return self.library.place("underwater")
        relation = next((r.category for r in self.a.relations if r.ground == noun.index), "")
        venue = self.library.place(noun.lemma, noun.core)
        if relation in OUTSIDE and venue is not None and "indoor" in self.library.vocabulary.names(venue.situation):
            return self.library.place("street")  # what one goes into from the street: a shop, a casino
        inside = "indoor" in names or (noun.root == "building" and relation in ("in", "inside"))
        outside = (
            bool({"outdoor", "sky"} & set(names)) or noun.root in ("landform", "water", "sky") or relation in OUTSIDE
        )
        return self.library.place("indoor" if inside else "outdoor") if inside or outside else None

    def _place_nouns(self, first: NounPhrase | None) -> list[NounPhrase]:
        """Nouns that may be the place: what is stated as setting, landmarks of relations, then the subject itself."""
        spans = [span for fact in self.scene.intent.of_kind(Kind.SETTING) if not fact.negated for span in fact.spans]
        stated = [n for n in self.a.nouns if any(s.start < n.end and n.start < s.end for s in spans)]
        stated = [noun for noun in stated if noun.core not in ANYWHERE]
        stated = [*(self.a.nouns[n.of] for n in stated if n.of is not None and n.core in INNER), *stated]
        grounds = [
            self.a.nouns[r.ground]
            for r in self.a.relations
            if r.ground is not None and r.category != "with" and not r.negated
        ]
        own = [first] if first is not None and self.casting.root(first) in PLACES | {"", "abstract"} else []
        landmarks = [n for n in grounds if n.root in PLACES | {"", "abstract", "object", "vehicle"}]
        inner = self.a.nouns[self.a.nouns[0].of] if self.a.nouns and self.a.nouns[0].of is not None else None
        whose = [inner] if inner is not None and inner.root in PLACES else []
        objects = [(verb, self.a.nouns[i]) for verb in self.a.verbs for i in verb.objects]
        objects = [(verb, noun) for verb, noun in objects if verb.lemma not in DEPICTING]
        treated = [noun for verb, noun in objects if verb.lemma in REACHING or noun.root in PLACES]
        options = [*stated, *landmarks, *whose, *treated, *own]
        return sorted(options, key=lambda noun: noun.core in ("sky", "clouds", "weather"))  # something lies below it


def positive_text(intent: Intent) -> str:
    """The prompt with what it rules out blanked."""
    text = intent.prompt
    for fact in intent.facts:
        for start, end in fact.spans if fact.negated else ():
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def avoided(intent: Intent) -> frozenset[str]:
    """The words for what the prompt rules out, in the forms that a sentence may have them."""
    return frozenset(word for fact in intent.facts if fact.negated for word in _forms(fact))


def _forms(fact: Fact) -> set[str]:
    """The thing ruled out, in the forms that a sentence may have it."""
    forms = set()
    for word in fact.value.lower().split():
        forms |= {word, f"{word}s", f"{word}es", word.removesuffix("s"), word.removesuffix("es")}
    if forms & {"people", "person", "human"}:
        forms |= {"people", "person", "persons", "figures", "figure", "crowd", "passers-by", "faces", "someone"}
    return {form for form in forms if len(form) > 2}
