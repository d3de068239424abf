"""What a model remembers of prompts that were run one by one: kept for the next, and put together into a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from t2v_recaption.backends.prefix import RoomyLayer, shared_length

Layers = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of every layer, each `[1, heads, length, size]`."""


class Seen:
    """A prompt that was run, for those that begin like it.

    Args:
        ids: its tokens.
        key: equal for prompts that show the model the same.
        seen_at: tokens up to the end of the last image or video.
        offset: what positions after that have beyond the tokens' numbers.
        layers: what the model remembers.
    """

    def __init__(self, ids: Sequence[int], key: tuple[Any, ...], seen_at: int, offset: int, layers: Layers) -> None:
        self.ids, self.key, self.seen_at, self.offset, self.layers = list(ids), key, seen_at, offset, layers

    def shared(self, ids: Sequence[int], key: tuple[Any, ...], seen_at: int) -> int:
        """How many of these tokens need not be run again.

        Where something is shown, all of it must be the same and within what is shared: its tokens stand for pictures,
        and are equal for different ones.
        """
        if self.key != key or self.seen_at != seen_at:
            return 0
        length = min(shared_length([self.ids, ids]), len(ids) - 1)  # what follows is read from the last token's run
        return length if length >= max(seen_at, 1) else 0

    def cache(self, length: int, room: int) -> Any:
        """A cache for one row with the first tokens' keys and values and room for more."""
        cache = DynamicCache()
        cache.layers = [RoomyLayer(k[:, :, :length], v[:, :, :length], 1, room) for k, v in self.layers]
        return cache


class Together:
    """The cache of a batch, filled row by row, each row padded on the left.

    Args:
        lengths: tokens of each row.
        room: tokens that will be added at most.
    """

    def __init__(self, lengths: Sequence[int], room: int) -> None:
        self._lengths, self._room = list(lengths), room
        self.width = max(lengths)
        self._layers: Layers = []

    def put(self, number: int, layers: Layers) -> None:
        """Copy what is remembered of a row."""
        if not self._layers:
            self._layers = [(self._storage(keys), self._storage(values)) for keys, values in layers]
        start = self.width - self._lengths[number]
        for (keys, values), (new_keys, new_values) in zip(self._layers, layers, strict=True):
            for held, new in ((keys, new_keys), (values, new_values)):
                held[number, :, :start] = 0  # masked, but what is not a number would spread all the same
                held[number, :, start : self.width] = new[0]

    def cache(self) -> Any:
        """The cache of all rows."""
        cache = DynamicCache()
        cache.layers = [RoomyLayer.over(keys, values, self.width) for keys, values in self._layers]
        return cache

    def mask(self, device: torch.device) -> torch.Tensor:
        """0 where there is padding, `[rows, width + room]`."""
        mask = torch.ones(len(self._lengths), self.width + self._room, dtype=torch.long)
        for number, length in enumerate(self._lengths):
            mask[number, : self.width - length] = 0
        return mask.to(device)

    def _storage(self, like: torch.Tensor) -> torch.Tensor:
        return like.new_empty(len(self._lengths), like.shape[1], self.width + self._room, like.shape[3])
