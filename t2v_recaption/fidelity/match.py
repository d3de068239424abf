"""Match: an intent laid over a scene: which noun phrases of the text are which subjects of the prompt."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property, lru_cache

from t2v_recaption.fidelity.lexicon import equals, listed, stands_for
from t2v_recaption.fidelity.scene import Scene
from t2v_recaption.intent.model import Fact, Intent, Kind, Span
from t2v_recaption.language import analyse
from t2v_recaption.language.model import NounPhrase, Relation

PART_ROOTS = listed("part")
SMALL = listed("small")


class Match:
    """What the text says about what the intent states.

    Args:
        intent: the prompt taken apart.
        scene: the text taken apart.
    """

    def __init__(self, intent: Intent, scene: Scene) -> None:
        self.intent = intent
        self.scene = scene
        self._found: dict[str, list[int]] = {}
        self._tables: dict[str, dict[str, list[int]]] = {}
        self.placed: dict[Relation, set[int]] = {}
        """What each relation of the text places, found once."""
        self._starts = [first for first, _ in scene.analysis.sentences]

    # Who is who

    def of(self, fact: Fact) -> list[int]:
        """Noun phrases that stand for the fact's thing, in the order of the text."""
        found = self._found.get(fact.id)
        if found is None:
            found = self._found[fact.id] = self._locate(fact)
        return found

    def _locate(self, fact: Fact) -> list[int]:
        value = fact.value.lower()
        joined = value.replace(" ", "").replace("-", "")
        for word in dict.fromkeys((value, fact.text.lower(), value.replace("-", " "), joined)):
            if found := self.scene.nouns_for(word):
                return found
        if fact.kind is Kind.NAME:
            return self._named(fact)
        if " " in value:
            return self._compound(value.split())
        if value in listed("pair"):
            return self._pair()
        return []

    def _named(self, fact: Fact) -> list[int]:
        words = fact.value.lower().split()
        wanted = {words[-1], words[0]} if words else set()
        return [n.index for n in self.scene.nouns if n.proper and wanted & {*n.lemma.lower().split()}]

    def _compound(self, words: list[str]) -> list[int]:
        """A compound under its head alone: "the hydrant", where the rest is said of it or nothing else is."""
        scene = self.scene
        heads = scene.nouns_for(words[-1])
        words = [*(word for word in words[:-1] if word not in listed("generic")), words[-1]]
        if len(words) == 1:
            return heads
        full = [index for index in heads if self._describes(scene.nouns[index], words[:-1])]
        if full:
            return heads
        plain = [index for index in heads if len(scene.nouns[index].lemma.split()) == 1]
        return plain if plain and self.known_compound(words) else []

    def _describes(self, noun: NounPhrase, words: list[str]) -> bool:
        said = {modifier.lemma for modifier in noun.modifiers} | set(noun.lemma.split())
        if noun.of is not None:
            said |= set(self.scene.nouns[noun.of].lemma.split())
        return all(said & (equals(word, "noun") | equals(word, "adj") | variants(word)) for word in words)

    def known_compound(self, words: list[str]) -> bool:
        """Whether a head may stand for its compound: "hydrant" for "fire hydrant", not "car" for "toy car"."""
        return " ".join(words) in listed("headed")

    def _pair(self) -> list[int]:
        """Two people named one by one: "a man and a woman" for "a couple"."""
        for noun in self.scene.nouns:
            if noun.root == "person" and (noun.count == 2 or any(self._person(p) for p in noun.partners)):
                return [noun.index, *noun.partners]
        return []

    def _person(self, index: int) -> bool:
        return self.scene.nouns[index].root == "person"

    def heads(self, fact: Fact) -> list[int]:
        """Noun phrases with the last word of the fact's compound: "the walls" where the prompt has "interior walls"."""
        words = (fact.value if fact.kind in (Kind.SUBJECT, Kind.SETTING) else fact.text).lower().split()
        return self.scene.nouns_for(words[-1]) if len(words) > 1 else []

    def mentions(self, fact: Fact) -> set[int]:
        """Every mention of the fact's thing, pronouns included; of its head where the whole compound is not there."""
        return self.scene.mentions(self.of(fact) or self.heads(fact))

    def owner(self, fact: Fact) -> Fact | None:
        """The fact that this one is bound to."""
        return self._fact(fact.of)

    def party(self, fact: Fact) -> Fact | None:
        """The second party of the fact."""
        return self._fact(fact.to)

    def _fact(self, fact_id: str | None) -> Fact | None:
        return self._facts.get(fact_id) if fact_id is not None else None

    @cached_property
    def _facts(self) -> dict[str, Fact]:
        return {fact.id: fact for fact in self.intent}

    @cached_property
    def claimed(self) -> frozenset[int]:
        """Noun phrases that a stated thing explains."""
        named = self.intent.of_kind(Kind.SUBJECT, Kind.NAME, Kind.SETTING, Kind.PHRASE)
        return frozenset(index for fact in named for index in self.mentions(fact))

    @cached_property
    def claimed_in_order(self) -> list[int]:
        """The claimed noun phrases by where they end."""
        return sorted(self.claimed, key=lambda index: self.scene.nouns[index].end)

    @cached_property
    def claimed_ends(self) -> list[int]:
        """Where the claimed noun phrases end, ascending."""
        return [self.scene.nouns[index].end for index in self.claimed_in_order]

    @cached_property
    def things(self) -> tuple[str, ...]:
        """The values of the stated subjects."""
        return tuple(fact.value for fact in self.intent.of_kind(Kind.SUBJECT) if not fact.negated)

    @cached_property
    def thing_roots(self) -> frozenset[str]:
        """The roots of the stated subjects and names."""
        subjects = self.intent.of_kind(Kind.SUBJECT, Kind.NAME)
        return frozenset(root for f in subjects for root in (f.category, self.root(f.value)) if root and not f.negated)

    @cached_property
    def people(self) -> tuple[NounPhrase, ...]:
        """The people of the prompt."""
        return tuple(n for n in analyse(self.intent.prompt).nouns if n.root == "person" and not n.negated)

    @cached_property
    def several_people(self) -> bool:
        """Whether the prompt has a group whose members a text may name: "a family", "friends", "the band"."""
        nouns = analyse(self.intent.prompt).nouns
        gathered = any(not listed("party").isdisjoint(n.lemma.split(" ")) for n in nouns)
        return gathered or any(n.plural and not n.pronoun for n in self.people)

    def first_of_sentence(self, token: int) -> int:
        """The first token of the sentence that a token is in."""
        return self.scene.analysis.sentences[max(0, self.sentence(token))][0]

    def singular(self, fact: Fact) -> bool:
        """Whether the prompt speaks of one such thing."""
        phrases = [n for n in analyse(self.intent.prompt).nouns if fact.value in (n.lemma, n.core)]
        return bool(phrases) and all(not n.plural and n.determiner in ("a", "an", "one") for n in phrases)

    def says(self, words: str) -> bool:
        """Whether the prompt itself has these words, letter by letter or by lemma."""
        if words.lower() in self.intent.prompt.lower():
            return True
        tokens = [t for t in analyse(words).tokens if t.lower not in SMALL]
        return bool(tokens) and all(t.lemma in self.stated or t.lower in self.stated for t in tokens)

    @cached_property
    def stated(self) -> frozenset[str]:
        """Words of the prompt, as written and as lemmas."""
        tokens = analyse(self.intent.prompt).tokens
        return frozenset(word for token in tokens for word in (token.lower, token.lemma))

    @cached_property
    def _roots(self) -> dict[str, str]:
        return {word: n.root for n in analyse(self.intent.prompt).nouns for word in (n.lemma, n.core)}

    def root(self, word: str) -> str:
        """The most general kind of the thing: person, animal, vehicle …; "" where unknown."""
        return self._roots.get(word, "")

    # What is said

    def ruled_out(self, value: str) -> Span | None:
        """Where the text says that the thing is not there."""
        for noun in self.scene.nouns:
            if noun.negated and value in stands_for(noun.core, "noun"):
                return Span(noun.start, noun.end)
        return None

    def broader(self, value: str) -> int | None:
        """A noun phrase that says something more general than the value."""
        general = stands_for(value, "noun") - equals(value, "noun")
        root = self.root(value)
        for noun in self.scene.nouns:
            if noun.pronoun or noun.negated or noun.index in self.claimed:
                continue
            if noun.core in general or (root and noun.core == root):
                return noun.index
        return None

    def spoken(self, fact: Fact) -> Span | None:
        """The words of the fact as tokens anywhere, whatever the grammar made of them."""
        return self.phrase(fact.text) or self.phrase(fact.value) or self.literal(fact.text.replace(" ", ""))

    def phrase(self, text: str) -> Span | None:
        """The content words of a phrase, by lemma or equal, within one sentence and its neighbour."""
        lemmas = _content(text)
        if not lemmas:
            return self.literal(text)
        places = [self.anywhere(lemma) for lemma in lemmas]
        if not all(places):
            return self.literal(text)
        first = min(places, key=len)[0]
        near = [min(place, key=lambda index: abs(index - first)) for place in places]
        if max(near) - min(near) > NEAR:
            return None
        tokens = self.scene.analysis.tokens
        return Span(tokens[min(near)].start, tokens[max(near)].end)

    def phrase_of(self, words: Iterable[str]) -> Span | None:
        """Where the first of the words stands that the text has."""
        for word in words:
            if found := self.scene.words.get(word):
                token = self.scene.analysis.tokens[found[0]]
                return Span(token.start, token.end)
        return None

    def literal(self, text: str) -> Span | None:
        """The text letter by letter, case aside."""
        return word_span(self.scene.lower, text.strip().lower())

    def anywhere(self, lemma: str) -> list[int]:
        """Tokens that may stand for the lemma, as noun, verb or adjective."""
        found = {index for word in _any_equal(lemma) for index in self.scene.words.get(word, ())}
        found.update(self.scene.nouns[index].head for index in self.scene.nouns_for(lemma))
        found.update(self.scene.verbs[index].verb for index in self.scene.verbs_for(lemma))
        return sorted(found)

    def tokens(self, word: str, part: str) -> list[int]:
        """Tokens that keep the word: it, an equal or something narrower, not negated."""
        found = set(self.scene.tokens_for(word, part))
        found.update(self._keeping(part).get(word, ()))
        return sorted(index for index in found if index not in self.negated)

    def _keeping(self, part: str) -> dict[str, list[int]]:
        """Content words by what they may stand for, made once for each part of speech that is asked for."""
        table = self._tables.get(part)
        if table is None:
            table = self._tables[part] = {}
            for index, token in enumerate(self.scene.analysis.tokens):
                if token.pos in ("adj", "noun", "verb", "name"):
                    for word in stands_for(token.lemma, part) | stands_for(token.lower, part):
                        table.setdefault(word, []).append(index)
        return table

    @cached_property
    def negated(self) -> frozenset[int]:
        """Tokens that a negation rules out."""
        return frozenset(index for n in self.scene.analysis.negations for index in range(n.first, n.last))

    def free(self, token: int) -> bool:
        """Whether no noun phrase owns the token."""
        return token not in self._owned

    @cached_property
    def _owned(self) -> frozenset[int]:
        return frozenset(index for noun in self.scene.nouns for index in range(noun.first, noun.last))

    def sentence(self, token: int) -> int:
        """Index of the sentence that a token is in."""
        return bisect_right(self._starts, token) - 1

    def sentence_at(self, offset: int) -> int:
        """Index of the sentence that a character is in."""
        return max(0, bisect_right(self._offsets, offset) - 1)

    @cached_property
    def _offsets(self) -> list[int]:
        tokens = self.scene.analysis.tokens
        return [tokens[first].start for first, _ in self.scene.analysis.sentences]

    # What belongs to what

    def part_of(self, noun: NounPhrase, mentions: set[int]) -> bool:
        """Whether the noun phrase is a part, a garment or another belonging of the mentioned thing."""
        return any(noun.index in self._parts.get(index, ()) for index in mentions)

    def parts_of(self, mentions: set[int]) -> list[int]:
        """The parts, garments and belongings of the mentioned thing, in the order of the text."""
        return sorted({part for index in mentions for part in self._parts.get(index, ())} - mentions)

    @cached_property
    def _parts(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = {}
        for noun in self.scene.nouns:
            for owner in (noun.possessor, noun.of):
                if owner is not None:
                    found.setdefault(owner, set()).add(noun.index)
        for told in self.scene.relations:
            if told.ground is None or told.negated or told.category not in ("with", "in"):
                continue
            if told.category == "with" or self.scene.nouns[told.ground].root in PART_ROOTS:
                for figure in told.figures:
                    found.setdefault(figure, set()).add(told.ground)
        return found

    def made_of(self, mentions: set[int]) -> set[int]:
        """Noun phrases after "of", "made of", "in" that tell the material or content of the mentioned thing."""
        found = {self.scene.nouns[index].of for index in mentions}
        for relation in self.scene.relations:
            if relation.category in ("of", "from", "in", "with") and mentions & {*relation.figures}:
                found.add(relation.ground)
        return {index for index in found if index is not None}


@lru_cache(maxsize=8192)
def variants(word: str) -> frozenset[str]:
    """The noun in an adjective and the other way round: cloudy and cloud, moss and mossy, foggy and fog."""
    found = {word, f"{word}y", f"{word}{word[-1:]}y"}
    if len(word) > 4 and word.endswith("y"):
        found |= {word[:-1], f"{word[:-1]}e"}
        if word[-2] == word[-3]:
            found.add(word[:-2])
    return frozenset(found)


@lru_cache(maxsize=8192)
def _any_equal(lemma: str) -> frozenset[str]:
    return equals(lemma, "noun") | equals(lemma, "verb") | equals(lemma, "adj") | variants(lemma)


@lru_cache(maxsize=4096)
def _content(text: str) -> tuple[str, ...]:
    """The lemmas of the words that say something."""
    tokens = analyse(text).tokens
    return tuple(t.lemma for t in tokens if t.lower not in SMALL and t.pos not in ("punct", "symbol"))


NEAR = 30
"""Tokens within which the words of one phrase must stand."""


def word_span(whole: str, wanted: str) -> Span | None:
    """Where the string stands, not as a part of a longer word."""
    start = whole.find(wanted) if wanted.strip() else -1
    while start >= 0:
        end = start + len(wanted)
        if not (_joins(whole, start) or _joins(whole, end)):
            return Span(start, end)
        start = whole.find(wanted, start + 1)
    return None


def _joins(whole: str, at: int) -> bool:
    """Whether the letters before and after the place belong to one word (scripts without spaces never do)."""
    around = whole[at - 1 : at + 1] if at > 0 else ""
    return len(around) == 2 and all(letter.isalnum() and not _spaceless(letter) for letter in around)


def _spaceless(letter: str) -> bool:
    return "\u2e80" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7af" or "\uf900" <= letter <= "\ufaff"
