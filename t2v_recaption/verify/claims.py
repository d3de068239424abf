"""`claims_of`: the claims of a prompt, made by rules from its intent; every fact of the intent is covered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from t2v_recaption.intent import parse
from t2v_recaption.intent.model import Fact, Intent, Kind
from t2v_recaption.language import analyse
from t2v_recaption.verify.model import Claim, ClaimSet, Criticality, Window
from t2v_recaption.verify.moments import EARLY, ENDS, LATE, happening, moment_of
from t2v_recaption.verify.picture import STILL
from t2v_recaption.verify.questions import RULES, SIDES, is_spoken
from t2v_recaption.verify.wording import Said, clause, closed, inner, lowered, named, plain, verb_of

CLAIMS_VERSION = 1
"""Counts up whenever the rules give other claims for the same prompt: it is part of the hash."""

CRITICAL = frozenset((Kind.COUNT, Kind.ACTION, Kind.TEXT, Kind.NEGATION))
MINOR = frozenset((Kind.MOOD, Kind.NAME, Kind.PHRASE))
MINOR_SORTS = frozenset(("quality", "manner", "nationality", "religion", "emotion", "abstract", "medium", "event"))
"""Categories that pictures rarely prove: they count, but little."""

MATTERS = frozenset((
    "person", "animal", "creature", "vehicle", "food", "plant", "building", "object", "clothing", "landform", "water",
))  # fmt: skip
"""Categories of subjects without which the clip is another clip."""

BOUND = frozenset((Kind.COUNT, Kind.ATTRIBUTE, Kind.ACTION, Kind.RELATION, Kind.ORDER))
"""Kinds that make no sense where what they are bound to is not there."""


@lru_cache(maxsize=256)
def claims_of(prompt: str) -> ClaimSet:
    """The claims of a prompt, in the order of the prompt. Never raises; a prompt without words has none.

    Rules only, the same claims and the same `hash` every time: freeze them before anything is generated.
    """
    intent = parse(prompt)
    inside = _inside(intent)
    drafts = []
    for fact in intent:
        if fact.id in inside:
            continue
        parts = [other for other in intent if inside.get(other.id) == fact.id]
        needed = tuple(parent for part in parts for parent in _parents(intent, part) if parent != fact.id)
        for claim in _claims(intent, fact):
            facts = (*claim.facts, *(part.id for part in parts))
            spans = (*claim.spans, *(span for part in parts for span in part.spans))
            parents = tuple(dict.fromkeys((*claim.parents, *needed)))
            drafts.append(replace(claim, facts=facts, spans=spans, parents=parents))
    return numbered(prompt, drafts)


def numbered(prompt: str, drafts: list[Claim], *, made_by: str = "rules", notes: tuple[str, ...] = ()) -> ClaimSet:
    """The drafts as a set of claims: equal ones merged, parents turned from facts into claims, ids in order.

    Drafts name facts as their parents; a parent that is no fact of any claim, or that closes a circle, is dropped.
    """
    merged = _merged(drafts)
    of_fact: dict[str, str] = {}
    for number, claim in enumerate(merged, 1):
        for fact in claim.facts:
            of_fact.setdefault(fact, f"c{number}")
    claims: list[Claim] = []
    for number, claim in enumerate(merged, 1):
        own = f"c{number}"
        parents = dict.fromkeys(of_fact[p] for p in claim.parents if p in of_fact and of_fact[p] != own)
        claims.append(replace(claim, id=own, parents=tuple(parents)))
    claims = _without_circles(claims)
    return ClaimSet(prompt, tuple(claims), hash_of(prompt, claims), made_by, notes)


def hash_of(prompt: str, claims: list[Claim] | tuple[Claim, ...]) -> str:
    """A short hash of a prompt and its claims, the same on every machine."""
    plain = [CLAIMS_VERSION, prompt, [claim.to_dict() for claim in claims]]
    text = json.dumps(plain, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _inside(intent: Intent) -> dict[str, str]:
    """Facts that another fact's claim says already, by id: "darker" in "it gets darker", "to the right" where the
    camera moves right, "on" in "writing on a note".
    """
    found: dict[str, str] = {}
    for fact in intent:
        owner = happening(intent, fact) if moment_of(intent, fact) else None
        if owner is not None and (owner.kind is Kind.STYLE or owner.value in STILL):
            found[owner.id] = fact.id  # black and white at the beginning: not from beginning to end
    for fact in intent.of_kind(Kind.RELATION):
        if fact.to is not None and moment_of(intent, fact):
            found[fact.to] = fact.id
            continue
        moves = [f for f in intent.of_kind(Kind.CAMERA) if f.value.split(" ")[-1] == fact.value]
        if fact.of is None and fact.to is None and moves:
            found[fact.id] = moves[0].id
        elif fact.category not in SIDES and (deed := _deed_of(intent, fact)) is not None:
            found[fact.id] = deed.id
    for fact in intent.of_kind(Kind.PHRASE):
        for deed in intent.of_kind(Kind.ACTION):
            alone = deed.of is None and deed.to is None and deed.spans[0].end <= fact.spans[0].start
            if alone and clause(intent, deed).statement.endswith(f" {inner(intent, fact)}"):
                found[fact.id] = deed.id
    return found


def _deed_of(intent: Intent, fact: Fact) -> Fact | None:
    """The action whose claim has a relation in it: "the woman is writing on the note"."""
    start, ground = fact.spans[0].start, next((f for f in intent if f.id == fact.to), None)
    own = next((r.verb for r in analyse(intent.prompt).relations if r.start == start and r.verb is not None), None)
    if own is None or ground is None:
        return None
    for deed in intent.of_kind(Kind.ACTION):
        verb = verb_of(intent, deed)
        if verb is None or verb.index != own or fact.of not in (deed.of, deed.to) or deed.negated:
            continue
        rest = clause(intent, deed).rest.lower()
        if f"{inner(intent, fact)} " in f"{rest} " and plain(intent, ground).lower() in rest:
            return deed
    return None


def _claims(intent: Intent, fact: Fact) -> Iterator[Claim]:
    """The claims that one fact makes."""
    if fact.kind is Kind.ORDER and fact.category == "change" and " -> " in fact.value:
        yield from _change(intent, fact)
        return
    moment = moment_of(intent, fact)
    owner = happening(intent, fact) if moment else None
    if owner is not None:
        for claim in _claims(intent, owner):
            yield replace(
                claim,
                text=closed(f"{claim.text.rstrip('.')} at the {moment}"),
                question=claim.question.replace(" from beginning to end", ""),
                facts=(fact.id,),
                spans=fact.spans,
                parents=(owner.id,),
                window=ENDS[moment],
            )
        return
    said = RULES[fact.kind](intent, fact)
    if fact.negated and fact.kind is not Kind.NEGATION:
        said = _denied(said)
    yield _claim(intent, fact, said)


def _claim(intent: Intent, fact: Fact, said: Said) -> Claim:
    return Claim(
        "",
        fact.kind,
        said.text,
        said.question,
        said.expected,
        said.form,
        fact.category,
        fact.value,
        tuple(_parents(intent, fact)),
        _window(fact),
        said.checker,
        _criticality(intent, fact),
        fact.spans,
        (fact.id,),
    )


def _parents(intent: Intent, fact: Fact) -> Iterator[str]:
    """The facts without which this one makes no sense; a thing that is ruled out is nobody's parent."""
    if fact.kind not in BOUND:
        return
    for other in intent:
        if other.id in (fact.of, fact.to) and not other.negated and other.kind is not Kind.SETTING:
            yield other.id


