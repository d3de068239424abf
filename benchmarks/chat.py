"""What the chat writer makes of a language model's answers: `python -m benchmarks chat --model FOLDER_OR_GGUF`.

The model is asked twice over: with this project's instructions and examples, through the whole pipeline, and with a
one-line instruction of the kind that enhancers of video models ship. Printed: how many answers are captions, what
they keep, how the pipeline gets the rest home, and the milliseconds that everything but the model takes.
"""

from __future__ import annotations

import hashlib
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from t2v_recaption import fidelity, intent
from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest, Message
from t2v_recaption.enhancement import Enhancement, Failure, Outcome
from t2v_recaption.enhancer import Enhancer
from t2v_recaption.fidelity.check import scene_of
from t2v_recaption.language import analyse
from t2v_recaption.targets import Target
from t2v_recaption.tidy import tidy
from t2v_recaption.writers.base import Draft, WriteOptions, WriteRequest
from t2v_recaption.writers.chat import ChatWriter
from t2v_recaption.writers.clean import clean

HERE = Path(__file__).parent
PUBLISHED = HERE.parent.parent / "shared" / "data" / "prompts" / "vbench_category_800.txt"
SEED = 7


class Recorder(Backend):
    """A backend that remembers what it was asked and answered, and can say it again without the model."""

    name = "recorded"

    def __init__(self, backend: Backend, chunk: int) -> None:
        self.backend = backend
        self.chunk = chunk
        self.replies: dict[ChatRequest, ChatReply] = {}
        self.seconds = 0.0

    def generate(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """Ask only what is not known yet, and show progress."""
        new = [request for request in dict.fromkeys(requests) if request not in self.replies]
        start = time.perf_counter()
        for at in range(0, len(new), self.chunk):
            some = new[at : at + self.chunk]
            self.replies.update(zip(some, self.backend.generate(some), strict=True))
            click.echo(f"  {at + len(some)} of {len(new)} answers, {time.perf_counter() - start:.0f} s", err=True)
        self.seconds += time.perf_counter() - start
        return [self.replies[request] for request in requests]

    def identity(self) -> dict[str, Any]:
        """That of the backend behind it."""
        return self.backend.identity()


class Replay(Backend):
    """Answers from a file that an earlier run wrote with --output."""

    name = "replay"

    def __init__(self, path: Path) -> None:
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        self.answers = {row["key"]: ChatReply(row["answer"], finish_reason=row["finish_reason"]) for row in rows}

    def generate(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """The recorded answers; an empty one to a question that was not asked then."""
        return [self.answers.get(_key(request), ChatReply("")) for request in requests]


def _key(request: ChatRequest) -> str:
    said = [request.seed, *([message.role, message.text] for message in request.messages)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


class Watched(ChatWriter):
    """Keeps the first answer to every prompt."""

    def __init__(self, backend: Recorder, **sampling: Any) -> None:
        super().__init__(backend, **sampling)
        self.first: dict[str, str] = {}

    def write(self, requests: Sequence[WriteRequest], target: Target, options: WriteOptions) -> list[Draft]:
        """As the chat writer."""
        drafts = super().write(requests, target, options)
        for request, draft in zip(requests, drafts, strict=True):
            self.first[request.intent.prompt] = draft.text or draft.rejected
        return drafts


@click.command()
@click.option("--model", help="Folder, GGUF file or Hugging Face id.  [default: SmolLM2-135M-Instruct, fetched]")
@click.option("--prompts", default=60, show_default=True, help="How many prompts of --file, chosen by a fixed seed.")
@click.option(
    "--hard", default=20, show_default=True, help="How many of the hard prompts of benchmarks/chat_prompts.txt."
)
@click.option(
    "--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Prompts, one a line."
)
@click.option("--target", default="generic", show_default=True)
@click.option("--attempts", default=2, show_default=True, help="How often the model is asked again.")
@click.option("--max-tokens", default=200, show_default=True, help="Tokens of an answer at most, the same for all.")
@click.option("--temperature", default=0.7, show_default=True)
@click.option("--batch-size", default=40, show_default=True)
@click.option(
    "--replay", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Answers of an earlier --output."
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write all answers there, as JSON lines."
)
def main(
    model: str | None,
    prompts: int,
    hard: int,
    path: Path | None,
    target: str,
    attempts: int,
    max_tokens: int,
    temperature: float,
    batch_size: int,
    replay: Path | None,
    output: Path | None,
) -> None:
    """How many answers of a small model are captions, with this project's instructions and with one line."""
    from benchmarks.backends import _smollm2
    from t2v_recaption.backends.transformers import TransformersBackend

    chosen = some_prompts(path, prompts, hard)
    sampling = {"max_tokens": max_tokens, "temperature": temperature}
    real: Backend = Replay(replay) if replay else TransformersBackend(model or _smollm2(), batch_size=batch_size)
    with real as backend:
        recorder = Recorder(backend, batch_size)
        rows = {name: one_line(recorder, text, chosen, sampling) for name, text in _instructions().items()}
        click.echo("this project", err=True)
        result = pipeline(recorder, chosen, target, attempts, sampling)
    if output is not None:
        _write(output, recorder)
    click.echo(json.dumps({"prompts": len(chosen), "target": target, **sampling, **rows, **result}, indent=2))


def some_prompts(path: Path | None, count: int, hard: int) -> list[str]:
    """Prompts of a file (default: the published 800 where they are, else made-up ones), then hard ones."""
    from benchmarks.backends import some_prompts as made_up

    path = path or (PUBLISHED if PUBLISHED.is_file() else None)
    lines = [] if path is None else [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    easy = random.Random(SEED).sample(lines, min(count, len(lines))) if lines else made_up(min(count, 64))
    return easy + (HERE / "chat_prompts.txt").read_text(encoding="utf-8").splitlines()[:hard]


def one_line(
    recorder: Recorder, instruction: str, prompts: Sequence[str], sampling: Mapping[str, Any]
) -> dict[str, Any]:
    """The answers to a one-line instruction, taken as they are."""
    requests = [
        ChatRequest((Message("system", instruction), Message("user", prompt)), seed=number, **sampling)
        for number, prompt in enumerate(prompts)
    ]
    return judged(prompts, recorder.generate(requests))


def judged(prompts: Sequence[str], replies: Sequence[ChatReply]) -> dict[str, Any]:
    """How many replies are captions, what the others are, and the share of facts that the replies keep."""
    pairs = list(zip(prompts, replies, strict=True))
    cleaned = [clean(reply.text, prompt, cut_off=reply.finish_reason == "length") for prompt, reply in pairs]
    reports = [fidelity.check(intent.parse(prompt), found.text) for prompt, found in zip(prompts, cleaned, strict=True)]
    good = [report for report, found in zip(reports, cleaned, strict=True) if not found.problem]
    verdicts = [verdict.status.value for report in reports for verdict in report.verdicts]
    return {
        "captions": _share(not found.problem for found in cleaned),
        "facts_kept": round(verdicts.count("kept") / max(1, len(verdicts)), 3),
        "captions_that_keep_all": round(sum(not report.failures for report in good) / max(1, len(prompts)), 3),
        "not_captions": dict(Counter(found.problem.split(".")[0] for found in cleaned if found.problem).most_common()),
    }


def pipeline(
    recorder: Recorder, prompts: Sequence[str], target: str, attempts: int, sampling: Mapping[str, Any]
) -> dict[str, Any]:
    """The same model through the chat writer and everything after it."""
    writer = Watched(recorder, **sampling)
    enhancer = Enhancer(target, writer=writer, attempts=attempts, on_failure="compose")
    outcomes = enhancer.batch(prompts)
    Enhancer(target)("a cat")  # the composer reads its knowledge once
    own = [_milliseconds(enhancer, prompt) for prompt in prompts]
    first = [ChatReply(writer.first.get(tidy(prompt)[0], "")) for prompt in prompts]
    return {
        "this project, first answers": judged(prompts, first),
        "this project": {
            "accepted_at_first": _share(_way(outcome) == "first" for outcome in outcomes),
            "after_asking_again": _share(_way(outcome) == "again" for outcome in outcomes),
            "after_mending": _share(_way(outcome) == "mended" for outcome in outcomes),
            "composer_stepped_in": _share(_way(outcome) == "fallback" for outcome in outcomes),
            "failed": _share(_way(outcome) == "failed" for outcome in outcomes),
            "keep_all": _share(isinstance(o, Enhancement) and not o.report.failures for o in outcomes),
        },
        "own_work_ms": {
            "median": round(statistics.median(own), 2),
            "mean": round(statistics.fmean(own), 2),
            "slowest": round(max(own), 2),
        },
    }


def _way(outcome: Outcome) -> str:
    if isinstance(outcome, Failure):
        return "failed"
    if outcome.fallback:
        return "fallback"
    if outcome.repairs:
        return "mended"
    return "first" if outcome.attempts == 1 else "again"


def _milliseconds(enhancer: Enhancer, prompt: str) -> float:
    """What everything but the model takes for one prompt, all attempts together, nothing remembered from before."""
    analyse.cache_clear()
    scene_of.cache_clear()
    start = time.perf_counter()
    enhancer.batch([prompt])
    seconds: float = time.perf_counter() - start
    return seconds * 1000


def _share(flags: Iterable[bool]) -> float:
    found = list(flags)
    return round(sum(found) / max(1, len(found)), 3)


def _instructions() -> dict[str, str]:
    import yaml

    texts: dict[str, str] = yaml.safe_load((HERE / "chat_instructions.yaml").read_text(encoding="utf-8"))
    return texts


def _write(output: Path, recorder: Recorder) -> None:
    rows = [
        {
            "key": _key(request),
            "asked": request.messages[-1].text,
            "answer": reply.text,
            "finish_reason": reply.finish_reason,
        }
        for request, reply in recorder.replies.items()
    ]
    output.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
