"""Facts about things: subjects, settings, names, counts, attributes."""

from __future__ import annotations

from t2v_recaption.intent.builder import Builder, Item
from t2v_recaption.intent.model import Kind
from t2v_recaption.language.lexicon import lexicon, word_set
from t2v_recaption.language.model import NAME, NOUN, NUM, PRON, Modifier, NounPhrase, Relation

PURE_MEASURES = word_set("pure_measures")
_VAGUE = frozenset(
    ["some", "many", "several", "few", "numerous", "countless", "various", "multiple", "lots_of", "plenty_of"]
)
_SETTING_BY = frozenset(("in", "on", "at", "inside", "below", "during"))
_GROUND_ROOTS = frozenset(("place", "landform"))
_WIDE_ROOTS = frozenset(("building", "water", "sky", "event"))
_ENCLOSING = word_set("enclosing")
_NOBODY = frozenset(["nobody", "nothing", "none"])


def add_entities(builder: Builder) -> None:
    """One fact for each thing that is named, with its number and what is said of it."""
    analysis = builder.analysis
    grounds: dict[int, Relation] = {}
    for relation in analysis.relations:
        if relation.ground is not None:
            grounds.setdefault(relation.ground, relation)
    measured = {
        np.of: np for np in analysis.nouns if np.of is not None and (np.core in PURE_MEASURES and np.of != np.index)
    }
    for np in analysis.nouns:
        if np.index in builder.of_noun:
            continue
        if np.pronoun:
            _pronoun(builder, np)
        elif np.of is not None and np.core in PURE_MEASURES and analysis.nouns[np.of].root != "medium":
            continue  # a count of what follows: done there
        else:
            _entity(builder, np, grounds.get(np.index), measured.get(np.index))


def _pronoun(builder: Builder, np: NounPhrase) -> None:
    token = builder.analysis.tokens[np.head]
    if (
        np.core in ("someone", "somebody", "everyone", "everybody", "something", "everything")
        and np.head not in builder.taken
    ):
        root = "person" if np.core.endswith(("one", "body")) else "object"
        builder.of_noun[np.index] = builder.add(
            Kind.SUBJECT, "person" if root == "person" else np.core, np.head, np.head + 1, root
        )
    elif np.antecedent is not None and np.antecedent in builder.of_noun and token.pos == PRON:
        builder.of_noun[np.index] = builder.of_noun[np.antecedent]


def _entity(builder: Builder, np: NounPhrase, relation: Relation | None, measure: NounPhrase | None) -> None:
    tokens = builder.analysis.tokens
    if np.head in builder.taken:
        item = builder.taken[np.head]
        if item is None or item.kind in (Kind.CAMERA, Kind.STYLE, Kind.FORMAT):
            item = _framed(builder, np, relation) or item
        if item is not None:
            builder.of_noun[np.index] = item
        first, last = _nouns(builder, np)
        for k in range(first, last):
            if k not in builder.taken and item is not None:
                builder.add(
                    Kind.PHRASE if item.kind is Kind.NEGATION else Kind.ATTRIBUTE,
                    tokens[k].lemma,
                    k,
                    k + 1,
                    "kind",
                    of=item,
                )
    elif tokens[np.head].pos == "quote":
        return
    elif _is_camera(builder, np):
        builder.frame(np.head, np.head + 1)
        return
    else:
        item = _again(builder, np) or _new(builder, np, relation)
        builder.of_noun[np.index] = item
    if item is not None:
        _count(builder, np, item, measure)
        add_modifiers(builder, np.modifiers, item)


def _framed(builder: Builder, np: NounPhrase, relation: Relation | None) -> Item | None:
    """The mountain in "mountain view", the sky in "sky video": what a framing word is compounded with."""
    free = [
        k
        for k in range(np.first, np.head)
        if k not in builder.taken
        and builder.analysis.tokens[k].pos in (NOUN, NAME)
        and not _modifies(np, builder.analysis.tokens[k].start)
    ]
    if not free:
        return None
    tokens = builder.analysis.tokens
    word = lexicon().look_up(tokens[free[-1]].lower)
    kind = Kind.SETTING if relation is not None and word.root in ("place", "landform") else Kind.SUBJECT
    category = relation.category if relation is not None and kind is Kind.SETTING else word.root
    return builder.add(kind, " ".join(tokens[k].lemma for k in free), free[0], free[-1] + 1, category)


def _is_camera(builder: Builder, np: NounPhrase) -> bool:
    """“Camera” is no thing in the picture, except when someone holds one."""
    if np.core not in ("camera", "lens", "cameraman", "drone") or np.core == "drone":
        return False
    if any(vp.lemma not in ("face", "follow") for vp in builder.done_to[np.index]):
        return False
    if np.determiner in ("a", "an", "his", "her", "their", "old") or np.modifiers or np.lemma != np.core or np.count:
        return not any(r.category == "with" for r in builder.landmark[np.index]) and bool(builder.doing[np.index])
    return True


