"""What happens: one action for each verb, with who does it and to what."""

from __future__ import annotations

from t2v_recaption.intent.builder import Builder, Item
from t2v_recaption.intent.model import Kind
from t2v_recaption.intent.order import is_ordering
from t2v_recaption.language.lexicon import word_set
from t2v_recaption.language.model import ADV, VERB, Relation, VerbPhrase

MERGED = frozenset(("at", "to", "for", "about"))


def add_actions(builder: Builder) -> None:
    """One action for each verb and agent; a shared verb ("a cat and a dog run") gives one for each, with the same
    span.
    """
    for vp in builder.analysis.verbs:
        if vp.index in builder.of_verb or not _is_action(builder, vp):
            continue
        camera = _camera_agent(builder, vp)
        if camera:
            builder.of_verb[vp.index] = [_camera_move(builder, vp)]
            continue
        _action(builder, vp)


def _is_action(builder: Builder, vp: VerbPhrase) -> bool:
    token = builder.analysis.tokens[vp.verb]
    if token.pos != VERB or vp.lemma == "be":
        return False
    return vp.verb not in builder.taken


def _camera_agent(builder: Builder, vp: VerbPhrase) -> bool:
    return bool(vp.agents) and all(
        builder.analysis.nouns[k].core in ("camera", "shot", "lens", "view", "frame", "viewpoint", "pov")
        and (k not in builder.of_noun or builder.of_noun[k].kind is Kind.CAMERA)
        for k in vp.agents
    )


def _camera_move(builder: Builder, vp: VerbPhrase) -> Item:
    analysis = builder.analysis
    np = analysis.nouns[vp.agents[0]]
    first = np.head if 0 < vp.first - np.head <= 3 and builder.free(np.head, vp.last) else vp.verb
    value = " ".join(filter(None, (vp.lemma, vp.particle)))
    item = builder.add(Kind.CAMERA, value, first, vp.last, "movement")
    item.to = next((builder.of_noun[k] for k in vp.objects if k in builder.of_noun), None)
    return item


def _has(builder: Builder, vp: VerbPhrase) -> bool:
    """“Has a small mole”: possession, shown as the relation "with"."""
    nouns = builder.analysis.nouns
    things = [k for k in vp.objects if k in builder.of_noun and nouns[k].root not in ("food", "event", "abstract", "")]
    if vp.lemma != "have" or vp.form == "ing" or len(things) != len(vp.objects) or not things:
        return False
    agents: list[Item | None] = [builder.of_noun[k] for k in vp.agents if k in builder.of_noun]
    for agent in agents or [None]:
        for k in things:
            builder.add_at(
                Kind.RELATION,
                "with",
                builder.span(vp.verb, vp.verb + 1),
                "with",
                of=agent,
                to=builder.of_noun[k],
            )
    builder.frame(vp.verb, vp.verb + 1)
    return True


def _action(builder: Builder, vp: VerbPhrase) -> None:
    if _has(builder, vp):
        return
    doers = dict.fromkeys(builder.of_noun[k] for k in vp.agents if k in builder.of_noun)
    picture = (Kind.NEGATION, Kind.CAMERA, Kind.STYLE, Kind.FORMAT)
    agents: list[Item | None] = [item for item in doers if item.kind not in picture]
    targets: list[Item | None] = [builder.of_noun[k] for k in vp.objects if k in builder.of_noun]
    value, last = " ".join(filter(None, (vp.lemma, vp.particle))), vp.last
    if not targets:
        complement, last, suffix = _complement(builder, vp)
        targets, value = [complement], value + suffix
    made = []
    for agent in agents or [None]:
        for to in targets:
            item = builder.add(Kind.ACTION, value, vp.verb, vp.last, of=agent, to=to)
            item.spans = [builder.span(vp.verb, last)]
            made.append(item)
    builder.of_verb[vp.index] = made
    _manner(builder, vp, made[0])


def _complement(builder: Builder, vp: VerbPhrase) -> tuple[Item | None, int, str]:
    """What follows with a preposition that belongs to the verb: the thing, where the action's words end, and what
    that adds
    to its value. "Looking at the camera" has no second party: the camera is none of the things in the picture.
    """
    nouns = builder.analysis.nouns
    for relation in builder.after_verb[vp.index]:
        if relation.ground is None or relation.negated:
            continue
        end, ground = _token_after(builder, relation), builder.of_noun.get(relation.ground)
        adjacent = 0 < end - vp.last <= 3 and not any(k in builder.taken for k in range(vp.last, end))
        if nouns[relation.ground].core == "camera" and ground is None:
            last = nouns[relation.ground].last
            return None, last if last - vp.last <= 5 else vp.last, f" {relation.text.lower()} camera"
        if relation.category in MERGED and ground is not None and ground.kind not in (Kind.TIME, Kind.SETTING):
            return ground, end if adjacent else vp.last, ""
    return None, vp.last, ""


def _token_after(builder: Builder, relation: Relation) -> int:
    return max(builder.within(relation.start, relation.end), default=-1) + 1


def _manner(builder: Builder, vp: VerbPhrase, item: Item) -> None:
    tokens = builder.analysis.tokens
    free = [
        k
        for k in vp.adverbs
        if k not in builder.taken
        and tokens[k].pos == ADV
        and not is_ordering(tokens[k].lower)
        and tokens[k].lower not in _EMPTY
    ]
    while free:
        last = 1
        while last < len(free) and free[last] == free[last - 1] + 1:
            last += 1
        first, end = free[0], free[last - 1] + 1
        builder.add(Kind.ATTRIBUTE, " ".join(t.lemma for t in tokens[first:end]), first, end, "manner", of=item)
        free = free[last:]


_EMPTY = word_set("empty")
