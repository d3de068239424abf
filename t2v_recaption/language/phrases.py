"""Noun phrases and verb groups: where they begin and end, and what is inside. Who does what to whom is in `linking`."""

from __future__ import annotations

from t2v_recaption.language.drafts import Np, Vp
from t2v_recaption.language.lexicon import PL, A, D, G, Lexicon, N, Word, word_set
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
    PRON,
    PUNCT,
    QUOTE,
    TO,
    VERB,
    Modifier,
)  # fmt: skip
from t2v_recaption.language.tokens import Piece

NP_START = frozenset((DET, POSS, NUM, ADJ, NOUN, NAME, PRON, QUOTE))
_HEADS = frozenset((NOUN, NAME))
_VALUES = {
    "pair": 2,
    "couple": 2,
    "trio": 3,
    "duo": 2,
    "dozen": 12,
    "quartet": 4,
    "quintet": 5,
    "both": 2,
    "single": 1,
    "lone": 1,
    "twin": 2,
}
_SAME = frozenset(("fish", "sheep", "deer", "shrimp", "bison", "moose"))
_SPORTS = word_set("sports")
MEASURES = word_set("measures")


class Chunks:
    """The arrays of one text that phrases are cut from."""

    __slots__ = ("compounds", "forms", "lex", "media", "pieces", "starts_term", "tags", "words")

    def __init__(
        self,
        lex: Lexicon,
        pieces: list[Piece],
        words: list[Word],
        tags: list[str],
        forms: list[str],
        compounds: dict[int, int],
    ) -> None:
        self.lex, self.pieces, self.words, self.tags, self.forms, self.compounds = (
            lex,
            pieces,
            words,
            tags,
            forms,
            compounds,
        )
        self.starts_term: dict[int, int] = {}
        self.media: set[int] = set()

    # ------------------------------------------------------------------------------------------------ noun phrases

    def noun_phrase(self, i: int, end: int) -> Np | None:
        """The noun phrase that begins at token i, or None (then i holds a loose adjective or adverb)."""
        tags, words = self.tags, self.words
        np = Np(i)
        end = min(end, i + 60)  # no phrase is longer, and endless rows of adjectives must not cost the square
        tag = tags[i]
        if tag in (PRON, QUOTE):
            return self._single(np, i)
        j = i
        while j < end and tags[j] in (DET, POSS) and j - i < 3:
            np.det = words[j].lower if not np.det or tags[j] == DET else np.det + " " + words[j].lower
            if tags[j] == POSS:
                np.det = words[j].lower
            j += 1
        pending: list[int] = []  # adjectives and adverbs seen so far
        nouns: list[int] = []
        while j < end:
            tag = tags[j]
            if tag in (NOUN, NAME):
                size = self.compounds.get(j, 1)
                if nouns and self._breaks(nouns[-1], j):
                    break
                nouns.extend(range(j, j + size))
                j += size
                continue
            if nouns:
                if tag == ADJ and self._compound_adjective(j, end):
                    pending.append(nouns[0] if len(nouns) == 1 else nouns[-1])
                    pending.append(j)
                    del nouns[-1]
                    j += 1
                    continue
                if (
                    tag == NUM
                    and words[j].number is not None
                    and self.pieces[j].kind == "number"
                    and not (j + 1 < end and tags[j + 1] in _HEADS)
                ):
                    np.last = j + 1
                break
            if tag == NUM:
                if np.count is None and words[j].number is not None:
                    np.count, np.count_first = int(min(words[j].number or 0, 10**9)), j
                elif np.count is not None and words[j].number in (100, 1000, 1000000):
                    np.count = int(np.count * (words[j].number or 1))
                j += 1
            elif tag == ADJ or (tag == ADV and self._leads_on(j, end)):
                pending.append(j)
                j += 1
            elif pending and (tag == CONJ or (tag == PUNCT and self.pieces[j].text == ",")) and self._joins(j, end):
                j += 1
            else:
                break
        return self._finish(np, i, j, pending, nouns)

    def _single(self, np: Np, i: int) -> Np:
        word = self.words[i]
        np.last, np.head = i + 1, i
        np.pronoun = self.tags[i] == PRON
        np.lemma = np.core = word.lower if np.pronoun else self.pieces[i].text
        lower = word.lower
        if np.pronoun:
            np.plural = lower in ("they", "them", "themselves", "we", "us", "theirs")
            np.root = (
                "person"
                if lower
                in (
                    "he",
                    "she",
                    "him",
                    "her",
                    "someone",
                    "somebody",
                    "everyone",
                    "everybody",
                    "nobody",
                    "anyone",
                    "i",
                    "you",
                    "we",
                )
                else ""
            )
        return np

    def _breaks(self, last: int, j: int) -> bool:
        """Whether a noun begins a new phrase after another one: after a plural ("trees mountains"), before a time."""
        word = self.words[last]
        if j in self.compounds and last + 1 == j and self.words[last].root and self.words[j].root == "time":
            return True
        if self.tags[last] == NAME:
            return False
        if j in self.starts_term or self._name_follows(j):
            return True
        return bool(word.can & PL) and word.lower not in _SPORTS and word.noun != word.lower

    def _name_follows(self, j: int) -> bool:
        """“Skyscraper san francisco”: a name in lower case that ends the run, and so is a place of its own."""
        names, words, tags = self.lex.names, self.words, self.tags
        k = j
        while k < len(words) and tags[k] in _HEADS:
            size = next(
                (n for n in (3, 2, 1) if k + n <= len(words) and " ".join(w.lower for w in words[k : k + n]) in names),
                0,
            )
            if not size:
                return False
            k += size
        return k > j and self.words[j - 1].known and self.words[j - 1].lower not in names

    def _compound_adjective(self, j: int, end: int) -> bool:
        """“Snow covered mountains”, "ring tailed lemurs"."""
        if j + 1 >= end or self.tags[j + 1] not in (NOUN, NAME, ADJ):
            return False
        return self.words[j].lower in self.lex.participle_compounds

    def _leads_on(self, j: int, end: int) -> bool:
        k = j + 1
        while k < end and self.tags[k] == ADV:
            k += 1
        return k < end and (self.tags[k] == ADJ or self.tags[k] == NUM) and self._reaches_noun(k, end)

    def _reaches_noun(self, k: int, end: int) -> bool:
        steps = 0
        while k < end and steps < 12:
            tag = self.tags[k]
            if tag in _HEADS:
                return True
            if tag not in (ADJ, ADV, NUM, CONJ) and not (tag == PUNCT and self.pieces[k].text == ","):
                return False
            k, steps = k + 1, steps + 1
        return False

    def _joins(self, j: int, end: int) -> bool:
        """“Black and white cat”, "big, fluffy dog": the mark joins adjectives of one phrase."""
        k = j + 1
        if k < end and self.tags[k] == CONJ:
            k += 1
        while k < end and self.tags[k] == ADV:
            k += 1
        if k >= end or self.tags[k] != ADJ or self.pieces[j].lower not in ("and", "or", ",", "but", "&"):
            return False
        return self._reaches_noun(k, end) and not self._starts_term(k)

    def _starts_term(self, k: int) -> bool:
        return k in self.starts_term

    def _finish(self, np: Np, i: int, j: int, pending: list[int], nouns: list[int]) -> Np | None:
        tags, words = self.tags, self.words
        if not nouns:
            if pending and tags[pending[-1]] == ADJ and np.det and np.det not in ("no",):
                nouns = [pending.pop()]  # the elderly, in the dark, the red one
            elif np.det or np.count is not None:
                if np.count is None and pending:
                    return None
                np.last = max(j, i + 1) if not pending else pending[0]
                np.head = np.count_first if np.count_first >= 0 else np.last - 1
                np.last = max(np.last, np.head + 1)
                np.lemma = np.core = words[np.head].lower
                np.pronoun = np.count is None
                return np if np.last > i else None
            else:
                return None
        np.head = nouns[-1]
        np.last = max(np.last, nouns[-1] + 1)
        self._name_head(np, nouns)
        if pending:
            np.mods = self.modifiers(pending)
        if np.count is None and np.det in ("a", "an") and np.core in ("dozen",):
            np.count = 12
        for k in pending:
            if np.count is None and words[k].lower in _VALUES:
                np.count, np.count_first = _VALUES[words[k].lower], k
        return np

    def _name_head(self, np: Np, nouns: list[int]) -> None:
        words, tags = self.words, self.tags
        head = np.head
        word = words[head]
        if len(nouns) == 1 and tags[head] == NOUN and head not in self.media and word.lower not in _SAME:
            np.plural = bool(word.can & PL) and word.can & N != 0
            np.lemma = np.core = word.noun or word.lower
            np.root = word.root
            return
        if tags[head] == NAME:
            np.proper = True
            np.lemma = np.core = " ".join(self.pieces[k].text for k in nouns)
            np.root = word.root or self._name_root(nouns)
            return
        last = word.noun or word.lower
        np.plural = bool(word.can & PL) and word.can & N != 0
        if word.lower in _SAME:
            np.plural = np.count is not None and np.count > 1
        first = next((k for k in nouns if k + self.compounds.get(k, 1) == head + 1), head)
        np.core = " ".join([*(self.pieces[k].lower for k in range(first, head)), last])
        np.root = self.lex.compounds.get(np.core, "") or word.root if first < head else word.root
        if first in self.media:
            np.root = "medium"
        np.lemma = " ".join([*(self.pieces[k].lower for k in nouns if k < first), np.core])

    def _name_root(self, nouns: list[int]) -> str:
        name = " ".join(self.words[k].lower for k in nouns)
        return self.lex.compounds.get(name, "")

    def modifiers(self, tokens: list[int], *, predicative: bool = False) -> list[Modifier]:
        """Adjectives with the adverbs and shades before them: "very large", "dark green", "freshly baked"."""
        found: list[Modifier] = []
        start = -1
        for at, k in enumerate(tokens):
            word = self.words[k]
            first = k if start < 0 or k - start > 3 else start
            following = self.words[tokens[at + 1]] if at + 1 < len(tokens) and tokens[at + 1] == k + 1 else None
            if self.tags[k] != ADJ or (
                word.lower in self.lex.shades and following is not None and following.adj == "colour"
            ):
                start = first
                continue
            found.append(self._modifier(first, k, predicative))
            start = -1
        if start >= 0 and self.tags[tokens[-1]] == ADJ:
            found.append(self._modifier(start, tokens[-1], predicative))
        return found

    def _modifier(self, first: int, k: int, predicative: bool) -> Modifier:
        word, pieces = self.words[k], self.pieces
        start, end = pieces[first].start, pieces[k].end
        lemma, category = word.base, word.adj
        if word.can & A and category == "shade":
            category = "quality"
        if category == "colour" and first < k and self.words[first].lower in self.lex.shades:
            lemma = f"{self.words[first].lower} {word.base}"
        elif first < k and self.tags[first] in _HEADS:
            lemma = " ".join(pieces[m].lower for m in range(first, k + 1))
        elif not word.can & A and word.can & (D | G):
            lemma, category = word.lower, "state"
        text = " ".join(pieces[m].text for m in range(first, k + 1))
        return Modifier(
            text, start, end, lemma.replace("-", " ") if category == "colour" else lemma, category or "", predicative
        )

    # ------------------------------------------------------------------------------------------------ verb groups

    def verb_group(self, i: int, end: int) -> Vp | None:
        """The verb group that begins at token i: auxiliaries, "not", adverbs, the verb, its particle."""
        tags, words = self.tags, self.words
        vp = Vp(i)
        j, main, be = i, -1, False
        adverbs: list[int] = []
        while j < end:
            tag = tags[j]
            if tag in (AUX, TO):
                be = be or words[j].lower in self.lex.be
                vp.negated = vp.negated or words[j].lower in self.lex.negated
            elif tag == NOT:
                if not (j + 1 < end and words[j + 1].lower in ("only", "just")):
                    vp.negated = True
            elif tag == ADV and self._verb_ahead(j, end):
                adverbs.append(j)
            elif tag == VERB:
                main = j
                break
            else:
                break
            j += 1
        if main < 0:
            return self._copula(vp, i, j)
        vp.verb, vp.form = main, self.forms[main]
        vp.lemma = words[main].verb or words[main].lower
        vp.adverbs = adverbs
        vp.passive = (vp.form == "ed" and be) or (
            vp.form == "ed" and main > i and words[main - 1].lower in ("get", "gets", "got", "being")
        )
        j = main + 1
        if j < end and tags[j] == PARTICLE:
            vp.particle = words[j].lower
            j += 1
        vp.last = j
        return vp

    def _verb_ahead(self, j: int, end: int) -> bool:
        k = j
        while k < end and self.tags[k] in (ADV, NOT, AUX):
            k += 1
        return k < end and self.tags[k] == VERB

    def _copula(self, vp: Vp, i: int, j: int) -> Vp | None:
        aux = [k for k in range(i, j) if self.tags[k] == AUX]
        if not aux:
            return None
        vp.verb = aux[-1]
        vp.lemma = (
            "be" if self.words[aux[-1]].lower in self.lex.be else self.words[aux[-1]].verb or self.words[aux[-1]].lower
        )
        vp.form, vp.last = "s", j
        return vp
