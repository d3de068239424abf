"""Linking prepositions: what is where."""

from __future__ import annotations

from t2v_recaption.language.drafts import Np
from t2v_recaption.language.lexicon import word_set
from t2v_recaption.language.memory import ACTORS, PLACES, Memory, Rel
from t2v_recaption.language.model import VERB

_PUTTING = word_set("putting")

_SPATIAL = word_set("spatial")

_TOOLS = word_set("tools")

_SEEING = frozenset(["watch", "see", "find", "photograph", "observe", "notice", "reveal", "discover"])

_HAVING = word_set("having")


class Places(Memory):
    """Prepositions: what is placed, and what it is placed at."""

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
        if rel.category == "of" and self.item == "adj" and np is not None:
            rel.figures = [np.index]  # "a net full of fish"
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
            and np.root in PLACES
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

    def _agents_of_open_clause(self) -> list[int]:
        if self.vp is not None and self.item == "comma" and self.vp.agents:
            return list(self.vp.agents)
        return []

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
                and figure.root not in (*ACTORS, *PLACES, "object", "clothing")
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
            and np.root in PLACES
            and rel.category in ("in", "at", "on", "near", "during", "by", "into")
        ):
            figure = self.nps[rel.figures[0]]
            if figure.role == "ground" and figure.root not in ("body part", "clothing"):
                earlier = next((r for r in reversed(self.rels[-40:-1]) if r.ground == figure.index), None)
                if earlier is not None and earlier.figures:
                    rel.figures, rel.verb = list(earlier.figures), earlier.verb
            elif figure.role == "object" and self.vp is not None and self.vp.agents and rel.verb is None:
                rel.figures = list(self.vp.agents)
