"""Parts of speech: one pass from left to right; what a word can be comes from the lexicon, what it is from its
neighbours.

The rules are written for what prompts and captions look like: fragments without verbs, participles after nouns ("a man
holding a cup"), compounds ("cargo train"), third person present. Each rule names the prompt that asked for it.
"""

from __future__ import annotations

from t2v_recaption.language.lexicon import PL, A, D, G, Lexicon, N, R, S, V, Word, word_set
from t2v_recaption.language.model import (
    ADJ,
    ADV,
    AUX,
    CONJ,
    DET,
    FOREIGN,
    NAME,
    NOT,
    NOUN,
    NUM,
    PARTICLE,
    POSS,
    PREP,
    PRON,
    PUNCT,
    QUOTE,
    SYMBOL,
    TO,
    VERB,
    WH,
)  # fmt: skip
from t2v_recaption.language.tokens import Piece

GENITIVE = "gen"
_BEFORE_INFINITIVE = word_set("before_infinitive")
_NOMINAL = frozenset((NOUN, NAME, PRON, QUOTE))
_OPENERS = frozenset((DET, POSS, PRON, NUM))
_BEFORE_NOUN = frozenset((DET, POSS, NUM))
_ACTORS = frozenset(("person", "animal", "creature", "vehicle"))
_STARTS = frozenset(("", PUNCT, SYMBOL))
_OBJECTIVE = word_set("objective")
_PHRASAL = {verb: particles.split("+") for verb, particles in (entry.split("=") for entry in word_set("phrasal"))}


