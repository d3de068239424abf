"""`python -m benchmarks speed`: cold start, the composer's throughput and memory, and the work around a model call.

All figures are ratios or rates measured in one run on one machine; the cold start is paired, run by run, with the
imports that any command of this kind needs.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import click

from t2v_recaption import Enhancement, Enhancer, fidelity, intent
from t2v_recaption.collector import fewer_collections
from t2v_recaption.mend import mend
from t2v_recaption.targets import load
from t2v_recaption.targets.budget import fit
from t2v_recaption.writers.clean import clean
from t2v_recaption.writers.sentences import aspects_of, weighed

BASELINE = [sys.executable, "-c", "import click, rich.console, jinja2, yaml"]
COMMAND = [
    sys.executable,
    "-c",
    "from t2v_recaption.cli import enhance_main as main; main(['a cat playing the piano'])",
]

SUBJECTS = (
    "a cat",
    "two old men",
    "a red car",
    "three white horses",
    "a chef",
    "a paper boat",
    "a little girl in a coat",
)
ACTIONS = ("running", "standing", "dancing slowly", "waiting", "turning around", "moving to the left")
PLACES = ("on a beach", "in a kitchen", "on a street at night", "in the snow", "under a bridge", "in a forest at dawn")


@click.command("speed")
@click.option("--quick", is_flag=True, help="Fewer repetitions, for iterating.")
@click.option("--prompts", type=click.Path(path_type=Path, exists=True), help="A file of prompts (default: made ones).")
def main(quick: bool, prompts: Path | None) -> None:
    """Print every speed that is claimed, as JSON."""
    texts = prompts.read_text(encoding="utf-8").splitlines() if prompts else made_prompts(252)
    figures = {
        "cold_start": cold_start(5 if quick else 15),
        "composer": throughput(texts),
        "memory": memory(2_000 if quick else 100_000),
        "around_a_model_call": around(texts[: 50 if quick else 250]),
    }
    click.echo(json.dumps(figures, indent=1))


def made_prompts(count: int) -> list[str]:
    """Prompts made of the parts above, all different up to 252."""
    combinations = [f"{s} {a} {p}" for s in SUBJECTS for a in ACTIONS for p in PLACES]
    return list(islice(cycle(combinations), count))


def cold_start(runs: int) -> dict[str, Any]:
    """Whole processes in turn, baseline and command; the ratio of each pair."""
    pairs = [(timed(BASELINE), timed(COMMAND)) for _ in range(runs + 1)][1:]
    return {
        "baseline_s": round(statistics.median(base for base, _ in pairs), 3),
        "command_s": round(statistics.median(command for _, command in pairs), 3),
        "ratio": round(statistics.median(command / base for base, command in pairs), 2),
        "limit": 3.0,
    }


def timed(command: list[str]) -> float:
    """Wall seconds of a process."""
    start = time.perf_counter()
    # Compiled modules are kept, as after an installation: without them every run would compile the package anew.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def throughput(texts: list[str]) -> dict[str, Any]:
    """Prompts a second of processor time through `Enhancer.batch`, all checks included, caches warm."""
    enhancer = Enhancer()
    enhancer.batch(texts)
    rates = []
    for seed in (1, 2, 3):
        enhancer.seed = seed
        start = time.process_time()
        enhancer.batch(texts)
        rates.append(len(texts) / (time.process_time() - start))
    return {"prompts_per_s": round(statistics.median(rates)), "goal": 500, "prompts": len(texts)}


def memory(rows: int) -> dict[str, Any]:
    """Peak memory of the process after a tenth of the rows and after all of them."""
    peaks = []
    stream = Enhancer().stream(numbered(rows))
    for number, _ in enumerate(stream, 1):
        if number in (rows // 10, rows):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return {"rows": rows, "peak_mib_after_a_tenth": peaks[0], "peak_mib_after_all": peaks[1]}


def numbered(rows: int) -> Iterator[str]:
    """Prompts that are all different."""
    for number, text in enumerate(islice(cycle(made_prompts(252)), rows)):
        yield f"{text}, house number {number}"


def around(texts: list[str]) -> dict[str, Any]:
    """Milliseconds a prompt of everything added around a model call: parse, clean, check, mend and fit."""
    target = load("generic")
    replies = [outcome.caption for outcome in Enhancer().batch(texts) if isinstance(outcome, Enhancement)]
    spoilt = [f"Sure! Here is the caption:\n\n{reply.split('. ', 1)[-1]}" for reply in replies]

    def work(prompt: str, reply: str) -> None:
        parsed = intent.parse(prompt)
        text = clean(reply, prompt).text
        report = fidelity.check(parsed, text)
        sentences = weighed(text, report, aspects_of(text))
        fit(mend(parsed, sentences, report)[0], target)

    return {
        "ms_good_reply": per_prompt(work, texts, replies),
        "ms_reply_to_be_mended": per_prompt(work, texts, spoilt),
        "goal_ms": 5.0,
    }


def per_prompt(work: Callable[[str, str], None], texts: list[str], replies: list[str]) -> float:
    """Mean milliseconds of processor time, with the collector as it is in `Enhancer.batch`."""
    start = time.process_time()
    with fewer_collections():
        for prompt, reply in zip(texts, replies, strict=True):
            work(prompt, reply)
    return round(1000 * (time.process_time() - start) / len(texts), 2)
