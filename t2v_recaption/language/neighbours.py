"""What the tagging rules can see: the arrays of one text and the words around a word."""

from __future__ import annotations

from t2v_recaption.language.lexicon import A, D, G, Lexicon, N, S, Word
from t2v_recaption.language.model import DET, NAME, NOUN, NUM, POSS, PRON, PUNCT, QUOTE, SYMBOL
from t2v_recaption.language.tokens import Piece

GENITIVE = "gen"
NOMINAL = frozenset((NOUN, NAME, PRON, QUOTE))
OPENERS = frozenset((DET, POSS, PRON, NUM))
STARTS = frozenset(("", PUNCT, SYMBOL))


class Neighbours:
    """The words around a word, as the rules that tag it ask for them."""

    __slots__ = ("forms", "has_verb", "lex", "pieces", "roots", "tags", "words")

    def __init__(self, lex: Lexicon, pieces: list[Piece], words: list[Word]) -> None:
        self.lex = lex
        self.pieces = pieces
        self.words = words
        self.tags: list[str] = [""] * len(pieces)
        self.forms: list[str] = [""] * len(pieces)
        self.roots: dict[int, str] = {}  # what compounds are, by their last token
        self.has_verb = False  # whether the clause has its finite verb already

    def next_word(self, i: int) -> Word | None:
        """The word right after, or None where something else stands there."""
        return self.words[i + 1] if i + 1 < len(self.words) and self.pieces[i + 1].kind in ("word", "number") else None

    def next_can(self, i: int, mask: int) -> bool:
        """Whether the word right after can be one of these."""
        after = self.next_word(i)
        return after is not None and bool(after.can & mask)

    def next_tag(self, i: int) -> str:
        """The closed class of the word right after, or ""."""
        after = self.next_word(i)
        return after.tag if after is not None else ""

    def next_is(self, i: int, *lowers: str) -> bool:
        """Whether the word right after is one of these."""
        after = self.next_word(i)
        return after is not None and after.lower in lowers

    def noun_next(self, i: int) -> bool:
        """Whether what follows can belong to the same noun phrase (and is not rather a verb)."""
        j = i + 1
        if j >= len(self.words):
            return False
        kind, word = self.pieces[j].kind, self.words[j]
        if kind == "quote":
            return False
        if kind != "word":
            return kind == "number" and bool(word.can & N)
        if word.lower in ("and", "or") and j + 1 < len(self.words):
            after = self.words[j + 1]
            return bool(after.can & A) and not after.tag and self.noun_next(j + 1) and j - i < 2
        if word.tag and word.tag != NUM:
            return False
        if word.can & (G | D) and not word.can & N:
            return self._deep_noun(j)
        if word.can & (N | A):
            return not (word.can & S and not word.can & A and (word.bias == "verb" or not word.can & N))
        return False

    def _deep_noun(self, j: int) -> bool:
        if j + 1 >= len(self.words) or self.pieces[j + 1].kind != "word":
            return False
        word = self.words[j + 1]
        return not word.tag and bool(word.can & (N | A))

    def _root_before(self, i: int) -> str:
        word = self.words[i - 1]
        if self.tags[i - 1] == PRON or self.tags[i - 1] == NAME:
            return "person"
        return self.roots.get(i - 1, word.root)
