"""What a terminal shows of a comparison: progress while it runs, the verdict first when it is done."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from t2v_recaption.cli.show import wide_console
from t2v_recaption.compare.comparison import Comparison
from t2v_recaption.compare.lock import NAME as LOCK
from t2v_recaption.compare.power import Power, plan_power
from t2v_recaption.compare.result import Measured, Result
from t2v_recaption.compare.verdicts import FEW_DIFFER, Call
from t2v_recaption.compare.words import amount, change, duration

if TYPE_CHECKING:
    from t2v_recaption.compare.run import Run
    from t2v_recaption.compare.store import Outcome

DOING = {
    "text": "Writing",
    "clip": "Making clips",
    "check": "Checking clips",
    "judgement": "Asking the judge",
    "retest": "Asking judges again",
}
TONES = {Call.SECOND: "bold green", Call.FIRST: "bold red", Call.SAME: "bold", Call.INCONCLUSIVE: "bold yellow"}
LISTED = 5
"""Problems that a terminal lists."""
NARROW = 72
"""Columns below which a table becomes a list."""


class Progress:
    """Progress bars on stderr: what is being done, how much, how long still; nothing in a pipe."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bars = Bars(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
        self._task: Any = None
        self._failed = 0

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bars.stop()

    def start(self, step: str, total: int) -> None:
        """Begin a bar."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task, self._failed = self._bars.add_task(DOING[step], total=total, visible=total > 0), 0

    def done(self, step: str, outcome: Outcome) -> None:
        """One more is done."""
        self._failed += not outcome.ok
        told = f"{DOING[step]} ({self._failed} failed)" if self._failed else DOING[step]
        self._bars.update(self._task, advance=1, description=told)

    def say(self, text: str) -> None:
        """A line on stderr."""
        self._bars.stop()
        self.console.print(Text(text), soft_wrap=True)


def show(result: Result) -> None:
    """Print the verdict, the figures behind it, and what failed."""
    console = wide_console()
    for found in result.comparisons:
        console.print(Text(found.verdict.text, style=TONES[found.verdict.call]), soft_wrap=not console.is_terminal)
    console.print()
    _measured(console, result.primary)
    _others(console, result)
    for told in result.preferences:
        console.print(Text.assemble(("Preference  ", "bold"), told.text))
    for again in result.retests:
        console.print(Text.assemble(("Retest  ", "bold"), again.text))
    _problems(console, result)
    for note in result.notes:
        console.print(Text.assemble(("Note  ", "bold"), note))
    console.print(Text(f"Everything → {result.folder}", style="dim"), soft_wrap=True)


def say_power(run: Run) -> None:
    """Before anything is made, say on stderr what so many prompts can show."""
    if not (run.folder / LOCK).exists():
        click.echo(f"Planned: {_told(_power(run))}", err=True)


def _told(power: Power) -> str:
    many = f"{power.prompts} prompt{'s are' if power.prompts != 1 else ' is'} too few to show anything."
    return power.text if power.prompts >= FEW_DIFFER and math.isfinite(power.detectable) else many


def _power(run: Run) -> Power:
    design = run.design
    return plan_power(len(design.items.items), seeds=len(design.seeds), margin=design.settings.margin)


def show_estimate(run: Run, *, as_json: bool) -> None:
    """What is left to be made, and what the prompts can show."""
    estimates, power = run.estimate(), _power(run)
    count = len(run.design.items.items)
    if as_json:
        known = {key: value if value != math.inf else None for key, value in power.to_dict().items()}
        told = {"estimates": [e.to_dict() for e in estimates], "power": known}
        click.echo(json.dumps(told, ensure_ascii=False, allow_nan=False))
        return
    console = Console(highlight=False)
    arms = ", ".join(arm.name for arm in run.design.arms)
    console.print(Text(f"{count} prompts, {len(run.design.arms)} arms ({arms}), seeds {list(run.design.seeds)}."))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "left", "of", "time", "money"):
        table.add_column(title, header_style="bold", justify="left" if not title else "right")
    for each in estimates:
        time = "not known yet" if each.seconds is None else duration(each.seconds)
        cost = "no price given" if each.cost is None else f"{each.cost:,.2f}"
        table.add_row(each.step, f"{each.left:,}", f"{each.total:,}", time, cost)
    console.print(table)
    console.print(Text(_told(power)))


def _measured(console: Console, measured: Measured) -> None:
    console.print(Text(f"{_capital(measured.title)} (decides)", style="bold"))
    if console.is_terminal and console.width < NARROW:
        name, mean = measured.means[0]
        console.print(Text(f"  {name} {amount(mean, measured.unit)}"))
        for found in measured.contest.comparisons:
            console.print(Text(f"  {found.second} {amount(found.mean_second, measured.unit)}"))
            console.print(Text(f"    {change(found, measured.unit)}"))
        console.print()
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "mean", "difference", "prompts higher / same / lower", "p"):
        table.add_column(title, header_style="dim", justify="left" if not title else "right")
    name, mean = measured.means[0]
    table.add_row(Text(name), amount(mean, measured.unit), "", "", "")
    for found in measured.contest.comparisons:
        table.add_row(*map(Text, _row(found, measured.unit)))
    console.print(table)
    console.print()


def _others(console: Console, result: Result) -> None:
    """The other measures, one line each; a star where an arm differs from the baseline."""
    if not result.others:
        return
    base = result.primary.contest.baseline
    console.print(Text("Other measures", style="bold") + Text(f" (* differs from {base}; they do not decide)", "dim"))
    rows = [[_capital(each.title), *(_mean(found, each.unit) for found in _arms(each))] for each in result.others]
    names = [base, *(found.second for found in result.comparisons)]
    if console.is_terminal and console.width < NARROW:
        for title, *values in rows:
            console.print(Text(f"  {title}"))
            console.print(Text("    " + "; ".join(f"{n} {v}" for n, v in zip(names, values, strict=True))))
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for title in ("", *names):
            table.add_column(title, header_style="dim", justify="left" if not title else "right")
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
    console.print()


def _arms(measured: Measured) -> list[tuple[float | None, bool]]:
    """Mean of each arm, the baseline first, and whether it differs from the baseline's."""
    differ = [each.verdict.call in (Call.FIRST, Call.SECOND) for each in measured.contest.comparisons]
    return [(mean, differs) for (_, mean), differs in zip(measured.means, (False, *differ), strict=True)]


def _mean(found: tuple[float | None, bool], unit: str) -> str:
    return amount(found[0], unit) + ("*" if found[1] else "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _row(found: Comparison, unit: str) -> tuple[str, ...]:
    counted = f"{found.wins.second} / {found.wins.ties} / {found.wins.first}"
    p = "< 0.001" if found.p < 0.001 else f"{found.p:.2g}"
    return found.second, amount(found.mean_second, unit), change(found, unit), counted, p


def _problems(console: Console, result: Result) -> None:
    if not result.problems:
        return
    count = len(result.problems)
    told = f"{count} step{'s' * (count > 1)} gave no value (in no score; --retry tries again):"
    console.print(Text(told, style="red"))
    for problem in result.problems[:LISTED]:
        seed = "" if problem.seed is None else f" seed {problem.seed}"
        console.print(Text(f"  {problem.step} {problem.arm} {problem.item}{seed}: {problem.message}"), soft_wrap=True)
    if len(result.problems) > LISTED:
        console.print(Text(f"  … and {len(result.problems) - LISTED} more (--json, --report)"))
