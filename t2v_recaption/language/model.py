"""What the analysis of a text is made of: tokens, noun phrases, verb phrases, relations, quotes, terms, negations.

One model for prompts of five words and captions of two hundred and fifty. Everything refers to everything else by
position: tokens by their index in `Analysis.tokens`, phrases by their index in `Analysis.nouns` and `Analysis.verbs`.
`start` and `end` are always character offsets into the text (half open), `first` and `last` token indices (half open).
Named tuples, because a caption makes hundreds of them and their construction is what the analysis spends its time on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# Parts of speech (Token.pos).
NOUN, NAME, VERB, AUX, ADJ, ADV = "noun", "name", "verb", "aux", "adj", "adv"
DET, PRON, POSS, NUM, PREP, CONJ = "det", "pron", "poss", "num", "prep", "conj"
WH, NOT, TO, PARTICLE, QUOTE, PUNCT, SYMBOL, FOREIGN = (
    "wh", "not", "to", "particle", "quote", "punct", "symbol", "foreign",
)  # fmt: skip


class Token(NamedTuple):
    """One word, number, mark or whole quoted string of the text."""

    text: str
    start: int
    end: int
    lower: str
    lemma: str
    pos: str
    form: str = ""
    """Verbs: `base`, `s`, `ing`, `ed` (past or participle). Nouns: `plural` or "". Adjectives made of verbs: `ing`,
    `ed`."""


class Modifier(NamedTuple):
    """What stands before a head noun or is predicated of it: an adjective, a participle, a material."""

    text: str
    start: int
    end: int
    lemma: str
    category: str
    """`colour`, `material`, `size`, `age`, `shape`, `state`, `pattern`, `texture`, `emotion`, `nationality`, … or
    ""."""
    predicative: bool = False
    """True for "the dog is brown", False for "a brown dog"."""


class NounPhrase(NamedTuple):
    """One noun phrase without its prepositional phrases; a pronoun or a quoted string is one, too."""

    index: int  # type: ignore[assignment]  # a field may be named like a method of tuple: it wins
    start: int
    end: int
    first: int
    last: int
    head: int
    """Token index of the head noun."""
    lemma: str
    """Lemma of the head with the nouns compounded to it: "cargo train", "ice cream"."""
    core: str
    """Lemma of the head noun alone: "train"; for a listed compound the whole of it: "ice cream"."""
    root: str
    """person, animal, vehicle, food, plant, building, object, clothing, body part, landform, water, sky, substance,
    place,
    creature, group, time, abstract, … or "" where the noun is in no list."""
    plural: bool
    count: int | None = None  # type: ignore[assignment]
    """The stated number: 2 for "two cats", "a pair of" counts 2; None for "a cat" and "cats"."""
    count_first: int = -1
    """Token index of the number word, -1 without one."""
    determiner: str = ""
    """Lower case: "a", "the", "some", "many", "no", "his", …"""
    modifiers: tuple[Modifier, ...] = ()
    of: int | None = None
    """Noun phrase after "of": "a cup *of coffee*", "a group *of people*"."""
    possessor: int | None = None
    """Noun phrase that owns it: "*the dog's* tail"; for "his tail" the antecedent, where clear."""
    pronoun: bool = False
    proper: bool = False
    antecedent: int | None = None
    """What a pronoun or a repeated "the dog" refers to, where clear."""
    partners: tuple[int, ...] = ()
    """The other members of the coordination "a cat and a dog"."""
    negated: bool = False


class VerbPhrase(NamedTuple):
    """One verb with its auxiliaries and particle."""

    index: int  # type: ignore[assignment]  # a field may be named like a method of tuple: it wins
    start: int
    end: int
    first: int
    last: int
    verb: int
    """Token index of the main verb."""
    lemma: str
    particle: str = ""
    form: str = ""
    """`base`, `s`, `ing`, `ed` of the main verb."""
    passive: bool = False
    negated: bool = False
    agents: tuple[int, ...] = ()
    """Noun phrases that do it; several for a coordination. For a passive: the "by" phrase, if any."""
    objects: tuple[int, ...] = ()
    """Noun phrases that it is done to (direct objects; for a passive the grammatical subject)."""
    adverbs: tuple[int, ...] = ()
    """Token indices of its adverbs."""
    gerund: bool = False
    """True for a verbal noun without an agent of its own ("fond of *swimming*")."""


class Relation(NamedTuple):
    """A preposition that links what is placed (figure) to the landmark (ground)."""

    category: str
    """left, right, above, below, behind, front, on, in, near, with, without, at, from, to, through, around, between,
    along,
    across, toward, outside, against, over, among, for, about, like, by, as, during, before, after, of, side, …"""
    text: str
    start: int
    end: int
    """Span of the preposition itself."""
    figures: tuple[int, ...]
    """Noun phrases placed; empty where none is clear."""
    ground: int | None
    """Noun phrase of the landmark; None for "on the left" of the frame."""
    verb: int | None = None
    """Verb phrase it belongs to, where it follows one ("sitting *on* a couch")."""
    negated: bool = False


class Term(NamedTuple):
    """A term of the field found in the text: camera, style, time, weather, light, mood, format."""

    kind: str
    """`camera`, `style`, `time`, `weather`, `light`, `mood`, `format`."""
    category: str
    """camera: `size|angle|movement|lens|speed|framing`; others as in their data file."""
    value: str
    """Canonical name: "zoom in", "close-up", "sunset"."""
    start: int
    end: int
    first: int
    last: int
    negated: bool = False


class Quote(NamedTuple):
    """A quoted string; start and end are those of the content, without the marks."""

    text: str
    start: int
    end: int
    token: int


class Negation(NamedTuple):
    """A negation: the word that negates, and the stretch it rules out."""

    cue: str
    start: int
    end: int
    """Span of the cue."""
    first: int
    last: int
    """Token range of what is ruled out."""
    noun: int | None = None
    verb: int | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """A text taken apart. Made by `t2v_recaption.language.analyse`."""

    text: str
    tokens: tuple[Token, ...]
    sentences: tuple[tuple[int, int], ...]
    """Token ranges; line breaks end a sentence, too."""
    nouns: tuple[NounPhrase, ...]
    verbs: tuple[VerbPhrase, ...]
    relations: tuple[Relation, ...]
    quotes: tuple[Quote, ...]
    terms: tuple[Term, ...]
    negations: tuple[Negation, ...]

    def words(self, first: int, last: int) -> str:
        """The text between two token indices, as written."""
        return self.text[self.tokens[first].start : self.tokens[last - 1].end] if last > first else ""

    def sentence_of(self, token: int) -> int:
        """Index of the sentence that a token is in."""
        return next((i for i, (first, last) in enumerate(self.sentences) if first <= token < last), 0)
