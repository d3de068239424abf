"""The little memory that a reader has while linking the phrases of a sentence."""

from __future__ import annotations

from t2v_recaption.language.drafts import Np, Vp
from t2v_recaption.language.phrases import MEASURES, Chunks

ACTORS = frozenset(("person", "animal", "creature", "vehicle"))

PLACES = frozenset(("place", "landform", "building", "water", "sky", "time", "event"))


class Rel:
    """A relation while it is being built."""

    __slots__ = ("category", "figures", "first", "ground", "last", "negated", "verb")

    def __init__(self, category: str, first: int, last: int) -> None:
        self.category, self.first, self.last = category, first, last
        self.figures: list[int] = []
        self.ground: int | None = None
        self.verb: int | None = None
        self.negated = category == "without"


class Memory:
    """What is remembered of the text so far, and of the clause: subject, last noun, last verb, what is open."""

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

    def _before_verb(self, i: int, last: int) -> bool:
        return self.chunks._verb_ahead(i, last)

    def _inner(self, np: Np) -> Np:
        """The people in "a group of people": what a measure measures acts, not the measure."""
        depth = 0
        while np.of is not None and (np.core in MEASURES or np.root in ("medium", "group")) and depth < 4:
            np, depth = self.nps[np.of], depth + 1
        return np

    def _outer(self, np: Np) -> Np:
        """The can in "a can of soda on a table", but the people in "a group of people on a beach"."""
        while np.role.startswith("of:"):
            outer = next((o for o in reversed(self.nps[max(0, np.index - 40) : np.index]) if o.of == np.index), None)
            if outer is None or outer.core in MEASURES or outer.root in ("medium", "group"):
                return np
            np = outer
        return np

    def _group(self, np: Np) -> list[int]:
        np = self._inner(np)
        return sorted({np.index, *(self._inner(self.nps[k]).index for k in np.partners)})

    def _clause_agents(self) -> list[int]:
        found = [self._inner(self.nps[k]).index for k in self.subject]
        if not found and self.vp is not None:
            found = list(self.vp.agents)
        return found