def _again(builder: Builder, np: NounPhrase) -> Item | None:
    """“The dog” said before: the same fact, one more span."""
    if np.determiner not in ("the", "its", "his", "her", "their", "this", "that", "these", "those") or np.proper:
        return None
    for other in _candidates(builder, np):
        if other.core != np.core or other.index not in builder.of_noun or other.plural != np.plural or other.negated:
            continue
        if (np.possessor is not None and np.possessor != other.possessor) or np.count not in (None, other.count):
            return None
        said = {m.lemma for m in other.modifiers}
        if any(m.lemma not in said for m in np.modifiers if not m.predicative) or (
            other.lemma != np.lemma and np.lemma != np.core
        ):
            continue
        item = builder.of_noun[other.index]
        if item.kind in (Kind.SUBJECT, Kind.SETTING):
            builder.extend(item, *_nouns(builder, np))
            for m in np.modifiers:
                _extend_modifier(builder, item, m)
            return item
    return None


def _candidates(builder: Builder, np: NounPhrase) -> list[NounPhrase]:
    """Earlier mentions, latest first; but "the woman with brown hair" is the one who has brown hair."""
    nouns = builder.analysis.nouns
    found = [other for other in reversed(nouns[max(0, np.index - 200) : np.index]) if other.core == np.core]
    mine = _company(builder, np)
    if mine and len(found) > 1:
        found.sort(key=lambda other: -len(mine & _company(builder, other)))
    return found


def _company(builder: Builder, np: NounPhrase) -> set[str]:
    nouns = builder.analysis.nouns
    grounds = [
        nouns[r.ground] for r in builder.placed[np.index] if r.ground is not None and r.category in ("with", "in")
    ]
    return {f"{m.lemma} {g.core}" for g in grounds for m in g.modifiers}


def _extend_modifier(builder: Builder, owner: Item, modifier: Modifier) -> None:
    for item in builder.items[-200:]:
        if item.of is owner and item.kind is Kind.ATTRIBUTE and item.value == modifier.lemma:
            found = builder.within(modifier.start, modifier.end)
            builder.extend(item, found[0], found[-1] + 1)
            return


def _nouns(builder: Builder, np: NounPhrase) -> tuple[int, int]:
    """Token range of the nouns of a phrase, without determiner and adjectives."""
    tokens = builder.analysis.tokens
    first = np.head
    while (
        first > np.first
        and tokens[first - 1].pos in (NOUN, NAME)
        and first - 1 not in builder.taken
        and not _modifies(np, tokens[first - 1].start)
    ):
        first -= 1
    last = np.last if np.last - 1 == np.head or tokens[np.last - 1].pos == NUM else np.head + 1
    return first, last


def _modifies(np: NounPhrase, start: int) -> bool:
    return any(m.start <= start < m.end for m in np.modifiers)


def _new(builder: Builder, np: NounPhrase, relation: Relation | None) -> Item:
    first, last = _nouns(builder, np)
    kind = _kind(builder, np, relation)
    value = np.lemma if np.proper else _lemma(builder, np, first)
    category = np.root
    if category == "group" and first < np.head and np.core in PURE_MEASURES:
        category = lexicon().look_up(builder.analysis.tokens[np.head - 1].lower).root or category
    if kind is Kind.SETTING:
        category = relation.category if relation is not None else ""
    item = builder.add(kind, value, first, last, category)
    _names(builder, np, first, last, item)
    return item


def _lemma(builder: Builder, np: NounPhrase, first: int) -> str:
    """The lemma of the nouns that are left when terms have taken theirs ("anime" of "anime girl")."""
    if np.head - first + 1 >= len(np.lemma.split()):
        return np.lemma
    return " ".join(np.lemma.split()[-(np.head - first + 1) :])


def _kind(builder: Builder, np: NounPhrase, relation: Relation | None) -> Kind:
    if np.proper and np.root != "place":
        return Kind.NAME
    if np.core in ("lighting", "illumination"):
        return Kind.LIGHT
    if np.root in ("time", "weather"):
        return Kind.TIME if np.root == "time" else Kind.WEATHER
    if relation is not None:
        return _ground_kind(builder, np, relation)
    if np.root in _GROUND_ROOTS and _loose(builder, np) and any(i.kind is Kind.SUBJECT for i in builder.items[:50]):
        return Kind.SETTING
    return Kind.SUBJECT


