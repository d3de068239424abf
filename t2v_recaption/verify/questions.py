"""Questions: the rule for each kind of fact that puts it as a claim and a question. Things, deeds and places are here,
what is said of the picture as a whole in `picture.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from t2v_recaption.fidelity.lexicon import listed
from t2v_recaption.intent.model import Fact, Intent, Kind
from t2v_recaption.language import analyse
from t2v_recaption.statements import BARE
from t2v_recaption.verify import picture
from t2v_recaption.verify.wording import (
    Clause,
    Said,
    article,
    be,
    clause,
    closed,
    ground_end,
    inner,
    lowered,
    named,
    noun_of,
    one_line,
    owner_of,
    passage,
    plain,
    plural,
    said,
    seen_or_there,
    there,
    verb_of,
    who,
)

Rule = Callable[[Intent, Fact], Said]

SIDES: Mapping[str, tuple[str, str]] = {
    "left": ("left", "right"),
    "right": ("left", "right"),
    "above": ("above", "below"),
    "below": ("above", "below"),
    "front": ("in front", "behind"),
    "behind": ("in front", "behind"),
}
"""Relations with an opposite, and the answers that are offered, always in the same order."""

PLACED = {"front": "in front"}
"""The answer that supports a relation of that category, where it is another word."""

LEVEL = {"left": "to the left of", "right": "to the right of", "in front": "in front of"}

STANDING = frozenset((
    "on", "in", "near", "at", "by", "under", "inside", "among", "between", "beside", "around", "against", "outside",
))  # fmt: skip
"""Relations that are plain where something just is there."""

SPEECH = frozenset((
    "say", "speak", "shout", "whisper", "sing", "yell", "scream", "murmur", "mutter", "ask", "answer", "tell",
    "announce", "read", "recite",
))  # fmt: skip
"""What is done with quoted words that are heard, not seen."""

SPEAKERS = frozenset(("person", "animal", "creature", "group", ""))

UNCOUNTED = ("colorful", "colourful", "multicoloured", "multicolored", "dark", "light", "bright")
"""Colour words that "What colour is it?" is not answered with."""


def subject(intent: Intent, fact: Fact) -> Said:
    """The thing itself, without its attributes and its number."""
    words, noun = inner(intent, fact), noun_of(intent, fact)
    if fact.kind is Kind.NAME or noun is None or noun.proper:
        return Said(closed(f"{words} can be seen"), f"Can {words} be seen in the video?")
    bare = noun.plural or noun.core.split(" ")[-1] in listed("mass") or noun.root in BARE
    if noun.determiner in ("the", "this", "that"):
        return seen_or_there(f"the {words}", many=noun.plural)
    return there(words if bare else article(words), many=noun.plural)


def count(intent: Intent, fact: Fact) -> Said:
    """How many there are, asked for; "many" and "a group" are asked with yes or no."""
    owner = owner_of(intent, fact)
    if owner is None:
        return passage(intent, fact)
    things = plain(intent, owner)
    if fact.value.isdigit():
        one = fact.value == "1" and not plural(intent, owner)
        if one:
            text = closed(f"there is exactly one {things}")
            return Said(text, f"How many times is a {things} seen in the same picture?", fact.value, "count")
        text = closed(f"there {'is' if fact.value == '1' else 'are'} {inner(intent, fact)} {things}")
        return Said(text, f"How many {things} are in the video?", fact.value, "count")
    start, end = fact.spans[0].start, max(span.end for span in (*fact.spans, *owner.spans[:1]))
    words = lowered(one_line(intent.prompt[start:end]))
    if re.match(r"(?:lots|plenty|tons|loads|heaps)\b|a lot\b", words):
        return there(words, many=plural(intent, owner))
    if fact.category == "group":
        return there(article(words) if " of " in words else f"several {words}", many=" of " not in words)
    return there(words, many=True)


def attribute(intent: Intent, fact: Fact) -> Said:
    """What something is like; colours are asked for, unless there are several things of that name."""
    owner, words = owner_of(intent, fact), inner(intent, fact)
    if owner is None:
        return passage(intent, fact)
    if owner.kind is Kind.CAMERA:
        return picture.manner(words)
    if owner.kind is Kind.ACTION:
        told = clause(intent, owner)
        if words not in told.statement.lower():
            told = told._replace(rest=f"{told.rest} {words}".strip())
        return done(told)
    thing, verb = named(intent, owner), be(intent, owner)
    twins = [f for f in intent if f.kind is owner.kind and f.value == owner.value and f.id != owner.id]
    others = [f for f in intent.bound_to(owner.id) if f.kind is fact.kind and f.category == "colour" and f != fact]
    if fact.category == "colour" and not twins and not others and fact.value not in UNCOUNTED:
        return Said(closed(f"{thing} {verb} {words}"), f"What colour {verb} {thing}?", fact.value, "colour")
    if fact.category == "quality" or twins:
        seen = said(intent, owner)
        seen = seen if words.lower() in seen.lower() else f"{words} {plain(intent, owner)}"
        return seen_or_there(seen, many=plural(intent, owner))
    return Said(closed(f"{thing} {verb} {words}"), f"{verb.capitalize()} {thing} {words}?")


def action(intent: Intent, fact: Fact) -> Said:
    """What somebody does."""
    return done(clause(intent, fact))


def done(told: Clause) -> Said:
    """A clause as claim and question."""
    return Said(closed(told.statement), told.question)


def relation(intent: Intent, fact: Fact) -> Said:
    """Where something is; sides are asked for."""
    figure = owner_of(intent, fact)
    ground = next((f for f in intent if f.id == fact.to), None)
    if figure is None:
        return passage(intent, fact)
    if fact.category in SIDES and (ground is None or ground.kind in (Kind.SUBJECT, Kind.NAME, Kind.SETTING)):
        return _side(intent, fact, figure, ground)
    words, verb, many = inner(intent, fact), be(intent, figure), plural(intent, figure)
    landmark = named(intent, ground) if ground is not None else _landmark(intent, fact)
    if fact.category == "of":
        return _of(intent, fact, figure, ground, landmark)
    held = said(intent, ground) if ground is not None else landmark
    if fact.category in ("with", "without"):
        return seen_or_there(f"{said(intent, figure)} {words} {held}", many=many)
    if fact.category == "wear":
        return done(Clause(who(intent, figure), verb, "wearing", "wear", held, many))
    if fact.category not in STANDING and (told := _on_the_way(intent, fact, figure)) is not None:
        return done(told)
    return done(Clause(who(intent, figure), verb, words, "be", landmark, many))


def _landmark(intent: Intent, fact: Fact) -> str:
    return lowered(one_line(intent.prompt[max(s.end for s in fact.spans) : ground_end(intent, fact)]))


def _of(intent: Intent, fact: Fact, figure: Fact, ground: Fact | None, landmark: str) -> Said:
    """A part or a content: "the man's face", "the cup of coffee"."""
    thing, many = plain(intent, figure), plural(intent, figure)
    if fact.text.strip() != "of":  # the genitive
        told = Clause(f"the {thing}", "do" if many else "does", "belong", "belong", f"to {landmark}", many)
        return Said(closed(f"the {thing} belong{'' if many else 's'} to {landmark}"), told.question)
    noun = noun_of(intent, ground) if ground is not None else None
    bare = noun is not None and (noun.plural or noun.core in listed("mass") or noun.root in BARE)
    return seen_or_there(f"the {thing} of {landmark.removeprefix('the ') if bare else landmark}", many=many)


def _on_the_way(intent: Intent, fact: Fact, figure: Fact) -> Clause | None:
    """A relation that needs its verb: "sailing through the ocean"."""
    start = fact.spans[0].start
    own = next((r.verb for r in analyse(intent.prompt).relations if r.start == start and r.verb is not None), None)
    for deed in intent.of_kind(Kind.ACTION):
        verb = verb_of(intent, deed)
        if verb is None or verb.start > start or deed.negated or figure.id not in (deed.of, deed.to):
            continue
        if own is None or verb.index == own:
            told = clause(intent, deed, upto=ground_end(intent, fact))
            if lowered(one_line(fact.text)) in told.rest.lower():
                return told
    return None


def _side(intent: Intent, fact: Fact, figure: Fact, ground: Fact | None) -> Said:
    first, second = SIDES[fact.category]
    thing, verb = who(intent, figure), be(intent, figure)
    expected = PLACED.get(fact.category, fact.category)
    if ground is not None and ground.id != figure.id:
        other = named(intent, ground)
        offered = f"{LEVEL.get(first, first)} {other} or {LEVEL.get(second, second)} it"
        text = closed(f"{thing} {verb} {LEVEL.get(expected, expected)} {other}")
        return Said(text, f"{verb.capitalize()} {thing} {offered}?", expected, "direction")
    if first == "left" and fact.text.lower().startswith("to ") and _acts(intent, figure):
        do, moves = ("do", "move") if verb == "are" else ("does", "moves")
        question = f"In which direction {do} {thing} move: left or right?"
        return Said(closed(f"{thing} {moves} to the {expected}"), question, expected, "direction")
    if first == "left":
        question = f"On which side of the picture {verb} {thing}: left or right?"
        return Said(closed(f"{thing} {verb} on the {expected} of the picture"), question, expected, "direction")
    question = f"{verb.capitalize()} {thing} {first} or {second} everything else?"
    return Said(closed(f"{thing} {verb} {expected}"), question, expected, "direction")


def _acts(intent: Intent, figure: Fact) -> bool:
    return any(f.of == figure.id for f in intent.of_kind(Kind.ACTION))


def setting(intent: Intent, fact: Fact) -> Said:
    """Where it all happens."""
    where = said(intent, fact) if noun_of(intent, fact) is not None else inner(intent, fact)
    if any(set(f.spans) & set(fact.spans) for f in intent.of_kind(Kind.NAME)):
        where = inner(intent, fact)  # a name takes no article
    elif fact.value in listed("nowhere"):
        where = fact.value if fact.value == "top" else re.sub(r"^an? ", "the ", where)
    place = f"{fact.category or 'in'} {where}"
    owner = owner_of(intent, fact)
    if fact.value in listed("nowhere") and fact.value not in ("sky", "water", "ground", "floor"):
        if fact.category in ("in", "on", "at") and owner is not None:
            return done(Clause(who(intent, owner), be(intent, owner), place, "be", "", plural(intent, owner)))
        return Said(closed(f"there is something {place}"), f"Is there something {place}?")
    if fact.category in ("from", "with", "of", "for", ""):
        return Said(closed(f"the video shows {where}"), f"Does the video show {where}?")
    return Said(closed(f"the scene is {place}"), f"Is the scene {place}?")


def text(intent: Intent, fact: Fact) -> Said:
    """Words to be read on screen, asked openly; words to be heard cannot be seen at all."""
    if is_spoken(intent, fact):
        return Said(closed(f"“{fact.value}” is said"), f"Is “{fact.value}” said in the video?", checker="none")
    question = "Which words or letters can be read in the video?"
    return Said(f"“{fact.value}” can be read.", question, fact.value, "words", "text")


def is_spoken(intent: Intent, fact: Fact) -> bool:
    """Whether quoted words are spoken, not shown: a man says them, a sign only has them."""
    for deed in intent.of_kind(Kind.ACTION):
        speaker = owner_of(intent, deed)
        heard = speaker is None or speaker.category in SPEAKERS
        if heard and fact.id in (deed.to, deed.of) and deed.value.split(" ")[0] in SPEECH:
            return True
    return False


def name(intent: Intent, fact: Fact) -> Said:
    """A name, which pictures rarely prove."""
    words = one_line(fact.text)
    if fact.category == "place":
        return Said(closed(f"the place is {words}"), f"Does the place look like {words}?")
    return Said(closed(f"{words} can be seen"), f"Can {words} be seen in the video?")


def order(intent: Intent, fact: Fact) -> Said:
    """What comes first. Which of the two is named first in the question depends on the words, not on the order."""
    first = owner_of(intent, fact)
    second = next((f for f in intent if f.id == fact.to), None)
    if first is None:
        return passage(intent, fact)
    if second is None:
        return RULES[first.kind](intent, first)
    told = [_event(intent, first), _event(intent, second)]
    pair = sorted(told)
    question = f"Which comes first: (a) {pair[0]}, or (b) {pair[1]}?"
    expected = "a" if pair[0] == told[0] else "b"
    return Said(closed(f"first {told[0]}, then {told[1]}"), question, expected, "order")


def _event(intent: Intent, fact: Fact) -> str:
    if fact.kind is Kind.ACTION:
        return clause(intent, fact).statement
    if fact.kind is Kind.SUBJECT:
        return f"{said(intent, fact)} can be seen"
    return lowered(RULES[fact.kind](intent, fact).text).rstrip(".")


def negation(intent: Intent, fact: Fact) -> Said:
    """What must not be there: asked without the "no"."""
    if (said := picture.ruled_out(fact)) is not None:
        return said
    if fact.category == "action":
        told = clause(intent, fact)
        return Said(closed(f"it does not happen that {told.statement}"), told.question, "no")
    things = re.sub(
        r"^(?:(?:no|not|without|any|never|nothing|nobody|zero|with|of|in|on|at)\b\s*)+", "", inner(intent, fact)
    )
    things = things or fact.value
    noun = noun_of(intent, fact)
    verb = "are" if noun is not None and noun.plural else "is"
    return Said(closed(f"there {verb} no {things}"), f"{verb.capitalize()} there any {things} in the video?", "no")


RULES: Mapping[Kind, Rule] = {
    Kind.SUBJECT: subject,
    Kind.COUNT: count,
    Kind.ATTRIBUTE: attribute,
    Kind.ACTION: action,
    Kind.RELATION: relation,
    Kind.SETTING: setting,
    Kind.TIME: picture.time,
    Kind.WEATHER: picture.weather,
    Kind.LIGHT: picture.light,
    Kind.MOOD: picture.mood,
    Kind.CAMERA: picture.camera,
    Kind.STYLE: picture.style,
    Kind.TEXT: text,
    Kind.NAME: name,
    Kind.ORDER: order,
    Kind.NEGATION: negation,
    Kind.FORMAT: picture.format_,
    Kind.PHRASE: passage,
}
