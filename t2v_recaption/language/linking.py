"""Who does what to whom, and what is where: one pass over a sentence's phrases with the little memory a reader has.

The memory: the subject of the clause, the last noun phrase and its role, the last verb, an open preposition, an open
conjunction.
"""

from __future__ import annotations

from collections.abc import Sequence

from t2v_recaption.language.lexicon import word_set
from t2v_recaption.language.model import (
    ADJ,
    ADV,
    AUX,
    CONJ,
    DET,
    FOREIGN,
    NOT,
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
from t2v_recaption.language.phrases import GENITIVE, MEASURES, NP_START, Chunks, Np, Vp

ACTORS = frozenset(("person", "animal", "creature", "vehicle"))
_PLACES = frozenset(("place", "landform", "building", "water", "sky", "time", "event"))
_LINKING = word_set("linking")
_PUTTING = word_set("putting")
_OF_THINGS = word_set("of_things")
_SPATIAL = word_set("spatial")
_TOOLS = word_set("tools")
_SEEING = frozenset(["watch", "see", "find", "photograph", "observe", "notice", "reveal", "discover"])
_HAVING = word_set("having")
_PERSON_SHE = word_set("person_she")
_PERSON_HE = word_set("person_he")


def _last(*lists: list[int]) -> int | None:
    """The last member of the first list that has one."""
    return next((found[-1] for found in lists if found), None)


class Rel:
    """A relation while it is being built."""

    __slots__ = ("category", "figures", "first", "ground", "last", "negated", "verb")

    def __init__(self, category: str, first: int, last: int) -> None:
        self.category, self.first, self.last = category, first, last
        self.figures: list[int] = []
        self.ground: int | None = None
        self.verb: int | None = None
        self.negated = category == "without"


class Linker:
    """Links the phrases of one text, sentence by sentence."""

    def __init__(self, chunks: Chunks, prepositions: dict[int, tuple[int, str]], single: dict[str, str]) -> None:
        self.chunks, self.many, self.single = chunks, prepositions, single
        self.nps: list[Np] = []
        self.vps: list[Vp] = []
        self.rels: list[Rel] = []
        self.sentence = -1
        self.people: list[int] = []
        self.things: list[int] = []
        self.groups: list[int] = []
        self.reset()

    def reset(self) -> None:
        """Forget the sentence before."""
        self.sentence += 1
        self.subject: list[int] = []
        self.item = ""  # what came last: np, vp, adj, prep, conj, comma, wh
        self.np: Np | None = None
        self.vp: Vp | None = None
        self.open: Rel | None = None
        self.of = False
        self.by: Vp | None = None
        self.conj_from = ""  # what came before the conjunction
        self.conj = False
        self.relative: Np | None = None
        self.waiting: list[Vp] = []  # participles before their subject: "Walking home, a man …"
        self.unplaced: list[Rel] = []  # "On the left, a dog"
        self._before_agents: list[int] = []
        self.clause_first = 0
        self.acted = False  # whether the subject has its verb

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

    def _before_verb(self, i: int, last: int) -> bool:
        return self.chunks._verb_ahead(i, last)

    # ------------------------------------------------------------------------------------------- loose words

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

    # ------------------------------------------------------------------------------------------------ prepositions

    def preposition(self, i: int, end: int, category: str, last: int) -> int:
        """Open a relation; returns the token to go on with."""
        if category == "of" and self.item == "np":
            self.of, self.item = True, "prep"
            return end
        word = self.chunks.words[i].lower
        if (
            word == "by"
            and self.vp is not None
            and self.vp.form == "ed"
            and (self.item == "vp" or (self.vp.passive and self.item in ("np", "adj")))
        ):
            self.by, self.item = self.vp, "prep"
            return end
        following = self.chunks.tags[end] if end < last else ""
        if following == VERB and self.chunks.forms[end] == "ing":
            self._gerund_next(category)
            return end
        ground = not category.startswith("frame_")
        rel = Rel(category.removeprefix("frame_"), i, end)
        self._place(rel)
        self.rels.append(rel)
        self.open = rel if ground else None
        self.conj = False
        self.item = "prep" if ground else "np" if self.np is not None else ""
        return end

    def _gerund_next(self, category: str) -> None:
        self.item = "gerund-not" if category == "without" else "gerund"

    def _place(self, rel: Rel) -> None:
        """What a relation places: the noun before it, or who does the verb before it."""
        np, vp = self.np, self.vp
        beginning = self.item in ("", "comma", "conj") or (self.conj and self.item != "np")
        if (self.conj and self.item in ("np", "vp", "adj")) or beginning:
            before_end = self._agents_of_open_clause() if self.item == "comma" or not self.conj else []
            if (
                rel.category in ("with", "without", "like")
                and self.item == "comma"
                and not before_end
                and np is not None
            ):
                before_end = list(self.subject) or [np.index]
            if rel.category in _SPATIAL and not before_end:
                self.unplaced.append(rel)
            else:
                rel.figures = before_end
                rel.verb = vp.index if vp is not None and before_end else None
            return
        if self.item in ("vp", "adj") and vp is not None:
            rel.verb = vp.index
            rel.figures = list(vp.objects if (vp.passive or not vp.agents) else vp.agents)
            return
        if np is None:
            if rel.category in _SPATIAL:
                self.unplaced.append(rel)
            return
        np = self._outer(np)
        group = sorted([np.index, *np.partners])
        if np.role == "object" and vp is not None and rel.category not in ("with", "without", "of", "like"):
            rel.verb = vp.index
            rel.figures = group if vp.lemma in _PUTTING or vp.lemma in _SEEING or not vp.agents else list(vp.agents)
        elif (
            np.role == "ground"
            and vp is not None
            and vp.agents
            and (
                np.pronoun
                or (
                    self.rels
                    and self.rels[-1].category in ("to", "at", "for", "about")
                    and self.rels[-1].verb is not None
                )
            )
        ):
            rel.verb, rel.figures = vp.index, list(vp.agents)
        elif (
            np.role == "ground"
            and np.root in _PLACES
            and rel.category in _SPATIAL
            and self.rels
            and self.rels[-1].verb is not None
            and self.rels[-1].ground == np.index
        ):
            rel.verb, rel.figures = self.rels[-1].verb, list(self.rels[-1].figures)
        else:
            rel.figures = [k for k in group if k >= np.index or not self._placed_itself(k, np)]
            if np.role == "object" and rel.category in ("with", "without") and vp is not None:
                rel.verb = vp.index

    def _placed_itself(self, k: int, np: Np) -> bool:
        """A member of the coordination with a place of its own: "a lamp on the left and a plant on the right"."""
        return any(k in r.figures and self.nps[k].last <= r.first < np.first for r in self.rels[-4:])

    def _outer(self, np: Np) -> Np:
        """The can in "a can of soda on a table", but the people in "a group of people on a beach"."""
        while np.role.startswith("of:"):
            outer = next((o for o in reversed(self.nps[max(0, np.index - 40) : np.index]) if o.of == np.index), None)
            if outer is None or outer.core in MEASURES or outer.root in ("medium", "group"):
                return np
            np = outer
        return np

    def _agents_of_open_clause(self) -> list[int]:
        if self.vp is not None and self.item == "comma" and self.vp.agents:
            return list(self.vp.agents)
        return []

    # ------------------------------------------------------------------------------------------------ noun phrases

    def noun(self, np: Np, i: int, last: int) -> None:
        """Take up a noun phrase: ground, complement of "of", object, member of a coordination, or a new subject."""
        tags = self.chunks.tags
        np.index, np.sentence = len(self.nps), self.sentence
        if np.det == "whose" and self.np is not None:
            np.possessor = self.np.index
        self.nps.append(np)
        if self.item == "gen" and self.np is not None:
            np.possessor = self.np.index
            self._inherit(np)
        elif self.of and self.np is not None:
            self._complement(np)
        elif self.by is not None:
            self.by.agents, np.role = [np.index], "agent"
            self.by.passive = True
            if not self.by.objects:
                self.by.objects = [k for k in self._before_agents if k != np.index]
        elif self.open is not None and self.item == "prep":
            self.open.ground, np.role = np.index, "ground"
            self._settle(self.open, np)
        elif self.conj and self._coordinates(np, i, last):
            self._coordinate(np)
        elif self.item == "vp" and self.vp is not None and not self._new_clause(i, last):
            self._object(np)
        elif (
            self.item == "np"
            and self.np is not None
            and self.np.role == "object"
            and self.vp is not None
            and not self.conj
            and np.det
        ):
            np.role = "object"
            self.vp.objects.append(np.index)
        else:
            self._subject(np, i, last)
        if i < last and tags[i] == GENITIVE:
            self._owns(np)
        else:
            self.item = "np"
        self.np, self.of, self.by, self.conj = np, False, None, False
        if self.item != "gen":
            self.open = None
        self._refer(np)

    def _owns(self, np: Np) -> None:
        self.item = "gen"
        self._pending_role = (np.role, self.open)

    def _inherit(self, np: Np) -> None:
        """The tail in "the dog's tail" takes the place that "the dog" had."""
        owner = self.np
        assert owner is not None
        role, np.role, owner.role = owner.role, owner.role, "owner"
        old, new = owner.index, np.index
        if self.subject and old in self.subject:
            self.subject = [new if k == old else k for k in self.subject]
        for rel in self.rels[-3:]:
            if rel.ground == old:
                rel.ground = new
            rel.figures = [new if k == old and role != "ground" else k for k in rel.figures]
        if self.vp is not None:
            self.vp.objects = [new if k == old else k for k in self.vp.objects]
            self.vp.agents = [new if k == old and role == "agent" else k for k in self.vp.agents]
        for other in self.nps[-4:]:
            if other.of == old:
                other.of = new

    def _complement(self, np: Np) -> None:
        outer = self.np
        assert outer is not None
        outer.of, np.role = np.index, "of:" + outer.role
        if outer.core in ("pair", "couple", "trio", "dozen", "duo") and np.count is None:
            np.count = {"pair": 2, "couple": 2, "trio": 3, "dozen": 12, "duo": 2}[outer.core] * (outer.count or 1)
            np.count_first = outer.head

    def _settle(self, rel: Rel, np: Np) -> None:
        """A chain "a cup on a table in a kitchen": a place holds everything before it, not only the last thing."""
        if (
            len(rel.figures) > 1
            and rel.verb is None
            and rel.category in ("with", "in")
            and not np.plural
            and np.root in ("clothing", "object", "body part")
        ):
            rel.figures = rel.figures[-1:]  # "a man in a hoodie and a woman with a bandana"
        if rel.category == "with" and rel.figures and self.vp is not None:
            figure, vp = self.nps[rel.figures[0]], self.vp
            tool = (np.core in _TOOLS and figure.role == "object") or (
                figure.role == "object"
                and np.root in ("object", "body part", "abstract")
                and vp.lemma not in _HAVING
                and figure.root not in (*ACTORS, *_PLACES, "object", "clothing")
            )
            company = (
                np.root in ("person", "animal")
                and figure.role in ("object", "ground")
                and figure.root not in ACTORS
                and vp.agents
            )
            if tool or (company and self.nps[vp.agents[0]].root in ACTORS):
                rel.figures, rel.verb = list(vp.agents), vp.index
            return
        if (
            len(rel.figures) == 1
            and np.root in _PLACES
            and rel.category in ("in", "at", "on", "near", "during", "by", "into")
        ):
            figure = self.nps[rel.figures[0]]
            if figure.role == "ground" and figure.root not in ("body part", "clothing"):
                earlier = next((r for r in reversed(self.rels[-40:-1]) if r.ground == figure.index), None)
                if earlier is not None and earlier.figures:
                    rel.figures, rel.verb = list(earlier.figures), earlier.verb
            elif figure.role == "object" and self.vp is not None and self.vp.agents and rel.verb is None:
                rel.figures = list(self.vp.agents)

    def _new_clause(self, i: int, last: int) -> bool:
        """Whether a noun phrase right after a verb is rather the subject of what follows ("as it runs the dog
        barks").
        """
        vp = self.vp
        assert vp is not None
        if vp.lemma == "be":
            return False
        return vp.lemma in self.chunks.lex.intransitive and not vp.particle

    def _coordinates(self, np: Np, i: int, last: int) -> bool:
        """Whether "and NP" continues the last noun phrase; not if it is the subject of a verb of its own."""
        before = self.np
        if before is None or self.conj_from not in ("np", "comma") or self.item not in ("np", "comma", "conj"):
            return False
        if before.sentence != np.sentence or self.chunks.tags[before.head] == "quote":
            return False
        tags = self.chunks.tags
        follows_verb = i < last and (tags[i] in (VERB, AUX) or (tags[i] == ADV and self._before_verb(i, last)))
        if (
            follows_verb
            and (self.chunks.forms[i] == "s" or tags[i] == AUX)
            and before.role in ("ground", "object")
            and self.subject
            and not self.acted
            and not np.det
        ):
            return True  # "a woman with brown hair and light skin smiles"
        subject_like = before.role.startswith("of") or before.role == "subject" or before.role == ""
        if follows_verb and (
            before.role in ("object", "ground", "agent")
            or before.role.startswith("of:ground")
            or before.role.startswith("of:object")
        ):
            same = (
                before.root == np.root
                or (before.root in ACTORS and np.root in ACTORS)
                or (before.role == "object" and self.chunks.forms[i] == "ing" and np.root not in ACTORS)
            )
            return same and self.chunks.forms[i] != "s" and tags[i] != AUX
        if (
            before.role in ("object", "ground")
            and np.root in ACTORS
            and before.root not in ACTORS
            and (np.det or before.root in ("clothing", "body part", "object"))
        ):
            return False
        return subject_like or before.role in ("object", "ground", "agent", "predicate") or before.role.startswith("of")

    def _coordinate(self, np: Np) -> None:
        before = self.np
        assert before is not None
        np.role = before.role
        group = [before.index, *before.partners][:60]
        for k in group:
            self.nps[k].partners.append(np.index)
        np.partners = list(group)
        if before.index in self.subject:
            self.subject.append(np.index)
        if self.vp is not None and before.index in self.vp.objects:
            self.vp.objects.append(np.index)
        if before.role == "ground":
            for rel in self.rels[::-1]:
                if rel.ground == before.index:
                    other = Rel(rel.category, rel.first, rel.last)
                    other.figures, other.verb, other.ground = rel.figures, rel.verb, np.index
                    self.rels.append(other)
                    break
        if before.role == "agent" and self.vps:
            self.vps[-1].agents.append(np.index)
        if before.det == "no" and not np.det:
            np.det, np.negated = "no", True

    def _object(self, np: Np) -> None:
        vp = self.vp
        assert vp is not None
        if vp.lemma == "be":
            np.role = "predicate" if vp.agents else "subject"
            if not vp.agents:
                self.subject = [np.index]
                vp.agents = [np.index]
                self._place_waiting(np)
            return
        np.role = "object"
        if vp.form == "ed" and not vp.passive and vp.objects and not vp.agents:
            vp.agents, vp.objects = vp.objects, []  # "a man opened | a door": the participle was a past tense
        vp.objects.append(np.index)

    def _subject(self, np: Np, i: int, last: int) -> None:
        np.role = "subject"
        if (
            self.conj
            and self.vp is None
            and self.subject
            and self.nps[self.subject[0]].root in ACTORS
            and np.root in ACTORS
        ):
            group = list(self.subject)  # "a man in a hoodie and a woman with a bandana talking": one subject
            for k in group:
                self.nps[k].partners.append(np.index)
            np.partners = group
            self.subject = [*group, np.index]
        else:
            self.subject = [np.index]
        self.clause_first = np.index
        self.acted = False
        self._place_waiting(np)
        tags = self.chunks.tags
        if self.waiting and i < last and np.root in ACTORS | {""}:
            for vp in self.waiting:
                if not vp.agents:
                    vp.agents = [np.index]
            self.waiting = []
        if tags[np.first] not in (DET, POSS, NUM, PRON) and self.item == "comma":
            self.relative = None

    def _place_waiting(self, np: Np) -> None:
        for rel in self.unplaced:
            if rel.ground != np.index and not rel.figures:
                rel.figures = [np.index]
        self.unplaced = []

    def _refer(self, np: Np) -> None:
        """Resolve pronouns and possessives to the nearest fitting noun phrase."""
        det = np.det
        if np.pronoun:
            np.antecedent = self._referent(
                np.core, () if np.role == "subject" or np.core.endswith("self") else self.subject
            )
        elif det in ("his", "her", "its", "their"):
            np.possessor = self._referent(det) if np.possessor is None else np.possessor
        if not np.pronoun:
            if np.root in ("person", "creature") or (np.proper and np.root != "place"):
                self.people.append(np.index)
            if np.plural or np.partners:
                self.groups.append(np.index)
            if np.root not in ("person", "time", "abstract", "place"):
                self.things.append(np.index)

    def _referent(self, word: str, not_these: Sequence[int] = ()) -> int | None:
        if word in ("he", "him", "his", "himself", "she", "her", "hers", "herself"):
            wrong = _PERSON_SHE if (word[0] == "h" and word[1] == "i") or word == "he" else _PERSON_HE
            fitting = [
                k
                for k in self.people[-8:]
                if k not in not_these and self.nps[k].core not in wrong and not self.nps[k].plural
            ]
            subjects = [k for k in fitting if self.nps[k].role == "subject"]
            return _last(subjects, fitting)
        if word in ("they", "them", "their", "themselves", "theirs"):
            return _last(self.groups, self.people, self.things)
        if word in ("it", "its", "itself"):
            things = [k for k in self.things[-10:] if k not in not_these and not self.nps[k].plural]
            actors = [k for k in things if self.nps[k].role == "subject"]
            return _last(things if not_these else actors, things, self.things)
        return None

    # ------------------------------------------------------------------------------------------------ verbs

    def verb(self, vp: Vp, last: int) -> None:
        """Take up a verb group and find who does it."""
        vp.index = len(self.vps)
        chunks = self.chunks
        finite = (
            vp.form in ("s", "base") or vp.first < vp.verb or (vp.form == "ed" and not chunks.words[vp.verb].participle)
        )
        before = self.vp
        if self.item in ("gerund", "gerund-not"):
            vp.gerund = True
            vp.negated = vp.negated or self.item == "gerund-not"
            vp.agents = list(before.agents) if before is not None else self._nearest(vp) if self.np is not None else []
        elif chunks.tags[vp.first] == TO and before is not None:
            vp.agents = list(
                before.objects
                if before.lemma in ("let", "help", "ask", "tell", "teach", "force") and before.objects
                else before.agents
            )
        elif self.relative is not None:
            vp.agents = [self._inner(self.relative).index]
            self.relative = None
        elif (self.conj and before is not None and self.item not in ("np",)) or (
            self.conj and before is not None and self.conj_from in ("vp", "adj")
        ):
            vp.agents = list(before.agents) or (list(before.objects) if before.passive else [])
        elif self.conj and before is not None and self.item == "np" and self.conj_from == "np":
            vp.agents = list(before.agents)
        elif (self.item == "comma" and not finite) or finite:
            vp.agents = self._clause_agents()
        elif self.np is not None and self.item in ("np", "adj", "vp"):
            vp.agents = self._nearest(vp)
        elif self.subject and self.item not in ("",):
            vp.agents = self._clause_agents()
        if not vp.agents and not vp.gerund and vp.form in ("ing", "ed") and not self.subject:
            self.waiting.append(vp)
        self._voice(vp, last, finite)
        self.vps.append(vp)
        self.acted = self.acted or finite
        self.vp, self.item, self.conj, self.open, self.of = vp, "vp", False, None, False

    def _clause_agents(self) -> list[int]:
        found = [self._inner(self.nps[k]).index for k in self.subject]
        if not found and self.vp is not None:
            found = list(self.vp.agents)
        return found

    def _inner(self, np: Np) -> Np:
        """The people in "a group of people": what a measure measures acts, not the measure."""
        depth = 0
        while np.of is not None and (np.core in MEASURES or np.root in ("medium", "group")) and depth < 4:
            np, depth = self.nps[np.of], depth + 1
        return np

    def _nearest(self, vp: Vp) -> list[int]:
        """Who does a participle after a noun: the noun before it, or an earlier one that can act where that one
        cannot.
        """
        np = self.np
        assert np is not None
        group = self._group(np)
        if np.role == "ground" and np.root == "vehicle" and self.rels and self.rels[-1].category in ("in", "on"):
            riders = [k for k in self.rels[-1].figures if self.nps[k].root in ("person", "animal")]
            if riders:
                return riders  # "a policeman in a police car talking on the radio"
        if np.role in ("subject", "", "predicate") or np.root in ACTORS:
            return self._with_company(np, group)
        if vp.lemma in _OF_THINGS:
            return group
        if vp.form == "ed":
            return group
        if (
            np.role == "ground"
            and self.rels
            and self.rels[-1].category in ("with", "of")
            and np.root not in ("clothing", "object", "place", "body part")
        ):
            return group
        if np.role.startswith("of:"):
            outer = self._outer(np)
            return self._group(outer) if outer.root in ACTORS or np.root not in ACTORS else group
        actors = [
            k
            for k in range(self.clause_first, np.index)
            if self.nps[k].root in ACTORS and self.nps[k].sentence == np.sentence
        ]
        if (
            not actors
            and np.role == "ground"
            and self.subject
            and np.root in _PLACES | {"object", "plant", "clothing", ""}
        ):
            return self._clause_agents()
        return self._group(self.nps[actors[-1]]) if actors else group

    def _group(self, np: Np) -> list[int]:
        np = self._inner(np)
        return sorted({np.index, *(self._inner(self.nps[k]).index for k in np.partners)})

    def _with_company(self, np: Np, group: list[int]) -> list[int]:
        """ "A woman with her child sitting": both sit."""
        rel = self.rels[-1] if self.rels else None
        if (
            np.role == "ground"
            and rel is not None
            and rel.category == "with"
            and rel.ground == np.index
            and rel.verb is None
            and np.root in ACTORS
        ):
            return sorted(
                {*(self._inner(self.nps[k]).index for k in rel.figures if self.nps[k].root in ACTORS), *group}
            )
        return group

    def _voice(self, vp: Vp, last: int, finite: bool) -> None:
        """A participle after its noun is passive where the verb needs an object and none follows."""
        self._before_agents = list(vp.agents)
        chunks = self.chunks
        if vp.form != "ed" or not chunks.words[vp.verb].participle:
            return
        after = vp.last
        follows = chunks.tags[after] if after < last else ""
        if not vp.passive and not finite and vp.lemma not in chunks.lex.intransitive and follows not in NP_START:
            by = after < last and chunks.words[after].lower == "by"
            vp.passive = by or vp.lemma in chunks.lex.transitive
        if vp.passive:
            vp.objects, vp.agents = vp.agents, []


__all__ = ["ACTORS", "PREP", "PRON", "Linker", "Rel"]
