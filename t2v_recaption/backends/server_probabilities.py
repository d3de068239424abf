"""Probabilities of choices from the likeliest first tokens that a server tells of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

TOP = 20
"""The most that OpenAI and vLLM tell."""


def read_probabilities(choice: Any, wanted: Sequence[str]) -> tuple[dict[str, float] | None, tuple[str, ...]]:
    """The probability of each wanted answer as the beginning of this one, and notes.

    A token counts for an answer when it is that answer, whatever its case and the spaces around it, or a beginning of
    it and of no other. Tokens of nothing but white space before the answer are passed over.
    """
    if not wanted:
        return None, ()
    listed = getattr(getattr(choice, "logprobs", None), "content", None)
    before = 0.0
    for place in listed or []:
        if str(place.token).strip():
            return _read(place.top_logprobs or [place], wanted, before)
        before += place.logprob
    return None, ("the server gave no probabilities",)


def _read(likeliest: Iterable[Any], wanted: Sequence[str], before: float) -> tuple[dict[str, float], tuple[str, ...]]:
    found = dict.fromkeys(wanted, 0.0)
    seen = set()
    for token in likeliest:
        meant = _meant(str(token.token), wanted)
        if meant is not None:
            found[meant] += math.exp(before + token.logprob)
            seen.add(meant)
    missing = [each for each in wanted if each not in seen]
    if not missing:
        return found, ()
    return found, (f"not among the likeliest tokens that the server tells, and counted as 0: {', '.join(missing)}",)


def _meant(token: str, wanted: Sequence[str]) -> str | None:
    text = token.strip().lower()
    if not text:
        return None
    whole = [each for each in wanted if text.rstrip(".,;:!") == each.strip().lower()]
    begun = [each for each in wanted if each.strip().lower().startswith(text)]
    return whole[0] if whole else begun[0] if len(begun) == 1 else None
