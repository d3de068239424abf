"""A request on its way through a vision-language model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from t2v_recaption.backends.base import ChatRequest
from t2v_recaption.backends.encoding import Encoded, Shrink
from t2v_recaption.backends.sampling import Row


@dataclass
class Task:
    """A request on its way."""

    request: ChatRequest
    encoded: Encoded | None = None
    shrink: Shrink = field(default_factory=Shrink)
    row: Row | None = None
    error: Exception | None = None
    shrunk: bool = False

    def take(self, encoded: Encoded, shrink: Shrink, context: int) -> None:
        """Go on with these inputs."""
        self.encoded, self.shrink = encoded, shrink
        self.row = Row(encoded.ids, self.request, min(self.request.max_tokens, context - len(encoded.ids)))

    @property
    def prompt(self) -> Encoded:
        """What the model is given, once it is known."""
        assert self.encoded is not None
        return self.encoded

    @property
    def answer(self) -> Row:
        """The row that answers it, once what the model is given is known."""
        assert self.row is not None
        return self.row

    @property
    def pixels(self) -> int:
        """Numbers in the pictures that the model is given."""
        return sum(value.numel() for name, value in self.prompt.inputs.items() if name.startswith("pixel_values"))


def on_device(model: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """The tensors among the inputs, where the model is and as it counts."""
    return {
        name: value.to(model.device, dtype=model.dtype if value.is_floating_point() else None)
        for name, value in inputs.items()
        if isinstance(value, torch.Tensor)
    }
