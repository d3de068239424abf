"""Relations and settings: do the right two things stand in the stated relation, in the stated direction?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from t2v_recaption.fidelity.exact import named
from t2v_recaption.fidelity.lexicon import listed
from t2v_recaption.fidelity.match import Match
from t2v_recaption.fidelity.report import FactVerdict
from t2v_recaption.fidelity.verdicts import contradicted, kept, lost, weakened
from t2v_recaption.intent.model import Fact, Span
from t2v_recaption.language.model import Relation


@dataclass(frozen=True)
class Rule:
    """What keeps and what excludes a relation, seen from the thing placed and from the landmark."""

    same: frozenset[str]
    """Categories that keep it where the figure and the landmark are the stated ones."""
    turned: frozenset[str] = frozenset()
    """Categories that keep it where the two have changed places."""
    against: frozenset[str] = frozenset()
    """Categories that exclude it."""
    against_turned: frozenset[str] = frozenset()
    strict: bool = False
    """Whether being mentioned together is not enough."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PLACED = _set(
    "on in into at over along across through around against among between up down onto near by above to from"
)

RULES = {
    "left": Rule(_set("left"), _set("right"), _set("right"), _set("left"), strict=True),
    "right": Rule(_set("right"), _set("left"), _set("left"), _set("right"), strict=True),
    "above": Rule(_set("above over on"), _set("below"), _set("below"), _set("above over on"), strict=True),
    "over": Rule(_set("over above on across through along past"), _set("below"), _set("below"), _set("above over")),
    "below": Rule(_set("below"), _set("above over on"), _set("above over on"), _set("below"), strict=True),
    "behind": Rule(_set("behind past"), _set("front"), _set("front"), _set("behind"), strict=True),
    "front": Rule(_set("front"), _set("behind"), _set("behind"), _set("front"), strict=True),
    "outside": Rule(_set("outside from near front at"), frozenset(), _set("in into"), frozenset()),
    "on": Rule(_PLACED - {"near", "by"}, _set("below with"), _set("below")),
    "in": Rule(_PLACED, _set("around with"), _set("outside"), frozenset()),
    "near": Rule(
        _set("near left right at against along with by front behind around between on in"),
        _set("near left right with by front behind"),
    ),
}
"""Rules by category of the stated relation; a category without one is kept by both parties being there together."""

OPPOSITE = {"left": "right", "right": "left"}
POSSESSIVES = frozenset(("its", "his", "her", "their"))

TOGETHER = 2
"""Sentences between two things that are still told together."""


def relation(match: Match, fact: Fact) -> FactVerdict:
    """Does the relation hold between the right two, in the right direction?"""
    figure, ground = match.owner(fact), match.party(fact)
    placed = match.mentions(figure) if figure else set()
    landmark = match.mentions(ground) if ground else set()
    if ground is None or figure is None:
        return _one_sided(match, fact, placed or landmark)
    if _category(fact) == "of" and (placed or landmark):
        return kept(fact, match.scene.span_of(min(landmark or placed)))
    for party, found in ((figure, placed), (ground, landmark)):
        if not found and not match.spoken(party):
            return lost(fact, f"The text does not show {party.text}, so it cannot be {fact.text}.")
    rule = RULES.get(_category(fact), Rule(frozenset((_category(fact),))))
    if verdict := _stated(match, fact, rule, placed, landmark):
        return verdict
    if _category(fact) in OPPOSITE and (verdict := _by_frame(match, fact, placed, landmark)):
        return verdict
    return _together(match, fact, rule, placed, landmark)


def _category(fact: Fact) -> str:
    return fact.category or fact.value


def _stated(match: Match, fact: Fact, rule: Rule, placed: set[int], landmark: set[int]) -> FactVerdict | None:
    """What the relations of the text say about the two: one that excludes it outweighs one that keeps it."""
    right: Relation | None = None
    for told, straight in _between(match, placed, landmark):
        if told.category in (rule.against if straight else rule.against_turned):
            span = Span(told.start, told.end)
            return contradicted(fact, span, f"The text says “{told.text}”, the other way round than “{fact.text}”.")
        if right is None and told.category in (rule.same if straight else rule.turned):
            right = told
    return kept(fact, Span(right.start, right.end)) if right is not None else None


