"""Wording: the parts of a prompt put into English sentences and questions, for somebody who has only seen the clip.

A question never gives the expected answer away where an open one can be asked: number, colour, side and direction are
asked for, and compared in code, because a judge that likes to agree would agree with any of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from t2v_recaption.intent.model import Fact, Intent, Kind, Span
from t2v_recaption.intent.order import is_ordering
from t2v_recaption.language import analyse
from t2v_recaption.language.model import NounPhrase, VerbPhrase
from t2v_recaption.statements import articled, phrase
from t2v_recaption.verify.model import Checker, Form

CLOSING = tuple("\"”»'’")
"""Marks that end a quotation."""


SIDED = frozenset(("left", "right", "above", "below", "front", "behind"))
"""Relations that are asked about openly: which side is it?"""


@dataclass(frozen=True)
class Said:
    """A claim and its question, before it has an id."""

    text: str
    question: str
    expected: str = "yes"
    form: Form = "yes_no"
    checker: Checker = "judge"


# Words


def capital(text: str) -> str:
    """The text with its first letter upper case and nothing else changed."""
    head = text[:1].upper()
    return (head if len(head) == 1 else text[:1]) + text[1:]


def closed(text: str) -> str:
    """The text as a sentence with a full stop."""
    return capital(text.rstrip(" ,;:.!?-")) + "."


def article(words: str) -> str:
    """The words with "a" or "an" before them, unless they begin with an article or a number."""
    first = words.split(" ", 1)[0].lower()
    if first in ("a", "an", "the", "some", "no", "his", "her", "its", "their") or first.isdigit():
        return words
    return f"{'an' if first.startswith(tuple('aeiou')) and not first.startswith(('one', 'uni')) else 'a'} {words}"


def one_line(text: str) -> str:
    """The first stretch of a fact's words, white space runs as one space, no punctuation at the ends."""
    return " ".join(text.split(" … ")[0].split()).strip(" ,;:.!?")


def lowered(text: str) -> str:
    """The text without a capital that only begins a sentence; names, abbreviations and quotes keep theirs."""
    first = text.split(" ", 1)[0]
    if len(first) > 1 and first[1:] != first[1:].lower():
        return text
    tokens = analyse(text).tokens
    if tokens and tokens[0].pos in ("name", "quote", "foreign"):
        return text
    return text[:1].lower() + text[1:]


def third_person(verb: str) -> str:
    """ "play" → "plays", "watch" → "watches"; "zoom in" → "zooms in"."""
    first, space, rest = verb.partition(" ")
    if first in ("have", "be"):
        first = {"have": "has", "be": "is"}[first]
    elif first.endswith(("s", "x", "z", "ch", "sh", "o")):
        first += "es"
    elif first.endswith("y") and first[-2:-1] not in tuple("aeiou"):
        first = first[:-1] + "ies"
    else:
        first += "s"
    return first + space + rest


# Facts as words


def owner_of(intent: Intent, fact: Fact) -> Fact | None:
    """The fact that this one is bound to."""
    return next((f for f in intent if f.id == fact.of), None)


def noun_of(intent: Intent, fact: Fact) -> NounPhrase | None:
    """The noun phrase of the prompt that the fact is in."""
    nouns = analyse(intent.prompt).nouns
    inside = (n for n in nouns if any(n.start <= span.start < n.end for span in fact.spans))
    overlapping = (n for n in nouns if any(n.start < span.end and span.start < n.end for span in fact.spans))
    return next(inside, None) or next(overlapping, None)


def verb_of(intent: Intent, fact: Fact) -> VerbPhrase | None:
    """The verb phrase of the prompt that the fact is in."""
    verbs = analyse(intent.prompt).verbs
    return next((v for v in verbs if any(v.start < span.end and span.start < v.end for span in fact.spans)), None)


def inner(intent: Intent, fact: Fact) -> str:
    """The fact's words without the capital that only begins a sentence of the prompt."""
    words = one_line(fact.text)
    before = intent.prompt[: fact.spans[0].start].rstrip()
    return lowered(words) if not before or before[-1] in ".!?:" else words


