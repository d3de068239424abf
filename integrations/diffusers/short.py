"""short_of: what a companion encoder (CLIP's 77 tokens) reads instead of the caption, never cut inside."""

from __future__ import annotations

from t2v_recaption import Encoder, Enhancement, Enhancer, Failure, TokenCounter
from t2v_recaption.targets.tokens import estimate


def short_of(outcome: Enhancement | Failure, enhancer: Enhancer) -> str:
    """The short caption of an outcome; empty where the pipeline has no companion encoder.

    The most important sentences where they fit; else the prompt; else as many of its first words as fit.
    """
    companion = next((encoder for encoder in enhancer.target.encoders if not encoder.whole), None)
    if companion is None:
        return ""
    if isinstance(outcome, Enhancement) and outcome.short:
        return outcome.short
    words = outcome.prompt.split()
    counter = (enhancer.setting.counters or {}).get(companion.name) or estimate(companion.family)
    fitting = len(words)
    while fitting > 1 and _tokens(" ".join(words[:fitting]), companion, counter) > companion.limit:
        fitting -= 1
    return " ".join(words[:fitting])


def _tokens(text: str, companion: Encoder, counter: TokenCounter) -> int:
    return counter.count(text) + (0 if counter.adds_special else companion.special)