def _between(match: Match, placed: set[int], landmark: set[int]) -> Iterator[tuple[Relation, bool]]:
    """Relations of the text between the two; True where the stated figure is the one placed."""
    for told in match.scene.relations:
        if told.negated:
            continue
        figures = _figures(match, told) | _before(match, told)
        if figures.isdisjoint(placed) and figures.isdisjoint(landmark):
            continue
        grounds = _grounds(match, told, figures, placed | landmark)
        if figures & placed and grounds & landmark:
            yield told, True
        elif figures & landmark and grounds & placed:
            yield told, False


def _figures(match: Match, told: Relation) -> set[int]:
    """What is placed: the figures and what they belong to; for an opening phrase, what the clause is about."""
    if (known := match.placed.get(told)) is None:
        known = match.placed[told] = _find_figures(match, told)
    return known


def _find_figures(match: Match, told: Relation) -> set[int]:
    scene = match.scene
    found = set(told.figures)
    if told.verb is not None:
        verb = scene.verbs[told.verb]
        found |= {*verb.agents, *(verb.objects if verb.passive or not verb.agents else ())}
    if not found:
        after = (n.index for n in scene.nouns if n.start > told.end and n.index != told.ground)
        found |= {*islice(after, 1)}
    for index in list(found):
        noun = scene.nouns[index]
        found |= {*noun.partners, *(i for i in (noun.of, noun.possessor) if i is not None)}
    found |= {r.ground for r in scene.relations if r.category == "of" and r.ground is not None and found & {*r.figures}}
    return scene.mentions(found)


def _before(match: Match, told: Relation) -> set[int]:
    """The stated thing that stands closest before the preposition in its sentence."""
    at = bisect_right(match.claimed_ends, told.start) - 1
    if at < 0:
        return set()
    index = match.claimed_in_order[at]
    near = match.sentence_at(match.scene.nouns[index].start) == match.sentence_at(told.start)
    return {index} if near else set()


def _grounds(match: Match, told: Relation, figures: set[int], parties: set[int]) -> set[int]:
    """The landmark; for "on its left" and "behind them", the party that the pronoun may mean."""
    scene = match.scene
    noun = scene.nouns[told.ground] if told.ground is not None else None
    if noun is not None and not (noun.pronoun and noun.antecedent is None):
        owners = {index for index in (noun.possessor, noun.of) if index is not None}
        return scene.mentions({noun.index, *noun.partners} | owners)
    if noun is not None:
        before = [n.index for n in scene.nouns if n.start < told.start and n.index in parties - figures]
        return scene.mentions(before)
    if _owned(told):
        before = [n.index for n in scene.nouns if n.start < told.start and n.index in parties - figures]
        return scene.mentions(before[-1:])
    return set()


def _owned(told: Relation) -> bool:
    """Whether it says "on its left": left of something, not of the frame."""
    return not POSSESSIVES.isdisjoint(told.text.lower().split())


def _by_frame(match: Match, fact: Fact, placed: set[int], landmark: set[int]) -> FactVerdict | None:
    """Left and right of each other from left and right of the frame: "on the left a light, on the right a hydrant"."""
    mine, theirs = _side(match, placed), _side(match, landmark)
    wanted = _category(fact)
    if mine is None and theirs is None:
        return None
    says = mine.category if mine else OPPOSITE[theirs.category] if theirs else ""
    told = mine or theirs
    assert told is not None
    span = Span(told.start, told.end)
    if says == wanted:
        return kept(fact, span)
    return contradicted(fact, span, f"The text puts it “{told.text}”, the other way round than “{fact.text}”.")


def _side(match: Match, nouns: set[int]) -> Relation | None:
    for told in match.scene.relations:
        if told.category in OPPOSITE and told.ground is None and not _owned(told) and _figures(match, told) & nouns:
            return told
    return None


