"""Linking noun phrases, and resolving pronouns."""

from __future__ import annotations

from collections.abc import Sequence

from t2v_recaption.language.drafts import Np
from t2v_recaption.language.lexicon import word_set
from t2v_recaption.language.memory import ACTORS, Rel
from t2v_recaption.language.model import ADV, AUX, DET, NUM, POSS, PRON, VERB
from t2v_recaption.language.neighbours import GENITIVE
from t2v_recaption.language.places import Places

_PERSON_SHE = word_set("person_she")

_PERSON_HE = word_set("person_he")


def _last(*lists: list[int]) -> int | None:
    """The last member of the first list that has one."""
    return next((found[-1] for found in lists if found), None)


class Things(Places):
    """Noun phrases: ground, complement, object, member of a coordination, or a new subject."""

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
            self._owns()
        else:
            self.item = "np"
        self.np, self.of, self.by, self.conj = np, False, None, False
        if self.item != "gen":
            self.open = None
        self._refer(np)

    def _owns(self) -> None:
        self.item = "gen"

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
                or (before.role == "object" and self.chunks.forms[i] == "ing" and np.root not in ACTORS and not np.det)
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
            if not_these:
                things = [k for k in things if self.nps[k].role == "object"] or things
            return _last(things if not_these else actors, things, self.things)
        return None
