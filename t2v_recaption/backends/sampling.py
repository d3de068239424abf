"""Choosing the next token of each row, so that a row's choice depends on its own seed and its own logits only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from t2v_recaption.backends.base import ChatRequest

LIKELIEST = 256
"""Tokens looked at first: they nearly always hold top_p of the probability, and sorting a whole vocabulary is slow."""
# A stop string of n characters may be spread over this many tokens a character (UTF-8), and a few more around it.
TOKENS_A_CHARACTER, TOKENS_AROUND = 4, 8


class Row:
    """One request under way: what was put in, what came out so far, and whether it has ended.

    Args:
        ids: the tokens of the prompt.
        request: the request; its seed starts the row's own random numbers.
        room: the most tokens that may be generated.
    """

    def __init__(self, ids: Sequence[int], request: ChatRequest, room: int) -> None:
        self.ids = list(ids)
        self.request = request
        self.room = room
        self.offset = 0
        """What a token's position has beyond its number: models that place an image's tokens in two dimensions count
        them otherwise."""
        self.probabilities: dict[str, float] | None = None
        self.restart()

    def restart(self) -> None:
        """Forget what was generated, so that the row can be run again and give the same."""
        self.out: list[int] = []
        self.finish_reason = ""
        # On the CPU whatever the model's device: the same seed gives the same numbers everywhere.
        self._generator = torch.Generator().manual_seed(self.request.seed % 2**63)

    def draw(self) -> float:
        """The row's next random number in [0, 1)."""
        return float(torch.rand((), generator=self._generator, dtype=torch.float64))

    def accept(self, token: int, ends: frozenset[int], tokenizer: Any) -> None:
        """Take the next token; ends the row at an end token, a stop string or the last token that there is room for."""
        if token in ends:
            self.finish_reason = "stop"
            return
        self.out.append(token)
        if self.request.stop and self._stopped(tokenizer):
            self.finish_reason = "stop"
        elif len(self.out) >= self.room:
            self.finish_reason = "length"

    def text(self, tokenizer: Any) -> str:
        """What was generated, up to the first stop string."""
        text = decoded(tokenizer, self.out)
        cuts = [at for stop in self.request.stop if stop and (at := text.find(stop)) >= 0]
        return text[: min(cuts)] if cuts else text

    def _stopped(self, tokenizer: Any) -> bool:
        longest = max(map(len, self.request.stop))
        tail = decoded(tokenizer, self.out[-(longest * TOKENS_A_CHARACTER + TOKENS_AROUND) :])
        return any(stop in tail for stop in self.request.stop if stop)


def decoded(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of generated tokens, special ones left out, spaces as generated."""
    return str(tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))


def choose(logits: torch.Tensor, rows: Sequence[Row]) -> list[int]:
    """The next token of each row, by its temperature and top_p; temperature 0 takes the likeliest.

    Args:
        logits: the scores of all tokens, `[rows, vocabulary]`.
        rows: the rows; those that sample draw a number each.
    """
    chosen: list[int] = logits.argmax(dim=-1).tolist()
    sampled = [number for number, row in enumerate(rows) if row.request.temperature > 0]
    if sampled:
        drawn = _sample(logits[sampled], [rows[number] for number in sampled])
        for number, token in zip(sampled, drawn, strict=True):
            chosen[number] = token
    return chosen


def _sample(logits: torch.Tensor, rows: Sequence[Row]) -> list[int]:
    temperatures = _column([row.request.temperature for row in rows], logits)
    top_p = _column([row.request.top_p for row in rows], logits)
    draws = _column([row.draw() for row in rows], logits)
    probabilities = torch.softmax(logits.float() / temperatures, dim=-1)
    likeliest, tokens = probabilities.topk(min(LIKELIEST, probabilities.shape[-1]), dim=-1)
    chosen: list[int] = _nucleus(likeliest, tokens, top_p, draws).tolist()
    uncovered = (likeliest.sum(dim=-1) < top_p.squeeze(-1)).nonzero().flatten().tolist()
    for row in uncovered:  # a flat distribution, or top_p 1: the whole vocabulary counts
        ordered, order = probabilities[row : row + 1].sort(dim=-1, descending=True)
        chosen[row] = int(_nucleus(ordered, order, top_p[row : row + 1], draws[row : row + 1]))
    return chosen


def _nucleus(ordered: torch.Tensor, tokens: torch.Tensor, top_p: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """The token at the drawn point of the probability that the likeliest tokens, up to top_p, share."""
    before = ordered.cumsum(dim=-1) - ordered
    kept = torch.where(before < top_p, ordered, 0.0)
    kept[:, 0] = ordered[:, 0]
    reached = kept.cumsum(dim=-1)
    at = (reached <= draws * reached[:, -1:]).sum(dim=-1, keepdim=True)
    last = (kept > 0).sum(dim=-1, keepdim=True) - 1
    return tokens.gather(-1, torch.minimum(at, last)).squeeze(-1)


def _column(values: Sequence[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, device=like.device).unsqueeze(-1)
