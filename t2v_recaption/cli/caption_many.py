"""`t2v caption … --output F`: progress on standard error, a summary at the end, the exit code tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from t2v_recaption.batch.clips import ClipJob, ClipSummary, caption_clips
from t2v_recaption.batch.clips.units import Outcome
from t2v_recaption.cli.caption import resources, shard_of
from t2v_recaption.cli.vision import Vision
from t2v_recaption.errors import MissingDependency


class ClipRate(ProgressColumn):
    """Clips an hour."""

    def render(self, task: Task) -> Text:
        """`1,250/h`, or a dash while nothing is known."""
        return Text("-/h" if not task.speed else f"{task.speed * 3600:,.0f}/h")


def caption_many(
    clips: tuple[str, ...], output: Path, mode: Any, vision: Vision, many: dict[str, Any], as_json: bool
) -> int:
    """Caption clips into a file; 0 when every one has its caption, 1 when some failed."""
    console = Console(stderr=True, highlight=False)
    given = vision.captioner_options if mode != "measured" else {}
    job = ClipJob(mode, vision.backend, vision.backend_options, vision.profile, given, vision.sampling, many["split"])
    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        ClipRate(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[failed]}", style="red"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Captioning", total=None, failed="")
        seen = _Seen(progress, task)
        try:
            summary = caption_clips(
                clips,
                output,
                job,
                column=many["column"],
                shard=shard_of(many["shard"]),
                resume=many["resume"],
                overwrite=many["overwrite"],
                retry=many["retry"],
                resources=resources(many),
                exports=many["export"],
                on_start=lambda total, done: progress.update(task, total=total, completed=done),
                on_outcome=seen,
                **_engine(many),
            )
        except KeyboardInterrupt:
            progress.stop()
            console.print(Text(f"Stopped. What is finished is kept; go on with --resume ({output})."))
            raise
    if as_json:
        click.echo(summary.to_json())
    report(summary, console)
    return 1 if summary.failed else 0


class _Seen:
    """Counts outcomes for the progress bar, and says what failed as it fails."""

    def __init__(self, progress: Progress, task: Any) -> None:
        self.progress, self.task, self.failed = progress, task, 0

    def __call__(self, outcome: Outcome) -> None:
        if outcome.row is None:
            self.progress.update(self.task, total=(self._total or 0) + outcome.parts - 1)
            return
        if outcome.row["status"] != "ok":
            self.failed += 1
            message = f"{outcome.row['video_id']}: {outcome.row['message']}"
            self.progress.console.print(Text(" ".join(message.split()), style="red"), soft_wrap=True)
            self.progress.update(self.task, failed=f"{self.failed} failed")
        self.progress.advance(self.task)

    @property
    def _total(self) -> float | None:
        return self.progress.tasks[0].total


def _engine(many: dict[str, Any]) -> dict[str, Any]:
    if many["engine"] == "local":
        return {}
    from functools import partial
    from importlib.util import find_spec

    if find_spec("ray") is None:  # before anything is written
        raise MissingDependency("The engine 'ray'", "ray", "ray")
    from t2v_recaption.batch.clips.on_ray import RayEngine

    return {"engine": partial(RayEngine, models=many["models"], gpus=many["gpus"])}


def report(summary: ClipSummary, console: Console) -> None:
    """Say what was done."""
    before = f" ({summary.resumed} from before)" if summary.resumed else ""
    rows = summary.ok + summary.failed
    console.print(Text(f"{summary.ok} of {rows} captions{before} → {summary.output}"), soft_wrap=True)
    for path in summary.written[1:]:
        console.print(Text(f"also → {path}"), soft_wrap=True)
    if summary.failed:
        told = f"{summary.failed} failed; each says why in its row. --resume tries them again."
        console.print(Text(told, style="red"), soft_wrap=True)
