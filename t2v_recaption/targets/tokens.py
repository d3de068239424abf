"""Token counting: a target's real tokenizer where at hand, otherwise an estimate that does not count too few."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

WORD = re.compile(r"\w+|[^\w\s]", re.UNICODE)


@dataclass(frozen=True)
class TokenCounter:
    """Counts the tokens of a text."""

    name: str
    count: Callable[[str], int]
    exact: bool
    adds_special: bool
    """Whether `count` already includes the tokenizer's special tokens."""


def estimate(family: str) -> TokenCounter:
    """An estimator for a tokenizer family (`t5`, `clip`, `qwen2` …) without its vocabulary."""
    return TokenCounter("estimate", _upper, exact=False, adds_special=False)


def _upper(text: str) -> int:
    return sum(math.ceil(len(word.encode("utf-8", "replace")) / 3.5) for word in WORD.findall(text))
