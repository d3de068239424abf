"""Casting: which nouns of a prompt are the subjects of the scene, and what the knowledge says of each."""

from __future__ import annotations

from t2v_recaption.intent.model import Kind
from t2v_recaption.language.model import NounPhrase, VerbPhrase
from t2v_recaption.writers.composer.grammar import capital, plural_of
from t2v_recaption.writers.composer.library import Entry, Library
from t2v_recaption.writers.composer.opening import frame_of
from t2v_recaption.writers.composer.scene import ALIVE, EVENTS, PLACES, Actor, Scene
from t2v_recaption.writers.composer.words import words

GENDER = {"he": "he", "him": "he", "his": "he", "she": "she", "her": "she", "hers": "she"}

YOUNG = frozenset(("mother", "father", "mom", "mum", "dad", "baby", "cub", "parent", "child"))
"""Words for people that may be of animals: an orangutan mother."""
TOWARDS = frozenset(("at", "for", "to", "into", "toward", "towards"))


class Casting:
    """Finds the subjects of one scene."""

    def __init__(self, scene: Scene, library: Library) -> None:
        self.scene = scene
        self.library = library
        self.a = scene.analysis
        frame = frame_of(self.a)
        self.start = frame.end() if frame else 0
        """Where the words about the camera end with which the prompt begins."""

    def cast(self, verb: VerbPhrase | None) -> NounPhrase | None:
        """Fill in the main subject and the others; the noun of the main one."""
        scene = self.scene
        nouns = self._nouns()
        first = self._main_noun(nouns, verb)
        done = verb is not None and verb.form == "ing" and verb.lemma not in words().no_hands
        scene.hands = done and verb is not None and first is None and verb.first == 0
        if first is None and verb is not None and verb.objects and scene.hands:
            first = self.a.nouns[verb.objects[0]]
        if first is not None:
            scene.main = self.actor(first)
            scene.others = [self.actor(noun) for noun in nouns if self._is_other(noun, first)]
            self._join_partners(first)
        return first

    def _nouns(self) -> list[NounPhrase]:
        return [
            n
            for n in self.a.nouns
            if n.start >= self.start
            and not self._is_quoted(n)
            and not n.pronoun
            and not n.negated
            and n.root != "time"
            and not self._is_lens(n)
        ]

    def _is_quoted(self, noun: NounPhrase) -> bool:
        """Whether it is text to be read."""
        return any(quote.start <= noun.start < quote.end for quote in self.a.quotes)

    def _is_lens(self, noun: NounPhrase) -> bool:
        """Whether the noun is the camera that films, not a thing in the picture."""
        before = self.a.tokens[noun.first - 1].lower if noun.first else ""
        return noun.core in ("camera", "lens") and (before in TOWARDS or self.scene.has(Kind.CAMERA))

    def _main_noun(self, nouns: list[NounPhrase], verb: VerbPhrase | None) -> NounPhrase | None:
        if verb is not None:
            doers = verb.objects if verb.passive else verb.agents
            for index in doers:
                noun = self.a.nouns[index]
                if not noun.pronoun and noun in nouns:
                    return self._content(noun)
            if verb.first == 0:
                return None
        alive = [n for n in nouns if self.root(n) in ALIVE and not self._inside(n)]
        if nouns and self.root(nouns[0]) in EVENTS and self.library.actions(nouns[0].core):
            living = [n for n in nouns if self.root(n) in ALIVE]
            if living:
                return self._content(living[0])
        first = nouns[0] if nouns else None
        if first is not None and self.root(first) in PLACES | {"", "abstract"} and alive and alive[0].first < 8:
            return self._content(alive[0]) if self.root(first) in ("", "abstract") else self._content(first)
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

    def root(self, noun: NounPhrase) -> str:
        """Where the noun's chain of `is` ends: person, animal, object …"""
        if noun.root and noun.root not in ("abstract", "place"):
            return noun.root
        entry = self.library.subject(noun.lemma, noun.core)
        names = self.library.chain_names(entry)
        return names[-1] if names else noun.root

    def actor(self, noun: NounPhrase) -> Actor:
        """The noun as a subject."""
        called = self._called(noun)
        entry, root = self._entry(noun), self.root(noun)
        members = self._members(noun)
        if members is not None:
            called = members.name
        if called:
            entry = self.library.exactly(called)
            root = self.library.chain_names(entry)[-1]
        root = "object" if self._is_lifeless(noun) else root
        if entry is None and root:
            entry = self.library.subject(root)
        if noun.core in words().no_subject:
            entry = None
        collective = next((n for n in self.a.nouns if n.of == noun.index and n.core in words().groups), None)
        plural = noun.plural or collective is not None or (noun.count or 0) > 1
        group = (members is not None and noun.core in words().groups) or self.library.chain_names(entry)[-1:] == [
            "group"
        ]
        pronoun = "they" if group else self._pronoun(noun, entry, root, plural)
        return Actor(noun, entry, root, self.name(noun, plural=plural), pronoun, plural, group, called=called)

    def _members(self, noun: NounPhrase) -> Entry | None:
        """What a group is made of: an elephant herd."""
        members = noun.lemma.rpartition(" ")[0]
        entry = self.library.exactly(members) if members else None
        if entry is None or noun.core in words().groups:
            return entry if noun.core in words().groups else None
        return entry if noun.core in YOUNG and "animal" in self.library.chain_names(entry) else None

    def _called(self, noun: NounPhrase) -> str:
        """The noun with its adjective, where the knowledge has a name for both: "glass tank"."""
        options = (f"{m.text.lower()} {noun.core}" for m in noun.modifiers)
        return next((name for name in options if name != noun.lemma and self.library.exactly(name) is not None), "")

    def _entry(self, noun: NounPhrase) -> Entry | None:
        """What the knowledge has on it; an animal on a plate is food."""
        entry = self.library.subject(noun.lemma, noun.core)
        piece = any(n.of == noun.index and n.core in words().pieces for n in self.a.nouns)
        if self._is_lifeless(noun):
            return self.library.subject(noun.core if noun.root == "object" else "figurine", "toy", "object")
        cook = any(noun.index in verb.agents and not verb.passive for verb in self.a.verbs)
        if piece or (self.root(noun) == "animal" and self._is_cooked() and not cook):
            return self.library.subject("food")
        return entry

    def _is_lifeless(self, noun: NounPhrase) -> bool:
        """Whether it only has the shape of an animal: "a plastic flamingo"."""
        said = {token.lower for token in self.a.tokens[noun.first : noun.last]}
        return self.root(noun) in ("animal", "object") and bool(said & words().lifeless) and noun.root == "animal"

    def _is_cooked(self) -> bool:
        return any(token.lower in words().cooked or token.lemma in words().cooked for token in self.a.tokens)

    def name(self, noun: NounPhrase, *, plural: bool) -> str:
        """The noun as a definite phrase: "the two dogs"."""
        size = len(noun.lemma.split(" "))
        first = max(noun.first, noun.head - size + 1)
        text = self.a.words(first, noun.head + 1)
        named = noun.proper or self.a.tokens[noun.head].lower in words().names | words().capital
        if named and noun.determiner not in ("the", "a", "an") and not noun.plural:
            return self._named(text)
        if noun.count is not None and noun.count > 1 and noun.count_first >= 0 and noun.count_first < first:
            text = f"{self.a.tokens[noun.count_first].text.lower()} {text}"
        elif plural and not noun.plural:
            entry = self.library.subject(noun.lemma, noun.core)
            text = plural_of(
                text, str(entry.get("plural", "")) if entry is not None and entry.name == noun.core else ""
            )
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
        names = [main.name, *(self.name(n, plural=n.plural) for n in partners)]
        same = all(self.root(n) == main.root for n in partners)
        name = " and ".join(names) if len(names) == 2 else f"{', '.join(names[:-1])} and {names[-1]}"
        if not same and main.root not in ALIVE:
            return
        entry = main.entry
        for link in self.library.chain(main.entry):
            entry = link
        parts = (main, *map(self.actor, partners))
        self.scene.main = Actor(first, entry if same else main.entry, main.root, name, "they", True, parts=parts)
