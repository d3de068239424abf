"""Facts about what happens and where: actions with agent and object, relations with direction, order, negations."""

from __future__ import annotations

from t2v_recaption.intent.builder import Builder, Item
from t2v_recaption.intent.entities import PURE_MEASURES
from t2v_recaption.intent.frame import FRAMING
from t2v_recaption.intent.model import Kind, Span
from t2v_recaption.language.model import ADJ, ADV, PUNCT, QUOTE, VERB, Negation, Relation, VerbPhrase

_PLACED = frozenset("left right above over below behind front on in into near outside against between among around along across through past up down toward from".split())
_MERGED = frozenset(("at", "to", "for", "about"))
_CHANGING = frozenset("turn change transform transition morph fade shift go evolve move become grow bloom age".split())
_LOOKING = frozenset("look gaze stare glance smile wave pose peer talk speak walk turn face run point".split())
_WORN = frozenset(("clothing",))


# ------------------------------------------------------------------------------------------------ negations


def add_negations(builder: Builder) -> None:
    """What must not be there: `value` is the thing to avoid, the span runs from the negating word to its end."""
    for negation in builder.analysis.negations:
        first, last = negation.first, negation.last
        if first >= last or last - first > 40:
            last = min(last, first + 40)
        value = _avoided(builder, negation)
        cue = [k for k, t in enumerate(builder.analysis.tokens) if t.start >= negation.start and t.end <= negation.end]
        begin = cue[0] if cue and cue[0] <= first and first - cue[0] <= 4 else first
        taken = not builder.free(begin, last)
        item = builder.add(Kind.NEGATION, value, first if taken else begin, last)
        if taken and cue:
            item.spans.insert(0, builder.span(cue[0], cue[-1] + 1))
        item.negated = True
        item.category = "action" if negation.verb is not None else "subject" if negation.noun is not None else ""
        if negation.noun is not None:
            builder.of_noun[negation.noun] = item
        if negation.verb is not None:
            builder.of_verb[negation.verb] = [item]


def _avoided(builder: Builder, negation: Negation) -> str:
    analysis = builder.analysis
    if negation.verb is not None and analysis.verbs[negation.verb].lemma != "be":
        vp = analysis.verbs[negation.verb]
        objects = [analysis.nouns[k].lemma for k in vp.objects if analysis.nouns[k].first > vp.verb]
        return " ".join([vp.lemma, *([vp.particle] if vp.particle else []), *objects])
    if negation.noun is not None:
        np = analysis.nouns[negation.noun]
        if np.pronoun:
            return {"nobody": "person", "no-one": "person", "none": "any"}.get(np.core, "thing")
        words = [*(m.lemma for m in np.modifiers if not m.predicative), np.lemma]
        if np.of is not None:
            words += ["of", analysis.nouns[np.of].lemma]
        return " ".join(words)
    tokens = analysis.tokens[negation.first : negation.last]
    return " ".join(t.lemma for t in tokens if t.pos not in ("det", PUNCT)) or negation.cue


def bind_negations(builder: Builder) -> None:
    """Who is without it, who does not do it."""
    analysis = builder.analysis
    for relation in analysis.relations:
        if relation.negated and relation.ground in builder.of_noun and relation.figures:
            item = builder.of_noun[relation.ground]
            if item.kind is Kind.NEGATION and relation.figures[0] in builder.of_noun:
                item.of = builder.of_noun[relation.figures[0]]
    for vp in analysis.verbs:
        for item in builder.of_verb.get(vp.index, ()):
            if item.kind is Kind.NEGATION:
                doers = [builder.of_noun[k] for k in (*vp.agents, *vp.objects) if k in builder.of_noun and builder.of_noun[k] is not item]
                item.of = doers[0] if doers else None


# ------------------------------------------------------------------------------------------------ actions


def add_actions(builder: Builder) -> None:
    """One action for each verb and agent; a shared verb ("a cat and a dog run") gives one for each, with the same span."""
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
    return bool(vp.agents) and all(builder.analysis.nouns[k].core in ("camera", "shot", "lens", "view", "frame", "viewpoint", "pov") and (k not in builder.of_noun or builder.of_noun[k].kind is Kind.CAMERA) for k in vp.agents)


def _camera_move(builder: Builder, vp: VerbPhrase) -> Item:
    analysis = builder.analysis
    np = analysis.nouns[vp.agents[0]]
    first = np.head if 0 < vp.first - np.head <= 3 and builder.free(np.head, vp.last) else vp.verb
    value = " ".join(filter(None, (vp.lemma, vp.particle)))
    item = builder.add(Kind.CAMERA, value, first, vp.last, "movement")
    item.to = next((builder.of_noun[k] for k in vp.objects if k in builder.of_noun), None)
    return item


