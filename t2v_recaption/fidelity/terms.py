"""Terms of the field: camera, style, time, weather, light, mood, format. Compared by canonical value."""

from __future__ import annotations

from collections.abc import Callable

from t2v_recaption.fidelity.lexicon import excludes, has_opposites, keeps, listed
from t2v_recaption.fidelity.match import Match
from t2v_recaption.fidelity.report import FactVerdict
from t2v_recaption.fidelity.verdicts import contradicted, kept, lost, weakened
from t2v_recaption.intent.model import Fact, Span
from t2v_recaption.language.model import Term

EXCLUSIVE = frozenset(("size", "angle", "movement", "speed"))
"""Camera categories of which a clip has one at a time: another value contradicts where the stated one is missing."""


def camera(match: Match, fact: Fact) -> FactVerdict:
    """Is the stated shot, angle or movement there, with its direction?"""
    return _compare(match, fact, lambda term: fact.category in EXCLUSIVE and term.category == fact.category)


def style(match: Match, fact: Fact) -> FactVerdict:
    """Is the stated style or medium there?"""
    return _compare(match, fact, lambda term: bool(fact.category) and term.category == fact.category)


def time(match: Match, fact: Fact) -> FactVerdict:
    """Is the time of day or year there?"""
    return _compare(match, fact, lambda term: excludes(term.value, fact.value, "time", "time"))


def weather(match: Match, fact: Fact) -> FactVerdict:
    """Is the weather there?"""
    return _compare(match, fact, lambda term: excludes(term.value, fact.value, "weather", "weather"))


def loose(match: Match, fact: Fact) -> FactVerdict:
    """Light, mood and format: there, in these words or equal ones."""
    return _compare(match, fact, lambda term: False)


def _compare(match: Match, fact: Fact, other: Callable[[Term], bool]) -> FactVerdict:
    terms = [term for term in match.scene.analysis.terms if term.kind == fact.kind.value and not term.negated]
    for term in terms:
        if _same(term, fact):
            return _whole(match, fact, term)
    for term in terms:
        if _vaguer(term, fact):
            return weakened(
                fact, Span(term.start, term.end), f"The text only says “{_words(match, term)}” for “{fact.text}”."
            )
    if span := _in_words(match, fact):
        return kept(fact, span)
    for term in terms:
        if other(term):
            span = Span(term.start, term.end)
            return contradicted(fact, span, f"The text says “{_words(match, term)}”, not “{fact.text}”.")
    return _missing(match, fact, other)


def _whole(match: Match, fact: Fact, term: Term) -> FactVerdict:
    """ "A summer evening" is more than an evening: the other words of a time or a weather count, too."""
    span, kind = Span(term.start, term.end), fact.kind.value
    if kind not in ("time", "weather"):
        return kept(fact, span)
    for word in fact.text.lower().split():
        if word in (term.value, fact.value) or not has_opposites(word, kind) or match.anywhere(word):
            continue
        if match.tokens(word, kind):
            continue
        for token in match.scene.analysis.tokens:
            if excludes(token.lemma, word, kind, kind):
                place = Span(token.start, token.end)
                return contradicted(fact, place, f"The text says “{token.text}”, not “{fact.text}”.")
        return weakened(fact, span, f"The text only says “{_words(match, term)}” for “{fact.text}”.")
    return kept(fact, span)


def _same(term: Term, fact: Fact) -> bool:
    return keeps(term.value, fact.value, fact.kind.value)


def _vaguer(term: Term, fact: Fact) -> bool:
    """A more general term: "panning shot" for "pan left", "moving camera" for "zoom in"."""
    return keeps(fact.value, term.value, fact.kind.value)


def _in_words(match: Match, fact: Fact) -> Span | None:
    words = [word for word in fact.text.lower().replace("-", " ").split() if word not in listed("generic")]
    if len(words) > 1:
        return match.phrase(" ".join(words)) or match.literal("".join(words))
    return _word(match, fact, words[0] if words else fact.value)


def _word(match: Match, fact: Fact, said: str) -> Span | None:
    for word, part in (
        (fact.value, fact.kind.value),
        (fact.value, "noun"),
        (said, "noun"),
        (said, "adj"),
        (said, "verb"),
    ):
        for index in match.tokens(word, part):
            token = match.scene.analysis.tokens[index]
            return Span(token.start, token.end)
    return match.literal(fact.text)


def _missing(match: Match, fact: Fact, other: Callable[[Term], bool]) -> FactVerdict:
    """Not said at all, or excluded by a word that is no term of the field ("in vivid colour" for black and white)."""
    section = {"time": "time", "weather": "weather", "style": "style", "camera": "camera"}.get(fact.kind.value, "")
    for index, token in enumerate(match.scene.analysis.tokens):
        if not section or token.pos not in ("noun", "adj") or index in match.negated:
            continue
        if excludes(token.lemma, fact.value, section, section):
            span = Span(token.start, token.end)
            return contradicted(fact, span, f"The text says “{token.text}”, not “{fact.text}”.")
    return lost(fact)


def _words(match: Match, term: Term) -> str:
    return match.scene.text[term.start : term.end]
