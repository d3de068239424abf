"""`python -m benchmarks cost`: what captioning so many clips takes, by a model whose constants are measured here.

The model is small on purpose: a clip costs so much reading (a processor core), so many questions (a share of a
GPU), and so many bytes (a disk). Whichever of the three runs out first is where the bottleneck is.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.captions import WAIT, make_clips, run, waiting
from t2v_recaption.batch.clips import ClipJob, Resources
from t2v_recaption.batch.clips.pool import ReaderPool
from t2v_recaption.batch.clips.reader import Look, read_clip


@dataclass(frozen=True)
class Clip:
    """An average clip and how it is captioned."""

    seconds: float = 10.0
    every: float = 2.0
    """Seconds between frames (sliding)."""
    megabytes: float = 5.0
    mode: str = "sliding"

    @property
    def frames(self) -> int:
        """Frames that are sampled."""
        return 16 if self.mode == "fast" else max(1, math.ceil(self.seconds / self.every))

    @property
    def questions(self) -> int:
        """Questions to the model: one a frame and the summary, or one."""
        return 1 if self.mode == "fast" else self.frames + (self.frames > 1)


@dataclass(frozen=True)
class Rates:
    """What machines do. The defaults are on the safe side for a 7B model on one H100-class GPU; measure your own."""

    read: float = 40.0
    """Seconds of video that one core reads a second (720p, index jumps, scenes looked for)."""
    questions: float = 4.0
    """Questions that one GPU answers a second, with batches as large as fit."""
    step_bytes: float = 700.0
    row_bytes: float = 4500.0


@dataclass(frozen=True)
class Cost:
    """What a job takes."""

    questions: int
    gpu_hours: float
    core_hours: float
    cores_for_each_gpu: float
    """Reading cores that keep one GPU busy; with fewer, reading is the bottleneck."""
    megabytes_a_second: float
    """What all GPUs together read from storage."""
    days: float
    ledger_gigabytes: float


def cost(clips: int, clip: Clip, rates: Rates, gpus: int = 1) -> Cost:
    """What captioning so many clips takes on so many GPUs, each with enough cores."""
    questions = clips * clip.questions
    gpu_seconds = questions / rates.questions
    core_seconds = clips * clip.seconds / rates.read
    wall = gpu_seconds / gpus
    ledger = clips * ((clip.frames if clip.mode == "sliding" else 0) * rates.step_bytes + rates.row_bytes)
    return Cost(
        questions,
        round(gpu_seconds / 3600, 1),
        round(core_seconds / 3600, 1),
        round(core_seconds / gpu_seconds, 2),
        round(clips * clip.megabytes / wall, 1),
        round(wall / 86400, 2),
        round(ledger / 1e9, 2),
    )


@click.command("cost")
@click.option("--clips", default=10_000_000, show_default=True)
@click.option("--seconds", default=10.0, show_default=True, help="Length of a clip.")
@click.option("--every", default=2.0, show_default=True, help="Seconds between frames.")
@click.option("--megabytes", default=5.0, show_default=True, help="Size of a clip.")
@click.option("--mode", type=click.Choice(["fast", "sliding"]), default="sliding", show_default=True)
@click.option("--gpus", default=64, show_default=True)
@click.option("--read", default=Rates.read, show_default=True, help="Seconds of video a core reads in a second.")
@click.option("--questions", default=Rates.questions, show_default=True, help="Answers of a GPU in a second.")
@click.option("--check", is_flag=True, help="Measure here and hold the estimate against it.")
def main(
    clips: int,
    seconds: float,
    every: float,
    megabytes: float,
    mode: str,
    gpus: int,
    read: float,
    questions: float,
    check: bool,
) -> None:
    """Estimate what a job takes; with --check, measure small jobs and say how far off the estimate is."""
    clip = Clip(seconds, every, megabytes, mode)
    figures: dict[str, Any] = asdict(cost(clips, clip, Rates(read=read, questions=questions), gpus))
    if check:
        figures["check"] = checked()
    click.echo(json.dumps(figures, indent=1))


def checked(small: int = 16, large: int = 64, batch: int = 8) -> dict[str, Any]:
    """Constants from reading a few clips and a small job; what they predict for a larger one, and what it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = make_clips(folder / "small", small)
        make_clips(folder / "large", large)
        clip = Clip(seconds=10.0)
        rates = Rates(read=reading_rate(few, clip.seconds), questions=batch / WAIT)
        job = ClipJob("sliding", make=waiting)
        first = run(folder, "small", job, batch)
        fixed = max(0.0, first.seconds - small * _each(clip, rates))
        second = run(folder, "large", job, batch)
        sizes = [sum(path.stat().st_size for path in done.ledger.glob("*.jsonl")) for done in (first, second)]
        return {
            "seconds of video that a core reads in a second": round(rates.read),
            "clips": large,
            "seconds, predicted": round(fixed + large * _each(clip, rates), 1),
            "seconds, measured": round(second.seconds, 1),
            "questions, predicted": large * clip.questions,
            "questions, measured": second.steps + second.ok,
            "ledger bytes a clip, predicted": round(sizes[0] / small),
            "ledger bytes a clip, measured": round(sizes[1] / large),
        }


def reading_rate(paths: list[Path], seconds: float) -> float:
    """Seconds of video that one reader reads in a second, its start not counted."""
    captioner = waiting()
    look = Look("sliding", captioner.profile, captioner.sampling("sliding"), captioner.budget, captioner.scenes)
    with ReaderPool(1) as pool:
        list(pool.open(read_clip, str(paths[0]), 0.0, None, look))
        began = time.perf_counter()
        for path in paths:
            list(pool.open(read_clip, str(path), 0.0, None, look))
        return seconds * len(paths) / (time.perf_counter() - began)


def _each(clip: Clip, rates: Rates) -> float:
    """Seconds that one more clip takes: reading or answering, whichever is slower."""
    return max(clip.seconds / rates.read / Resources().readers, clip.questions / rates.questions)
