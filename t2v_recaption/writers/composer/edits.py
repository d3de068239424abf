"""Edits: insertions and replacements in a prompt, and the small words that a hurried prompt leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field

from t2v_recaption.language.model import Analysis, NounPhrase, Token
from t2v_recaption.writers.composer.grammar import article, looks_plural
from t2v_recaption.writers.composer.words import words

COUNTABLE = frozenset(
    (
        "person", "animal", "vehicle", "building", "object", "creature", "clothing", "plant", "group", "place",
        "landform", "water", "food", "sky",
    )
)  # fmt: skip
"""Roots whose nouns stand with an article in the singular, but for those in `words().mass`."""
MODIFIERS = frozenset(("adj", "noun", "name", "num", "foreign", "symbol"))


@dataclass
class Edits:
    """Changes to a text, by character offset; those that would touch an exact range are left out."""

    text: str
    exact: tuple[tuple[int, int], ...] = ()
    items: list[tuple[int, int, str]] = field(default_factory=list)
    prefix: str = ""
    """What comes before the text."""

    def insert(self, at: int, text: str) -> None:
        """Put text in before an offset."""
        self.items.append((at, at, text))

    def replace(self, start: int, end: int, text: str) -> None:
        """Put text in the place of a range."""
        self.items.append((start, end, text))

    def covers(self, offset: int) -> bool:
        """Whether a replacement has this character already."""
        return any(start <= offset < end for start, end, _ in self.items)

    def apply(self) -> str:
        """The changed text."""
        text = self.text
        for start, end, new in sorted(self.items, key=lambda item: (item[0], item[1]), reverse=True):
            if not any(low < end and start < high for low, high in self.exact):
                text = text[:start] + new + text[end:]
        return self.prefix + text


def is_plural(analysis: Analysis, noun: NounPhrase) -> bool:
    """Whether the noun phrase is plural, by the analysis or by the look of a word that is in no list."""
    return noun.plural or (noun.count or 0) > 1 or looks_plural(analysis.tokens[noun.head].lower)


class SmallWords:
    """Articles and capitals of one prompt."""

    def __init__(self, analysis: Analysis, edits: Edits, *, possessive: str = "") -> None:
        self.a = analysis
        self.edits = edits
        self.possessive = possessive
        """ "her", "his" … of the main subject, for "mother helping son"."""

    def fill(self, start: int, *, first: NounPhrase | None = None) -> None:
        """Put in the articles that are surely missing from offset `start` on, and right a wrong "a"."""
        for noun in self.a.nouns:
            if noun.start < start:
                continue
            if noun.determiner in ("a", "an"):
                self._right(noun)
            elif self._lacks(noun, leading=first is not None and noun.index == first.index):
                self._put(noun)

    def capitals(self) -> None:
        """Names that the user typed in small letters get their capital."""
        lists = words()
        for token in self.a.tokens:
            if self.edits.covers(token.start) or not token.text[:1].islower():
                continue
            if token.lower in lists.upper:
                self.edits.replace(token.start, token.end, token.text.upper())
            elif token.pos == "name" or token.lower in lists.capital or token.lower in lists.names:
                self.edits.replace(token.start, token.start + 1, token.text[0].upper())

    def _put(self, noun: NounPhrase) -> None:
        at = self._run_start(noun)
        if at is None:
            return
        if self.possessive and noun.core in words().kin and noun.first > 0 and not noun.partners:
            word = self.possessive
        else:
            word = "the" if self._is_definite(noun) else article(self.a.text[at : noun.end])
        self.edits.insert(at, f"{word} ")

    def _run_start(self, noun: NounPhrase) -> int | None:
        """Offset where the modifiers before the noun phrase begin; None where another phrase is in the way."""
        first = noun.first
        while first > 0:
            token = self.a.tokens[first - 1]
            if token.pos not in MODIFIERS and not (token.pos == "verb" and token.form == "ed"):
                break
            if any(other.first <= first - 1 < other.last for other in self.a.nouns):
                return None
            first -= 1
        before = self.a.tokens[first - 1] if first else None
        if before is not None and before.lower == "like" and first == 2:
            return None  # "dome like building"
        if before is not None and before.pos in ("det", "poss", "num"):
            return None
        return self.a.tokens[first].start

    def _right(self, noun: NounPhrase) -> None:
        token: Token = self.a.tokens[noun.first]
        after = self.a.tokens[noun.first + 1] if noun.first + 1 < len(self.a.tokens) else None
        if token.lower in ("a", "an") and after is not None and token.lower != article(after.text):
            self.edits.replace(token.start, token.end, article(after.text))

    def _is_definite(self, noun: NounPhrase) -> bool:
        lists = words()
        names = [t.lower in lists.names for t in self.a.tokens[noun.first : noun.head]]
        if (noun.of is not None and noun.core in lists.the_of) or any(names):
            return True
        bare = self.a.tokens[noun.first].lower == noun.core.split(" ")[0]
        return (noun.core in lists.unique and (bare or noun.core not in ("sky", "camera"))) or (
            noun.first > 0 and noun.lemma in lists.surfaces and bare
        )

    def _lacks(self, noun: NounPhrase, *, leading: bool) -> bool:
        if noun.determiner or is_plural(self.a, noun) or noun.pronoun or noun.possessor is not None or noun.negated:
            return False
        if noun.count is not None or self.a.tokens[noun.first].pos in ("num", "quote", "poss", "det"):
            return False
        lists = words()
        if noun.of is not None and noun.core in lists.the_of:
            return True
        head = self.a.tokens[noun.head]
        if noun.proper or head.pos in ("name", "foreign") or head.lower in lists.names or head.lower in lists.capital:
            return False
        if noun.core in lists.unique:
            return True
        if self._is_measured(noun) or self._follows_determined(noun) or self._is_mass(noun, leading=leading):
            return False
        if self._is_bare(noun) and not (leading and noun.root in ("person", "time")):
            return False
        return leading or noun.root in COUNTABLE

    def _is_bare(self, noun: NounPhrase) -> bool:
        """Whether it stands without an article where it is: "at home"."""
        lists = words()
        if noun.core in lists.kin:
            return False
        text = self.a.text[noun.start : noun.end].lower()
        return text in lists.bare or " at " in text or text.startswith("at ")

    def _is_mass(self, noun: NounPhrase, *, leading: bool) -> bool:
        """Whether it cannot be counted: "milk", "red wine"."""
        lists = words()
        if {noun.lemma, noun.core, noun.core.split(" ")[-1]} & lists.mass:
            return True
        return noun.core.endswith("fish") and not (leading and noun.lemma != "fish")

    def _is_measured(self, noun: NounPhrase) -> bool:
        """ "a flock of goose", "a kind of bread"."""
        return any(other.of == noun.index and other.core in words().collective for other in self.a.nouns)

    def _follows_determined(self, noun: NounPhrase) -> bool:
        """ "a man and woman" is right as it is."""
        before = [self.a.nouns[i] for i in noun.partners if i < noun.index]
        return bool(before) and before[0].determiner != ""
