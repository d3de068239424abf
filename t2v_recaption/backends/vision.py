"""Answering from images and video: each prompt is run alone, what prompts begin with once, then all go on together.

Prompts with images are long, so that one fills a device's compute, and running it alone has three effects: nothing of
another row can change its result, no family's images need be padded to one another's, and what several questions are
asked about is encoded once. Generating, where a batch pays, is done in batches. Rows whose choices or beams are wanted
come this way too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from transformers import DynamicCache

from t2v_recaption.backends.alone import Alone
from t2v_recaption.backends.base import ChatRequest
from t2v_recaption.backends.budget import Costs, free_memory, rows_that_fit
from t2v_recaption.backends.choices import probabilities
from t2v_recaption.backends.content import visuals
from t2v_recaption.backends.decoding import go_on, ran_out_of_memory, step
from t2v_recaption.backends.encoding import Encoded, Shrink
from t2v_recaption.backends.loading import Loaded
from t2v_recaption.backends.memory import Layers, Seen, Together
from t2v_recaption.backends.prefix import can_share
from t2v_recaption.backends.task import Task, on_device
from t2v_recaption.errors import RecaptionError

log = logging.getLogger(__name__)

CHOICE_ROOM = 64
"""Tokens that a choice may have."""
PREPARING = 4
"""Threads in which requests are prepared."""
HALF = 0.7
"""Of width and height: half the pixels."""

Encode = Callable[[ChatRequest, "Shrink | None", "int | None"], "tuple[Encoded, Shrink]"]
"""Encodes a request: shrunk as said, or as little as its context (or so many tokens) needs."""


class VisionDecoder:
    """Runs requests that show the model something, or that ask for choices or beams.

    Args:
        loaded: the model.
        encode: makes the model's inputs.
        batch_size: rows that generate together at most; halved when memory runs out, for good.
        memory: bytes that may be used beside the weights; None takes what is free.
        share: encode once what requests begin with in common.
    """

    def __init__(
        self, loaded: Loaded, encode: Encode, batch_size: int, *, memory: int | None = None, share: bool = True
    ) -> None:
        self._loaded, self._encode, self._memory, self._share = loaded, encode, memory, share
        self.batch_size = batch_size
        self._alone = Alone(loaded)
        self._costs = Costs(loaded.model.config, loaded.model.dtype)
        self._joins = can_share(loaded.model)
        self._seen: Seen | None = None

    def run(self, requests: Sequence[ChatRequest]) -> list[Task]:
        """Answer all requests; gives a task for each, in order, whose row holds the answer unless it has an error."""
        tasks = [Task(request) for request in requests]
        waiting = list(tasks)
        while waiting:
            some, waiting = waiting[: self.batch_size], waiting[self.batch_size :]
            self._prepare_all(some)
            self._run([task for task in some if task.error is None])
        return tasks

    def forget(self) -> None:
        """Let go of what is remembered of the last prompt."""
        self._seen = None

    def _prepare_all(self, tasks: Sequence[Task]) -> None:
        """Prepare side by side: reading and scaling pictures takes longer than the model where many come together."""
        same: dict[tuple[int, ...], list[Task]] = {}
        for task in tasks:  # those that show the same objects one after the other, so that they are scaled once
            same.setdefault(tuple(map(id, visuals(task.request))), []).append(task)

        def prepare(some: list[Task]) -> None:
            for task in some:
                self._prepare(task)

        if len(same) == 1:
            prepare(list(tasks))
            return
        with ThreadPoolExecutor(min(len(same), PREPARING)) as pool:
            list(pool.map(prepare, same.values()))

    def _prepare(self, task: Task) -> None:
        try:
            task.take(*self._encode(task.request, None, None), self._loaded.context)
            if (most := self._affordable(task)) is not None:
                task.take(*self._encode(task.request, None, most), self._loaded.context)
        except (RecaptionError, ValueError, IndexError, TypeError, RuntimeError, OSError) as error:
            task.error = error

    def _affordable(self, task: Task) -> int | None:
        """The most tokens that there is memory for, where this task has more."""
        limit = self._limit()
        need = self._costs.row(len(task.prompt.ids), task.answer.room, task.pixels)
        if limit is None or need <= limit or not task.prompt.visual_tokens:
            return None
        log.info("A request needs about %.2f GB, and there are %.2f.", need / 1e9, limit / 1e9)
        return max(1, int(len(task.prompt.ids) * limit / need))

    def _run(self, tasks: list[Task]) -> None:
        # Those that show the same, one after the other, so that it is encoded once.
        keys = list(dict.fromkeys(task.prompt.key for task in tasks))
        waiting = sorted(tasks, key=lambda task: keys.index(task.prompt.key))
        while waiting:
            count = min(self._fitting(waiting), self.batch_size)
            done = self._attempt(waiting[:count])
            waiting = waiting[done:]

    def _fitting(self, tasks: Sequence[Task]) -> int:
        lengths, rooms = [len(task.prompt.ids) for task in tasks], [task.answer.room for task in tasks]
        running = max(self._costs.running(len(task.prompt.ids), task.pixels) for task in tasks)
        return rows_that_fit(lengths, rooms, running, self._costs, self._limit())

    def _limit(self) -> int | None:
        return self._memory if self._memory is not None else free_memory(self._loaded.model.device)

    def _attempt(self, tasks: list[Task]) -> int:
        """Run these together; gives how many are done: none when it must be tried again with fewer or smaller ones."""
        try:
            failed = ran_out_of_memory(lambda: self._batch(tasks))
        except (RecaptionError, ValueError, IndexError, TypeError, RuntimeError, StopIteration) as error:
            self.forget()
            if len(tasks) > 1:  # one that fails must not take the others with it
                return sum(self._attempt([task]) or self._attempt([task]) for task in tasks)
            tasks[0].error = error
            return 1
        return self._relieve(tasks) if failed else len(tasks)

    def _relieve(self, tasks: list[Task]) -> int:
        """After memory ran out: fewer rows at a time, then one smaller request, then its error."""
        self.forget()
        if len(tasks) > 1:
            self.batch_size = max(1, len(tasks) // 2)
            log.warning("Out of memory: going on with %d requests at a time.", self.batch_size)
            return 0
        task = tasks[0]
        if task.shrunk or not task.prompt.visual_tokens:
            task.error = MemoryError("one request is too large")
            return 1
        log.warning("Out of memory: going on with smaller images.")
        task.shrunk = True
        smaller = Shrink(task.shrink.scale * HALF, task.shrink.whole)
        task.take(*self._encode(task.request, smaller, None), self._loaded.context)
        return 0

    def _batch(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            task.answer.restart()
        with torch.inference_mode():
            alone = [task for task in tasks if task.request.beams > 1 or not self._joins]
            for task in alone:
                self._alone.generate(task)
            if together := [task for task in tasks if task not in alone]:
                self._together(together)

    def _together(self, tasks: Sequence[Task]) -> None:
        rows = [task.answer for task in tasks]
        batch = Together([len(row.ids) for row in rows], max(row.room for row in rows))
        logits = []
        for number, task in enumerate(tasks):
            following, layers = self._prompt(task)
            batch.put(number, layers)
            logits.append(following)
            if task.request.choices:
                self._weigh(task, following)
        loaded, mask = self._loaded, batch.mask(self._loaded.model.device)
        go_on(loaded.model, loaded.tokenizer, loaded.ends, rows, torch.stack(logits), batch.cache(), mask, batch.width)

    def _prompt(self, task: Task) -> tuple[torch.Tensor, Layers]:
        """Run a prompt, or what of it differs from the last; gives what follows it and what is remembered of it."""
        encoded, row = task.prompt, task.answer
        kept = self._seen.shared(encoded.ids, encoded.key, encoded.seen_at) if self._seen and self._share else 0
        if self._seen is not None and kept:
            row.offset = self._seen.offset
            cache = self._seen.cache(kept, len(encoded.ids) - kept)
            following = self._text(encoded.ids, kept, row.offset, cache)
        else:
            self.forget()
            cache = DynamicCache(config=self._loaded.model.config)
            following, row.offset = self._whole(encoded, cache)
        layers = [(layer.keys, layer.values) for layer in cache.layers]
        self._seen = Seen(encoded.ids, encoded.key, encoded.seen_at, row.offset, layers)
        return following, layers

    def _whole(self, encoded: Encoded, cache: Any) -> tuple[torch.Tensor, int]:
        """Run a whole prompt; gives what follows and the offset of positions after its images."""
        if not encoded.inputs:
            return self._text(encoded.ids, 0, 0, cache), 0
        model = self._loaded.model
        inner = getattr(model, "model", model)
        if hasattr(inner, "rope_deltas"):
            inner.rope_deltas = None
        output = model(**on_device(model, encoded.inputs), past_key_values=cache, use_cache=True, logits_to_keep=1)
        offset = getattr(inner, "rope_deltas", None)
        return output.logits[0, -1], 0 if offset is None else int(offset.flatten()[0])

    def _text(self, ids: Sequence[int], start: int, offset: int, cache: Any) -> torch.Tensor:
        device = self._loaded.model.device
        tokens, mask = torch.tensor([ids[start:]], device=device), torch.ones(1, len(ids), device=device).long()
        positions = torch.arange(start, len(ids), device=device).unsqueeze(0) + offset
        return step(self._loaded.model, tokens, mask, positions, cache)[0]

    def _weigh(self, task: Task, following: torch.Tensor) -> None:
        """The probabilities of the request's choices, of a prompt that was just run."""
        row, seen = task.answer, self._seen
        assert seen is not None
        cache = seen.cache(len(row.ids), CHOICE_ROOM)

        def follow(tokens: tuple[int, ...]) -> torch.Tensor:
            if not tokens:
                return torch.log_softmax(following.float(), dim=-1)
            for layer in cache.layers:
                layer.cut(len(row.ids))
            logits = self._text([*row.ids, *tokens], len(row.ids), row.offset, cache)
            return torch.log_softmax(logits.float(), dim=-1)

        row.probabilities = probabilities(task.request.choices, self._loaded.tokenizer, follow)
