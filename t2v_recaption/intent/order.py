"""What comes first and what later: "then", "before", "finally", "from blue to brown", "turns into"."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from t2v_recaption.intent.builder import Builder, Item
from t2v_recaption.intent.model import Kind, Span
from t2v_recaption.language.lexicon import word_set
from t2v_recaption.language.model import ADJ, ADV, PUNCT, Relation, VerbPhrase

_CHANGING = word_set("changing")
_AFTER = word_set("after")
_SIDES = frozenset(["left", "right", "top", "bottom", "side", "end"])
_FIRST = frozenset(["first", "firstly", "initially"])


def is_ordering(word: str) -> bool:
    """Whether an adverb puts events in order."""
    return word in _AFTER or word in _FIRST or word in ("before", "after")


def add_order(builder: Builder) -> None:
    """What comes first and what later: "then", "before", "finally", "from blue to brown", "turns into"."""
    tokens = builder.analysis.tokens
    line = _Timeline(builder)
    for k, token in enumerate(tokens):
        lower = token.lower
        if (
            lower in _FIRST
            and (token.pos == ADV or (token.pos == ADJ and (k == 0 or tokens[k - 1].pos == PUNCT)))
            and k not in builder.taken
        ):
            builder.add(Kind.ORDER, "first", k, k + 1, of=line.event(tokens[k].start, after=True))
        elif lower in _AFTER and k not in builder.taken and token.pos in (ADV, ADJ):
            _then(builder, line, k, lower)
        elif lower in ("before", "after", "until") and token.pos in ("prep", ADV, "particle", "conj"):
            _before_after(builder, line, k, lower)
        elif lower == "followed" and k + 1 < len(tokens) and tokens[k + 1].lower == "by" and k not in builder.taken:
            builder.add(
                Kind.ORDER,
                "then",
                k,
                k + 2,
                of=line.event(tokens[k].start, after=False),
                to=line.event(tokens[k + 1].start, after=True),
            )
        elif lower == "from":
            _from_to(builder, line, k)
    for relation in builder.analysis.relations:
        _into(builder, relation)


def _then(builder: Builder, line: _Timeline, k: int, lower: str) -> None:
    tokens = builder.analysis.tokens
    if lower == "next" and k + 1 < len(builder.analysis.tokens) and builder.analysis.tokens[k + 1].lower == "to":
        return
    value = "finally" if lower in ("finally", "eventually", "lastly", "ultimately") else "then"
    builder.add(
        Kind.ORDER,
        value,
        k,
        k + 1,
        of=line.event(tokens[k].start, after=False),
        to=line.event(tokens[k].start, after=True),
    )


def _before_after(builder: Builder, line: _Timeline, k: int, lower: str) -> None:
    tokens = builder.analysis.tokens
    later = line.event(tokens[k].start, after=True)
    earlier = line.event(tokens[k].start, after=False)
    if later is None:
        return
    clause = k == 0 or tokens[k - 1].pos == PUNCT
    if clause:
        comma = next((n for n in range(k + 1, min(k + 40, len(tokens))) if tokens[n].text == ","), None)
        main = line.event(tokens[comma].start, after=True) if comma is not None else None
        pair = (later, main) if lower == "after" else (main, later)
    else:
        pair = (later, earlier) if lower == "after" else (earlier, later)
    builder.add_at(Kind.ORDER, lower, builder.span(k, k + 1), of=pair[0], to=pair[1])


class _Timeline:
    """The events of the prompt by where they are said; things stand in where nothing happens."""

    def __init__(self, builder: Builder) -> None:
        self.events = self._sorted(builder, (Kind.ACTION, Kind.CAMERA))
        self.things = self._sorted(builder, (Kind.SUBJECT, Kind.STYLE, Kind.TIME, Kind.NAME, Kind.SETTING))
        self.times = self._sorted(builder, (Kind.TIME,))
        self.subjects = self._sorted(builder, (Kind.SUBJECT,))

    @staticmethod
    def _sorted(builder: Builder, kinds: tuple[Kind, ...]) -> tuple[list[int], list[Item]]:
        found = sorted((i for i in builder.items if i.kind in kinds), key=lambda i: i.spans[0].start)
        return [i.spans[0].start for i in found], found

    def event(self, place: int, *, after: bool) -> Item | None:
        """The action (or camera move) nearest to a place in the text, after or before it; else the thing."""
        return _nearest(self.events, place, after=after) or _nearest(self.things, place, after=after)


def _nearest(line: tuple[list[int], list[Item]], place: int, *, after: bool) -> Item | None:
    starts, items = line
    if after:
        k = bisect_right(starts, place)
        return items[k] if k < len(items) else None
    k = bisect_left(starts, place) - 1
    while k > 0 and starts[k - 1] == starts[k]:
        k -= 1
    return items[k] if k >= 0 else None


def _from_to(builder: Builder, line: _Timeline, k: int) -> None:
    """“From blue to brown”, "from day to night"; "from Paris to London" is a way, not an order."""
    tokens = builder.analysis.tokens
    to = next((n for n in range(k + 2, min(k + 7, len(tokens))) if tokens[n].lower in ("to", "into")), None)
    if to is None or to + 1 >= len(tokens):
        return
    last = to + 1
    while (last + 1 < len(tokens) and tokens[last].pos in ("det", "adv")) or (
        last + 1 < len(tokens) and tokens[last].pos == ADJ and tokens[last + 1].pos in (ADJ, "noun")
    ):
        last += 1
    last += 1
    if tokens[k + 1].lower in _SIDES and tokens[last - 1].lower in _SIDES:
        builder.add(
            Kind.ATTRIBUTE,
            f"{tokens[k + 1].lower} to {tokens[last - 1].lower}",
            k,
            last,
            "direction",
            of=line.event(tokens[k].start, after=False),
        )
        return
    states = [t for t in (*tokens[k + 1 : to], *tokens[to + 1 : last]) if t.pos == ADJ]
    times = [i for i in line.times[1] if tokens[k].start < i.spans[0].start < tokens[last - 1].end][:9]
    verb = _verb_before(builder, k)
    changing = verb is not None and verb.lemma in _CHANGING and k - verb.last <= 3
    if tokens[to - 1].pos != ADJ and tokens[last - 1].pos != ADJ and len(times) < 2 and not changing:
        return
    if not states and not times and not changing:
        return
    value = " -> ".join(_words(builder, a, b) for a, b in ((k + 1, to), (to + 1, last)))
    of = builder.of_verb.get(verb.index, [None])[0] if changing and verb is not None else None
    owner = of.of if of is not None and of.of is not None else None
    if owner is None:
        owner = _nearest(line.subjects, tokens[k].start, after=False)
    item = builder.add(Kind.ORDER, value, k, last, "change", of=owner)
    item.spans = [builder.span(k, last)]


def _verb_before(builder: Builder, k: int) -> VerbPhrase | None:
    verbs = builder.analysis.verbs
    at = bisect_left([vp.verb for vp in verbs], k) - 1 if len(verbs) < 500 else -1
    return verbs[at] if at >= 0 else None


def _words(builder: Builder, first: int, last: int) -> str:
    return " ".join(t.lemma for t in builder.analysis.tokens[first:last] if t.pos not in ("det",)).lower()


def _into(builder: Builder, relation: Relation) -> None:
    """“Turns into a butterfly”, "transforms into a robot"."""
    if relation.category not in ("into", "to") or relation.verb is None or relation.ground is None:
        return
    vp = builder.analysis.verbs[relation.verb]
    if vp.lemma not in _CHANGING | {"melt", "dissolve"} or relation.ground not in builder.of_noun:
        return
    if relation.category == "to" and (
        vp.lemma in ("go", "move", "grow") or builder.of_noun[relation.ground].kind in (Kind.SETTING, Kind.NAME)
    ):
        return
    who = (*vp.agents, *vp.objects)
    of = next((builder.of_noun[k] for k in who if k in builder.of_noun), None)
    builder.add_at(
        Kind.ORDER, "into", Span(relation.start, relation.end), "change", of=of, to=builder.of_noun[relation.ground]
    )
