"""Who is where to what: prepositions, possession, "of"."""

from __future__ import annotations

from t2v_recaption.intent.actions import MERGED
from t2v_recaption.intent.builder import Builder, Item
from t2v_recaption.intent.entities import PURE_MEASURES
from t2v_recaption.intent.model import Kind, Span
from t2v_recaption.language.model import ADV, Relation

_WORN = frozenset(("clothing",))


def add_relations(builder: Builder) -> None:
    """Who is where to what; possession and "of", too."""
    analysis = builder.analysis
    for relation in analysis.relations:
        _relation(builder, relation)
    for np in analysis.nouns:
        item = builder.of_noun.get(np.index)
        if item is None or item.kind is Kind.NEGATION:
            continue
        if (
            np.of is not None
            and np.of in builder.of_noun
            and np.core not in PURE_MEASURES
            and builder.of_noun[np.of] is not item
        ):
            inner = analysis.nouns[np.of]
            span = next((t for t in analysis.tokens[np.last : inner.first + 1] if t.lower == "of"), None)
            if span is not None and item.kind not in (Kind.CAMERA, Kind.STYLE, Kind.FORMAT):
                builder.add_at(
                    Kind.RELATION, "of", Span(span.start, span.end), "of", of=item, to=builder.of_noun[np.of]
                )
        if (
            np.possessor is not None
            and np.determiner not in ("his", "her", "its", "their")
            and np.possessor in builder.of_noun
        ):
            owner = analysis.nouns[np.possessor]
            mark = analysis.tokens[owner.last] if owner.last < len(analysis.tokens) else None
            if mark is not None:
                builder.add_at(
                    Kind.RELATION, "of", Span(mark.start, mark.end), "of", of=item, to=builder.of_noun[np.possessor]
                )


def _relation(builder: Builder, relation: Relation) -> None:
    analysis = builder.analysis
    if relation.negated or relation.category in ("during", "until", "since", "per", "than", "because"):
        return
    ground = builder.of_noun.get(relation.ground) if relation.ground is not None else None
    figures = [builder.of_noun[k] for k in relation.figures if k in builder.of_noun]
    figures = [f for f in dict.fromkeys(figures) if f.kind not in (Kind.NEGATION, Kind.CAMERA, Kind.STYLE, Kind.FORMAT)]
    if ground is not None and ground.kind is Kind.SETTING and relation.ground is not None and _settles(relation):
        if ground.of is None and figures:
            ground.of = figures[0]
        start = analysis.nouns[relation.ground].start
        if ground.spans[0].start >= start and len(ground.spans) == 1 and ground.category == relation.category:
            ground.category = relation.category
        return
    if relation.ground is not None and ground is None:
        return
    if ground is not None and ground.kind not in (
        Kind.SUBJECT,
        Kind.SETTING,
        Kind.NAME,
        Kind.TEXT,
        Kind.WEATHER,
        Kind.LIGHT,
    ):
        return
    if relation.ground is None and relation.category not in ("left", "right"):
        return
    if (
        relation.verb is not None
        and relation.category in MERGED
        and any(i.to is ground and ground is not None for i in builder.of_verb.get(relation.verb, ()))
    ):
        return
    if ground is not None and any(s.start <= relation.start < s.end for s in ground.spans):
        return  # "under cloudy sky" is one term
    if ground is not None and not figures and _of_camera(builder, relation, ground):
        return
    worn = ground is not None and ground.category in _WORN and relation.category in ("in", "with")
    category = "wear" if worn and relation.category == "in" else relation.category
    placed: list[Item | None] = [*figures] or [None]
    for figure in placed:
        if figure is ground and figure is not None:
            continue
        builder.add_at(Kind.RELATION, category, Span(relation.start, relation.end), category, of=figure, to=ground)
    for k in builder.within(relation.start, relation.end):
        builder.taken.setdefault(k, None)


def _of_camera(builder: Builder, relation: Relation, ground: Item) -> bool:
    """“Zoom in on her face”, "close-up of a key": what the camera is on is the second party of the camera fact."""
    tokens = builder.analysis.tokens
    for item in _cameras(builder):
        end = item.spans[-1].end
        if item.kind is not Kind.CAMERA or end > relation.end:
            continue
        between = (
            [tokens[k] for k in builder.within(end, relation.start)] if relation.start - end < 40 else list(tokens[:3])
        )
        if len(between) <= 2 and all(t.pos == ADV for t in between):
            item.to = item.to or ground
            return True
    return False


def _cameras(builder: Builder) -> list[Item]:
    return [item for item in builder.items[:500] if item.kind is Kind.CAMERA]


def _settles(relation: Relation) -> bool:
    return relation.text.lower() in (
        "in",
        "on",
        "at",
        "inside",
        "within",
        "under",
        "underneath",
        "throughout",
        "aboard",
    )