def _has(builder: Builder, vp: VerbPhrase) -> bool:
    """"Has a small mole": possession, shown as the relation "with"."""
    nouns = builder.analysis.nouns
    things = [k for k in vp.objects if k in builder.of_noun and nouns[k].root not in ("food", "event", "abstract", "")]
    if vp.lemma != "have" or vp.form == "ing" or len(things) != len(vp.objects) or not things:
        return False
    for agent in vp.agents or (None,):  # type: ignore[arg-type]
        for k in things:
            builder.add_at(Kind.RELATION, "with", builder.span(vp.verb, vp.verb + 1), "with", of=builder.of_noun.get(agent), to=builder.of_noun[k])
    builder.frame(vp.verb, vp.verb + 1)
    return True


def _action(builder: Builder, vp: VerbPhrase) -> None:
    if _has(builder, vp):
        return
    analysis = builder.analysis
    agents = [builder.of_noun[k] for k in vp.agents if k in builder.of_noun]
    agents = [item for item in dict.fromkeys(agents) if item.kind not in (Kind.NEGATION, Kind.CAMERA, Kind.STYLE, Kind.FORMAT)] or [None]  # type: ignore[list-item]
    objects = [builder.of_noun[k] for k in vp.objects if k in builder.of_noun]
    extra, last = None, vp.last
    if not objects:
        relation = next((r for r in analysis.relations if r.verb == vp.index and r.category in _MERGED and r.ground is not None and not r.negated), None)
        if relation is not None:
            last = _token_after(builder, relation)
            extra = builder.of_noun.get(relation.ground) if relation.ground is not None else None
            if extra is not None and extra.kind in (Kind.TIME, Kind.SETTING):
                extra, last = None, vp.last
            elif extra is None and relation.ground is not None and analysis.nouns[relation.ground].core == "camera":
                last = analysis.nouns[relation.ground].last
            elif extra is None:
                last = vp.last
    value = " ".join(filter(None, (vp.lemma, vp.particle)))
    first = vp.verb
    if last > vp.last and analysis.tokens[last - 1].lower == "camera":
        value = f"{value} at camera"
    if last - vp.last > 5 or last <= vp.last:
        last = vp.last
    made = []
    for agent in agents:
        for to in objects or [extra]:
            item = builder.add(Kind.ACTION, value, first, vp.last, of=agent, to=to)
            if last > vp.last:
                item.spans = [builder.span(first, last)] if all(analysis.tokens[k].pos not in (ADV, "noun") or analysis.tokens[k].lower == "camera" for k in range(vp.last, last)) else item.spans
                for k in range(vp.last, last):
                    if analysis.tokens[k].lower == "camera":
                        builder.taken.setdefault(k, item)
            made.append(item)
    builder.of_verb[vp.index] = made
    _manner(builder, vp, made[0])


def _token_after(builder: Builder, relation: Relation) -> int:
    return next((k + 1 for k, t in enumerate(builder.analysis.tokens) if t.end == relation.end), 0)


def _manner(builder: Builder, vp: VerbPhrase, item: Item) -> None:
    tokens = builder.analysis.tokens
    free = [k for k in vp.adverbs if k not in builder.taken and tokens[k].pos == ADV and not _ordering(tokens[k].lower) and tokens[k].lower not in _EMPTY]
    while free:
        last = 1
        while last < len(free) and free[last] == free[last - 1] + 1:
            last += 1
        first, end = free[0], free[last - 1] + 1
        builder.add(Kind.ATTRIBUTE, " ".join(t.lemma for t in tokens[first:end]), first, end, "manner", of=item)
        free = free[last:]


_EMPTY = frozenset("very too quite rather really so just only even also then there here now still yet almost nearly as other another both all each".split())


# ------------------------------------------------------------------------------------------------ relations


