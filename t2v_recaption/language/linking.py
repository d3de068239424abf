"""Who does what to whom, and what is where: one pass over a sentence's phrases with the little memory a reader has.

The memory: the subject of the clause, the last noun phrase and its role, the last verb, an open preposition, an open
conjunction.
"""

from __future__ import annotations

from t2v_recaption.language.doers import Doers
from t2v_recaption.language.lexicon import word_set
from t2v_recaption.language.model import ADJ, ADV, AUX, CONJ, FOREIGN, NOT, PARTICLE, PREP, PUNCT, TO, VERB, WH
from t2v_recaption.language.phrases import NP_START
from t2v_recaption.language.things import Things

_LINKING = word_set("linking")


class Linker(Things, Doers):
    """Links the phrases of one text, sentence by sentence."""

    def run(self, first: int, last: int) -> None:
        """Link the tokens of one sentence."""
        self.reset()
        self.clause_first = len(self.nps)
        chunks, tags, many = self.chunks, self.chunks.tags, self.many
        i = first
        while i < last:
            tag = tags[i]
            if i in many and i + many[i][0] <= last:
                size, category = many[i]
                i = self.preposition(i, i + size, category, last)
            elif tag == PREP or (tag == TO and not self._infinitive(i, last)):
                i = self.preposition(i, i + 1, self.single.get(chunks.words[i].lower, "at"), last)
            elif tag in (VERB, AUX, NOT, TO) or (tag == ADV and self._before_verb(i, last)):
                vp = chunks.verb_group(i, last)
                if vp is None:
                    i += 1
                else:
                    self.verb(vp, last)
                    i = vp.last
            elif tag in NP_START or (tag == ADV and chunks._leads_on(i, last)):
                np = chunks.noun_phrase(i, self._limit(i, last))
                if np is None:
                    i = self.loose(i, last)
                else:
                    i = np.last
                    self.noun(np, i, last)
            else:
                self.mark(i, tag)
                i += 1

    def _limit(self, i: int, last: int) -> int:
        """Noun phrases end where a preposition of several words begins."""
        return min((k for k in range(i + 1, min(i + 9, last)) if k in self.many), default=last) if self.many else last

    def _infinitive(self, i: int, last: int) -> bool:
        return i + 1 < last and self.chunks.tags[i + 1] in (VERB, AUX, ADV)

    def mark(self, i: int, tag: str) -> None:
        """Conjunctions, commas, relative pronouns, adverbs, particles."""
        if tag == CONJ:
            if not self.conj:
                self.conj_from = self.item if self.item != "comma" else self.conj_from or "comma"
            self.conj = True
            self.relative = None
        elif tag == WH:
            relative = self.chunks.words[i].lower in ("who", "which", "that", "whom")
            self.relative = self.np if relative and self.item in ("np", "comma") else None
            self.item = "wh" if relative else "comma"
            self.conj_from, self.conj = "", False
        elif tag == PUNCT:
            self._punctuation(self.chunks.pieces[i].text)
        elif tag in (ADV, PARTICLE):
            if self.vp is not None and self.item in ("vp", "np", "adj"):
                self.vp.adverbs.append(i)
        elif tag == FOREIGN:
            self.item = ""

    def _punctuation(self, text: str) -> None:
        if text == ",":
            self.conj_from, self.item, self.conj = self.item if self.item != "comma" else self.conj_from, "comma", False
            self.open, self.of = None, False
        elif text not in ("-", "/", "'", "’", "‑"):
            self.subject, self.item, self.np, self.open, self.of = [], "", None, None, False
            self.conj = False
            self.clause_first = len(self.nps)

    def loose(self, i: int, last: int) -> int:
        """Adjectives that belong to no noun phrase: predicates, or what a noun is said to be after it."""
        chunks, tags = self.chunks, self.chunks.tags
        j, found = i, []
        while j < last and j - i < 8:
            if tags[j] in (ADJ, ADV):
                found.append(j)
            elif not (
                found
                and j + 1 < last
                and tags[j + 1] in (ADJ, ADV)
                and (tags[j] == CONJ or chunks.pieces[j].text == ",")
                and j not in self.many
            ):
                break
            j += 1
        if not any(tags[k] == ADJ for k in found):
            return max(j, i + 1)
        owners: list[int] = []
        if self.vp is not None and self.item in ("vp", "adj") and self.vp.lemma in _LINKING:
            owners = self.vp.agents or self.vp.objects
        elif self.vp is not None and self.item == "vp":
            owners = self.vp.agents
        elif self.np is not None and self.item == "np":
            owners = [self.np.index]
        for k in owners:
            self.nps[k].mods.extend(chunks.modifiers(found, predicative=True))
        self.item = "adj"
        return max(j, i + 1)
