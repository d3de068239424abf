"""`t2v-enhance --file`: a whole file with a progress bar on stderr and a summary at the end."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from t2v_recaption.batch import Summary, run_file
from t2v_recaption.enhancer import Enhancer


class RateColumn(ProgressColumn):
    """Prompts a second."""

    def render(self, task: Task) -> Text:
        """`812/s`, or a dash while nothing is known."""
        return Text("-/s" if not task.speed else f"{task.speed:,.1f}/s")


def enhance_file(enhancer: Enhancer, source: Path, output: Path, column: str, *, resume: bool, overwrite: bool) -> int:
    """Enhance a file; 0 when every row has its caption, 1 when some failed."""
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Enhancing", total=None)
        try:
            summary = run_file(
                source,
                output,
                enhancer,
                column=column,
                resume=resume,
                overwrite=overwrite,
                on_start=lambda total, done: progress.update(task, total=total, completed=done),
                on_row=lambda row, outcome: progress.advance(task),
            )
        except KeyboardInterrupt:
            progress.stop()
            console.print(Text(f"Stopped. What is finished is in {output}; go on with --resume."))
            raise
    report(summary, console)
    return 1 if summary.failed else 0


def report(summary: Summary, console: Console) -> None:
    """Say what was done and list what failed."""
    resumed = f" ({summary.resumed} from before)" if summary.resumed else ""
    console.print(Text(f"{summary.done} of {summary.total} rows{resumed} → {summary.output}"))
    if summary.sidecar != summary.output:
        console.print(Text(f"Facts, repairs and provenance → {summary.sidecar}"))
    if summary.fallbacks:
        console.print(Text(f"{summary.fallbacks} were written by the composer instead of the model.", style="yellow"))
    if summary.failed:
        console.print(
            Text(f"{summary.failed} failed and have an empty caption{':' * bool(summary.failures)}", style="red")
        )
        for line in summary.failures:
            console.print(Text(f"  {line}"), soft_wrap=True)
        if len(summary.failures) < summary.failed:
            console.print(Text(f"Every error → {summary.sidecar}"))
