"""Inventions: what the text adds that changes the clip. Detail is welcome; new participants and moves are not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from t2v_recaption.fidelity.lexicon import keeps, listed
from t2v_recaption.fidelity.match import Match
from t2v_recaption.fidelity.report import Invention
from t2v_recaption.fidelity.scene import meanings
from t2v_recaption.intent.model import Kind, Span
from t2v_recaption.language.model import NounPhrase, Term


def inventions(match: Match, leaked: Iterable[str] = ()) -> Iterator[Invention]:
    """Everything in the text that nobody asked for and that matters, in no particular order."""
    yield from _language(match)
    yield from _leaks(match, leaked)
    yield from _participants(match)
    yield from _numbers(match)
    yield from _moves(match)
    yield from _styles(match)


# Participants


def _participants(match: Match) -> Iterator[Invention]:
    actors = {
        n
        for verb in match.scene.verbs
        if not verb.negated
        for n in (*verb.agents, *(verb.objects if verb.passive else ()))
    }
    seen: set[str] = set()
    for noun in match.scene.nouns:
        if noun.index not in actors or noun.root not in listed("participant") or noun.core in seen:
            continue
        if not _new(match, noun):
            continue
        seen.add(noun.core)
        said = match.scene.text[noun.start : noun.end]
        yield Invention(Kind.SUBJECT, said, Span(noun.start, noun.end), f"The prompt has no {noun.core}.")


def _new(match: Match, noun: NounPhrase) -> bool:
    if noun.pronoun or noun.negated or noun.proper or noun.index in match.claimed:
        return False
    if not noun.plural and not noun.determiner and noun.count is None:
        return False  # "calm and professional": an adjective that looks like a noun
    if noun.core in listed("scenery") or _crowd(noun) or match.scene.entity[noun.index] in match.claimed:
        return False
    if (
        not match.stated.isdisjoint(meanings(noun))
        or match.says(noun.core.replace(" ", ""))
        or _apposition(match, noun)
    ):
        return False
    if _stands_for_stated(match, noun) or _implied(match, noun) or _far(match, noun):
        return False
    return noun.of is None or match.scene.nouns[noun.of].index not in match.claimed


def _crowd(noun: NounPhrase) -> bool:
    """Uncounted and unowned ("seagulls", "a few pedestrians"): the life of the place, no participants."""
    return noun.plural and noun.count is None and noun.determiner in listed("vague") | {"", "a", "the"}


def _apposition(match: Match, noun: NounPhrase) -> bool:
    """A second name for the stated thing before the comma: "the client, a young woman"."""
    tokens = match.scene.analysis.tokens
    if noun.first < 2 or tokens[noun.first - 1].text != ",":
        return False
    return any(match.scene.nouns[i].last == noun.first - 1 for i in match.claimed)


def _stands_for_stated(match: Match, noun: NounPhrase) -> bool:
    """Another name for a stated thing: "the officer" for a policeman, "the animal" for a dog."""
    if any(keeps(noun.core, word, "noun") or keeps(word, noun.core, "noun") for word in match.things):
        return True
    if noun.determiner not in ("the", "this", "that", "these", "those") or noun.root not in match.thing_roots:
        return False
    return noun.root == "person" or noun.core in listed("general")


def _implied(match: Match, noun: NounPhrase) -> bool:
    """Somebody that the prompt needs: a member of a group, the doer of an action without one, a vehicle's driver."""
    if noun.root != "person":
        return False
    if match.several_people or (noun.core in listed("party") and len(match.people) > 1):
        return True
    alone = any(fact.of is None for fact in match.intent.of_kind(Kind.ACTION))
    return alone or (noun.determiner == "the" and "vehicle" in match.thing_roots)


def _far(match: Match, noun: NounPhrase) -> bool:
    """In the background: scenery, as long as nobody ruled it out."""
    sentence = match.sentence(noun.head)
    first, last = match.scene.analysis.sentences[sentence]
    words = {
        match.scene.analysis.tokens[i].lower for i in range(max(first, noun.first - FAR), min(last, noun.last + FAR))
    }
    return not words.isdisjoint(listed("distant")) or any(m.lemma in listed("distant") for m in noun.modifiers)


FAR = 6
"""Tokens around a noun phrase in which a word like "background" is about it."""


# Numbers


