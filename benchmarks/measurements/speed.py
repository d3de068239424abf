"""What a whole process takes to measure a clip, start and decoding included, and each signal's share."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.measurements.renderer import Scene, encode, render

SIZE = (832, 480)
CODE = "import json, sys; from t2v_recaption import measure; print(json.dumps(measure(sys.argv[1]).seconds))"
VERIFY = "from t2v_recaption.cli import main; main(['verify', {path!r}, '--prompt', {prompt!r}])"
PROMPT = "a red car drives past houses, the camera pans right, no cuts, 5 seconds"


def clip(folder: Path, fps: int) -> Path:
    """Five seconds in 480p: a handheld pan with a subject that is followed."""
    scene = Scene("tracking_right", "street", "handheld", seconds=5, fps=fps)
    pictures = (np.asarray(cv2.resize(picture, SIZE), np.uint8) for picture in render(scene))
    path = folder / f"speed{fps}.mp4"
    encode(pictures, path, fps=fps)
    return path


def processes(command: Sequence[str], runs: int) -> tuple[float, float, str]:
    """Median wall and processor seconds of a command, whatever its exit code, and what it printed last."""
    walls, works, printed = [], [], ""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(runs + 1):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        walls.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        works.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        printed = done.stdout or done.stderr
    return statistics.median(walls[1:]), statistics.median(works[1:]), printed


def rows(folder: Path, runs: int) -> list[str]:
    """A Markdown table, and each signal's share."""
    lines = ["| | wall | processor |", "|---|---|---|"]
    shares = []
    for fps in (16, 24):
        path = clip(folder, fps)
        wall, work, printed = processes([sys.executable, "-c", CODE, str(path)], runs)
        lines.append(f"| measure, 5 s of 832 x 480 at {fps} frames a second | {wall:.2f} s | {work:.2f} s |")
        spent = json.loads(printed)
        total = sum(spent.values())
        parts = ", ".join(
            f"{name} {100 * spent[name] / total:.0f} %" for name in sorted(spent, key=lambda n: -spent[n])
        )
        shares.append(f"At {fps} frames a second: {parts}.")
        wall, work, _ = processes([sys.executable, "-c", VERIFY.format(path=str(path), prompt=PROMPT)], runs)
        lines.append(f"| t2v verify without a model, the same clip | {wall:.2f} s | {work:.2f} s |")
    return [*lines, "", *shares]
