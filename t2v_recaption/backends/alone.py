"""One request through the model's own `generate`: beam search, and models whose memory cannot be put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import transformers

from t2v_recaption.backends.choices import probabilities
from t2v_recaption.backends.loading import Loaded
from t2v_recaption.backends.sampling import Row, choose
from t2v_recaption.backends.task import Task, on_device


class Alone:
    """Answers one request after the other.

    Args:
        loaded: the model.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def generate(self, task: Task) -> None:
        """Fill the row of a task whose inputs are known."""
        row, model, inputs = task.answer, self._loaded.model, self._inputs(task)
        searching = task.request.beams > 1
        if task.request.choices:
            row.probabilities = probabilities(task.request.choices, self._loaded.tokenizer, self._anew(inputs))
        output = model.generate(
            **inputs,
            do_sample=False,
            num_beams=task.request.beams,
            repetition_penalty=1.0,
            eos_token_id=sorted(self._loaded.ends) or None,
            max_new_tokens=row.room,
            logits_processor=None if searching else transformers.LogitsProcessorList([_Chooser([row])]),
            pad_token_id=self._pad(),
        )
        for token in output[0, len(row.ids) :].tolist():
            if not row.finish_reason:
                row.accept(token, self._loaded.ends, self._loaded.tokenizer)
        row.finish_reason = row.finish_reason or "length"

    def _anew(self, inputs: dict[str, Any]) -> Callable[[tuple[int, ...]], torch.Tensor]:
        """What follows a prompt and some tokens, each time from the start: for models whose memory cannot be cut."""

        def follow(tokens: tuple[int, ...]) -> torch.Tensor:
            output = self._loaded.model(**_longer(inputs, tokens), use_cache=False, logits_to_keep=1)
            return torch.log_softmax(output.logits[0, -1].float(), dim=-1)

        return follow

    def _inputs(self, task: Task) -> dict[str, Any]:
        encoded = task.prompt
        if encoded.inputs:
            return on_device(self._loaded.model, encoded.inputs)
        ids = torch.tensor([encoded.ids], device=self._loaded.model.device)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def _pad(self) -> int:
        tokenizer = self._loaded.tokenizer
        return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(self._loaded.ends, default=0))


class _Chooser(transformers.LogitsProcessor):  # type: ignore[misc]  # untyped
    """Leaves only the token that the row's own seed chose, so that `generate` need not sample."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        chosen = torch.tensor(choose(scores, self._rows), device=scores.device).unsqueeze(-1)
        return torch.full_like(scores, -torch.inf).scatter(1, chosen, 0.0)


def _longer(inputs: dict[str, Any], tokens: Sequence[int]) -> dict[str, Any]:
    """The inputs with these tokens after the prompt."""
    more = inputs["input_ids"].new_tensor([list(tokens)])
    length = inputs["input_ids"].shape[1]
    longer = {}
    for name, value in inputs.items():
        if name == "input_ids":
            longer[name] = torch.cat([value, more], dim=1)
        elif value.shape == (1, length):  # the mask, and types of tokens, among which 0 is text
            longer[name] = torch.cat([value, torch.full_like(more, int(name == "attention_mask"))], dim=1)
        else:
            longer[name] = value
    return longer