class Tagger:
    """Tags one text; holds the arrays that the rules look at."""

    __slots__ = ("forms", "has_verb", "lex", "pieces", "roots", "tags", "words")

    def __init__(self, lex: Lexicon, pieces: list[Piece], words: list[Word]) -> None:
        self.lex = lex
        self.pieces = pieces
        self.words = words
        self.tags: list[str] = [""] * len(pieces)
        self.forms: list[str] = [""] * len(pieces)
        self.roots: dict[int, str] = {}  # what compounds are, by their last token
        self.has_verb = False  # whether the clause has its finite verb already

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

    # ------------------------------------------------------------------------------------------------ neighbours

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

    # ------------------------------------------------------------------------------------------------ closed classes

    def closed(self, i: int, word: Word) -> str:
        """The tag of a word of a closed class; the few that are also something else are decided here."""
        tag, lower = word.tag, word.lower
        before = self.tags[i - 1] if i else ""
        if lower == "'s":
            return self.apostrophe(i, before)
        if lower in ("each", "one") and self.next_is(i, "other", "another"):
            self.tags[i + 1] = ADV
            return PRON
        if lower in ("both", "all", "each") and (before == PRON or (before in _NOMINAL and not self.noun_next(i))):
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
        """ "As she turns", "as the sun rises", but "as a whale", "shaped as a heart"."""
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

    def _wagging(self, i: int, after: Word) -> bool:
        """The dog's wagging tail."""
        return self._deep_noun(i) and after.verb not in self.lex.transitive

    def wh(self, i: int, lower: str, before: str) -> str:
        """ "That" is a determiner before a noun ("that dog"), a relative pronoun after one ("a dog that runs")."""
        if lower == "that" and before not in _NOMINAL and self.noun_next(i):
            return DET
        if lower == "that" and before == VERB and not self.noun_next(i):
            return PRON
        self.has_verb = False
        return WH

    def auxiliary(self, i: int, word: Word, before: str) -> str:
        """ "Has a dog" is a verb, "has run" an auxiliary; "can" after an article is a tin."""
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
                after.tag in _OPENERS
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
            if after is not None and after.tag == PREP and lower in ("up", "down", "out") and before in _NOMINAL
            else ADV
        )

    # ------------------------------------------------------------------------------------------------ open classes

    def open(self, i: int, word: Word) -> str:
        """The tag of a word of an open class."""
        can = word.can
        before = self.tags[i - 1] if i else ""
        piece = self.pieces[i]
        if word.lower == "back" and before in _NOMINAL and not self.noun_next(i):
            return ADV
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

    def _from_to(self, i: int) -> bool:
        """From blue to *orange*, from *orange* to blue."""
        words = self.words
        if words[i].adj == "" or self.noun_next(i):
            return False
        if words[i - 1].lower in ("to", "into") and i > 2 and words[i - 3].lower == "from":
            return bool(words[i - 2].can & A)
        return (
            words[i - 1].lower == "from"
            and i + 2 < len(words)
            and words[i + 1].lower in ("to", "into")
            and bool(words[i + 2].can & A)
        )

    def _is_name(self, i: int, word: Word, before: str) -> bool:
        """Capitals name something, unless they only begin a sentence, or everything is capitalised."""
        text = self.pieces[i].text
        start = (
            before in _STARTS and (i == 0 or self.pieces[i - 1].text not in (",", "-", "(", "/"))
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

    def ing(self, i: int, word: Word, before: str) -> str:
        """Running water, a running dog, a dog running, running fast, a painting, government building, enjoys
        running.
        """
        can, after = word.can, self.next_word(i)
        noun, gerund = bool(can & N), word.lower in self.lex.gerund_nouns
        opener = after is not None and (after.tag in _OPENERS or after.tag == POSS)
        if before == AUX:
            return ADJ if can & A and not opener and word.verb not in self.lex.verbs else VERB
        if before in _BEFORE_NOUN or before == GENITIVE:
            if noun:
                return NOUN
            return ADJ if self.noun_next(i) else NOUN
        if before == NOUN and word.lower in self.lex.participle_compounds and self.noun_next(i):
            return ADJ  # finger looking cookies
        if before in _NOMINAL:
            loose = after is None or (after.tag == PREP and after.lower != "of") or self.noun_next(i)
            if word.noun in _DOING and loose and self._root_before(i) in ("person", "animal") and before != NAME:
                return VERB  # hedgehog crossing road, woman painting at home
            if (
                noun
                and not opener
                and (not gerund or self._root_before(i) not in _ACTORS or word.noun in _PLACE_GERUNDS)
            ):
                return NOUN  # government building, oil painting
            return NOUN if noun and word.noun in _PLACE_GERUNDS and not opener else VERB
        if before == ADJ:
            if noun and not opener:
                return NOUN
            return ADJ if self.noun_next(i) and not opener else VERB
        if before == CONJ and i > 1 and self.tags[i - 2] == VERB and self.forms[i - 2] == "ing":
            return VERB
        if before == CONJ and i > 1 and self.tags[i - 2] in _NOMINAL and word.noun in _PLACE_GERUNDS and not opener:
            return NOUN  # the highway and building
        if opener:
            return VERB
        if self.noun_next(i):
            if before == PUNCT and word.noun in _DOING and self.pieces[i - 1].text == ",":
                return VERB
            if after is not None and after.can & G and not after.can & N:
                return VERB
            if noun and before != ADV:
                return NOUN
            if before == PREP and self.words[i - 1].lower == "of" and word.verb not in self.lex.transitive:
                return ADJ  # of flashing lights
            follows_plural = after is not None and bool(after.can & PL) and word.verb not in self.lex.intransitive
            return (
                ADJ
                if word.verb in self.lex.intransitive
                or (can & A and not follows_plural)
                or (before in (PREP, VERB) and word.verb not in self.lex.transitive and can & A)
                else VERB
            )
        if noun and (
            before == PREP
            or (after is not None and after.lower == "of")
            or (before in _STARTS and gerund and word.noun in _PLACE_GERUNDS)
        ):
            return NOUN
        if after is not None and after.lower == "of" and before in ("", PUNCT, PREP, CONJ):
            return NOUN  # making of a burrito
        if noun and not gerund:
            return NOUN
        return ADJ if can & A and before in (ADV,) and not noun and word.verb not in self.lex.verbs else VERB

    def ed(self, i: int, word: Word, before: str) -> str:
        """A parked car, a car parked outside, is parked, the man opened the door, snow covered mountains."""
        can, after = word.can, self.next_word(i)
        follows = self.noun_next(i)
        if word.lower == "left" and before == PREP:
            return ADJ if follows else NOUN
        if word.lower == "left" and before in (VERB, PARTICLE) and not follows:
            return ADV
        if before == AUX:
            be = self.words[i - 1].lower in self.lex.be
            return (
                ADJ
                if (be and can & A and not word.participle)
                or (be and can & A and not (after is not None and after.lower == "by"))
                else VERB
            )
        if before in _BEFORE_NOUN or before == GENITIVE:
            return ADJ if follows else (NOUN if can & N else ADJ)
        if before in _NOMINAL:
            if word.lower == "left" and not (after is not None and after.tag in _OPENERS):
                return ADJ if follows else ADV
            if (
                follows
                and (word.lower in self.lex.participle_compounds or can == A or (can & A and not can & D))
                and before == NOUN
            ):
                return ADJ
            if can & N and word.bias == "noun" and not (after is not None and after.tag in _OPENERS):
                return NOUN
            if can & A and not can & D:
                return ADJ
            if word.verb == "lay" and can & V:
                return VERB
            return VERB
        if before == ADV and follows and (i < 2 or self.tags[i - 2] not in _NOMINAL):
            return ADJ
        if before == ADJ or (before == CONJ and i > 1 and self.tags[i - 2] == ADJ):
            return ADJ if follows or not can & N else NOUN
        if before == CONJ and i > 1 and self.tags[i - 2] == VERB:
            return VERB
        if follows and before not in (WH, VERB):
            return ADJ if not (can & V and not can & A) or word.participle else VERB
        if can & N and before == PREP:
            return NOUN
        if before == VERB:
            return ADJ if word.participle and not (after is not None and after.tag in _OPENERS) and can & A else VERB
        return VERB if not (can & A and not can & D) else ADJ

    def third_person(self, i: int, word: Word, before: str) -> str:
        """Climbs a tree, ocean waves, tree leaves, the train leaves the station, runs and jumps, traffic lights."""
        if not word.can & N:
            return VERB
        after = self.next_word(i)
        if before in (DET, POSS, NUM, ADJ, PREP, GENITIVE, TO, ""):
            return (
                VERB
                if before == ADJ
                and i > 1
                and self.tags[i - 2] == DET
                and word.bias == "verb"
                and after is not None
                and after.tag in (DET, POSS, PREP)
                else NOUN
            )
        if before in (PRON, WH, AUX):
            return VERB
        if before == CONJ:
            return VERB if self._verb_before_conj(i) and word.bias != "noun" else NOUN
        if before == ADV:
            return VERB if word.bias != "noun" or self.tags[max(0, i - 2)] in _NOMINAL else NOUN
        if before in (PARTICLE, VERB, PUNCT) or before in _STARTS:
            return (
                VERB
                if before == PUNCT
                and word.bias == "verb"
                and i > 1
                and self.pieces[i - 1].text == ","
                and after is not None
                and after.tag in (DET, POSS, PREP)
                else NOUN
            )
        return self._after_noun(i, word, before, after)

    def _after_noun(self, i: int, word: Word, before: str, after: Word | None) -> str:
        """A form in -s right after a noun: verb or the head of a compound."""
        if (
            self.words[i - 1].can & PL
            and self.words[i - 1].bias != "verb"
            and before == NOUN
            and self.words[i - 1].noun != self.words[i - 1].lower
        ):
            return NOUN
        takes = after is not None and (after.tag in (DET, POSS, PRON, NUM) or after.lower in _OBJECTIVE)
        loose = after is None or after.tag in (PREP, CONJ, AUX) or bool(after.can & R)
        if word.bias == "verb":
            return VERB
        if self.words[i - 1].noun in ("camera", "scene", "shot", "video", "lens", "view", "footage"):
            return VERB if takes or loose else NOUN
        actor = self._root_before(i) in _ACTORS
        if word.bias == "noun":
            if takes and not self.has_verb:
                return VERB
            if (
                word.verb in ("bloom", "blossom", "flower", "glow", "smoke", "rain", "snow")
                and loose
                and not self.has_verb
                and after is not None
                and after.tag != AUX
            ):
                return VERB
            if (
                (actor or word.verb == "drink")
                and not self.has_verb
                and after is not None
                and not after.tag
                and after.can & (A | N)
                and not after.can & G
            ) and (
                word.verb in ("wave", "watch", "drink", "swallow", "water", "plant", "paint", "light")
                and self._root_before(i) != "vehicle"
            ):
                return VERB  # a girl waves goodbye, the crowd waves colorful flags
            moving = word.verb in (
                "wave",
                "watch",
                "drink",
                "swallow",
                "land",
                "fish",
                "water",
                "plant",
                "paint",
                "light",
                "leave",
            )
            return (
                VERB
                if actor and moving and loose and not self.has_verb and after is not None and after.tag != AUX
                else NOUN
            )
        if self.has_verb and not takes:
            return NOUN
        return (
            VERB
            if takes or (actor and loose) or (loose and after is not None and after.tag == PREP and after.lower != "of")
            else NOUN
        )

    def _verb_before_conj(self, i: int) -> bool:
        """Whether the clause before the conjunction has a finite verb for this one to be parallel to."""
        j = i - 2
        while j >= 0 and self.tags[j] != PUNCT:
            if self.tags[j] == VERB and self.forms[j] in ("s", "base", "ed"):
                return True
            if self.tags[j] in (CONJ, WH):
                return False
            j -= 1
        return False

    def base(self, i: int, word: Word, before: str) -> str:
        """To play, people walk, the play, show a cat, a train, open windows, dance and sing."""
        can, after = word.can, self.next_word(i)
        takes = after is not None and (after.tag in (DET, POSS, PRON) or after.lower in _OBJECTIVE)
        if before == TO or (before == AUX and self.words[i - 1].lower not in self.lex.be and not can & (A | D)):
            return VERB
        if before == AUX and self.words[i - 1].lower in self.lex.modal | self.lex.do:
            return VERB
        if before == NOT and i > 1 and self.tags[i - 2] == AUX and self.words[i - 2].lower not in self.lex.be:
            return VERB
        if can & A and not self._acts(i, word, before, takes):
            return self.adjective(i, word, before)
        if before in (DET, POSS, NUM, ADJ, PREP, GENITIVE):
            if before == DET and self.words[i - 1].lower in ("that", "which") and not can & N:
                return VERB
            return NOUN if can & N or before != PREP else VERB
        if before in _STARTS or before == PUNCT:
            return VERB if not can & N or (takes and (word.bias != "noun" or word.lower in _ORDERS)) else NOUN
        if before == CONJ:
            if i > 1 and self.tags[i - 2] in (VERB, PARTICLE, ADV) and (not can & N or word.bias == "verb" or takes):
                return VERB
            return NOUN if can & N and not takes else VERB
        if before in _NOMINAL or before == WH:
            return self._base_after_noun(i, word, before, after, takes)
        if before == ADV:
            if i > 1 and self.tags[i - 2] in _NOMINAL and (word.bias == "verb" or not can & N):
                return VERB
            return NOUN if can & N else VERB
        if before == VERB:
            return (
                NOUN
                if can & N
                else (VERB if self.words[i - 1].verb in ("let", "make", "help", "watch", "see") else NOUN)
            )
        return NOUN if can & N else VERB

    def _base_after_noun(self, i: int, word: Word, before: str, after: Word | None, takes: bool) -> str:
        if not word.can & N:
            return VERB
        last = self.words[i - 1]
        plural = bool(last.can & PL) or last.lower in ("they", "we", "you", "i", "who", "that", "which", "people")
        loose = after is None or after.tag in (PREP, DET, POSS, PRON, CONJ, TO) or bool(after.can & (R | G))
        actor = self._root_before(i) in _ACTORS
        if (
            plural
            and actor
            and not self.has_verb
            and word.verb in _DONE_TO
            and after is not None
            and after.can & N
            and not after.tag
        ):
            return VERB  # people drink wine, kids play football
        if word.bias == "noun":
            return VERB if plural and takes and not self.has_verb else NOUN
        if not plural and i > 1 and self.tags[i - 2] == PREP:
            return NOUN  # perched on bird stand
        if plural and not self.has_verb and (word.bias == "verb" or takes) and loose:
            return VERB
        return (
            VERB
            if word.bias == "verb" and actor and not self.has_verb and loose and after is not None and after.tag != CONJ
            else NOUN
        )

    def _acts(self, i: int, word: Word, before: str, takes: bool) -> bool:
        """Whether a word like open, clean, dry, slow is a verb here."""
        if before in _STARTS or before == PUNCT:
            return takes
        if (before in _NOMINAL and self.words[i - 1].can & PL) or before in (PRON, WH):
            return takes or (word.bias == "verb" and not word.can & N and before in (PRON, WH))
        return before == CONJ and takes and i > 1 and self.tags[i - 2] != ADJ

    def adjective(self, i: int, word: Word, before: str) -> str:
        """An orange cat, an orange on a plate, the cat is orange, walks fast, in the dark."""
        can = word.can
        if can & R and before in (VERB, PARTICLE, ADV) and not self.noun_next(i):
            return ADV
        if can & R and not self.noun_next(i) and before in _NOMINAL and word.lower not in ("alone", "alive", "pretty"):
            return ADV
        if can & R and word.lower in ("pretty", "most", "more", "all", "just", "only", "even", "late", "early"):
            after = self.next_word(i)
            if after is not None and after.can & (A | R) and not after.can & N:
                return ADV
        if can & R and self.next_can(i, G) and not self.next_can(i, N | A):
            return ADV  # deep frying a crab
        if not can & N or (before == PREP and self._from_to(i)):
            return ADJ
        if before == AUX:
            return ADJ if self.words[i - 1].lower in self.lex.be else NOUN
        if before in _NOMINAL and before != QUOTE and not self.noun_next(i):
            return NOUN
        if self.noun_next(i):
            after = self.next_word(i)
            if (
                word.adj in ("colour", "material")
                and word.root in ("plant", "food")
                and word.lower not in ("orange", "violet")
                and after is not None
                and after.root in ("plant", "food")
            ):
                return NOUN  # lavender flower, rose petals
            if word.bias == "adjective" or word.adj in ("colour", "material", "nationality", "size") or after is None:
                return ADJ
            return ADJ if word.adj and word.root not in ("person", "animal") else NOUN
        return NOUN


_PLACE_GERUNDS = word_set("place_gerunds")
_DONE_TO = word_set("done_to")
_DOING = word_set("doing")
_ORDERS = word_set("orders")
