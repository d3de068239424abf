"""`python -m benchmarks captions`: many clips, against one after the other, and Ray against this machine alone.

Clips are made for it. The vision model is a tiny one with random weights, run by the real transformers code, so that
what is compared is how requests are put together. Ray and this machine are compared with a backend that only waits.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.batch.clips import ClipJob, ClipSummary, Resources, caption_clips
from t2v_recaption.captioners import profile as profiles
from t2v_recaption.captioners.captioner import Captioner
from t2v_recaption.writers import make_backend

NEW_TOKENS = 128
WAIT = 0.05
"""Seconds that a call of the waiting backend takes, however many requests it holds."""


@click.command("captions")
@click.option("--clips", default=32, show_default=True, help="For the tiny model.")
@click.option("--batch", default=16, show_default=True, help="Requests in a batch.")
@click.option("--many", default=200, show_default=True, help="For Ray against this machine, and for memory.")
@click.option("--engines/--no-engines", default=True, show_default=True, help="Compare Ray with this machine.")
def main(clips: int, batch: int, many: int, engines: bool) -> None:
    """Batch captioning against one clip after the other; Ray against this machine; memory. Prints JSON."""
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Any] = {"sliding": side_by_side(Path(folder), clips, batch)}
        if engines:
            figures["engines"] = compare_engines(Path(folder), many, batch)
    click.echo(json.dumps(figures, indent=1))


def side_by_side(folder: Path, clips: int, batch: int) -> dict[str, Any]:
    """The same clips one after the other and in batches, with a tiny model."""
    tiny_llava = import_module("tests.tiny_models").tiny_llava
    made = make_clips(folder / "few", clips)
    model = tiny_llava(folder / "model")
    captioner = tiny_captioner(model)
    from t2v_recaption.video import Clip

    captioner.caption([Clip(str(made[0]))], "sliding")  # loads the model
    began, work = time.perf_counter(), processor_seconds()
    asked = 0
    for path in made:
        (caption,) = captioner.caption([Clip(str(path))], "sliding")
        asked += len(caption.steps)
    one_by_one, one_work = time.perf_counter() - began, processor_seconds() - work
    work = processor_seconds()
    summary = run(folder, "few", ClipJob(make=lambda: captioner), batch)
    batch_work = processor_seconds() - work
    return {
        "clips": clips,
        "steps": asked,
        "same steps": summary.steps == asked,
        "failed": summary.failed,
        "one after the other, clips/h": round(clips / one_by_one * 3600),
        "in batches, clips/h": round(clips / summary.seconds * 3600),
        "ratio": round(one_by_one / summary.seconds, 1),
        "ratio of processor time": round(one_work / batch_work, 1),
    }


def processor_seconds() -> float:
    """Of this process and the readers that have ended: what other work on the machine does not touch."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def compare_engines(folder: Path, clips: int, batch: int) -> dict[str, Any]:
    """The same job on this machine and on Ray, with a backend that waits; and how memory goes meanwhile."""
    from t2v_recaption.batch.clips.on_ray import RayEngine

    make_clips(folder / "many", clips)
    job = ClipJob("fast", make=waiting)
    with Memory() as memory:
        local = run(folder, "many", job, batch)
    import ray

    from t2v_recaption.batch.clips.on_ray import start_ray

    began = time.perf_counter()
    start_ray(1, 1)
    started = time.perf_counter() - began
    placed = run(folder, "many", job, batch, engine=RayEngine)
    ray.shutdown()
    return {
        "clips": clips,
        "this machine, s": round(local.seconds, 1),
        "Ray, s": round(placed.seconds, 1),
        "Ray starts in, s": round(started, 1),
        "ratio": round(placed.seconds / local.seconds, 2),
        "failed": local.failed + placed.failed,
        "MiB along the run": memory.spread(6),
    }


def run(folder: Path, name: str, job: ClipJob, batch: int, **options: Any) -> ClipSummary:
    """Caption a folder into a new output."""
    output = folder / f"{name}-{time.monotonic_ns()}.jsonl"
    resources = Resources(batch=batch)
    return caption_clips([str(folder / name)], output, job, resources=resources, **options)


def make_clips(folder: Path, count: int, seconds: int = 10) -> list[Path]:
    """Clips in which a square moves over a changing ground."""
    import av
    import numpy as np

    folder.mkdir(parents=True)
    paths = [folder / f"{number:04}.mp4" for number in range(count)]
    for number, path in enumerate(paths):
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=8, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
            for shown in range(8 * seconds):
                picture = np.full((96, 160, 3), (number * 7 % 90, 60, shown), np.uint8)
                picture[30:60, shown : shown + 40] = (220, number % 200, 30)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
    return paths


def tiny_captioner(model: Path) -> Captioner:
    """A captioner that asks a tiny model in the few words of ShareCaptioner-Video, for answers as long as captions are.

    Every byte is a token of the tiny model, so the instructions of `generic` would be some 1,500 tokens to it, four
    times what they are to a real one.
    """
    profile = profiles.load("sharecaptioner")
    questions = {name: replace(question, max_tokens=NEW_TOKENS) for name, question in profile.questions.items()}
    decode = replace(profile.decode, max_tokens=NEW_TOKENS, beams=1)
    short = replace(profile, questions=questions, decode=decode)
    backend = make_backend("transformers", {"model": str(model), "device": "cpu"}, cache=False)
    return Captioner(backend, short, scenes=False, windows=1)


def waiting() -> Captioner:
    """A captioner whose backend only waits."""
    return Captioner(Waiting(answer), "generic")


def answer(request: Any) -> str:
    """What the waiting backend says."""
    return f"A square of kind {len(request.messages)} moves over the ground."


class Waiting(ScriptedBackend):
    """Takes as long for many requests as for one, like a model that is not full."""

    def generate(self, requests: Any) -> Any:
        """Wait, then answer."""
        time.sleep(WAIT)
        self.history.clear()
        return super().generate(requests)


class Memory:
    """MiB of this process and of its readers, several times a second."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def spread(self, count: int) -> list[int]:
        """So many of the values, evenly."""
        every = max(1, len(self.seen) // count)
        return [round(value) for value in self.seen[::every]]

    def _watch(self) -> None:
        import psutil  # type: ignore[import-untyped]

        own = psutil.Process()
        while not self._stop.wait(0.25):
            total = 0
            for process in (own, *own.children(recursive=True)):
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.seen.append(total / 2**20)