def _together(match: Match, fact: Fact, rule: Rule, placed: set[int], landmark: set[int]) -> FactVerdict:
    """No relation ties the two: told in one breath is enough for a loose relation, too little for a strict one."""
    pair = _closest(match, placed, landmark)
    span = match.scene.span_of(pair[1]) if pair else None
    apart = (
        abs(match.sentence(match.scene.nouns[pair[0]].head) - match.sentence(match.scene.nouns[pair[1]].head))
        if pair
        else 0
    )
    if told := _in_line(match, fact, rule, placed):
        return kept(fact, Span(told.start, told.end))
    if _category(fact) not in RULES:
        return kept(fact, span)
    if not rule.strict:
        return (
            kept(fact, span)
            if apart <= TOGETHER
            else weakened(fact, span, f"The text does not tie the two together as “{fact.text}”.")
        )
    if any(told.category in ("near", "with", "between", "against") for told, _ in _between(match, placed, landmark)):
        return weakened(fact, span, f"The text puts the two together, but does not say “{fact.text}”.")
    return lost(fact, f"The text shows both, but does not say “{fact.text}”.", span)


CLOSE = 4
"""Tokens after a preposition within which its landmark starts: "under a blue and cloudy sky"."""


def _in_line(match: Match, fact: Fact, rule: Rule, placed: set[int]) -> Relation | None:
    """The words in a row, whatever the grammar made of them: thing, preposition, landmark."""
    ground = match.party(fact)
    starts = match.scene.starts
    marks = {i for word in ground.value.lower().split() for i in match.anywhere(word)} if ground else set()
    for told in match.scene.relations:
        if told.category not in rule.same or not match.claimed.isdisjoint({*told.figures} - placed):
            continue
        first = bisect_right(starts, told.end - 1)
        if marks.isdisjoint(range(first, first + CLOSE + 1)):
            continue
        before = [i for i in placed if match.scene.nouns[i].end <= told.start]
        if any(match.sentence_at(match.scene.nouns[i].start) == match.sentence_at(told.start) for i in before):
            return told
    return None


def _closest(match: Match, placed: set[int], landmark: set[int]) -> tuple[int, int] | None:
    pairs = [(abs(a - b), a, b) for a in list(placed)[:8] for b in list(landmark)[:8]]
    return min(pairs)[1:] if pairs else None


def _one_sided(match: Match, fact: Fact, known: set[int]) -> FactVerdict:
    """A relation to the frame ("on the left", "in the foreground"), or one whose parties the prompt leaves open."""
    wanted = _category(fact)
    rule = RULES.get(wanted)
    if fact.to is not None and known:
        for told in match.scene.relations:
            if told.ground in known and (rule is None or told.category in rule.same):
                return kept(fact, Span(told.start, told.end))
        if rule is None or not rule.strict:
            return kept(fact, match.scene.span_of(min(known)))
    for told in match.scene.relations:
        category = told.category
        about = not known or bool(_figures(match, told) & known)
        if about and category == wanted:
            return kept(fact, Span(told.start, told.end))
        if about and OPPOSITE.get(wanted, "-") == category:
            return contradicted(fact, Span(told.start, told.end), f"The text says “{told.text}”, not “{fact.text}”.")
    if span := match.spoken(fact):
        return kept(fact, span)
    return lost(fact)


def setting(match: Match, fact: Fact) -> FactVerdict:
    """Is the place there, under its own name, an equal or a narrower one?"""
    if hits := match.of(fact):
        return kept(fact, match.scene.span_of(hits[0]))
    if span := match.spoken(fact) or named(match, fact):
        return kept(fact, span)
    for word in fact.value.lower().split() if " " in fact.value else ():
        if hits := match.scene.nouns_for(word):
            span = match.scene.span_of(hits[0])
            return weakened(fact, span, f"The text only says “{match.scene.text[slice(*span)]}” for “{fact.text}”.")
    for told in match.scene.relations:
        if told.category not in ("in", "on", "at", "into", "inside") or told.ground is None:
            continue
        noun = match.scene.nouns[told.ground]
        if noun.core in listed("nowhere") or noun.index in match.claimed:
            continue
        if noun.root in ("place", "building", "landform", "water"):
            said = match.scene.text[noun.start : noun.end]
            return contradicted(fact, Span(noun.start, noun.end), f"The text places it in “{said}”, not “{fact.text}”.")
    return lost(fact)
