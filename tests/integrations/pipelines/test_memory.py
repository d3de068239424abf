"""A local language model's memory is back before denoising starts: in the process, and on a GPU where there is one."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
import transformers

from t2v_recaption import Enhancer
from t2v_recaption.backends.transformers import TransformersBackend
from t2v_recaption.integrations.diffusers import captions_for, enhance_pipeline

PROMPT = "two red balls on a table"
WIDTH = 1024
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model of some 100 MB with the tiny pipelines' tokenizer."""
    import tiny

    folder = tmp_path_factory.mktemp("model")
    tokenizer = tiny.tokenizer("$A")
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=2816, num_hidden_layers=2,
        num_attention_heads=8, num_key_value_heads=8, eos_token_id=1, pad_token_id=0, bos_token_id=2,
    )  # fmt: skip
    with torch.random.fork_rng():
        transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


class Watched(TransformersBackend):
    """Notes how much memory there is in use right after each answer."""

    loaded = 0
    loads = 0

    def generate(self, requests: Any) -> Any:
        replies = super().generate(requests)
        self.loaded = used(self.load_options.device)
        return replies

    def _start(self) -> Any:
        self.loads += 1
        return super()._start()


def used(device: str) -> int:
    """Bytes in use: on the GPU what torch holds there, else what the process has."""
    gc.collect()
    return torch.cuda.memory_allocated() if device == "cuda" else psutil.Process().memory_info().rss


def alive() -> int:
    """Parameters of the language model that exist."""
    gc.collect()
    return sum(type(thing) is torch.nn.Parameter and WIDTH in thing.shape for thing in gc.get_objects())


def enhancer(folder: Path, device: str) -> tuple[Enhancer, Watched]:
    """What a random model writes is no caption: the composer steps in, after the model was loaded and asked."""
    backend = Watched(str(folder), device=device)
    return Enhancer(writer="chat", backend=backend, attempts=0, max_tokens=4, on_failure="compose"), backend


@contextmanager
def denoising(pipe: Any, device: str) -> Iterator[list[tuple[int, int]]]:
    """(bytes in use, parameters alive) when the transformer is called first, and each time after."""
    seen: list[tuple[int, int]] = []
    hook = pipe.transformer.register_forward_pre_hook(lambda *_: seen.append((used(device), alive())))
    try:
        yield seen
    finally:
        hook.remove()


DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")],
    ),
]


@pytest.mark.parametrize("device", DEVICES)
def test_unload(build: Any, folder: Path, device: str) -> None:
    case = build("ltx")
    case.pipe.to(device)
    made, backend = enhancer(folder, device)
    enhance_pipeline(case.pipe, made, offload="unload")
    with denoising(case.pipe, device) as seen:
        case.pipe(prompt=PROMPT, **case.arguments)
        case.pipe(prompt=PROMPT, **case.arguments)
    assert backend.loads == 2
    for in_use, parameters in seen:
        assert parameters == 0
        assert in_use < backend.loaded - 70 * MEGABYTE
    case.pipe.to("cpu")


@pytest.mark.parametrize("device", DEVICES)
def test_keep(build: Any, folder: Path, device: str) -> None:
    case = build("ltx")
    case.pipe.to(device)
    made, backend = enhancer(folder, device)
    with made:
        enhance_pipeline(case.pipe, made)
        with denoising(case.pipe, device) as seen:
            case.pipe(prompt=PROMPT, **case.arguments)
            case.pipe(prompt=PROMPT, **case.arguments)
        assert backend.loads == 1
        assert all(parameters > 0 for _, parameters in seen)
    assert alive() == 0
    case.pipe.to("cpu")


@pytest.mark.parametrize("device", DEVICES)
def test_with_block(build: Any, folder: Path, device: str) -> None:
    """Captions first, the pipeline afterwards: the way for a machine that cannot hold both."""
    case = build("ltx")
    case.pipe.to(device)
    made, backend = enhancer(folder, device)
    with made:
        captions = captions_for(case.pipe, PROMPT, made)
    with denoising(case.pipe, device) as seen:
        case.pipe(prompt=captions.prompts[0], **case.arguments)
    assert seen[0][1] == 0
    assert seen[0][0] < backend.loaded - 70 * MEGABYTE
    case.pipe.to("cpu")


def test_unload_when_it_fails(build: Any, folder: Path) -> None:
    case = build("ltx")
    made, backend = enhancer(folder, "cpu")
    made.on_failure = "raise"
    enhance_pipeline(case.pipe, made, offload="unload")
    with pytest.raises(Exception, match="caption"):
        case.pipe(prompt=PROMPT, **case.arguments)
    assert backend.loads == 1
    assert alive() == 0