def add_relations(builder: Builder) -> None:
    """Who is where to what; possession and "of", too."""
    analysis = builder.analysis
    for relation in analysis.relations:
        _relation(builder, relation)
    for np in analysis.nouns:
        item = builder.of_noun.get(np.index)
        if item is None or item.kind is Kind.NEGATION:
            continue
        if np.of is not None and np.of in builder.of_noun and np.core not in PURE_MEASURES and builder.of_noun[np.of] is not item:
            inner = analysis.nouns[np.of]
            span = next((t for t in analysis.tokens[np.last : inner.first + 1] if t.lower == "of"), None)
            if span is not None and item.kind not in (Kind.CAMERA, Kind.STYLE, Kind.FORMAT):
                builder.add_at(Kind.RELATION, "of", Span(span.start, span.end), "of", of=item, to=builder.of_noun[np.of])
        if np.possessor is not None and np.determiner not in ("his", "her", "its", "their") and np.possessor in builder.of_noun:
            owner = analysis.nouns[np.possessor]
            mark = analysis.tokens[owner.last] if owner.last < len(analysis.tokens) else None
            if mark is not None:
                builder.add_at(Kind.RELATION, "of", Span(mark.start, mark.end), "of", of=item, to=builder.of_noun[np.possessor])


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
    if ground is not None and ground.kind not in (Kind.SUBJECT, Kind.SETTING, Kind.NAME, Kind.TEXT, Kind.WEATHER, Kind.LIGHT):
        return
    if relation.ground is None and relation.category not in ("left", "right"):
        return
    if relation.verb is not None and relation.category in _MERGED and any(i.to is ground and ground is not None for i in builder.of_verb.get(relation.verb, ())):
        return
    if ground is not None and any(s.start <= relation.start < s.end for s in ground.spans):
        return  # "under cloudy sky" is one term
    if ground is not None and not figures and _of_camera(builder, relation, ground):
        return
    worn = ground is not None and ground.category in _WORN and relation.category in ("in", "with")
    category = "wear" if worn and relation.category == "in" else relation.category
    for figure in figures or [None]:  # type: ignore[list-item]
        if figure is ground and figure is not None:
            continue
        builder.add_at(Kind.RELATION, category, Span(relation.start, relation.end), category, of=figure, to=ground)
    for k, token in enumerate(analysis.tokens):
        if relation.start <= token.start and token.end <= relation.end:
            builder.taken.setdefault(k, None)


def _of_camera(builder: Builder, relation: Relation, ground: Item) -> bool:
    """"Zoom in on her face", "close-up of a key": what the camera is on is the second party of the camera fact."""
    tokens = builder.analysis.tokens
    for item in builder.items:
        end = item.spans[-1].end
        if item.kind is not Kind.CAMERA or end > relation.end:
            continue
        between = [t for t in tokens if end <= t.start < relation.start]
        if len(between) <= 2 and all(t.pos == ADV for t in between):
            item.to = item.to or ground
            return True
    return False


def _settles(relation: Relation) -> bool:
    return relation.text.lower() in ("in", "on", "at", "inside", "within", "under", "underneath", "throughout", "aboard")


# ------------------------------------------------------------------------------------------------ order

_AFTER = frozenset("then next finally eventually afterwards afterward later lastly subsequently ultimately".split())
_SIDES = frozenset("left right top bottom side end".split())
_FIRST = frozenset("first firstly initially".split())


def _ordering(word: str) -> bool:
    return word in _AFTER or word in _FIRST or word in ("before", "after")


def add_order(builder: Builder) -> None:
    """What comes first and what later: "then", "before", "finally", "from blue to brown", "turns into"."""
    tokens = builder.analysis.tokens
    for k, token in enumerate(tokens):
        lower = token.lower
        if lower in _FIRST and (token.pos == ADV or token.pos == ADJ and (k == 0 or tokens[k - 1].pos == PUNCT)) and k not in builder.taken:
            builder.add(Kind.ORDER, "first", k, k + 1, of=_event(builder, k, after=True))
        elif lower in _AFTER and k not in builder.taken and token.pos in (ADV, ADJ):
            _then(builder, k, lower)
        elif lower in ("before", "after", "until") and token.pos in ("prep", ADV, "particle", "conj"):
            _before_after(builder, k, lower)
        elif lower == "followed" and k + 1 < len(tokens) and tokens[k + 1].lower == "by" and k not in builder.taken:
            builder.add(Kind.ORDER, "then", k, k + 2, of=_event(builder, k, after=False), to=_event(builder, k + 1, after=True))
        elif lower == "from":
            _from_to(builder, k)
    for relation in builder.analysis.relations:
        _into(builder, relation)


def _then(builder: Builder, k: int, lower: str) -> None:
    if lower == "next" and k + 1 < len(builder.analysis.tokens) and builder.analysis.tokens[k + 1].lower == "to":
        return
    value = "finally" if lower in ("finally", "eventually", "lastly", "ultimately") else "then"
    builder.add(Kind.ORDER, value, k, k + 1, of=_event(builder, k, after=False), to=_event(builder, k, after=True))


