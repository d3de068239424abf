"""Scene: an analysed text, indexed by what its nouns and verbs may stand for: facts are found in constant time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from t2v_recaption.fidelity.lexicon import equals, stands_for
from t2v_recaption.intent.model import Span
from t2v_recaption.language import analyse
from t2v_recaption.language.model import Analysis, NounPhrase, Relation, VerbPhrase

"""Heads that only gather what follows "of": "a group of people" speaks of people."""

ROOTED = frozenset(("person", "animal", "vehicle", "building", "plant"))
"""Roots that a prompt may use as a word of its own: "people" is kept by professionals, "animal" by a dog."""

CHAIN = 8
"""Antecedents followed at most: "it" → "the dog" → "a dog"."""


class Scene:
    """What a text shows, looked up by word.

    Args:
        text: the text; it is analysed once here.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        folded = text.lower()
        self.lower = folded if len(folded) == len(text) else text
        self.analysis: Analysis = analyse(text)
        self.nouns: Sequence[NounPhrase] = self.analysis.nouns
        self.verbs: Sequence[VerbPhrase] = self.analysis.verbs
        self.relations: Sequence[Relation] = self.analysis.relations
        self.starts = [token.start for token in self.analysis.tokens]
        """Where each token starts."""
        self.words: dict[str, list[int]] = defaultdict(list)
        for index, (_, _, _, lower, lemma, _, _) in enumerate(self.analysis.tokens):
            self.words[lower].append(index)
            if lemma != lower:
                self.words[lemma].append(index)
            if "-" in lower:
                for piece in lower.split("-"):
                    self.words[piece].append(index)
        self.entity = [self._entity(noun) for noun in self.nouns]
        self._members: dict[int, list[int]] = defaultdict(list)
        for index, entity in enumerate(self.entity):
            self._members[entity].append(index)
        self._nouns_for: dict[str, list[int]] = defaultdict(list)
        self._verbs_for: dict[str, list[int]] = defaultdict(list)
        self._index()

    def _entity(self, noun: NounPhrase) -> int:
        """The first mention of what the phrase refers to."""
        index, seen = noun.index, 0
        while (before := self.nouns[index].antecedent) is not None and before < index and seen < CHAIN:
            index, seen = before, seen + 1
        return index

    def _index(self) -> None:
        for noun in self.nouns:
            if noun.pronoun or noun.negated:
                continue
            for word in meanings(noun):
                self._nouns_for[word].append(noun.index)
            head = self.analysis.tokens[noun.head].lower
            if noun.determiner in ("a", "an") and " " in noun.lemma and head.endswith("s") and head not in noun.lemma:
                for word in stands_for(noun.lemma.rsplit(" ", 1)[0], "noun"):  # "an eagle circles" is no compound
                    self._nouns_for[word].append(noun.index)
        for verb in self.verbs:
            names = stands_for(verb.lemma, "verb")
            if len(names) == 1:  # not in any list: it may have lost its last letter
                names = names | stands_for(f"{verb.lemma}e", "verb")
            if verb.particle:
                names = names | stands_for(f"{verb.lemma} {verb.particle}", "verb")
            for word in names:
                self._verbs_for[word].append(verb.index)

    def nouns_for(self, word: str) -> list[int]:
        """Noun phrases that may stand for the word: it, an equal, or something narrower. In the order of the text."""
        found = self._nouns_for.get(word)
        if found is None and " " not in word and "-" in word:
            found = self._nouns_for.get(word.replace("-", " "))
        return found or []

    def verbs_for(self, word: str) -> list[int]:
        """Verb phrases that may stand for the word."""
        return self._verbs_for.get(word) or []

    def mentions(self, nouns: Iterable[int]) -> set[int]:
        """The noun phrases and every other mention of the same things (pronouns, "the dog")."""
        return {mention for noun in nouns for mention in self._members[self.entity[noun]]}

    def span_of(self, index: int) -> Span:
        """Where a noun phrase stands."""
        return Span(self.nouns[index].start, self.nouns[index].end)

    def tokens_for(self, word: str, part: str) -> list[int]:
        """Tokens whose lemma is the word or an equal of it, whatever their part of speech."""
        return sorted({index for equal in equals(word, part) for index in self.words.get(equal, ())})


def meanings(noun: NounPhrase) -> frozenset[str]:
    """What a noun phrase may stand for: by its whole compound, its core, and the last word of the core."""
    core, lemma = noun.core.lower(), noun.lemma.lower()
    found = stands_for(core, "noun")
    if lemma != core:
        found = found | stands_for(lemma, "noun")
    if noun.root in ROOTED:
        found = found | stands_for(noun.root, "noun")
    if " " in lemma or "-" in lemma:
        found = found | {core.rsplit(" ", 1)[-1], lemma.replace(" ", "").replace("-", "")}
    return found
