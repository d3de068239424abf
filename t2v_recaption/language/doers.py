"""Linking verbs: who does what."""

from __future__ import annotations

from t2v_recaption.language.drafts import Np, Vp
from t2v_recaption.language.lexicon import word_set
from t2v_recaption.language.memory import ACTORS, PLACES, Memory
from t2v_recaption.language.model import TO
from t2v_recaption.language.phrases import NP_START

_OF_THINGS = word_set("of_things")


class Doers(Memory):
    """Verbs: who does them, and to what."""

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
            and np.root in PLACES | {"object", "plant", "clothing", ""}
        ):
            return self._clause_agents()
        return self._group(self.nps[actors[-1]]) if actors else group

    def _with_company(self, np: Np, group: list[int]) -> list[int]:
        """“A woman with her child sitting”: both sit."""
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
