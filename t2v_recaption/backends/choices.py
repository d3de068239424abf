"""How probable each of a few answers is, read off the model's own probabilities and not off what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

Follow = Callable[[tuple[int, ...]], torch.Tensor]
"""Gives the log-probabilities of all tokens after the prompt and these tokens, `[vocabulary]`."""


def probabilities(choices: Sequence[str], tokenizer: Any, follow: Follow) -> dict[str, float]:
    """The probability that the answer begins with each choice, whatever its case and with or without a space before it.

    The probability of a spelling of several tokens is the product of their probabilities, each given those before it.
    The probabilities of the spellings of one choice are added up.
    """
    known: dict[tuple[int, ...], torch.Tensor] = {}

    def after(tokens: tuple[int, ...]) -> torch.Tensor:
        if tokens not in known:
            known[tokens] = follow(tokens).float().cpu()
        return known[tokens]

    def spelled(tokens: tuple[int, ...]) -> float:
        total = sum(float(after(tokens[:number])[token]) for number, token in enumerate(tokens))
        return float(torch.tensor(total, dtype=torch.float64).exp())

    return {choice: sum(map(spelled, spellings(choice, tokenizer))) for choice in choices}


def spellings(choice: str, tokenizer: Any) -> list[tuple[int, ...]]:
    """The choice's tokens in every spelling that counts; none of them begins with another."""
    cases = dict.fromkeys((choice, choice.lower(), choice.upper(), choice.capitalize()))
    texts = [space + case for case in cases for space in ("", " ")]
    found = {tuple(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts} - {()}
    return sorted(tokens for tokens in found if not any(tokens[:length] in found for length in range(1, len(tokens))))
