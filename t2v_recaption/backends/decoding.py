"""Generating text for a batch of rows: shared prefix once, left padding, rows that have ended drop out."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import DynamicCache

from t2v_recaption.backends.prefix import Prefix, RoomyLayer, can_share, shared_length
from t2v_recaption.backends.sampling import Row, choose

log = logging.getLogger(__name__)

DROP_AT = 0.8
"""Ended rows drop out when at most this share of the batch still runs: dropping copies the cache."""


class Decoder:
    """Runs rows on a causal language model.

    Args:
        model: the model, loaded and in eval mode.
        tokenizer: its tokenizer.
        ends: the tokens that end a text.
        batch_size: rows that run together at most; halved when memory runs out, for good.
        share_prefix: run what the prompts have in common only once, where the model allows it.
    """

    def __init__(
        self, model: Any, tokenizer: Any, ends: frozenset[int], batch_size: int, *, share_prefix: bool = True
    ) -> None:
        self._model, self._tokenizer, self._ends = model, tokenizer, ends
        self.batch_size = batch_size
        self._prefix = Prefix() if share_prefix and can_share(model) else None

    def run(self, rows: Sequence[Row]) -> list[Exception | None]:
        """Generate for all rows; gives the error of each row that could not be run."""
        errors: list[Exception | None] = [None] * len(rows)
        # Longest first: rows of one batch then need little padding, and too large a batch shows at once.
        waiting = sorted(range(len(rows)), key=lambda number: -len(rows[number].ids))
        self._share(rows)
        while waiting:
            numbers = waiting[: self.batch_size]
            if not ran_out_of_memory(lambda numbers=numbers: self._batch([rows[n] for n in numbers])):  # type: ignore[misc]
                waiting = waiting[len(numbers) :]
            elif len(numbers) == 1:
                errors[numbers[0]] = MemoryError("one request is too large")
                waiting = waiting[1:]
            else:
                self.batch_size = max(1, len(numbers) // 2)
                log.warning("Out of memory: going on with %d requests at a time.", self.batch_size)
        return errors

    def _share(self, rows: Sequence[Row]) -> None:
        if self._prefix is None:
            return
        length = shared_length([row.ids for row in rows])
        # The last token of a prompt is always run with its row, as the next token is read from it.
        length = min(length, min(len(row.ids) for row in rows) - 1)
        ids, prefix = rows[0].ids[:length], self._prefix
        if ran_out_of_memory(lambda: self._run_prefix(prefix, ids)):
            self._prefix = Prefix()  # an empty one: the rows are then run whole, and say themselves if they do not fit

    def _run_prefix(self, prefix: Prefix, ids: Sequence[int]) -> None:
        with torch.inference_mode():
            prefix.run(self._model, ids)

    def _batch(self, rows: Sequence[Row]) -> None:
        for row in rows:
            row.restart()
        with torch.inference_mode():
            self._decode(list(rows))

    def _decode(self, rows: list[Row]) -> None:
        done = len(self._prefix.ids) if self._prefix else 0
        width = max(len(row.ids) for row in rows) - done
        room = max(row.room for row in rows)
        cache = self._prefix.cache(len(rows), width + room) if self._prefix and done else self._empty()
        tokens, mask, positions = self._padded(rows, done, width, room)
        seen = done + width
        logits = step(self._model, tokens, mask[:, :seen], positions, cache)
        go_on(self._model, self._tokenizer, self._ends, rows, logits, cache, mask, seen)

    def _padded(self, rows: Sequence[Row], done: int, width: int, room: int) -> tuple[Any, Any, Any]:
        """What follows the prefix, padded on the left; the mask has room for what will be generated."""
        device = self._model.device
        tokens = torch.zeros(len(rows), width, dtype=torch.long)
        positions = torch.zeros(len(rows), width, dtype=torch.long)
        mask = torch.ones(len(rows), done + width + room, dtype=torch.long)
        for number, row in enumerate(rows):
            start = width - (len(row.ids) - done)
            tokens[number, start:] = torch.tensor(row.ids[done:])
            positions[number, start:] = torch.arange(done, len(row.ids))
            mask[number, done : done + start] = 0
        return tokens.to(device), mask.to(device), positions.to(device)

    def _empty(self) -> Any:
        return DynamicCache(config=self._model.config)


def go_on(
    model: Any,
    tokenizer: Any,
    ends: frozenset[int],
    rows: list[Row],
    logits: torch.Tensor,
    cache: Any,
    mask: torch.Tensor,
    seen: int,
) -> None:
    """Generate until every row has ended.

    Args:
        model: the model.
        tokenizer: its tokenizer.
        ends: the tokens that end a text.
        rows: the rows, whose prompts have been run.
        logits: what follows their prompts, `[rows, vocabulary]`.
        cache: what the model remembers of the prompts, padded on the left to the same length.
        mask: 0 where there is padding, `[rows, length]`, with room for what will be generated.
        seen: the length of the prompts with padding.
    """
    while True:
        for row, token in zip(rows, choose(logits, rows), strict=True):
            if not row.finish_reason:
                row.accept(token, ends, tokenizer)
        running = [number for number, row in enumerate(rows) if not row.finish_reason]
        if not running:
            return
        if len(running) <= DROP_AT * len(rows):
            rows = [rows[number] for number in running]
            mask = _drop(cache, mask, running)
        seen += 1
        tokens, positions = _next(model, rows)
        logits = step(model, tokens, mask[:, :seen], positions, cache)


def step(model: Any, tokens: Any, mask: Any, positions: Any, cache: Any) -> torch.Tensor:
    """Run these tokens; gives what follows the last of them, `[rows, vocabulary]`."""
    output = model(
        input_ids=tokens,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    logits: torch.Tensor = output.logits[:, -1]
    return logits


def _next(model: Any, rows: Sequence[Row]) -> tuple[Any, Any]:
    # A row that has ended and not yet dropped out repeats its last token; nobody reads what follows.
    tokens = [[row.out[-1] if row.out else row.ids[-1]] for row in rows]
    positions = [[len(row.ids) + row.offset + len(row.out) - 1] for row in rows]
    return torch.tensor(tokens, device=model.device), torch.tensor(positions, device=model.device)


def _drop(cache: Any, mask: torch.Tensor, running: Sequence[int]) -> torch.Tensor:
    kept = torch.tensor(running, device=mask.device)
    if all(isinstance(layer, RoomyLayer) for layer in cache.layers):
        for layer in cache.layers:
            layer.select(kept.to(layer.device))
    else:
        cache.reorder_cache(kept)
    return mask.index_select(0, kept)


def ran_out_of_memory(work: Callable[[], None]) -> bool:
    """Do the work; True when it ran out of memory, which is then given back. Other errors are passed on."""
    try:
        work()
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
    else:
        return False
    # Outside of `except`: the error's traceback holds on to the very tensors that did not fit.
    free_memory()
    return True


def free_memory() -> None:
    """Give back what Python, the C library and the accelerator still hold without using it."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # glibc's alone; it keeps 100 MB and more otherwise
        ctypes.CDLL(None).malloc_trim(0)


def _is_out_of_memory(error: BaseException) -> bool:
    said = str(error).lower()
    exhausted = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return exhausted or "out of memory" in said or "can't allocate memory" in said or "not enough memory" in said