def said(intent: Intent, fact: Fact) -> str:
    """The fact as a noun phrase with its article and attributes, as it reads in the middle of a sentence."""
    noun, words = noun_of(intent, fact), phrase(intent, fact)
    if noun is not None and (
        not intent.prompt[: noun.start].strip() or intent.prompt[: noun.start].rstrip()[-1:] in ".!?:"
    ):
        own = one_line(intent.prompt[noun.start : noun.end])
        return lowered(words.replace(own, lowered(own), 1))
    return words if noun is None or noun.proper else lowered(words)


def plain(intent: Intent, fact: Fact) -> str:
    """The fact's words without article or possessive."""
    return re.sub(r"^(?:the|a|an|his|her|its|their)\s+(?=\S)", "", inner(intent, fact), flags=re.IGNORECASE)


def named(intent: Intent, fact: Fact) -> str:
    """The fact's own words with "the" before them: "the car"; names and quoted text stay as they are."""
    words = inner(intent, fact)
    if fact.kind is Kind.NAME:
        return words
    if fact.kind is Kind.TEXT:
        return f"the text “{fact.value}”"
    return words if words.lower().startswith(("the ", "his ", "her ", "its ", "their ")) else f"the {words}"


def who(intent: Intent, fact: Fact) -> str:
    """The fact as the subject of a sentence: "the dog"; "a red car" where the prompt has several cars."""
    twins = [f for f in intent if f.kind is fact.kind and f.value == fact.value and f.id != fact.id]
    return said(intent, fact) if twins and fact.kind is Kind.SUBJECT else named(intent, fact)


def plural(intent: Intent, fact: Fact) -> bool:
    """Whether the fact's noun is in the plural."""
    noun = noun_of(intent, fact)
    return noun is not None and (noun.plural or (noun.count or 1) > 1)


def be(intent: Intent, fact: Fact) -> str:
    """ "is" or "are"."""
    return "are" if plural(intent, fact) else "is"


def there(words: str, *, many: bool) -> Said:
    """ "There is a cat." and "Is there a cat in the video?"."""
    verb = "are" if many else "is"
    return Said(closed(f"there {verb} {words}"), f"{verb.capitalize()} there {words} in the video?")


def seen_or_there(words: str, *, many: bool) -> Said:
    """ "The sea can be seen." for what the prompt calls "the …", "There is a cat." for the rest."""
    words = one_line(words)
    if words.lower().startswith(("the ", "his ", "her ", "its ", "their ")):
        return Said(closed(f"{words} can be seen"), f"Can {words} be seen in the video?")
    return there(words, many=many)


def passage(intent: Intent, fact: Fact) -> Said:
    """Words that no rule takes apart, in whatever language."""
    words = inner(intent, fact)
    return Said(closed(f"the video shows: {words}"), f"Does the video show “{words}”?")


# Clauses


class Clause(NamedTuple):
    """What somebody does, in the parts that a statement and a question put in different order."""

    subject: str
    auxiliary: str
    """ "is", "are", "can" …; "" where the verb stands alone."""
    verb: str
    """The verb as the statement has it."""
    lemma: str
    rest: str
    many: bool = False

    @property
    def statement(self) -> str:
        """ "the dog is running on grass"."""
        return _spaced(self.subject, self.auxiliary, self.verb, self.rest)

    @property
    def question(self) -> str:
        """ "Is the dog running on grass?", "Does the woman wave?"."""
        if self.auxiliary:
            return capital(_spaced(self.auxiliary, self.subject, self.verb, self.rest)) + "?"
        return _spaced("Do" if self.many else "Does", self.subject, self.lemma, self.rest) + "?"


def _spaced(*words: str) -> str:
    return " ".join(word for word in words if word)


def clause(intent: Intent, fact: Fact, *, upto: int = 0) -> Clause:
    """What an action says, with its doer, its object and what belongs to the verb, without the place of it.

    `upto` takes more of the prompt along, to that character.
    """
    verb = verb_of(intent, fact)
    if verb is None:
        return Clause("the video", "", "shows", "show", inner(intent, fact))
    doer = owner_of(intent, fact)
    goal = next((f for f in intent if f.id == fact.to), None)
    if doer is None and goal is not None and verb.passive:
        doer, goal = goal, None
    rest = _rest(intent, fact, verb, goal, upto)
    if doer is None and goal is None and not rest:
        return _impersonal(intent, verb)
    subject = who(intent, doer) if doer is not None else "somebody"
    return _conjugated(intent, subject, verb, rest, many=doer is not None and plural(intent, doer))


