"""fit: make a caption's tokens fit its target's text encoders by dropping the least important added sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from t2v_recaption.records import Record
from t2v_recaption.targets.model import Encoder, Target
from t2v_recaption.targets.tokens import TokenCounter, estimate
from t2v_recaption.writers.base import Sentence

STATED = 1.0
"""Importance of a sentence that carries a stated fact: never dropped."""


@dataclass(frozen=True)
class Count(Record):
    """How many tokens of one encoder a caption takes."""

    encoder: str
    tokens: int
    """Tokens including special tokens and what the target's scripts add, template excluded."""
    limit: int
    exact: bool
    """False for an estimate (which never counts too few on the corpora it was checked on)."""
    counter: str
    """What counted: the tokenizer's name, or `estimate`."""

    @property
    def over(self) -> bool:
        """Whether the encoder would cut the caption."""
        return self.tokens > self.limit


@dataclass(frozen=True)
class Fit(Record):
    """A caption that was made to fit, or the proof that it cannot."""

    sentences: tuple[Sentence, ...]
    counts: tuple[Count, ...]
    """One for each encoder that must take the whole caption."""
    dropped: tuple[Sentence, ...] = ()
    short: str = ""
    """The version for a companion encoder (CLIP's 77 tokens), empty where the target has none."""

    @property
    def over(self) -> bool:
        """True when even the stated facts alone are too long: the encoder will cut them."""
        return any(count.over for count in self.counts)

    @property
    def exact(self) -> bool:
        """Whether real tokenizers counted."""
        return all(count.exact for count in self.counts)


def fit(sentences: Sequence[Sentence], target: Target, counters: Mapping[str, TokenCounter] | None = None) -> Fit:
    """Drop added sentences, least important first (the later of two equals), until every encoder takes the whole.

    Args:
        sentences: the caption, in order.
        target: whose encoders count.
        counters: real tokenizers by `Encoder.name`; encoders without one are estimated.
    """
    kept = list(sentences)
    dropped: list[Sentence] = []
    whole = [encoder for encoder in target.encoders if encoder.whole]
    counts = _counts(kept, target, whole, counters)
    while any(count.over for count in counts) and (victim := _least_important(kept)) is not None:
        dropped.append(kept.pop(victim))
        counts = _counts(kept, target, whole, counters)
    return Fit(tuple(kept), counts, tuple(dropped), _short(kept, target, counters))


def _counts(
    sentences: Sequence[Sentence],
    target: Target,
    encoders: Sequence[Encoder],
    counters: Mapping[str, TokenCounter] | None,
) -> tuple[Count, ...]:
    text = target.prefix + " ".join(sentence.text for sentence in sentences) + target.suffix
    return tuple(_count(text, encoder, (counters or {}).get(encoder.name)) for encoder in encoders)


def _count(text: str, encoder: Encoder, counter: TokenCounter | None) -> Count:
    counter = counter or _estimator(encoder.family)
    tokens = counter.count(text) + (0 if counter.adds_special else encoder.special)
    return Count(encoder.name, tokens, encoder.limit, counter.exact, counter.name)


@lru_cache(maxsize=32)
def _estimator(family: str) -> TokenCounter:
    return estimate(family)


def _least_important(sentences: Sequence[Sentence]) -> int | None:
    candidates = [(s.importance, -index) for index, s in enumerate(sentences) if s.importance < STATED]
    return -min(candidates)[1] if candidates else None


def _short(sentences: Sequence[Sentence], target: Target, counters: Mapping[str, TokenCounter] | None) -> str:
    companions = [encoder for encoder in target.encoders if not encoder.whole]
    if not companions:
        return ""
    kept = list(sentences)
    while kept and any(count.over for count in _counts(kept, target, companions, counters)):
        victim = _least_important(kept)
        kept.pop(len(kept) - 1 if victim is None else victim)
    return " ".join(sentence.text for sentence in kept)
