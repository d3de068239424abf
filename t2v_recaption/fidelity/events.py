"""Actions and their order: does the right one do it, and in the stated sequence?"""

from __future__ import annotations

import re

from t2v_recaption.fidelity.lexicon import keeps, listed, stands_for
from t2v_recaption.fidelity.match import Match
from t2v_recaption.fidelity.report import FactVerdict
from t2v_recaption.fidelity.verdicts import contradicted, kept, lost, weakened
from t2v_recaption.intent.model import Fact, Kind, Span
from t2v_recaption.language.model import NounPhrase, VerbPhrase

LATER_FIRST = frozenset(("after", "once"))
"""Connectives whose clause tells what happened earlier: "after she has written, she looks up"."""

EARLIER_FIRST = frozenset(("before", "until"))
"""Connectives whose clause tells what happens later: "before she adds salt, she stirs"."""


ACTION_ROOTS = frozenset(("", "abstract", "event", "time", "group"))
"""Roots of nouns that may tell an action ("a jump", "a conversation"); a drink or a brush is a thing."""


def action(match: Match, fact: Fact) -> FactVerdict:
    """Is the action done, by its own agent?"""
    agent = match.owner(fact)
    doers = match.mentions(agent) if agent else set()
    other: VerbPhrase | None = None
    for verb in _verbs(match, fact):
        if _by(match, verb, doers, fact):
            return kept(fact, _span(verb))
        other = other or verb
    if other is not None and (wrong := _stated_doer(match, other, doers)) is not None:
        said = match.scene.text[slice(*match.scene.span_of(wrong))]
        return contradicted(
            fact, _span(other), f"In the text “{said}” does it, not {agent.text if agent else 'its agent'}."
        )
    told = other is not None and any(match.scene.nouns[a].root in listed("participant") for a in other.agents)
    if not told and (span := _nominal(match, fact)) is not None:
        return kept(fact, span)
    if (vague := _vaguer(match, fact, doers)) is not None:
        return weakened(fact, _span(vague), f"The text only says “{_words(match, vague)}” for “{fact.text}”.")
    return _replaced(match, fact, agent, doers, other)


def _verbs(match: Match, fact: Fact) -> list[VerbPhrase]:
    scene = match.scene
    found = scene.verbs_for(fact.value) or scene.verbs_for(fact.value.split(" ")[0])
    return [scene.verbs[index] for index in found if not scene.verbs[index].negated]


def _by(match: Match, verb: VerbPhrase, doers: set[int], fact: Fact) -> bool:
    """Whether the verb's agent is the stated one, one of its parts, or left open."""
    if not doers or not verb.agents:
        return True
    if doers & {*verb.agents}:
        return True
    nouns = match.scene.nouns
    if any(match.part_of(nouns[agent], doers) for agent in verb.agents):
        return True
    if any(nouns[agent].pronoun and nouns[agent].antecedent not in match.claimed for agent in verb.agents):
        return True
    if any(
        r.verb == verb.index and r.category in ("near", "with") and r.ground in doers for r in match.scene.relations
    ):
        return True
    if any(_another_name(match, agent, fact) for agent in verb.agents):
        return True
    if any(nouns[agent].root in listed("participant") for agent in verb.agents) and not verb.passive:
        return False
    # "the wind moves the leaves": what moves is told as what is moved; or the agent was not seen for what it is
    return bool(doers & {*verb.objects}) or _told_before(match, verb, doers)


def _another_name(match: Match, agent: int, fact: Fact) -> bool:
    """The doer under a shorter or more general name ("the panda", "the vessel"), or a member of a stated group."""
    noun, owner = match.scene.nouns[agent], match.owner(fact)
    if owner is None or (noun.root == "person" and owner.category in ("person", "group") and match.several_people):
        return owner is None or agent not in match.claimed
    short = owner.value.lower().split()[-1] == noun.core.lower()
    return noun.determiner in ("the", "this", "that") and (short or keeps(owner.value, noun.core, "noun"))


def _told_before(match: Match, verb: VerbPhrase, doers: set[int]) -> bool:
    """Whether the doer stands before the verb in its sentence: "a sloth with soft fur and dark eyes hangs"."""
    sentence = match.sentence(verb.verb)
    nouns = match.scene.nouns
    return any(nouns[i].head < verb.verb and match.sentence(nouns[i].head) == sentence for i in doers)


def _stated_doer(match: Match, verb: VerbPhrase, doers: set[int]) -> int | None:
    """Another thing that the prompt states and that the text makes the agent."""
    acting = {fact.of for fact in match.intent.of_kind(Kind.ACTION)}
    others = [f for f in match.intent.of_kind(Kind.SUBJECT, Kind.NAME) if f.id in acting]
    named = {index for other in others for index in match.mentions(other)} - doers
    return next((agent for agent in verb.agents if agent in named), None)