def _numbers(match: Match) -> Iterator[Invention]:
    counted = {fact.of for fact in match.intent.of_kind(Kind.COUNT)}
    for fact in match.intent.of_kind(Kind.SUBJECT):
        if fact.id in counted or fact.negated or not match.singular(fact):
            continue
        nouns = [match.scene.nouns[i] for i in match.of(fact) if not match.scene.nouns[i].pronoun]
        if nouns and all(noun.count is not None and noun.count > 1 for noun in nouns):
            said = match.scene.text[nouns[0].start : nouns[0].end]
            reason = f"The prompt has one {fact.value}, the text “{said}”."
            yield Invention(Kind.COUNT, said, Span(nouns[0].start, nouns[0].end), reason)


# Camera and style


def _moves(match: Match) -> Iterator[Invention]:
    stated = {fact.value for fact in match.intent.of_kind(Kind.CAMERA)}
    for term in match.scene.analysis.terms:
        if term.kind != "camera" or term.category != "movement" or term.negated or term.value in listed("unmoved"):
            continue
        said = match.scene.text[term.start : term.end]
        if match.says(said) or any(_akin(term.value, value, "camera") for value in stated):
            continue
        yield Invention(
            Kind.CAMERA, said, Span(term.start, term.end), f"Nobody asked for the camera to do this: “{said}”."
        )


def _styles(match: Match) -> Iterator[Invention]:
    stated = {fact.value for fact in match.intent.of_kind(Kind.STYLE)}
    for term in match.scene.analysis.terms:
        if term.kind != "style" or term.negated or term.value in stated or not _of_the_clip(match, term):
            continue
        said = match.scene.text[term.start : term.end]
        if match.says(said) or any(_akin(term.value, value, "style") for value in stated):
            continue
        yield Invention(Kind.STYLE, said, Span(term.start, term.end), f"Nobody asked for this style: “{said}”.")


def _akin(one: str, other: str, part: str) -> bool:
    return keeps(one, other, part) or keeps(other, one, part)


def _of_the_clip(match: Match, term: Term) -> bool:
    """Whether the style word is about the clip ("in anime style", "…, pixel art"), not about a thing in it."""
    if term.category in listed("plain"):
        return False
    tokens = match.scene.analysis.tokens
    before = term.first - 1
    while before >= 0 and tokens[before].pos in ("det", "adj"):
        before -= 1
    if before > 0 and tokens[before].lower == "of" and tokens[before - 1].lemma in listed("styled"):
        return True
    opens = before < 0 or tokens[before].lower in listed("opens") or term.first == match.first_of_sentence(term.first)
    after = tokens[term.last].lower if term.last < len(tokens) else "."
    words = {after, *(tokens[index].lemma for index in range(term.first, term.last))}
    apart = after in listed("closes") and (before < 0 or tokens[before].text in (",", ":", ";", "."))
    return opens and (apart or not words.isdisjoint(listed("styled")))


# Language and leaks

FOREIGN_SHARE = 0.02
"""Share of letters in a script that the prompt does not use, from which on the text is not in the prompt's language."""

FAR_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff]")
"""A letter of a script that is not Latin."""

ENGLISH_SHARE = 0.12
"""Share of function words below which a text of 12 words or more is not English; captions have 0.3 to 0.5."""


def _language(match: Match) -> Iterator[Invention]:
    text, prompt = match.scene.text, match.intent.prompt
    in_prompt = len(FAR_SCRIPT.findall(prompt))
    if in_prompt and match.intent.language != "en":
        return
    foreign = [] if text.isascii() else [found.start() for found in FAR_SCRIPT.finditer(text)]
    if len(foreign) > max(in_prompt, len(text) * FOREIGN_SHARE):
        span = Span(foreign[0], foreign[-1] + 1)
        yield Invention(Kind.PHRASE, text[slice(*span)], span, "Part of the text is in another script than the prompt.")
    elif match.intent.language == "en" and _not_english(match):
        yield Invention(Kind.PHRASE, text, Span(0, len(text)), "The text is not in English.")


def _not_english(match: Match) -> bool:
    prompt = match.intent.prompt.lower()
    own = {*prompt.split(), *re.findall(r"\w+", prompt)} - listed("english")  # names, in any language
    tokens = match.scene.analysis.tokens
    words = [token.lower for token in tokens if token.text[:1].isalpha() and token.lower not in own]
    if len(words) < 12:
        return False
    return sum(word in listed("english") for word in words) / len(words) < ENGLISH_SHARE


def _leaks(match: Match, leaked: Iterable[str]) -> Iterator[Invention]:
    for detail in leaked:
        if detail.strip() and (span := match.literal(detail)) and not match.says(detail):
            said = match.scene.text[slice(*span)]
            yield Invention(
                Kind.PHRASE, said, span, f"“{said}” comes from the instructions to the writer, not from the prompt."
            )
