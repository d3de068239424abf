"""Estimates of tokens: enough to stay within a context without the model's tokenizer."""

from __future__ import annotations

import math

BYTES_PER_TOKEN = 3
"""An upper estimate: English prose has 4 to 5 bytes a token, other scripts about one character (3 bytes) a token."""

TILE = 28
"""Pixels of an image that become one visual token, in each direction (Qwen2-VL and later; CLIP towers have 14)."""


def text_tokens(text: str) -> int:
    """How many tokens a text may take; an upper estimate."""
    return math.ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)


def image_tokens(width: int, height: int) -> int:
    """How many visual tokens an image of that size takes in a model with native resolution."""
    return max(1, math.ceil(width / TILE) * math.ceil(height / TILE))


def clipped(text: str, tokens: int) -> str:
    """The text, or as many of its words from the start as surely take no more than `tokens`; 0 is no limit."""
    if not tokens or text_tokens(text) <= tokens:
        return text
    short = text.encode("utf-8", "replace")[: tokens * BYTES_PER_TOKEN - 3].decode("utf-8", "ignore")
    head, space, _ = short.rpartition(" ")
    return (head if space else short).rstrip(" ,;:") + "…"
