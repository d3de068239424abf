"""What counts letter by letter, what must not be there, what fits no other kind: text, names, negations, phrases."""

from __future__ import annotations

import re
import unicodedata

from t2v_recaption.fidelity.lexicon import equals
from t2v_recaption.fidelity.match import Match, word_span
from t2v_recaption.fidelity.report import FactVerdict
from t2v_recaption.fidelity.verdicts import contradicted, kept, lost, weakened
from t2v_recaption.intent.model import Fact, Kind, Span

TYPOGRAPHIC = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "–": "-", "—": "-"})

CLOSE = 2
"""Letters by which a name may differ to count as misspelt instead of absent."""


def text(match: Match, fact: Fact) -> FactVerdict:
    """Is the quoted text there letter by letter?"""
    wanted, whole = fact.value.translate(TYPOGRAPHIC), match.scene.text.translate(TYPOGRAPHIC)
    if (span := word_span(whole, wanted)) is not None:
        return _whole_quote(match, fact, span, wanted)
    if (span := word_span(whole.lower(), wanted.lower())) is not None:
        return weakened(
            fact, span, f"The text writes “{match.scene.text[slice(*span)]}” with other capitals than “{fact.value}”."
        )
    if near := _near_quote(match, wanted):
        return contradicted(fact, near, f"The text shows “{match.scene.text[slice(*near)]}”, not “{fact.value}”.")
    return lost(fact, f"The text does not show “{fact.value}” letter by letter.")


def _whole_quote(match: Match, fact: Fact, span: Span, wanted: str) -> FactVerdict:
    """Exact, unless it is only a part of a longer quotation that says something else."""
    for quote in match.scene.analysis.quotes:
        if quote.start <= span.start and span.end <= quote.end:
            said = quote.text.translate(TYPOGRAPHIC)
            if said.strip(" .,!?;:") != wanted.strip(" .,!?;:"):
                return contradicted(
                    fact, Span(quote.start, quote.end), f"The text shows “{quote.text}”, not “{fact.value}”."
                )
    return kept(fact, span)


def _near_quote(match: Match, wanted: str) -> Span | None:
    """A quotation that takes its place: one that shares words or most letters, else the only one."""
    stated = {fact.value for fact in match.intent.of_kind(Kind.TEXT)}
    quotes = [quote for quote in match.scene.analysis.quotes if quote.text not in stated]
    for quote in quotes:
        words, said = {*wanted.lower().split()}, {*quote.text.lower().split()}
        if words & said or _distance(wanted.lower(), quote.text.lower()) <= max(CLOSE, len(wanted) // 4):
            return Span(quote.start, quote.end)
    return Span(quotes[0].start, quotes[0].end) if len(quotes) == 1 else None


def name(match: Match, fact: Fact) -> FactVerdict:
    """Is the name there, spelt right?"""
    whole, wanted = match.scene.text.translate(TYPOGRAPHIC), fact.text.translate(TYPOGRAPHIC)
    for form in dict.fromkeys((wanted, fact.value)):
        if (span := word_span(_fold(whole), _fold(form))) is not None:
            return kept(fact, span)
    if span := named(match, fact):
        return kept(fact, span)
    if span := _misspelt(match, fact):
        return contradicted(fact, span, f"The text spells it “{match.scene.text[slice(*span)]}”, not “{fact.text}”.")
    return lost(fact, f"The text does not name {fact.text}.")


def named(match: Match, fact: Fact) -> Span | None:
    """The adjective of a name: "Scottish" for Scotland, "Croatian" for Croatia."""
    known = equals(fact.value.lower(), "name")
    for token in match.scene.analysis.tokens:
        if token.text[:1].isupper() and (token.lower in known or _derived(token.lower, fact.value)):
            return Span(token.start, token.end)
    return None


def _fold(text: str) -> str:
    """Lower case without accents, where that keeps every position."""
    folded = "".join(unicodedata.normalize("NFD", letter)[0].lower()[:1] or letter for letter in text)
    return folded if len(folded) == len(text) else text


def _derived(said: str, name_: str) -> bool:
    """An adjective made of the name: "Croatian" for "Croatia"."""
    said, name_ = said.lower(), name_.lower()
    return (
        " " not in name_ and len(name_) > 4 and said.startswith(name_[: len(name_) - 1]) and len(said) <= len(name_) + 3
    )


def _misspelt(match: Match, fact: Fact) -> Span | None:
    wanted = [word for word in re.findall(r"[^\W\d_]+", fact.text) if len(word) > 3]
    for token in match.scene.analysis.tokens:
        if token.text[:1].isupper() and token.lower not in match.stated:
            for word in wanted:
                if 0 < _distance(word.lower(), token.lower) <= (CLOSE if len(word) > 5 else 1):
                    return Span(token.start, token.end)
    return None


def _distance(one: str, other: str) -> int:
    """Letters to change, add or drop (Levenshtein); strings of very different length count as far apart at once."""
    if abs(len(one) - len(other)) > max(len(one), len(other)) // 2 or len(one) * len(other) > 10_000:
        return max(len(one), len(other))
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


def negation(match: Match, fact: Fact) -> FactVerdict:
    """Is what must not be there absent, or ruled out?"""
    value = fact.value.lower()
    wanted = _positive(match, fact)
    for index in match.scene.nouns_for(value):
        noun = match.scene.nouns[index]
        if index not in wanted and not _denied(match, noun.first, noun.last):
            return contradicted(fact, Span(noun.start, noun.end), f"The text shows what “{fact.text}” rules out.")
    for index in match.scene.verbs_for(value):
        verb = match.scene.verbs[index]
        if not verb.negated and not _denied(match, verb.first, verb.last):
            return contradicted(fact, Span(verb.start, verb.end), f"The text shows what “{fact.text}” rules out.")
    return _affirmed_words(match, fact, value)


def _affirmed_words(match: Match, fact: Fact, value: str) -> FactVerdict:
    for term in match.scene.analysis.terms:
        if value in (term.value, term.category) and not term.negated and not _denied(match, term.first, term.last):
            return contradicted(fact, Span(term.start, term.end), f"The text shows what “{fact.text}” rules out.")
    if " " in value and (span := match.phrase(value)) and not _denied_span(match, span):
        return contradicted(fact, span, f"The text shows what “{fact.text}” rules out.")
    ruled = next((n for n in match.scene.analysis.negations), None)
    span = Span(ruled.start, ruled.end) if ruled else None
    return kept(fact, span, "The text does not show it.")


def _positive(match: Match, fact: Fact) -> set[int]:
    """Things that the prompt itself shows: "a man, no other people" allows the man."""
    return {
        index
        for shown in match.intent.of_kind(Kind.SUBJECT, Kind.NAME)
        if not shown.negated and shown.value != fact.value
        for index in match.mentions(shown)
    }


def _denied(match: Match, first: int, last: int) -> bool:
    return any(index in match.negated for index in range(first, last))


def _denied_span(match: Match, span: Span) -> bool:
    tokens = match.scene.analysis.tokens
    return any(index in match.negated for index, t in enumerate(tokens) if span.start <= t.start < span.end)


def phrase(match: Match, fact: Fact) -> FactVerdict:
    """Are the content words of the phrase there, near each other?"""
    if (span := match.literal(fact.text)) or (span := match.phrase(fact.text)) or (span := match.phrase(fact.value)):
        return kept(fact, span)
    if hits := match.of(fact):
        return kept(fact, match.scene.span_of(hits[0]))
    return lost(fact)