def _window(fact: Fact) -> Window:
    if fact.kind is Kind.ORDER and fact.to is None:
        return EARLY if fact.value == "first" else LATE if fact.value in ("finally", "then") else Window()
    return Window()


def _denied(said: Said) -> Said:
    """A fact that the prompt denies: the same question and the other answer; an open one becomes yes or no."""
    text = closed(f"it is not so that {lowered(said.text)}")
    if said.form == "yes_no":
        return replace(said, text=text, expected={"yes": "no"}.get(said.expected, "yes"))
    return Said(text, f"Is this so: {lowered(said.text).rstrip('.')}?", "no", checker=said.checker)


def _criticality(intent: Intent, fact: Fact) -> Criticality:
    if fact.kind in MINOR or fact.category in MINOR_SORTS or (fact.kind is Kind.TEXT and is_spoken(intent, fact)):
        return "minor"
    if fact.kind is Kind.SUBJECT:
        return "critical" if fact.category in MATTERS else "normal"
    return "critical" if fact.kind in CRITICAL else "normal"


def _change(intent: Intent, fact: Fact) -> Iterator[Claim]:
    """ "From blue to orange": how it is at the start, and how it is at the end."""
    owner = next((f for f in intent if f.id == fact.of), None)
    who = named(intent, owner) if owner is not None and owner.kind is Kind.SUBJECT else "it"
    states = [state.strip() for state in fact.value.split(" -> ", 1)]
    for state, window, when in zip(states, (EARLY, LATE), ("at the beginning", "at the end"), strict=True):
        if not state:
            continue
        text, question = f"{who} is {state} {when}", f"Is {who} {state} {when} of the video?"
        if _is_colour(state) and who != "it":
            said = Said(closed(text), f"What colour is {who} {when} of the video?", state, "colour")
        else:
            said = Said(closed(text), question)
        yield replace(_claim(intent, fact, said), window=window, value=state, category="change")


def _is_colour(word: str) -> bool:
    nouns = analyse(f"a {word} car").nouns
    return bool(nouns) and any(m.category == "colour" for m in nouns[0].modifiers)


def _merged(drafts: list[Claim]) -> list[Claim]:
    """Claims that ask the same for the same answer are one claim, which covers the facts of both."""
    found: dict[tuple[object, ...], Claim] = {}
    for claim in drafts:
        key = (claim.question, claim.expected, claim.form, claim.window, claim.text)
        if (old := found.get(key)) is None:
            found[key] = claim
            continue
        spans = tuple(dict.fromkeys((*old.spans, *claim.spans)))
        facts = tuple(dict.fromkeys((*old.facts, *claim.facts)))
        parents = tuple(dict.fromkeys((*old.parents, *claim.parents)))
        weightier = min(old, claim, key=lambda c: -c.weight)
        found[key] = replace(old, spans=spans, facts=facts, parents=parents, criticality=weightier.criticality)
    return list(found.values())


def _without_circles(claims: list[Claim]) -> list[Claim]:
    """The claims without those parents that would make somebody its own ancestor."""
    kept: dict[str, tuple[str, ...]] = {}
    for claim in claims:
        safe: list[str] = []
        for parent in claim.parents:
            if claim.id not in ancestors(parent, {**kept, claim.id: tuple(safe)}):
                safe.append(parent)
        kept[claim.id] = tuple(safe)
    return [replace(claim, parents=kept[claim.id]) for claim in claims]


def ancestors(claim_id: str, parents: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The claim and all that it depends on, near and far."""
    found: set[str] = set()
    waiting = [claim_id]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents.get(one, ()))
    return found