def _before_after(builder: Builder, k: int, lower: str) -> None:
    later = _event(builder, k, after=True)
    earlier = _event(builder, k, after=False)
    if later is None:
        return
    tokens = builder.analysis.tokens
    clause = k == 0 or tokens[k - 1].pos == PUNCT
    if clause:
        comma = next((n for n in range(k + 1, len(tokens)) if tokens[n].text == ","), None)
        main = _event(builder, comma, after=True) if comma is not None else None
        pair = (later, main) if lower == "after" else (main, later)
    else:
        pair = (later, earlier) if lower == "after" else (earlier, later)
    builder.add_at(Kind.ORDER, lower, builder.span(k, k + 1), of=pair[0], to=pair[1])


def _event(builder: Builder, k: int, *, after: bool) -> Item | None:
    """The action (or camera move) next to a token; else the thing."""
    place = builder.analysis.tokens[k].start
    kinds = (Kind.ACTION, Kind.CAMERA)
    for wanted in (kinds, (Kind.SUBJECT, Kind.STYLE, Kind.TIME, Kind.NAME, Kind.SETTING)):
        found = [i for i in builder.items if i.kind in wanted and (i.spans[0].start > place if after else i.spans[0].start < place)]
        if found:
            return min(found, key=lambda i: i.spans[0].start) if after else max(found, key=lambda i: i.spans[0].start)
    return None


def _from_to(builder: Builder, k: int) -> None:
    """"From blue to brown", "from day to night"; "from Paris to London" is a way, not an order."""
    tokens = builder.analysis.tokens
    to = next((n for n in range(k + 2, min(k + 7, len(tokens))) if tokens[n].lower in ("to", "into")), None)
    if to is None or to + 1 >= len(tokens):
        return
    last = to + 1
    while last + 1 < len(tokens) and tokens[last].pos in ("det", "adv") or (last + 1 < len(tokens) and tokens[last].pos == ADJ and tokens[last + 1].pos in (ADJ, "noun")):
        last += 1
    last += 1
    if tokens[k + 1].lower in _SIDES and tokens[last - 1].lower in _SIDES:
        builder.add(Kind.ATTRIBUTE, f"{tokens[k + 1].lower} to {tokens[last - 1].lower}", k, last, "direction", of=_event(builder, k, after=False))
        return
    states = [t for t in (*tokens[k + 1 : to], *tokens[to + 1 : last]) if t.pos == ADJ]
    times = [i for i in builder.items if i.kind is Kind.TIME and tokens[k].start < i.spans[0].start < tokens[last - 1].end]
    verb = next((vp for vp in reversed(builder.analysis.verbs) if vp.verb < k), None)
    changing = verb is not None and verb.lemma in _CHANGING and k - verb.last <= 3
    if tokens[to - 1].pos != ADJ and tokens[last - 1].pos != ADJ and len(times) < 2 and not changing:
        return
    if not states and not times and not changing:
        return
    value = " -> ".join(_words(builder, a, b) for a, b in ((k + 1, to), (to + 1, last)))
    of = builder.of_verb.get(verb.index, [None])[0] if changing and verb is not None else None
    owner = of.of if of is not None and of.of is not None else None
    if owner is None:
        owner = next((i for i in reversed(builder.items) if i.kind is Kind.SUBJECT and i.spans[0].end <= tokens[k].start), None)
    item = builder.add(Kind.ORDER, value, k, last, "change", of=owner)
    item.spans = [builder.span(k, last)]


def _words(builder: Builder, first: int, last: int) -> str:
    return " ".join(t.lemma for t in builder.analysis.tokens[first:last] if t.pos not in ("det",)).lower()


def _into(builder: Builder, relation: Relation) -> None:
    """"Turns into a butterfly", "transforms into a robot"."""
    if relation.category not in ("into", "to") or relation.verb is None or relation.ground is None:
        return
    vp = builder.analysis.verbs[relation.verb]
    if vp.lemma not in _CHANGING | {"melt", "dissolve"} or relation.ground not in builder.of_noun:
        return
    if relation.category == "to" and (vp.lemma in ("go", "move", "grow") or builder.of_noun[relation.ground].kind in (Kind.SETTING, Kind.NAME)):
        return
    who = (*vp.agents, *vp.objects)
    of = next((builder.of_noun[k] for k in who if k in builder.of_noun), None)
    builder.add_at(Kind.ORDER, "into", Span(relation.start, relation.end), "change", of=of, to=builder.of_noun[relation.ground])


__all__ = ["FRAMING", "QUOTE", "_PLACED", "add_actions", "add_negations", "add_order", "add_relations", "bind_negations"]
