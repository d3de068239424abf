"""The part that prompts have in common, run once: its keys and values are kept and copied to every row of a batch.

Enhancers send the same long instruction before every short prompt, so most of a prompt's tokens are the same each time.
The last prefix is kept between calls, too: a program that asks one request after another gains as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # untyped
    """A cache layer with room for what will come, where the usual one copies everything at every token.

    Args:
        keys: keys to start with, `[1, heads, length, size]`; every row gets them.
        values: their values.
        rows: rows of the batch.
        room: tokens that will be added at most.
    """

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, rows: int, room: int) -> None:
        super().__init__()
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        self._keys, self._values = _with_room(keys, rows, room), _with_room(values, rows, room)
        self._show(keys.shape[-2])

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Add the new keys and values, and return all of them."""
        start = self.keys.shape[-2]
        end = start + key_states.shape[-2]
        if end > self._keys.shape[-2]:
            self._keys = _with_room(self.keys, self.keys.shape[0], 2 * end - start)
            self._values = _with_room(self.values, self.values.shape[0], 2 * end - start)
        self._keys[:, :, start:end] = key_states
        self._values[:, :, start:end] = value_states
        self._show(end)
        return self.keys, self.values

    @classmethod
    def over(cls, keys: torch.Tensor, values: torch.Tensor, length: int) -> RoomyLayer:
        """A layer in memory that is there already, `[rows, heads, length + room, size]`; nothing is copied."""
        layer = cls(keys[:0, :, :0], values[:0, :, :0], 0, 0)
        layer._keys, layer._values = keys, values
        layer._show(length)
        return layer

    def cut(self, length: int) -> None:
        """Forget what is beyond this length."""
        self._show(length)

    def select(self, rows: torch.Tensor) -> None:
        """Keep these rows only."""
        length = self.keys.shape[-2]
        self._keys, self._values = self._keys.index_select(0, rows), self._values.index_select(0, rows)
        self._show(length)

    def _show(self, length: int) -> None:
        self.keys, self.values = self._keys[:, :, :length], self._values[:, :, :length]


class Prefix:
    """Tokens that were run, with what the model remembers of them."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self._layers: list[tuple[torch.Tensor, torch.Tensor]] = []

    def run(self, model: Any, ids: Sequence[int]) -> None:
        """Make this the prefix; only what it does not share with the last one is computed."""
        kept = shared_length([self.ids, ids])
        if kept == len(ids):
            self._cut(kept)
            return
        new = torch.tensor([ids[kept:]], device=model.device)
        if kept:
            self._cut(kept)
            cache = self.cache(1, len(ids) - kept)
        else:
            cache = DynamicCache(config=model.config)
        model(
            input_ids=new,
            attention_mask=new.new_ones(1, len(ids)),
            position_ids=torch.arange(kept, len(ids), device=model.device).unsqueeze(0),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self.ids, self._layers = list(ids), [(layer.keys, layer.values) for layer in cache.layers]

    def cache(self, rows: int, room: int) -> Any:
        """A cache that starts with the prefix in every row and has room for this many more tokens."""
        cache = DynamicCache()
        cache.layers = [RoomyLayer(keys, values, rows, room) for keys, values in self._layers]
        return cache

    def _cut(self, length: int) -> None:
        self.ids = self.ids[:length]
        self._layers = [(keys[:, :, :length], values[:, :, :length]) for keys, values in self._layers]


def shared_length(sequences: Sequence[Sequence[int]]) -> int:
    """How many tokens at the start all sequences have in common."""
    first, last = min(map(list, sequences)), max(map(list, sequences))  # what these two share, all share
    for number, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            return number
    return min(len(first), len(last))


def can_share(model: Any) -> bool:
    """Whether the model's memory of a prefix can be copied to other rows, and padding may stand behind it.

    False for models with recurrent or sliding-window layers: there, padding in the middle changes what is remembered.
    """
    try:
        layers = DynamicCache(config=model.config).layers
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


def _with_room(states: torch.Tensor, rows: int, room: int) -> torch.Tensor:
    length = states.shape[-2]
    roomy = states.new_empty(rows, states.shape[1], length + room, states.shape[3])
    roomy[:, :, :length] = states
    return roomy
