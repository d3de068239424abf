"""Reading frames, against decord, OpenCV and torchcodec: time, CPU time, and whether the frames are the right ones."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from benchmarks.decoders import WAYS, available
from benchmarks.films import cut, moving, numbered, write

THREADS = {"all cores": 0, "one thread": 1}


class Worker:
    """A process that reads frames in one way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.decoders", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, path: Path, times: Sequence[float], threads: int) -> dict[str, Any]:
        """Seconds of wall and CPU time and the frames' means and numbers, or an `error`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"path": str(path), "times": list(times), "threads": threads}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or '{"error": "the process died"}')
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def workers() -> Iterator[list[Worker]]:
    """One for each way whose package is installed; the others are named."""
    with ExitStack() as stack:
        found = []
        for name in WAYS:
            if available(name):
                worker = Worker(name)
                stack.callback(worker.close)
                found.append(worker)
            else:
                click.echo(f"{name}: {WAYS[name][1]} is not installed, left out")
        yield found


def duration_of(path: Path) -> float:
    """Seconds."""
    from t2v_recaption.video import Clip

    return Clip(path).info.duration


def plans(path: Path) -> dict[str, list[float]]:
    """The two ways of sampling, as times."""
    length = duration_of(path)
    uniform = [(n + 0.5) * length / 16 for n in range(16)]
    return {"16 uniform": uniform, "every 2 s": [2.0 * n for n in range(max(1, int(length / 2 + 0.999)))]}


def compare(path: Path, rounds: int, team: list[Worker]) -> None:
    """Print a table for one file: medians over interleaved rounds, as ratios to this package's."""
    click.echo(f"\n{path.name}: {duration_of(path):.1f} s, {rounds} interleaved rounds")
    for plan, times in plans(path).items():
        for threading, threads in THREADS.items():
            results: dict[str, list[dict[str, Any]]] = {w.name: [] for w in team}
            for turn in range(rounds + 1):
                for worker in team[turn % len(team) :] + team[: turn % len(team)]:
                    answer = worker.read(path, times, threads)
                    if turn:  # the first round only warms up
                        results[worker.name].append(answer)
            _table(f"{plan}, {threading}", results)


def _table(title: str, results: dict[str, list[dict[str, Any]]]) -> None:
    base = results["t2v_recaption"]
    click.echo(f"  {title:28} wall     CPU    ratio: wall [range by round], CPU")
    for name, answers in results.items():
        if any("error" in a for a in answers):
            click.echo(f"    {name:20} {next(a['error'] for a in answers if 'error' in a)}")
            continue
        wall, cpu = (statistics.median(a[k] for a in answers) for k in ("wall", "cpu"))
        ratios = sorted(a["wall"] / b["wall"] for a, b in zip(answers, base, strict=True))
        cpus = statistics.median(a["cpu"] / b["cpu"] for a, b in zip(answers, base, strict=True))
        spread = f"{statistics.median(ratios):.2f} [{ratios[0]:.2f}-{ratios[-1]:.2f}], {cpus:.2f}"
        off = max(abs(a - b) for a, b in zip(answers[0]["mean"], base[0]["mean"], strict=True))
        note = "" if off < 3 else "  OTHER FRAMES"
        click.echo(f"    {name:20} {wall * 1000:8.1f} {cpu * 1000:8.1f} ms   {spread}{note}")


def exactness(folder: Path, team: list[Worker]) -> None:
    """Print, for films with uneven times and with an edit list, how many frames at given times are the right ones."""
    base = Fraction(1, 1000)
    options = {"g": "25", "bf": "2"}
    uneven = [n // 2 * 200 + n % 2 * 20 for n in range(100)]
    quick_then_slow = [n * 20 if n < 50 else 1000 + (n - 50) * 180 for n in range(100)]
    even = [n * 40 for n in range(100)]
    films = {
        "even rate": (write(folder / "even.mp4", map(numbered, range(100)), even, base, **options), even, 0.0),
        "gaps of 20 and 180 ms": (
            write(folder / "uneven.mp4", map(numbered, range(100)), uneven, base, **options),
            uneven,
            0.0,
        ),
        "50 frames/s, then 5.6": (
            write(folder / "slow.mp4", map(numbered, range(100)), quick_then_slow, base, **options),
            quick_then_slow,
            0.0,
        ),
    }
    films["cut without re-encoding (edit list)"] = (cut(films["even rate"][0], folder / "cut.mp4", 0.72), even, 0.72)
    click.echo("\nRight frames at 20 times, asked for by time where a package can be")
    for title, (path, stamps, late) in films.items():
        end = stamps[-1] / 1000 - late
        times = [0.013 + (n + 0.5) * end / 21 for n in range(20)]
        right = [max(n for n, s in enumerate(stamps) if s / 1000 <= t + late + 1e-6) for t in times]
        for worker in team:
            answer = worker.read(path, times, 0)
            told = answer.get("error") or f"{sum(a == b for a, b in zip(answer['numbers'], right, strict=True))} of 20"
            click.echo(f"  {title:38} {worker.name:20} {told}")


@click.command()
@click.argument("clips", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rounds", default=8, show_default=True, help="Measured rounds for each clip; a fourth for the long one."
)
@click.option("--long", "seconds", default=600, show_default=True, help="Seconds of the clip that is made; 0 for none.")
@click.option("--keep", type=click.Path(path_type=Path), help="Where the made clip is kept for the next time.")
def main(clips: tuple[Path, ...], rounds: int, seconds: int, keep: Path | None) -> None:
    """16 uniform frames and a frame every 2 s of CLIPS and of a long clip, by this package and by others."""
    with tempfile.TemporaryDirectory() as folder, workers() as team:
        exactness(Path(folder), team)
        for clip in clips:
            compare(clip, rounds, team)
        if seconds:
            long = keep or Path(folder) / "long.mp4"
            if not long.exists():
                click.echo(f"\nMaking a clip of {seconds} s …")
                write(long, moving(seconds), range(seconds * 25), Fraction(1, 25), g="250", preset="superfast", bf="3")
            compare(long, max(1, rounds // 4), team)
