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
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers
from transformers import DynamicCache

from t2v_recaption.backends.base import ChatRequest
from t2v_recaption.backends.budget import Costs, free_memory, rows_that_fit
from t2v_recaption.backends.choices import probabilities
from t2v_recaption.backends.content import visuals
from t2v_recaption.backends.decoding import go_on, ran_out_of_memory, step
from t2v_recaption.backends.encoding import Encoded, Shrink
from t2v_recaption.backends.loading import Loaded
from t2v_recaption.backends.memory import Layers, Seen, Together
from t2v_recaption.backends.prefix import can_share
from t2v_recaption.backends.sampling import Row, choose
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
        need = self._costs.row(len(_ids(task)), _row(task).room, _pixels(task))
        if limit is None or need <= limit or not _encoded(task).visual_tokens:
            return None
        log.info("A request needs about %.2f GB, and there are %.2f.", need / 1e9, limit / 1e9)
        return max(1, int(len(_ids(task)) * limit / need))

    def _run(self, tasks: list[Task]) -> None:
        # Those that show the same, one after the other, so that it is encoded once.
        keys = list(dict.fromkeys(_encoded(task).key for task in tasks))
        waiting = sorted(tasks, key=lambda task: keys.index(_encoded(task).key))
        while waiting:
            count = min(self._fitting(waiting), self.batch_size)
            done = self._attempt(waiting[:count])
            waiting = waiting[done:]

    def _fitting(self, tasks: Sequence[Task]) -> int:
        lengths, rooms = [len(_ids(task)) for task in tasks], [_row(task).room for task in tasks]
        running = max(self._costs.running(len(_ids(task)), _pixels(task)) for task in tasks)
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
        if task.shrunk or not _encoded(task).visual_tokens:
            task.error = MemoryError("one request is too large")
            return 1
        log.warning("Out of memory: going on with smaller images.")
        task.shrunk = True
        smaller = Shrink(task.shrink.scale * HALF, task.shrink.whole)
        task.take(*self._encode(task.request, smaller, None), self._loaded.context)
        return 0

    def _batch(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            _row(task).restart()
        with torch.inference_mode():
            alone = [task for task in tasks if task.request.beams > 1 or not self._joins]
            for task in alone:
                self._generate(task)
            if together := [task for task in tasks if task not in alone]:
                self._together(together)

    def _together(self, tasks: Sequence[Task]) -> None:
        rows = [_row(task) for task in tasks]
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
        encoded, row = _encoded(task), _row(task)
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
        output = model(**self._on_device(encoded.inputs), past_key_values=cache, use_cache=True, logits_to_keep=1)
        offset = getattr(inner, "rope_deltas", None)
        return output.logits[0, -1], 0 if offset is None else int(offset.flatten()[0])

    def _text(self, ids: Sequence[int], start: int, offset: int, cache: Any) -> torch.Tensor:
        device = self._loaded.model.device
        tokens, mask = torch.tensor([ids[start:]], device=device), torch.ones(1, len(ids), device=device).long()
        positions = torch.arange(start, len(ids), device=device).unsqueeze(0) + offset
        return step(self._loaded.model, tokens, mask, positions, cache)[0]

    def _weigh(self, task: Task, following: torch.Tensor) -> None:
        """The probabilities of the request's choices, of a prompt that was just run."""
        row, seen = _row(task), self._seen
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

    def _generate(self, task: Task) -> None:
        """One row through the model's own `generate`: beam search, and models whose memory cannot be put together."""
        row, model, inputs = _row(task), self._loaded.model, self._inputs(task)
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
        encoded = _encoded(task)
        if encoded.inputs:
            return self._on_device(encoded.inputs)
        ids = torch.tensor([encoded.ids], device=self._loaded.model.device)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def _on_device(self, inputs: dict[str, Any]) -> dict[str, Any]:
        model = self._loaded.model
        return {
            name: value.to(model.device, dtype=model.dtype if value.is_floating_point() else None)
            for name, value in inputs.items()
            if isinstance(value, torch.Tensor)
        }

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


def _encoded(task: Task) -> Encoded:
    assert task.encoded is not None
    return task.encoded


def _row(task: Task) -> Row:
    assert task.row is not None
    return task.row


def _ids(task: Task) -> list[int]:
    return _encoded(task).ids


def _pixels(task: Task) -> int:
    return sum(value.numel() for name, value in _encoded(task).inputs.items() if name.startswith("pixel_values"))
