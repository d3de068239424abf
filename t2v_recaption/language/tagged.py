"""The words of a text with their parts of speech and what of them is a compound, a preposition or a term.

All of that is settled within a sentence, and sentences come again: in the checks after a repair, in a writer's next
draft, in the composer's captions. So it is remembered sentence by sentence.
"""

from __future__ import annotations

from t2v_recaption.language import compounds as several
from t2v_recaption.language.lexicon import Word, lexicon
from t2v_recaption.language.model import NOUN
from t2v_recaption.language.tagging import Tagger
from t2v_recaption.language.terms import Flat, Match, find_terms
from t2v_recaption.language.tokens import Piece

REMEMBERED = 2048
"""Sentences; a few megabytes."""

LONGEST = 200
"""Tokens of a sentence that is remembered."""

_ENDS = frozenset((".", "!", "?", ";", "…"))


class Tagged:
    """A stretch of a text; every number is a token index, counted from the start of the stretch."""

    __slots__ = ("compounds", "forms", "many", "matches", "tags", "words")

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.tags: list[str] = []
        self.forms: list[str] = []
        self.compounds: dict[int, int] = {}
        """First token → how many."""
        self.many: dict[int, tuple[int, str]] = {}
        """Prepositions of several words: first token → how many, category."""
        self.matches: list[Match] = []

    def append(self, other: Tagged, skipped: int) -> None:
        """Put another stretch behind this one, without its first tokens."""
        offset = len(self.words) - skipped
        self.words += other.words[skipped:]
        self.tags += other.tags[skipped:]
        self.forms += other.forms[skipped:]
        self.compounds.update({first + offset: size for first, size in other.compounds.items()})
        self.many.update({first + offset: found for first, found in other.many.items()})
        self.matches += [Match(m.first + offset, m.last + offset, m.form) for m in other.matches]


_remembered: dict[tuple[str, bool], Tagged] = {}


def tag(text: str, pieces: list[Piece], sentences: list[tuple[int, int]]) -> Tagged:
    """The tagged tokens of a text."""
    tagged = Tagged()
    start, plain = 0, text.isascii()  # plain text has a tokeniser of its own
    for _, last in sentences:
        if last < len(pieces) and pieces[last - 1].text not in _ENDS:
            continue  # a sentence that a line break or a quote ends is read on
        # The mark that ends the sentence before says that another begins here.
        first = start - 1 if start else 0
        tagged.append(_of((text[pieces[first].start : pieces[last - 1].end], plain), pieces[first:last]), start - first)
        start = last
    return tagged


def _of(key: tuple[str, bool], pieces: list[Piece]) -> Tagged:
    if len(pieces) > LONGEST or any(piece.kind == "quote" for piece in pieces):
        return _tagged(pieces)  # the marks of a quote may lie outside the key
    found = _remembered.get(key)
    if found is None:
        if len(_remembered) >= REMEMBERED:
            _remembered.clear()
        found = _remembered[key] = _tagged(pieces)
    return found


def _tagged(pieces: list[Piece]) -> Tagged:
    lex, found = lexicon(), Tagged()
    found.words = [lex.look_up(p.lower if p.kind in ("word", "number") else "\0") for p in pieces]
    found.matches = find_terms(pieces, Flat(pieces))
    found.compounds = several.find_compounds(lex, pieces, found.words)
    found.many = several.find_prepositions(pieces, found.words)
    tagger = Tagger(lex, pieces, found.words)
    _fix_tags(tagger, found.compounds, found.matches, found.many)
    tagger.run()
    found.tags, found.forms = tagger.tags, tagger.forms
    return found


def _fix_tags(
    tagger: Tagger, compounds: dict[int, int], matches: list[Match], many: dict[int, tuple[int, str]]
) -> None:
    """What is known before tagging: compounds are nouns, and so are the names of shots ("close up", "time lapse")."""
    for match in matches:
        if match.form.kind == "camera" and match.last - match.first > 1 and _is_noun(tagger, match):
            for k in [c for c in range(match.first - 3, match.last) if c + compounds.get(c, -9) > match.first]:
                del compounds[k]
            compounds[match.first] = match.last - match.first
    for first, size in compounds.items():
        root = tagger.lex.compounds.get(" ".join(p.lower for p in tagger.pieces[first : first + size]), "")
        tagger.roots[first + size - 1] = root or tagger.words[first + size - 1].root
        for k in range(first, first + size):
            tagger.tags[k] = NOUN
    for first, size in several.find_adverbs(tagger.lex, tagger.words):
        for k in range(first, first + size):
            tagger.tags[k] = "adv"
    for first, (size, _) in many.items():
        for k in range(first, first + size):
            tagger.tags[k] = "prep"


def _is_noun(tagger: Tagger, match: Match) -> bool:
    """Whether the name of a shot can be the head of a phrase ("close up of"), as "from above" can not."""
    marks = any(tagger.pieces[k].kind == "punct" for k in range(match.first, match.last))
    return match.form.category != "movement" and tagger.words[match.first].tag in ("", "num") and not marks
