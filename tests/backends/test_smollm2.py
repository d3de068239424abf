"""The backend with a real language model, read from a GGUF file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption.backends.transformers import TransformersBackend

pytestmark = pytest.mark.slow
Ask = Callable[..., Any]
SYSTEM = "You describe videos. Answer with one sentence in the present tense. " * 10
PROMPTS = ["a cat playing the piano", "the sea", "two red birds flying over a lake at dawn", "a robot in the rain"]


@pytest.fixture(scope="module")
def backend(smollm2: Path) -> Iterator[TransformersBackend]:
    with TransformersBackend(str(smollm2), device="cpu") as made:
        yield made


def test_greedy_text_is_that_of_generate(backend: TransformersBackend, ask: Ask) -> None:
    import torch

    requests = [ask(f"Describe {prompt}.", SYSTEM, max_tokens=24) for prompt in PROMPTS]
    replies = backend.generate(requests)
    assert [reply.error for reply in replies] == [None] * len(PROMPTS)
    loaded = backend._engine._model()  # type: ignore[union-attr]
    for request, reply in zip(requests, replies, strict=True):
        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        inputs = loaded.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            output = loaded.model.generate(**inputs, do_sample=False, max_new_tokens=24)
        answer = output[0, inputs["input_ids"].shape[1] :]
        assert reply.text == loaded.tokenizer.decode(answer, skip_special_tokens=True)


def test_it_speaks(backend: TransformersBackend, ask: Ask) -> None:
    reply = backend.generate([ask("What is the capital of France?", max_tokens=40)])[0]
    assert "Paris" in reply.text
    assert reply.finish_reason == "stop"


def test_sampling_does_not_depend_on_the_batch(backend: TransformersBackend, ask: Ask) -> None:
    requests = [ask(prompt, SYSTEM, seed=seed, temperature=0.8, max_tokens=12) for seed, prompt in enumerate(PROMPTS)]
    together = [reply.text for reply in backend.generate(requests)]
    assert together == [backend.generate([request])[0].text for request in requests]
    assert len(set(together)) == len(PROMPTS)


def test_close_gives_the_memory_back(backend: TransformersBackend, ask: Ask) -> None:
    psutil = pytest.importorskip("psutil")
    backend.generate([ask("a cat", max_tokens=2)])
    before = psutil.Process().memory_info().rss
    weights = sum(p.numel() * p.element_size() for p in backend._engine._model().model.parameters())  # type: ignore[union-attr]
    backend.close()
    assert before - psutil.Process().memory_info().rss > 0.8 * weights
