"""Parts of speech of the closed classes: prepositions and particles, auxiliaries, "that", "to", "'s", "as"."""

from __future__ import annotations

from t2v_recaption.language.lexicon import A, D, G, N, R, S, V, Word, word_set
from t2v_recaption.language.model import (
    ADJ,
    ADV,
    AUX,
    CONJ,
    DET,
    NAME,
    NOT,
    NOUN,
    NUM,
    PARTICLE,
    POSS,
    PREP,
    PRON,
    PUNCT,
    TO,
    VERB,
    WH,
)
from t2v_recaption.language.neighbours import GENITIVE, NOMINAL, OPENERS, Neighbours

_BEFORE_INFINITIVE = word_set("before_infinitive")
_PHRASAL = {verb: particles.split("+") for verb, particles in (entry.split("=") for entry in word_set("phrasal"))}


class ClosedWords(Neighbours):
    """Tags of the closed classes: the few of their words that are also something else are decided here."""

    __slots__ = ()

    def closed(self, i: int, word: Word) -> str:
        """The tag of a word of a closed class; the few that are also something else are decided here."""
        tag, lower = word.tag, word.lower
        before = self.tags[i - 1] if i else ""
        if lower == "'s":
            return self.apostrophe(i, before)
        if lower in ("each", "one") and self.next_is(i, "other", "another"):
            self.tags[i + 1] = ADV
            return PRON
        if lower in ("both", "all", "each") and (before == PRON or (before in NOMINAL and not self.noun_next(i))):
            return ADV  # they both run
        if lower == "as" and self._clause_follows(i):
            self.has_verb = False
            return WH
        if tag == PREP:
            return self.preposition(i, word, before)
        if tag == AUX:
            return self.auxiliary(i, word, before)
        if tag == TO:
            after = self.next_word(i)
            if (
                after is not None
                and after.can & V
                and not after.tag
                and not (after.bias == "noun" and before in (VERB, ADV, PUNCT, "") and not self._object_after(i + 1))
            ) or (
                after is not None
                and before == VERB
                and self.words[i - 1].verb in _BEFORE_INFINITIVE
                and after.can & V
                and not after.tag
            ):
                return TO
            return TO if after is not None and after.tag == AUX and after.lower in ("be", "have", "do") else PREP
        if lower == "whose":
            self.has_verb = False
            return POSS
        if tag == WH:
            return self.wh(i, lower, before)
        if tag == CONJ:
            if lower == "so":
                return ADV if self.next_can(i, A | R) else CONJ
            self.has_verb = False
            return CONJ
        if tag == POSS and lower == "her" and not (self.noun_next(i) or self.next_can(i, N)):
            return PRON
        if tag == POSS and lower == "his" and not self.noun_next(i) and self.next_word(i) is None:
            return PRON
        if tag == DET and lower in ("less", "more", "most", "much", "enough"):
            after = self.next_word(i)
            return ADV if after is None or not after.can & N or bool(after.can & (A | R)) else DET
        return tag

    def _clause_follows(self, i: int) -> bool:
        """“As she turns”, "as the sun rises", but "as a whale", "shaped as a heart"."""
        after = self.next_word(i)
        if after is None or after.lower in ("a", "an") or after.tag not in (DET, PRON, POSS):
            return False
        return after.tag == PRON or any(w.can & (S | V) or w.tag == AUX for w in self.words[i + 2 : i + 6])

    def _object_after(self, i: int) -> bool:
        after = self.next_word(i)
        return after is not None and (after.tag in (DET, POSS, PRON) or (not after.tag and bool(after.can & N)))

    def apostrophe(self, i: int, before: str) -> str:
        """The dog's tail owns, the dog's running is."""
        after = self.next_word(i)
        if (
            before in (NOUN, NAME)
            and after is not None
            and (not after.tag or after.tag == NUM)
            and (
                not after.can & G or after.can & N or (self._deep_noun(i + 1) and after.verb not in self.lex.transitive)
            )
        ):
            return GENITIVE  # the dog's wagging tail
        self.has_verb = True
        return AUX

    def wh(self, i: int, lower: str, before: str) -> str:
        """“That” is a determiner before a noun ("that dog"), a relative pronoun after one ("a dog that runs")."""
        if lower == "that" and before not in NOMINAL and self.noun_next(i):
            return DET
        if lower == "that" and before == VERB and not self.noun_next(i):
            return PRON
        self.has_verb = False
        return WH

    def auxiliary(self, i: int, word: Word, before: str) -> str:
        """“Has a dog” is a verb, "has run" an auxiliary; "can" after an article is a tin."""
        lower = word.lower
        if lower in ("can", "will", "might", "must") and before in (DET, POSS, ADJ, NUM):
            return NOUN
        if lower == "can" and before in ("", PREP):
            return NOUN
        self.has_verb = True
        if lower in self.lex.have or lower in self.lex.do:
            j = i + 1
            while j < len(self.words) and (
                self.words[j].tag == NOT or (self.words[j].can & R and not self.words[j].can & (V | D))
            ):
                j += 1
            after = self.words[j] if j < len(self.words) and self.pieces[j].kind == "word" else None
            if after is None or (after.tag and after.tag != AUX) or (not after.can & (D | V | G) and after.tag != AUX):
                self.forms[i] = (
                    "ing"
                    if lower.endswith("ing")
                    else "s"
                    if lower in ("has", "does")
                    else "ed"
                    if lower in ("had", "did")
                    else "base"
                )
                return VERB
            if lower in self.lex.have and not after.can & D and after.tag != AUX:
                self.forms[i] = "ing" if lower == "having" else "s" if lower == "has" else "base"
                return VERB
        return AUX

    def preposition(self, i: int, word: Word, before: str) -> str:
        """A preposition that no noun phrase follows is a particle ("jumps up"); some pairs are phrasal even before
        one.
        """
        lower = word.lower
        if lower == "like" and before in (TO, AUX) and not (i and self.words[i - 1].lower in self.lex.be):
            self.forms[i] = "base"
            return VERB
        if lower in ("past", "inside", "outside", "round", "opposite", "near") and before in (DET, POSS):
            return NOUN if not self.noun_next(i) else ADJ
        if lower in ("down", "round", "near", "inside", "outside", "opposite") and before in (DET, ADJ):
            return ADJ
        if lower not in self.lex.particles and lower not in (
            "inside",
            "outside",
            "nearby",
            "above",
            "below",
            "underneath",
            "behind",
            "opposite",
            "near",
            "before",
            "beyond",
            "throughout",
        ):
            return PREP
        after = self.next_word(i)
        quoted = i + 1 < len(self.pieces) and self.pieces[i + 1].kind in ("quote", "unspaced", "number")
        follows = quoted or (
            after is not None
            and (
                after.tag in OPENERS
                or (not after.tag and bool(after.can & (N | A | G | D)) and after.can != R)
                or after.lower in ("what", "which", "whom")
            )
        )
        if after is not None and after.tag == POSS:
            follows = True
        if before == VERB and follows and lower in _PHRASAL.get(self.words[i - 1].verb, ()):
            return PARTICLE
        if follows and not (after is not None and not after.tag and after.can & R and not after.can & (N | A)):
            return PREP
        if lower == "nearby":
            return ADV
        if before == VERB or (before == ADV and i > 1 and self.tags[i - 2] == VERB):
            return PARTICLE
        return (
            PREP
            if after is not None and after.tag == PREP and lower in ("up", "down", "out") and before in NOMINAL
            else ADV
        )
