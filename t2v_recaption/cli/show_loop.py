"""What `t2v loop` shows: progress while it runs, the best wording and what is still missing at the end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from t2v_recaption.cli.show_verification import MARKS
from t2v_recaption.loop import Loop, LoopResult
from t2v_recaption.verify.model import ClaimStatus


class Progress:
    """Says on stderr what happens: a bar on a terminal, a line an event in a log."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        self._task: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def start(self, most: int) -> None:
        """Begin, with so many clips at most."""
        self._bar.start()
        self._task = self._bar.add_task("Clips", total=most)

    def on_event(self, event: str, facts: dict[str, Any]) -> None:
        """One event of the loop."""
        if event == "trial":
            if self._task is not None:
                self._bar.advance(self._task)
            if facts["error"]:
                self._say(f"Seed {facts['seed']}: no clip: {facts['error']}")
        elif event == "wording":
            self._say("\n".join(f"  {edit['change']}" for edit in facts["wording"]["edits"][-3:]))
        elif event == "round":
            verdict = "kept" if facts["accepted"] else "not kept"
            self._say(f"Round {facts['number'] + 1}: {verdict} ({facts['reason']})")

    def _say(self, text: str) -> None:
        self._console.print(escape(text), highlight=False, soft_wrap=not self._console.is_terminal)


def show(result: LoopResult, folder: Path) -> None:
    """The best wording on stdout; on a terminal, what it shows and what is missing as well."""
    if not sys.stdout.isatty():
        click.echo(" ".join(result.best.text.split()))
        click.echo(f"{result.stop.value.capitalize()}. {result.reason}", err=True)
        return
    console = Console()
    console.print(escape(result.best.text), style="bold", highlight=False)
    console.print()
    console.print(_claims(result))
    for note in (
        *result.notes,
        *(f"{d.claim.text} {d.cause.value.capitalize()}: {d.reason}" for d in result.diagnoses),
    ):
        console.print(f"[dim]·[/] {escape(note)}", highlight=False)
    done = f"{result.stop.value.capitalize()}. {result.reason}"
    console.print(f"\n{escape(done)}", highlight=False)
    best = result.best_trial
    spent = f"{result.spent.generations} clips, {result.spent.judge_calls} questions to judges"
    console.print(
        f"[dim]{spent} · best clip: {escape(best.clip if best else 'none')} · all in {escape(str(folder))}[/]"
    )


def _claims(result: LoopResult) -> Table:
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    table.add_column("")
    table.add_column("claim", overflow="fold")
    table.add_column("shown", justify="right")
    best = result.best_trial
    trials = result.trials_of(result.best.key)
    for claim in result.claims:
        status = best.statuses.get(claim.id, ClaimStatus.ERROR) if best is not None else ClaimStatus.ERROR
        seen = sum(trial.statuses.get(claim.id) is ClaimStatus.SUPPORTED for trial in trials)
        mark, style = MARKS[status]
        table.add_row(Text(mark, style=style), escape(claim.text), f"{seen} of {len(trials)}")
    return table


def show_estimate(ready: Loop) -> None:
    """What a loop would do at most."""
    budget, claims = ready.budget, len(ready.claims)
    verifier_calls = claims if ready.identity.get("judges") else 0
    judges = len(ready.identity.get("judges") or ())
    least = 2 * min(ready.rules.seeds, budget.generations // 2)
    click.echo(f"{claims} claims, {judges} judges")
    click.echo(f"clips: {least} to {budget.generations}")
    click.echo(f"questions to judges: about {least * verifier_calls} to {budget.generations * verifier_calls * judges}")
    if budget.per_generation or budget.per_judge_call:
        each = budget.per_generation + verifier_calls * judges * budget.per_judge_call
        click.echo(f"money: {least * each:g} to {budget.generations * each:g}")
    click.echo(f"caption: {' '.join(ready.enhancement.caption.split())}")
