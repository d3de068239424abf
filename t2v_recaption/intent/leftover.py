"""What no rule claimed: every content word ends up in some fact. Loose qualities go to the thing they are said of,
the rest
becomes phrases, in one piece where the words stand together.
"""

from __future__ import annotations

import unicodedata

from t2v_recaption.intent.builder import Builder, Item
from t2v_recaption.intent.model import Kind
from t2v_recaption.language.lexicon import lexicon, word_set
from t2v_recaption.language.model import (
    ADJ,
    ADV,
    AUX,
    CONJ,
    DET,
    NOT,
    NUM,
    PARTICLE,
    POSS,
    PREP,
    PRON,
    PUNCT,
    QUOTE,
    SYMBOL,
    TO,
    WH,
    Token,
)  # fmt: skip

_FUNCTION = frozenset((AUX, CONJ, DET, POSS, PREP, PRON, TO, WH, PARTICLE, NOT, "gen"))
_MINOR = word_set("minor")


def is_content(token: Token) -> bool:
    """Whether a token says something that a caption must keep: no function word, no punctuation, no lone mark."""
    if token.pos in (PUNCT, QUOTE):
        return False
    if token.pos == SYMBOL:
        return _is_pictogram(token.text)
    if token.pos in _FUNCTION:
        return False
    if token.lower in lexicon().function or token.lower in _MINOR:
        return token.pos == NUM and token.lower[:1].isdigit()
    return any(c.isalnum() for c in token.text)


def _is_pictogram(text: str) -> bool:
    return any(unicodedata.category(c) in ("So", "Sc") for c in text)


def add_leftovers(builder: Builder) -> None:
    """Attributes where a loose adverb or adjective has something to be said of; phrases for all the rest."""
    tokens = builder.analysis.tokens
    run: list[int] = []
    for k, token in enumerate(tokens):
        if k in builder.taken or not is_content(token):
            if run and (token.pos in (PUNCT, SYMBOL, QUOTE) or k in builder.taken or len(run) > 24):
                _phrase(builder, run)
                run = []
            continue
        if run and k - run[-1] > 3:
            _phrase(builder, run)
            run = []
        run.append(k)
    if run:
        _phrase(builder, run)


def _phrase(builder: Builder, run: list[int]) -> None:
    """One fact for a run of words; function words between them are inside its span."""
    tokens = builder.analysis.tokens
    if len(run) == 1 and tokens[run[0]].pos == ADV:
        owner = _verb_near(builder, run[0])
        if owner is not None:
            builder.add(Kind.ATTRIBUTE, tokens[run[0]].lemma, run[0], run[0] + 1, "manner", of=owner)
            return
    first, last = run[0], run[-1] + 1
    if any(k in builder.taken and builder.taken[k] is not None for k in range(first, last)):
        for k in run:
            builder.add(Kind.PHRASE, tokens[k].lower, k, k + 1)
        return
    category = "quality" if all(tokens[k].pos in (ADJ, ADV) for k in run) else ""
    builder.add(Kind.PHRASE, " ".join(t.lower for t in tokens[first:last]), first, last, category)


def _verb_near(builder: Builder, k: int) -> Item | None:
    sentence = builder.analysis.sentences[builder.analysis.sentence_of(k)]
    best: Item | None = None
    distance = 5
    for n in range(max(sentence[0], k - 4), min(sentence[1], k + 3)):
        item = builder.taken.get(n)
        if item is not None and item.kind in (Kind.ACTION, Kind.CAMERA) and abs(n - k) < distance:
            best, distance = item, abs(n - k)
    return best
