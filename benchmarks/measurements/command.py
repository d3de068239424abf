"""The command: renders and measures scenes with known truth, and clips of the user's own with labels."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from benchmarks.measurements.cases import QUESTIONS, scenes, truth
from benchmarks.measurements.renderer import write
from benchmarks.measurements.speed import rows
from t2v_recaption.video.measurements import Measurements, measure

TUNED, HELD = range(0, 1), range(100, 101)
"""Seeds of the scenes that thresholds were set on, and of those that were not looked at."""

LABELS = Path(__file__).with_name("clips.json")
"""What is true of some clips of real models and cameras, labelled by eye from their frames."""


@dataclass
class Table:
    """Outcomes by question."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    mistakes: list[str] = field(default_factory=list)

    def add(self, name: str, facts: dict[str, Any], found: Measurements) -> None:
        """Count a clip."""
        for question, expected in facts.items():
            answer = QUESTIONS[question](found)
            outcome = "undetermined" if answer is None else "right" if answer == expected else "wrong"
            self.counts[question][outcome] += 1
            if expected not in (False, 0, "none"):
                self.counts[question][f"there, {outcome}"] += 1
            if outcome == "wrong":
                self.mistakes.append(f"{name}: {question} is {answer}, not {expected}")

    def rows(self) -> Iterable[str]:
        """As Markdown."""
        yield "| question | clips | right | undetermined | wrong | where it is there: right | undetermined | wrong |"
        yield "|---|---|---|---|---|---|---|---|"
        for question in QUESTIONS:
            count = self.counts.get(question)
            if count:
                parts = [count[key] for key in ("right", "undetermined", "wrong")]
                there = [count[f"there, {key}"] for key in ("right", "undetermined", "wrong")]
                yield f"| {question} | {sum(parts)} | " + " | ".join(map(str, (*parts, *there))) + " |"
        totals = [sum(count[key] for count in self.counts.values()) for key in ("right", "undetermined", "wrong")]
        yield f"| all | {sum(totals)} | " + " | ".join(map(str, totals)) + " | | | |"


@click.command("measurements")
@click.option("--part", type=click.Choice(["tuned", "held", "both"]), default="both", help="Which scenes.")
@click.option("--only", default="", help="Only scenes whose name holds this.")
@click.option("--clips", type=click.Path(path_type=Path, exists=True), help="Folder with the clips of clips.json.")
@click.option("--scenes/--no-scenes", "render", default=True, help="Whether to render and measure scenes.")
@click.option("--speed", is_flag=True, help="Only what whole processes take.")
def main(part: str, only: str, clips: Path | None, render: bool, speed: bool) -> None:
    """Print how often measurements are right on rendered scenes with known truth, and on clips labelled by eye."""
    if speed:
        with tempfile.TemporaryDirectory() as folder:
            click.echo("\n".join(rows(Path(folder), 5)))
        return
    for name, seeds in (("tuned", TUNED), ("held", HELD)):
        if render and part in (name, "both"):
            click.echo(f"\n## {name} scenes\n")
            report(*rendered(seeds, only))
    if clips is not None:
        for name in ("tuned", "held"):
            click.echo(f"\n## {name} clips\n")
            report(*labelled(clips, name))


def rendered(seeds: range, only: str) -> tuple[Table, Counter[str], float]:
    """Render, encode, measure."""
    table, spent, shown = Table(), Counter[str](), 0.0
    with tempfile.TemporaryDirectory() as folder:
        for scene in scenes(seeds):
            if only not in scene.name:
                continue
            path = write(scene, Path(folder) / "scene.mp4")
            found = measure(path)
            table.add(scene.name, truth(scene), found)
            click.echo(f"{scene.name}: {len(table.mistakes)} wrong so far", err=True)
            spent.update(found.seconds)
            shown += found.duration
    return table, spent, shown


def labelled(folder: Path, part: str) -> tuple[Table, Counter[str], float]:
    """Measure the labelled clips that are in the folder."""
    table, spent, shown = Table(), Counter[str](), 0.0
    for clip in json.loads(LABELS.read_text(encoding="utf-8")):
        if clip["part"] == part and (folder / clip["file"]).is_file():
            found = measure(folder / clip["file"])
            table.add(clip["file"], clip["facts"], found)
            spent.update(found.seconds)
            shown += found.duration
    return table, spent, shown


def report(table: Table, spent: Mapping[str, float], shown: float) -> None:
    """Print a table, the mistakes, and what each signal took."""
    for row in table.rows():
        click.echo(row)
    click.echo("\nWrong:" if table.mistakes else "\nNothing wrong.")
    for mistake in table.mistakes:
        click.echo(f"- {mistake}")
    if shown:
        parts = ", ".join(f"{name} {1000 * spent[name] / shown:.0f}" for name in sorted(spent, key=lambda n: -spent[n]))
        click.echo(f"\nMilliseconds for each second of video: {parts}.")