def _nominal(match: Match, fact: Fact) -> Span | None:
    """The action as a noun or adjective: "a run along the beach", "the sleeping dog"; not "claws" for clawing."""
    tokens = match.scene.analysis.tokens
    verbs = {verb.verb for verb in match.scene.verbs}
    things = {noun.head for noun in match.scene.nouns if not _may_tell(match, noun, fact)}
    for index in match.tokens(fact.value, "verb"):
        if index not in verbs and index not in things:
            return Span(tokens[index].start, tokens[index].end)
    for noun in match.scene.nouns:
        for modifier in noun.modifiers:
            if fact.value in stands_for(modifier.lemma, "verb"):
                return Span(modifier.start, modifier.end)
    return match.literal(fact.text)


def _may_tell(match: Match, noun: NounPhrase, fact: Fact) -> bool:
    """Whether the noun may be an action: by its root; "stands" without an article is a verb that looks like a noun."""
    if noun.root in ACTION_ROOTS:
        return True
    head = match.scene.analysis.tokens[noun.head]
    if head.lemma != fact.value.split(" ")[0]:
        return False
    return noun.root == "body part" or (not noun.determiner and head.lower.endswith("s") and not noun.modifiers)


def _vaguer(match: Match, fact: Fact, doers: set[int]) -> VerbPhrase | None:
    general = stands_for(fact.value, "verb")
    for verb in match.scene.verbs:
        if verb.lemma in general and not verb.negated and (not doers or doers & {*verb.agents}):
            return verb
    return None


def _replaced(match: Match, fact: Fact, agent: Fact | None, doers: set[int], other: VerbPhrase | None) -> FactVerdict:
    if agent is not None and not doers:
        return lost(fact, f"The text does not show {agent.text}, who should be {fact.text}.")
    if other is not None:
        return lost(fact, f"Something else does it, not {agent.text if agent else 'its agent'}.", _span(other))
    for verb in match.scene.verbs:
        if doers & {*verb.agents} and not verb.negated:
            return lost(fact, f"The text says “{_words(match, verb)}”, not “{fact.text}”.", _span(verb))
    return lost(fact)


def order(match: Match, fact: Fact) -> FactVerdict:
    """Do the two events come in the stated order?"""
    first, second = match.owner(fact), match.party(fact)
    early = _moment(match, first) if first else None
    late = _moment(match, second) if second else None
    if early is None or late is None:
        return _wording(match, fact)
    if early < late:
        return kept(fact, _at(match, late))
    if fact.value in ("after", "before") and not (first and second and first.kind is second.kind is Kind.ACTION):
        return _wording(match, fact)  # "a building after an attack": what is named first need not come first
    told = f"The text tells “{second.text if second else ''}” before “{first.text if first else ''}”."
    return contradicted(fact, _at(match, late), told)


def _wording(match: Match, fact: Fact) -> FactVerdict:
    """An order of things that are no actions ("from blue to orange"): by the positions of its words."""
    words = [word for word in re.findall(r"\w+", fact.value.lower()) if match.anywhere(word)]
    heads = [match.anywhere(word)[0] for word in words]
    span = match.phrase(fact.text)
    if len(heads) > 1 and heads != sorted(heads) and (fact.category == "change" or span):
        return contradicted(fact, span, f"The text tells “{fact.text}” the other way round.")
    if span:
        return kept(fact, span)
    parties = [found for party in (match.owner(fact), match.party(fact)) if party and (found := _token(match, party))]
    if fact.category != "change" and len(parties) > 1:
        token = match.scene.analysis.tokens[parties[-1]]
        return kept(fact, Span(token.start, token.end))
    return lost(fact)


def _moment(match: Match, fact: Fact) -> tuple[int, int, int] | None:
    """When the event happens in the text, as a sort key: its sentence, its place among the clauses, its token."""
    token = _token(match, fact)
    if token is None:
        return None
    sentence = match.sentence(token)
    return (sentence, _clause_rank(match, sentence, token), token)


def _token(match: Match, fact: Fact) -> int | None:
    if fact.kind is Kind.ACTION:
        agent = match.owner(fact)
        doers = match.mentions(agent) if agent else set()
        verbs = [verb for verb in _verbs(match, fact) if _by(match, verb, doers, fact)]
        if verbs:
            return verbs[0].verb
    if hits := match.of(fact):
        return match.scene.nouns[hits[0]].head
    found = match.anywhere(fact.value)
    return found[0] if found else None


def _clause_rank(match: Match, sentence: int, token: int) -> int:
    """-1 for a clause that "after" marks as earlier, 1 for one that "before" marks as later, 0 else."""
    tokens = match.scene.analysis.tokens
    first = match.scene.analysis.sentences[sentence][0]
    for index in range(token, first - 1, -1):
        word = tokens[index].lower
        if word in LATER_FIRST:
            return -1
        if word in EARLIER_FIRST:
            return 1
        if index < token and word in (",", ";", ":"):
            return 0
    return 0


def _at(match: Match, moment: tuple[int, int, int]) -> Span:
    token = match.scene.analysis.tokens[moment[2]]
    return Span(token.start, token.end)


def _words(match: Match, verb: VerbPhrase) -> str:
    return match.scene.text[verb.start : verb.end]


def _span(verb: VerbPhrase) -> Span:
    return Span(verb.start, verb.end)
