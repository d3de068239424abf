"""Parts of speech: one pass from left to right; what a word can be comes from the lexicon, what it is from its
neighbours.

The rules are written for what prompts and captions look like: fragments without verbs, participles after nouns ("a man
holding a cup"), compounds ("cargo train"), third person present. Each rule names the prompt that asked for it.
"""

from __future__ import annotations

from t2v_recaption.language.closed_words import ClosedWords
from t2v_recaption.language.lexicon import PL, A, D, G, N, R, S, V, Word
from t2v_recaption.language.model import (
    ADJ,
    ADV,
    AUX,
    DET,
    FOREIGN,
    NAME,
    NOUN,
    PARTICLE,
    POSS,
    PREP,
    PUNCT,
    QUOTE,
    SYMBOL,
    VERB,
)
from t2v_recaption.language.neighbours import GENITIVE, NOMINAL, STARTS
from t2v_recaption.language.verb_forms import VerbForms


class Tagger(ClosedWords, VerbForms):
    """Tags one text; holds the arrays that the rules look at."""

    __slots__ = ()

    def run(self) -> None:
        """Fill `tags` and `forms`."""
        pieces, words, tags = self.pieces, self.words, self.tags
        for i, piece in enumerate(pieces):
            if tags[i]:  # set by a rule that looked ahead
                continue
            kind = piece.kind
            if kind == "word" or kind == "number":
                word = words[i]
                if piece.lower == "then":
                    self.has_verb = False
                tags[i] = self.closed(i, word) if word.tag else self.open(i, word)
            elif kind == "punct":
                tags[i] = PUNCT
                if (
                    piece.text in ("'", "’")
                    and i
                    and words[i - 1].can & PL
                    and piece.start == pieces[i - 1].end
                    and self.noun_next(i)
                ):
                    tags[i] = GENITIVE
                if piece.text != "," and piece.text != "-":
                    self.has_verb = False
            else:
                tags[i] = QUOTE if kind == "quote" else FOREIGN if kind == "unspaced" else SYMBOL

    def open(self, i: int, word: Word) -> str:
        """The tag of a word of an open class."""
        can = word.can
        before = self.tags[i - 1] if i else ""
        piece = self.pieces[i]
        if word.lower == "back" and (before in NOMINAL or before == VERB) and not self.noun_next(i):
            return ADV if before != VERB else PARTICLE
        if piece.text[0].isupper() and self._is_name(i, word, before):
            return NAME
        if word.lower in self.lex.shades and not can & A:
            after = self.next_word(i)
            if after is not None and after.adj == "colour" and not after.tag:
                return ADJ
        if word.number is not None and before not in (DET, POSS, ADJ) and word.lower in ("single", "lone"):
            return ADJ
        if can & G:
            return self._verb_or(i, "ing", self.ing(i, word, before))
        if can & D and (can == D or can == D | A or before in (AUX, NOUN, NAME) or not can & (V | N)):
            return self._verb_or(i, "ed", self.ed(i, word, before))
        if can & S:
            return self._verb_or(i, "s", self.third_person(i, word, before))
        if can & V:
            return self._verb_or(i, "base", self.base(i, word, before))
        if can & A:
            return self.adjective(i, word, before)
        if can & R and can & N:
            return (
                ADV
                if before in (VERB, PARTICLE, ADV) or not (self.noun_next(i) or before in (DET, POSS, ADJ, PREP, NOUN))
                else NOUN
            )
        return ADV if can & R else NOUN

    def _verb_or(self, i: int, form: str, tag: str) -> str:
        if tag in (VERB, ADJ):
            self.forms[i] = form if tag == VERB or (form in ("ing", "ed") and self.words[i].can & (G | D)) else ""
            if tag == VERB and form in ("s", "base"):
                self.has_verb = True
        return tag

    def _is_name(self, i: int, word: Word, before: str) -> bool:
        """Capitals name something, unless they only begin a sentence, or everything is capitalised."""
        text = self.pieces[i].text
        start = (
            before in STARTS and (i == 0 or self.pieces[i - 1].text not in (",", "-", "(", "/"))
        ) or before == SYMBOL
        if i and self.pieces[i - 1].kind == "quote":
            start = True
        if word.lower in self.lex.proper:
            return True
        after = self.pieces[i + 1] if i + 1 < len(self.pieces) else None
        if start:
            return (
                not word.known
                and not word.can & (G | D)
                and (after is not None and (after.text[:1].isupper() or after.lower in ("'s", "’s")))
            ) or (
                not word.known
                and word.can == N
                and after is not None
                and self.next_word(i) is not None
                and (self.next_can(i, S) or self.next_tag(i) == AUX)
            )
        if len(text) > 1 and text.isupper() and word.known:
            return False
        if word.adj in ("nationality", "religion") and word.can & A:
            return False
        return not (text.isupper() and len(text) == 1 and text != "I") and (not self._title_case(i))

    def _title_case(self, i: int) -> bool:
        """Whether The Whole Prompt Is Written Like This: then a capital says nothing of a known word."""
        if not self.words[i].known:
            return False
        near = [p for p in self.pieces[max(0, i - 3) : i + 4] if p.kind == "word" and len(p.text) > 3]
        return len(near) > 3 and all(p.text[0].isupper() for p in near)
