"""The facts of one prompt while they are being collected: which token belongs to which, and in the end their ids."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from t2v_recaption.intent.model import Fact, Kind, Span
from t2v_recaption.language.model import Analysis, Relation, VerbPhrase


class Item:
    """A fact before it has an id; `of` and `to` point to other items."""

    __slots__ = ("category", "kind", "negated", "of", "spans", "to", "value")

    def __init__(self, kind: Kind, value: str, spans: list[Span], category: str = "") -> None:
        self.kind = kind
        self.value = value
        self.spans = spans
        self.category = category
        self.of: Item | None = None
        self.to: Item | None = None
        self.negated = False


class Builder:
    """Collects the items of one analysed prompt."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.items: list[Item] = []
        self.taken: dict[int, Item | None] = {}  # token → the item that states it; None for framing words
        self.of_noun: dict[int, Item] = {}  # noun phrase → its subject, setting, …
        self.of_verb: dict[int, list[Item]] = {}  # verb phrase → its actions, one an agent
        self._starts = [token.start for token in analysis.tokens]
        self.doing: dict[int, list[VerbPhrase]] = defaultdict(list)  # noun phrase → verbs it is the agent of
        self.done_to: dict[int, list[VerbPhrase]] = defaultdict(list)  # noun phrase → verbs it is the object of
        self.placed: dict[int, list[Relation]] = defaultdict(list)  # noun phrase → relations it is a figure of
        self.landmark: dict[int, list[Relation]] = defaultdict(list)  # noun phrase → relations it is the ground of
        self.after_verb: dict[int, list[Relation]] = defaultdict(list)  # verb phrase → its relations
        self.part_of = {np.of for np in analysis.nouns} | {np.possessor for np in analysis.nouns}
        for vp in analysis.verbs:
            for k in vp.agents:
                self.doing[k].append(vp)
            for k in vp.objects:
                self.done_to[k].append(vp)
        for relation in analysis.relations:
            for k in relation.figures:
                self.placed[k].append(relation)
            if relation.ground is not None:
                self.landmark[relation.ground].append(relation)
            if relation.verb is not None:
                self.after_verb[relation.verb].append(relation)

    def within(self, start: int, end: int) -> list[int]:
        """The tokens that lie in a range of characters."""
        tokens, k = self.analysis.tokens, bisect_left(self._starts, start)
        found = []
        while k < len(tokens) and tokens[k].end <= end:
            found.append(k)
            k += 1
        return found

    def add(
        self,
        kind: Kind,
        value: str,
        first: int,
        last: int,
        category: str = "",
        *,
        of: Item | None = None,
        to: Item | None = None,
    ) -> Item:
        """A fact said by the tokens from `first` to before `last`."""
        item = Item(kind, value, [self.span(first, last)], category)
        item.of, item.to = of, to
        self.items.append(item)
        for k in range(first, last):
            self.taken.setdefault(k, item)
        return item

    def add_at(
        self, kind: Kind, value: str, span: Span, category: str = "", *, of: Item | None = None, to: Item | None = None
    ) -> Item:
        """A fact said at a character span, which takes no token of its own."""
        item = Item(kind, value, [span], category)
        item.of, item.to = of, to
        self.items.append(item)
        return item

    def span(self, first: int, last: int) -> Span:
        """Characters of a token range."""
        tokens = self.analysis.tokens
        return Span(tokens[first].start, tokens[last - 1].end)

    def extend(self, item: Item, first: int, last: int) -> None:
        """The fact is said here, too."""
        span = self.span(first, last)
        if span not in item.spans:
            item.spans.append(span)
        for k in range(first, last):
            self.taken.setdefault(k, item)

    def frame(self, first: int, last: int) -> None:
        """These words only say that there is a video: no fact, and nothing to keep."""
        for k in range(first, last):
            self.taken.setdefault(k, None)

    def free(self, first: int, last: int) -> bool:
        """Whether no fact states any of these tokens."""
        return not any(k in self.taken for k in range(first, last))

    def facts(self) -> tuple[Fact, ...]:
        """The facts in the order of the prompt, with ids; relations to items that were dropped are dropped, too."""
        text = self.analysis.text
        order = sorted(
            range(len(self.items)), key=lambda n: (self.items[n].spans[0].start, -self.items[n].spans[0].end, n)
        )
        ids = {id(self.items[n]): f"f{at}" for at, n in enumerate(order, start=1)}
        found = []
        for at, n in enumerate(order, start=1):
            item = self.items[n]
            spans = tuple(sorted(item.spans))
            said = (
                " ".join(text[s.start : s.end] for s in spans[:1])
                if item.kind is Kind.SUBJECT
                else " … ".join(text[s.start : s.end] for s in spans)
            )
            found.append(Fact(
                f"f{at}", item.kind, said, item.value, spans, item.category,
                ids.get(id(item.of)) if item.of is not None and item.of is not item else None,
                ids.get(id(item.to)) if item.to is not None and item.to is not item else None, item.negated,
            ))  # fmt: skip
        return tuple(found)