def _rest(intent: Intent, fact: Fact, verb: VerbPhrase, goal: Fact | None, upto: int) -> str:
    """What follows the verb and belongs to it."""
    analysis, prompt = analyse(intent.prompt), intent.prompt
    end = max([verb.end, upto, *(s.end for s in fact.spans), *_complements(intent, verb), *_end_of(intent, goal)])
    if prompt[end : end + 1] in CLOSING:
        end += 1
    after = analysis.tokens[verb.verb].end
    return one_line(articled(intent, Span(after, end))).replace("a camera", "the camera") if end > after else ""


def _conjugated(intent: Intent, subject: str, verb: VerbPhrase, rest: str, *, many: bool) -> Clause:
    """The verb phrase of the prompt with the auxiliary that a whole sentence needs."""
    tokens = analyse(intent.prompt).tokens
    before = tokens[verb.first : verb.verb]
    helpers = [t.lower for t in before if t.pos == "aux"]
    how = _spaced(*(t.lower for t in before if t.pos == "adv" and not is_ordering(t.lower)))
    own, is_ = tokens[verb.verb].lower, "are" if many else "is"
    if helpers and helpers[0] not in ("being", "do", "does", "did"):
        first = is_ if helpers[0] in ("is", "are") else helpers[0]
        return Clause(subject, first, _spaced(*helpers[1:], how, own), verb.lemma, rest, many)
    if verb.form == "ing" or "being" in helpers:
        return Clause(subject, is_, _spaced(*helpers, how, own), verb.lemma, rest, many)
    if verb.form == "ed" and (verb.passive or own != verb.lemma) and not helpers:
        return Clause(subject, is_, _spaced(how, own), verb.lemma, rest, many)
    told = verb.lemma if many else third_person(verb.lemma)
    return Clause(subject, "", _spaced(how, told), _spaced(how, verb.lemma), rest, many)


def _impersonal(intent: Intent, verb: VerbPhrase) -> Clause:
    """ "it gets darker": no thing does it, so what follows is taken along to the next comma."""
    analysis, prompt = analyse(intent.prompt), intent.prompt
    stops = [t.start for t in analysis.tokens[verb.last :] if t.pos in ("punct", "conj")]
    rest = one_line(prompt[verb.end : min([*stops, len(prompt)])])
    return _conjugated(intent, "it", verb, rest, many=False)


def _end_of(intent: Intent, fact: Fact | None) -> list[int]:
    if fact is None:
        return []
    noun = noun_of(intent, fact)
    return [max(span.end for span in fact.spans), *([noun.end] if noun is not None else [])]


def _complements(intent: Intent, verb: VerbPhrase) -> list[int]:
    """Where phrases end that belong to the verb and are not the place: "covered with algae", not "at the beach"."""
    analysis = analyse(intent.prompt)
    places = {noun.index for f in intent.of_kind(Kind.SETTING) if (noun := noun_of(intent, f)) is not None}
    kept = []
    for relation in analysis.relations:
        if relation.verb != verb.index or relation.ground is None or relation.start < verb.start:
            continue
        if relation.category in SIDED:
            break  # a side is asked for in a question of its own
        if relation.ground in places or "," in intent.prompt[verb.end : relation.start]:
            break
        kept.append(analysis.nouns[relation.ground].end)
    return kept


def ground_end(intent: Intent, fact: Fact) -> int:
    """Where the landmark of a relation ends in the prompt; where the relation's words end, when it has none."""
    analysis = analyse(intent.prompt)
    for relation in analysis.relations:
        if relation.ground is not None and any(relation.start < s.end and s.start < relation.end for s in fact.spans):
            return analysis.nouns[relation.ground].end
    return max(span.end for span in fact.spans)
