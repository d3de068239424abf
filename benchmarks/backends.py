"""Throughput of the transformers backend against one `generate` call a prompt, as prompt enhancers usually do it.

Both sides get the same model, the same instruction of about 850 tokens and the same prompts, and decode greedily. They
take turns, sixteen prompts each, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from t2v_recaption.backends.base import ChatRequest, Message

HERE = Path(__file__).parent
GROUP = 16
SUBJECTS = (
    "a cat",
    "two red kites",
    "an old fisherman",
    "a robot",
    "three children",
    "a blue bus",
    "a jellyfish",
    "Ada",
)
SCENES = (
    "in the rain",
    "on a beach at dusk",
    "in a busy market",
    "seen from above",
    "in slow motion",
    "as a pencil sketch",
    "next to a fountain, no people in the background",
    "turning around and running away through tall grass",
)


@click.command()
@click.option("--model", help="Folder, GGUF file or Hugging Face id.  [default: SmolLM2-135M-Instruct, fetched]")
@click.option("--prompts", default=64, show_default=True, type=click.IntRange(1, 64), help="How many prompts.")
@click.option("--max-tokens", default=64, show_default=True, help="Tokens generated for a prompt at most.")
@click.option("--batch-size", default=GROUP, show_default=True, help="Prompts that the backend runs together.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the result there, too.")
def main(model: str | None, prompts: int, max_tokens: int, batch_size: int, output: Path | None) -> None:
    """Compare the transformers backend with one generate call a prompt; prints JSON."""
    result = measure(model or _smollm2(), some_prompts(prompts), max_tokens, batch_size)
    text = json.dumps(result, ensure_ascii=False, indent=2)
    click.echo(text)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")


def some_prompts(count: int) -> list[str]:
    """So many short prompts, all different."""
    pairs = [f"{subject} {scene}" for subject, scene in itertools.product(SUBJECTS, SCENES)]
    return [pairs[number * 37 % len(pairs)] for number in range(count)]  # 37: a stride that mixes short and long


def measure(model: str, prompts: Sequence[str], max_tokens: int, batch_size: int) -> dict[str, Any]:
    """Run both sides in turns; seconds exclude loading, and both are warmed up first."""
    from t2v_recaption.backends.transformers import TransformersBackend

    requests = [_request(prompt, max_tokens) for prompt in prompts]
    plain = OneByOne(model)
    with TransformersBackend(model, batch_size=batch_size) as backend:
        warm_up = _request("warm up", 2)
        plain.text(warm_up)
        backend.generate([ChatRequest((Message("user", "warm up"),), temperature=0, max_tokens=2)])
        groups = [_compare(plain, backend, requests[start : start + GROUP]) for start in range(0, len(requests), GROUP)]
    return {**_summary(groups), **_setting(model, plain, requests, max_tokens, batch_size)}


class OneByOne:
    """Plain transformers, used as prompt enhancers use it."""

    def __init__(self, model: str) -> None:
        from t2v_recaption.backends import checkpoint, loading

        self._loaded = loading.load(checkpoint.fetch(model), checkpoint.LoadOptions())

    def inputs(self, request: ChatRequest) -> Any:
        """The tokens of a request."""
        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        inputs = self._loaded.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        return inputs.to(self._loaded.model.device)

    def text(self, request: ChatRequest) -> str:
        """The answer, by one `generate` call."""
        import torch

        inputs = self.inputs(request)
        with torch.inference_mode():
            output = self._loaded.model.generate(**inputs, do_sample=False, max_new_tokens=request.max_tokens)
        answer = output[0, inputs["input_ids"].shape[1] :]
        return str(self._loaded.tokenizer.decode(answer, skip_special_tokens=True))


def _request(prompt: str, max_tokens: int) -> ChatRequest:
    instruction = (HERE / "backends_instruction.txt").read_text(encoding="utf-8").strip()
    return ChatRequest((Message("system", instruction), Message("user", prompt)), temperature=0, max_tokens=max_tokens)


def _compare(plain: OneByOne, backend: Any, requests: Sequence[ChatRequest]) -> dict[str, Any]:
    start, start_cpu = time.perf_counter(), time.process_time()
    expected = [plain.text(request) for request in requests]
    middle, middle_cpu = time.perf_counter(), time.process_time()
    replies = backend.generate(requests)
    end, end_cpu = time.perf_counter(), time.process_time()
    same = [reply.error is None and reply.text == text for reply, text in zip(replies, expected, strict=True)]
    tokens = sum(reply.completion_tokens or 0 for reply in replies)
    return {
        "one_by_one_s": middle - start,
        "backend_s": end - middle,
        "one_by_one_cpu_s": middle_cpu - start_cpu,
        "backend_cpu_s": end_cpu - middle_cpu,
        "same": same,
        "tokens": tokens,
    }


def _summary(groups: Sequence[dict[str, Any]]) -> dict[str, Any]:
    one_by_one, backend = (sum(group[key] for group in groups) for key in ("one_by_one_s", "backend_s"))
    cpu, backend_cpu = (sum(group[key] for group in groups) for key in ("one_by_one_cpu_s", "backend_cpu_s"))
    same = [flag for group in groups for flag in group["same"]]
    return {
        "ratio": round(one_by_one / backend, 2),
        "ratio_by_group": [round(group["one_by_one_s"] / group["backend_s"], 2) for group in groups],
        "one_by_one_s": round(one_by_one, 1),
        "backend_s": round(backend, 1),
        "cpu_ratio": round(cpu / backend_cpu, 2),
        "prompts": len(same),
        "same_greedy_text": sum(same),
        "generated_tokens": sum(group["tokens"] for group in groups),
    }


def _setting(
    model: str, plain: OneByOne, requests: Sequence[ChatRequest], max_tokens: int, batch_size: int
) -> dict[str, Any]:
    lengths = [plain.inputs(request)["input_ids"].shape[1] for request in requests]
    return {
        "model": Path(model).name,
        "prompt_tokens": [min(lengths), max(lengths)],
        "max_tokens": max_tokens,
        "batch_size": batch_size,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "machine": platform.machine(),
        "torch": version("torch"),
        "transformers": version("transformers"),
    }


def _smollm2() -> str:
    """The model that the tests use, fetched the same way."""
    path = HERE.parent / "tests" / "fetch_models.py"
    spec = importlib.util.spec_from_file_location("fetch_models", path)
    if spec is None or spec.loader is None:
        raise click.ClickException(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        return str(module.smollm2())
    except OSError as error:
        raise click.ClickException(f"SmolLM2 cannot be had: {error}") from error
