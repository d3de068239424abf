"""Perplexity: how surprising a text is to a language model. Needs the extra `local`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2v_recaption.errors import InvalidInput, MissingDependency

if TYPE_CHECKING:
    from types import TracebackType


class Perplexity:
    """Measures the perplexity of texts under one model.

    The same checkpoints as the transformers backend: a folder, a GGUF file or a hub id. A lower number means a text
    that is more usual, which is not the same as better: compare arms of one length, and never across models.

    Args:
        model: folder, GGUF file or hub id.
        revision: pinned revision of a hub model.
        device: `auto`, `cpu`, `cuda` …

    Raises:
        MissingDependency: torch or transformers is not installed.
        BackendError: the model cannot be loaded.
    """

    def __init__(self, model: str | Path, *, revision: str | None = None, device: str = "auto") -> None:
        try:
            from t2v_recaption.backends import checkpoint, loading
            from t2v_recaption.backends.checkpoint import LoadOptions
        except ImportError as error:
            raise MissingDependency("Perplexity", "torch", "local") from error
        found = checkpoint.find(str(model), revision) or checkpoint.fetch(str(model), revision)
        self._loaded = loading.load(found, LoadOptions(device=device))

    def __call__(self, text: str, *, context: str = "") -> float | None:
        """Perplexity of a text: exp of the mean negative log likelihood of its tokens; None where none can be counted.

        Args:
            text: what is measured.
            context: read before it and not counted: its prompt, for a caption.

        Raises:
            InvalidInput: the text is longer than the model's context.
        """
        import torch

        before, ids = self._tokens(text, context)
        if len(ids) <= max(before, 1):
            return None
        limit = self._loaded.context
        if limit and len(ids) > limit:
            raise InvalidInput(f"A text of {len(ids)} tokens is longer than the model's context of {limit}.")
        model: Any = self._loaded.model
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids], device=model.device)).logits[0, :-1].float()
            chosen = torch.log_softmax(logits, dim=-1).gather(1, torch.tensor(ids[1:], device=logits.device)[:, None])
            counted = chosen[max(0, before - 1) :, 0]
            return float(math.exp(-counted.mean().item()))

    def _tokens(self, text: str, context: str) -> tuple[int, list[int]]:
        """How many tokens are context, and all tokens; a beginning-of-text token is context where the model has one."""
        tokenizer: Any = self._loaded.tokenizer
        begin = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
        read = begin + (tokenizer.encode(context, add_special_tokens=False) if context else [])
        own = tokenizer.encode((" " if context else "") + text, add_special_tokens=False)
        return len(read), read + own

    def close(self) -> None:
        """Free the model's memory."""
        del self._loaded

    def __enter__(self) -> Perplexity:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
