"""Parts of speech of the forms that are hard: is it a verb, a noun or an adjective here?

Each rule names the prompt that asked for it.
"""

from __future__ import annotations

from t2v_recaption.language.lexicon import PL, A, D, G, N, R, V, Word, word_set
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
    QUOTE,
    TO,
    VERB,
    WH,
)
from t2v_recaption.language.neighbours import GENITIVE, NOMINAL, OPENERS, STARTS, Neighbours

_BEFORE_NOUN = frozenset((DET, POSS, NUM))
_ACTORS = frozenset(("person", "animal", "creature", "vehicle"))
_OBJECTIVE = word_set("objective")
_PLACE_GERUNDS = word_set("place_gerunds")
_DONE_TO = word_set("done_to")
_DOING = word_set("doing")
_ORDERS = word_set("orders")


class VerbForms(Neighbours):
    """Tags of forms that are verbs and something else: -ing, -ed, -s, base forms, adjectives."""

    __slots__ = ()

    def ing(self, i: int, word: Word, before: str) -> str:
        """Running water, a running dog, a dog running, running fast, a painting, government building, enjoys
        running.
        """
        can, after = word.can, self.next_word(i)
        noun, gerund = bool(can & N), word.lower in self.lex.gerund_nouns
        opener = after is not None and (after.tag in OPENERS or after.tag == POSS)
        if before == AUX:
            return ADJ if can & A and not opener and word.verb not in self.lex.verbs else VERB
        if before == NUM and opener:
            return VERB  # one wearing a hat
        if before in _BEFORE_NOUN or before == GENITIVE:
            if noun:
                return NOUN
            return ADJ if self.noun_next(i) else NOUN
        if before == NOUN and word.lower in self.lex.participle_compounds and self.noun_next(i):
            return ADJ  # finger looking cookies
        if before == NOUN and self._is_doing(i, word):
            return VERB  # man drinking water, woman lighting candles
        if before in NOMINAL:
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
        if before == CONJ and i > 1 and self.tags[i - 2] in NOMINAL and word.noun in _PLACE_GERUNDS and not opener:
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
            or (before in STARTS and gerund and word.noun in _PLACE_GERUNDS)
        ):
            return NOUN
        if after is not None and after.lower == "of" and before in ("", PUNCT, PREP, CONJ):
            return NOUN  # making of a burrito
        if noun and not gerund:
            return NOUN
        return ADJ if can & A and before in (ADV,) and not noun and word.verb not in self.lex.verbs else VERB

    def _is_doing(self, i: int, word: Word) -> bool:
        """Whether somebody does something to what follows."""
        somebody = self._root_before(i) in ("person", "animal") and word.lower not in self.lex.participle_compounds
        return somebody and word.verb in self.lex.transitive and self.noun_next(i) and word.noun not in _PLACE_GERUNDS

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
        if before in NOMINAL:
            if word.lower == "left" and not (after is not None and after.tag in OPENERS):
                return ADJ if follows else ADV
            if (
                follows
                and (word.lower in self.lex.participle_compounds or can == A or (can & A and not can & D))
                and before == NOUN
            ):
                return ADJ
            if can & N and word.bias == "noun" and not (after is not None and after.tag in OPENERS):
                return NOUN
            if can & A and not can & D:
                return ADJ
            if word.verb == "lay" and can & V:
                return VERB
            return VERB
        if before == ADV and follows and (i < 2 or self.tags[i - 2] not in NOMINAL):
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
            return ADJ if word.participle and not (after is not None and after.tag in OPENERS) and can & A else VERB
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
            return VERB if word.bias != "noun" or self.tags[max(0, i - 2)] in NOMINAL else NOUN
        if before in (PARTICLE, VERB, PUNCT) or before in STARTS:
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
        late = before == PUNCT and word.bias == "verb" and not self.has_verb and self.pieces[i - 1].text == ","
        if late and after is not None and after.tag in (PREP, DET, POSS):
            return VERB  # "two kids, one in yellow, jump into a puddle"
        if before in STARTS or before == PUNCT:
            return VERB if not can & N or (takes and (word.bias != "noun" or word.lower in _ORDERS)) else NOUN
        if before == CONJ:
            if i > 1 and self.tags[i - 2] in (VERB, PARTICLE, ADV) and (not can & N or word.bias == "verb" or takes):
                return VERB
            return NOUN if can & N and not takes else VERB
        if before in NOMINAL or before == WH:
            return self._base_after_noun(i, word, before, after, takes)
        if before == ADV:
            if i > 1 and self.tags[i - 2] in NOMINAL and (word.bias == "verb" or not can & N):
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
        if before in STARTS or before == PUNCT:
            return takes
        if (before in NOMINAL and self.words[i - 1].can & PL) or before in (PRON, WH):
            return takes or (word.bias == "verb" and not word.can & N and before in (PRON, WH))
        return before == CONJ and takes and i > 1 and self.tags[i - 2] != ADJ

    def adjective(self, i: int, word: Word, before: str) -> str:
        """An orange cat, an orange on a plate, the cat is orange, walks fast, in the dark."""
        can = word.can
        if can & R and before in (VERB, PARTICLE, ADV) and not self.noun_next(i):
            return ADV
        if can & R and not self.noun_next(i) and before in NOMINAL and word.lower not in ("alone", "alive", "pretty"):
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
        if before in NOMINAL and before != QUOTE and not self.noun_next(i):
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
