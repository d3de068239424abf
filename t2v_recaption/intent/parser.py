"""`parse`: a prompt taken apart into facts. English in full; other languages at the level of phrases."""

from __future__ import annotations

from functools import lru_cache

from t2v_recaption.intent import actions, detect, entities, frame, leftover, negations, order, relations
from t2v_recaption.intent.builder import Builder
from t2v_recaption.intent.model import Intent, Kind
from t2v_recaption.language import analyse
from t2v_recaption.language.model import PUNCT, QUOTE


@lru_cache(maxsize=512)
def parse(prompt: str) -> Intent:
    """Take a prompt apart into facts with their spans.

    Every content word of the prompt belongs to some fact; what no rule knows becomes a fact of kind `phrase`.
    A fact that a coordination shares ("a cat and a dog run") is given once for each member, with the same spans.
    Never raises; a prompt without words gives an intent without facts.
    """
    language = detect.detect(prompt)
    analysis = analyse(prompt)
    builder = Builder(analysis)
    heads = {np.head: np for np in analysis.nouns}
    for quote in analysis.quotes:
        np = heads.get(quote.token)
        item = builder.add(Kind.TEXT, quote.text, quote.token, quote.token + 1)
        if np is not None:
            builder.of_noun[np.index] = item
    if language == "en":
        _english(builder)
    else:
        _phrases(builder)
    return Intent(prompt, language, builder.facts())


def _english(builder: Builder) -> None:
    negations.add_negations(builder)
    frame.add_formats(builder)
    frame.add_terms(builder)
    frame.add_framing(builder)
    entities.add_entities(builder)
    actions.add_actions(builder)
    relations.add_relations(builder)
    negations.bind_negations(builder)
    order.add_order(builder)
    leftover.add_leftovers(builder)


def _phrases(builder: Builder) -> None:
    """Other languages: numbers of the picture's format, and a phrase for each stretch between punctuation marks."""
    frame.add_formats(builder)
    tokens = builder.analysis.tokens
    first: int | None = None
    for k in range(len(tokens) + 1):
        ends = k == len(tokens) or tokens[k].pos in (PUNCT, QUOTE) or k in builder.taken
        if not ends and k and "\n" in builder.analysis.text[tokens[k - 1].end : tokens[k].start] and first is not None:
            _phrase(builder, first, k)
            first = k
        elif ends and first is not None:
            _phrase(builder, first, k)
            first = None
        elif not ends and first is None:
            first = k


def _phrase(builder: Builder, first: int, last: int) -> None:
    span = builder.span(first, last)
    if any(c.isalnum() for c in builder.analysis.text[span.start : span.end]) or any(
        leftover.is_content(t) for t in builder.analysis.tokens[first:last]
    ):
        builder.add(Kind.PHRASE, builder.analysis.text[span.start : span.end], first, last)
