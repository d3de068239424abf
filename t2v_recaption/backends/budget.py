"""What a row costs in memory, and how much there is: so that a batch is cut before it fails, not after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

SHARE = 0.8
"""Of the free memory: the rest is for what is not counted here, fragmentation above all."""
HIDDEN_COPIES, INNER_COPIES = 8, 3
"""Tensors of the hidden and of the intermediate size that a layer holds at once, about: input, norms, queries, keys,
values, attention's output, residual; gate, up and their product."""


class Costs:
    """What one model's rows cost, from its configuration.

    Args:
        config: the model's configuration.
        dtype: the number format that it runs in.
    """

    def __init__(self, config: Any, dtype: torch.dtype) -> None:
        text = config.get_text_config(decoder=True)
        self._size = torch.empty(0, dtype=dtype).element_size()
        heads = text.num_attention_heads
        head = getattr(text, "head_dim", None) or text.hidden_size // heads
        key_heads = getattr(text, "num_key_value_heads", None) or heads
        self.token: int = 2 * text.num_hidden_layers * key_heads * head * self._size
        """Bytes that are remembered of each token: its keys and values in every layer."""
        self._text = self._layer(text)
        self._vocabulary: int = 4 * text.vocab_size
        vision = getattr(config, "vision_config", None)
        self._vision = self._layer(vision) if vision is not None else 0
        self._patch_pixels = _patch_pixels(vision)

    def running(self, tokens: int, pixels: int) -> int:
        """Bytes needed while a prompt of so many tokens is run, its images having so many values of colour."""
        patches = math.ceil(pixels / self._patch_pixels)
        seeing = patches * self._vision + pixels * self._size
        return max(tokens * self._text, seeing) + self._vocabulary

    def row(self, tokens: int, room: int, pixels: int) -> int:
        """Bytes that a row takes when it runs alone."""
        return (tokens + room) * self.token + self.running(tokens, pixels)

    def _layer(self, config: Any) -> int:
        hidden = getattr(config, "embed_dim", None) or config.hidden_size
        inner = getattr(config, "intermediate_size", None) or hidden * getattr(config, "mlp_ratio", 4)
        return int((HIDDEN_COPIES * hidden + INNER_COPIES * inner) * self._size)


def rows_that_fit(lengths: Sequence[int], rooms: Sequence[int], running: int, costs: Costs, memory: int | None) -> int:
    """How many of these rows, from the first on, run together in so much memory; at least one.

    Args:
        lengths: tokens of each prompt.
        rooms: tokens that each may generate.
        running: bytes needed while the costliest of the prompts is run.
        costs: of the model.
        memory: bytes that may be used; None without a limit.
    """
    if memory is None:
        return len(lengths)
    for count in range(len(lengths), 1, -1):
        width = max(lengths[:count]) + max(rooms[:count])
        if count * width * costs.token + running <= memory:
            return count
    return 1


def free_memory(device: torch.device) -> int | None:
    """Bytes that may be used on the device; None where it cannot be told."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(SHARE * (free + unused))
    if device.type == "mps":
        return int(SHARE * (torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()))
    return _free_on_linux() if device.type == "cpu" else None


def _free_on_linux() -> int | None:
    found = [free for free in (_free_on_machine(), _free_in_group(Path("/sys/fs/cgroup"))) if free is not None]
    return int(SHARE * min(found)) if found else None


def _free_on_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except (OSError, ValueError):
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)


def _free_in_group(group: Path) -> int | None:
    """What a container may still take; None without a limit."""
    try:
        limit, used = (group / "memory.max").read_text("ascii").strip(), (group / "memory.current").read_text("ascii")
        stat = dict(line.split() for line in (group / "memory.stat").read_text("ascii").splitlines())
    except (OSError, ValueError):
        return None
    # Cached files count as used, but give way.
    return None if limit == "max" else max(0, int(limit) - int(used) + int(stat.get("file", 0)))


def _patch_pixels(vision: Any) -> int:
    size = getattr(vision, "patch_size", None) or 14
    sides = size if isinstance(size, (list, tuple)) else (size, size)
    return 3 * int(sides[0]) * int(sides[-1])