def _ground_kind(builder: Builder, np: NounPhrase, relation: Relation) -> Kind:
    word = relation.text.lower().split()[-1]
    if relation.category == "of":
        return Kind.SUBJECT
    if np.root == "place":
        return Kind.SETTING
    if np.root == "landform" and relation.text.lower() in (
        "in",
        "on",
        "at",
        "inside",
        "through",
        "across",
        "along",
        "over",
        "by",
        "within",
        "under",
    ):
        return Kind.SETTING
    if np.root in _WIDE_ROOTS and word in _ENCLOSING and " " not in relation.text:
        return (
            Kind.SUBJECT
            if (np.root == "building" and word == "on") or (np.root == "sky" and word == "at")
            else Kind.SETTING
        )
    return Kind.SUBJECT


def _loose(builder: Builder, np: NounPhrase) -> bool:
    """A fragment of its own: nobody's agent, object or figure."""
    k = np.index
    bound = builder.doing[k] or builder.done_to[k] or builder.placed[k] or np.of is not None or np.partners
    return np.first > 0 and not bound and k not in builder.part_of


def _names(builder: Builder, np: NounPhrase, first: int, last: int, item: Item) -> None:
    """Proper names inside a phrase, also those written in lower case ("london street", "eiffel tower")."""
    if item.kind is Kind.NAME:
        return
    names, tokens = lexicon().names, builder.analysis.tokens
    k = first
    while k < last:
        size = next(
            (n for n in (4, 3, 2, 1) if k + n <= last and " ".join(t.lower for t in tokens[k : k + n]) in names), 0
        )
        if not size and tokens[k].pos == NAME:
            size = 1
            while k + size < last and tokens[k + size].pos == NAME:
                size += 1
        if size:
            span = builder.span(k, k + size)
            name = " ".join(t.text for t in tokens[k : k + size])
            builder.add_at(Kind.NAME, name, span, names.get(name.lower(), np.root if np.proper else ""), of=item)
        k += size or 1


def _count(builder: Builder, np: NounPhrase, item: Item, measure: NounPhrase | None) -> None:
    tokens = builder.analysis.tokens
    if measure is not None:
        first, last = _nouns(builder, measure)
        if builder.free(first, last):
            value = str(np.count) if np.count is not None and np.count_first == measure.head else measure.core
            builder.add(Kind.COUNT, value, measure.head, last, "" if value.isdigit() else "group", of=item)
            if first < measure.head:
                builder.add(
                    Kind.ATTRIBUTE,
                    " ".join(t.lemma for t in tokens[first : measure.head]),
                    first,
                    measure.head,
                    "kind",
                    of=item,
                )
            add_modifiers(builder, measure.modifiers, item)
            if measure.count is not None and not value.isdigit() and measure.count_first not in builder.taken:
                builder.add(
                    Kind.COUNT, str(measure.count), measure.count_first, measure.count_first + 1, "group", of=item
                )
    if np.count is not None and np.count_first >= 0 and np.count_first not in builder.taken:
        last = np.count_first + 1
        while last < np.head and tokens[last].pos == NUM:
            last += 1
        builder.add(Kind.COUNT, str(np.count), np.count_first, last, of=item)
    elif np.determiner in _VAGUE and np.first not in builder.taken:
        builder.add(Kind.COUNT, np.determiner, np.first, np.first + 1, "vague", of=item)


def add_modifiers(builder: Builder, modifiers: tuple[Modifier, ...], item: Item) -> None:
    """The attributes of a thing; a term of weather, style or light among them is bound to it instead."""
    for modifier in modifiers:
        inside = builder.within(modifier.start, modifier.end)
        if not inside:
            continue
        taken = builder.taken.get(inside[-1])
        if inside[-1] in builder.taken:
            if (
                taken is not None
                and taken is not item
                and taken.of is None
                and taken.kind in (Kind.STYLE, Kind.WEATHER, Kind.LIGHT, Kind.TIME, Kind.MOOD)
                and item.kind is Kind.SUBJECT
            ):
                taken.of = item
            elif taken is not None and taken is not item and taken.kind is Kind.ATTRIBUTE and taken.of is not item:
                _attribute(builder, modifier, inside, item)  # shared: "parked" of the car and of the truck
            continue
        _attribute(builder, modifier, inside, item)


def _attribute(builder: Builder, modifier: Modifier, inside: list[int], item: Item) -> None:
    if modifier.lemma in _NOBODY:
        return
    category = modifier.category
    if modifier.lemma in ("several", "numerous", "countless", "multiple", "many", "few", "various", "single", "lone"):
        value = "1" if modifier.lemma in ("single", "lone") else modifier.lemma
        builder.add(Kind.COUNT, value, inside[0], inside[-1] + 1, "" if value == "1" else "vague", of=item)
        return
    builder.add(Kind.ATTRIBUTE, modifier.lemma, inside[0], inside[-1] + 1, category or "quality", of=item)
