"""Key frames with a CLIP model, against the procedure of ShareGPT4Video's script: time, memory, and which are chosen.

Both sides take the same clip and the same small CLIP vision model with random weights, so that reading, preparing and
choosing is what is compared; a model of full size adds its work for each picture once here, and twice there.
"""

from __future__ import annotations

import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from benchmarks.decoders import cpu_seconds
from benchmarks.films import moving, write

EVERY, THRESHOLD = 2.0, 0.93


def tiny_clip(folder: Path) -> Path:
    """A CLIP vision model of two narrow layers with the picture size of ShareGPT4Video's (336 pixels)."""
    import torch
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2, image_size=336, patch_size=28
    )
    CLIPVisionModel(config).save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336}).save_pretrained(folder)
    return folder


def as_the_script(path: str, model: str) -> list[float]:
    """Times of key frames, found the way ShareGPT4Video's script goes about it.

    All frames up to 120 s are decoded and kept; each picture of the 2 s grid is encoded together with the last one
    kept, which is encoded anew each time.
    """
    import cv2
    import numpy as np
    from torch.nn.functional import cosine_similarity

    encoder, prepare = _loaded(model)

    def feature(picture: Any) -> Any:
        inputs = prepare(images=picture, return_tensors="pt")
        return encoder(**inputs, output_hidden_states=True).hidden_states[-1][:, 0]

    capture = cv2.VideoCapture(path)
    rate = int(capture.get(cv2.CAP_PROP_FPS))
    step = math.ceil(rate * EVERY)
    frames: list[Any] = []
    while len(frames) / rate <= 120:
        there, frame = capture.read()
        if not there:
            break
        frames.append(frame)
    np.unique(frames[0])
    chosen = [0]
    for position in range(step, len(frames), step):
        if float(cosine_similarity(feature(frames[chosen[-1]]), feature(frames[position]))) < THRESHOLD:
            chosen.append(position)
    if len(chosen) == 1 or len(frames) - chosen[-1] >= step:
        chosen.append(len(frames) - 1)
    return [position / rate for position in chosen]


def ours(path: str, model: str) -> list[float]:
    """Times of key frames by this package."""
    from t2v_recaption.video import Clip, KeyFrames, sample

    return [frame.time for frame in sample(Clip(path), KeyFrames(EVERY, THRESHOLD, model), longest_side=1024)]


def _loaded(model: str) -> tuple[Any, Any]:
    from transformers import CLIPImageProcessor, CLIPVisionModel

    encoder = CLIPVisionModel.from_pretrained(model)
    encoder.requires_grad_(False)
    return encoder, CLIPImageProcessor.from_pretrained(model)


SIDES = {"script": as_the_script, "t2v_recaption": ours}


def measured(side: str, path: Path, model: Path) -> dict[str, Any]:
    """Wall and CPU seconds, peak memory in MB above that of the loaded libraries, and times, in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.keyframes", side, str(path), str(model)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _measure_here(side: str, path: str, model: str) -> None:
    import cv2  # noqa: F401 - what both sides import is not what is measured
    import torch

    from t2v_recaption.video import features, sampling  # noqa: F401

    torch.set_num_threads(1)
    _loaded(model)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), cpu_seconds()
    times = SIDES[side](path, model)
    answer = {"wall": time.perf_counter() - wall, "cpu": cpu_seconds() - cpu, "times": times}
    answer["memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps(answer))


@click.command()
@click.argument("clips", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rounds", default=3, show_default=True, help="Rounds in which the two take turns.")
@click.option("--lengths", default="30,60,120", show_default=True, help="Seconds of the clips that are made.")
@click.option("--gop", default=250, show_default=True, help="Frames between their key frames.")
def main(clips: tuple[Path, ...], rounds: int, lengths: str, gop: int) -> None:
    """Key frames of CLIPS and of clips that are made, by this package and as ShareGPT4Video's script finds them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = tiny_clip(folder / "model")
        made = [
            write(
                folder / f"{s}s.mp4", moving(s), range(s * 25), Fraction(1, 25), g=str(gop), preset="superfast", bf="3"
            )
            for s in map(int, filter(None, lengths.split(",")))
        ]
        click.echo("clip       side               wall       CPU    memory   key frames")
        for path in (*clips, *made):
            results: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
            for _ in range(rounds):
                for side in SIDES:
                    results[side].append(measured(side, path, model))
            _report(path, results)


def _report(path: Path, results: dict[str, list[dict[str, Any]]]) -> None:
    def middle(side: str, key: str) -> float:
        return float(statistics.median(answer[key] for answer in results[side]))

    for side, answers in results.items():
        row = f"{middle(side, 'wall'):8.2f} s {middle(side, 'cpu'):7.2f} s {middle(side, 'memory'):6.0f} MB"
        click.echo(f"{path.name[:10]:10} {side:14} {row}   {len(answers[0]['times'])}")
    ratios = (middle("script", key) / middle("t2v_recaption", key) for key in ("wall", "cpu", "memory"))
    click.echo("           ratio          " + " ".join(f"{ratio:8.1f}  " for ratio in ratios))


if __name__ == "__main__":
    _measure_here(*sys.argv[1:])
