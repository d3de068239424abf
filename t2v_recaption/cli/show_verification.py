"""What a terminal shows of a verification: each claim with its verdict and why, the score, the judges, what is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from t2v_recaption.cli.show import wide_console
from t2v_recaption.tidy import tidy
from t2v_recaption.verify.model import ClaimResult, ClaimSet, ClaimStatus, JudgeReliability, Rate, Verification

if TYPE_CHECKING:
    from t2v_recaption.verify import Unverified

MARKS = {
    ClaimStatus.SUPPORTED: ("✓", "green"),
    ClaimStatus.REFUTED: ("✗", "bold red"),
    ClaimStatus.UNDETERMINED: ("?", "yellow"),
    ClaimStatus.ERROR: ("!", "bold magenta"),
    ClaimStatus.NOT_APPLICABLE: ("-", "dim"),
}
NARROW = 72
"""Columns below which the reason goes under the claim instead of beside it."""


def show(
    found: Verification,
    *,
    explain: bool = False,
    offline: bool = False,
    title: bool = False,
    console: Console | None = None,
) -> None:
    """Print a verification for people. Nothing in it is taken for markup."""
    console = console or wide_console()
    if title:
        console.print(Text(_plain(str(found.clip.get("id", ""))), style="bold"))
    console.print(_table(found, console))
    if explain:
        console.print(_routes(found))
    console.print(_score(found))
    for judge in found.judges:
        console.print(_trust(judge))
    for caption in found.captions:
        console.print(Text.assemble(("Caption   ", "bold"), _plain(caption)))
    for note in found.notes:
        console.print(Text.assemble(("Note      ", "bold"), _plain(note)))
    if offline:
        _say_what_is_missing(found, console)


def show_all(outcomes: Sequence[Verification | Unverified], trust: Mapping[str, JudgeReliability]) -> None:
    """Print what several clips say together: how many were verified, the mean score, and each judge over all."""
    console = wide_console()
    found = [outcome for outcome in outcomes if isinstance(outcome, Verification)]
    scores = [one.score for one in found if one.score is not None]
    told = f"{len(found)} of {len(outcomes)} clips verified"
    if scores:
        told += f", mean score {sum(scores) / len(scores):.2f} over {len(scores)}"
        told += f", mean coverage {sum(one.coverage for one in found) / len(found):.0%}"
    console.print(Text("All clips", style="bold"))
    console.print(Text.assemble(("Score     ", "bold"), told))
    for judge in trust.values():
        console.print(_trust(judge))


def show_claims(claims: ClaimSet) -> None:
    """Print the claims of a prompt."""
    console = wide_console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("claim", "question", "expected", "decided by"):
        table.add_column(column, header_style="bold", overflow="fold")
    for claim in claims:
        table.add_row(*(Text(_plain(t)) for t in (claim.text, claim.question, claim.expected, BY[claim.checker])))
    console.print(table)
    console.print(Text.assemble(("Hash      ", "bold"), claims.hash))


BY = {
    "measurement": "the file",
    "either": "measuring, or a model",
    "text": "reading it, or a model",
    "judge": "a model",
    "none": "nobody: it is heard",
}


def _table(found: Verification, console: Console) -> Table:
    narrow = console.width < NARROW
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=not narrow)
    table.add_column("", no_wrap=True)
    table.add_column("claim", header_style="bold", overflow="fold")
    if not narrow:
        table.add_column("sure", header_style="bold", justify="right", no_wrap=True)
        table.add_column("why", header_style="bold", overflow="fold")
    for result in found.results:
        mark, style = MARKS[result.status]
        claim = Text(_plain(result.claim.text))
        sure = f"{result.confidence:.0%}" if result.status.decided else ""
        if narrow:
            claim.append(f"\n{_why(result)} {sure}".rstrip(), style="dim")
            table.add_row(Text(mark, style=style), claim)
        else:
            table.add_row(Text(mark, style=style), claim, Text(sure), Text(_why(result), style="dim"))
    return table


def _why(result: ClaimResult) -> str:
    told = _plain(result.reason)
    if result.disputed and result.status.decided:
        told = f"{told} (disputed)"
    times = result.evidence.times if result.status.decided else ()
    return f"{told} [{', '.join(f'{t:.1f} s' for t in times[:4])}]" if times else told


def _routes(found: Verification) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("claim", "route", "by", "says", "sure", "answer"):
        table.add_column(column, header_style="bold", overflow="fold")
    for result in found.results:
        for verdict in result.verdicts:
            says = verdict.status.value if verdict.counts else f"{verdict.status.value} (does not count)"
            sure = f"{verdict.confidence:.0%}" if verdict.status.decided else ""
            told = verdict.answer or verdict.reason
            row = (result.claim.text, verdict.route, verdict.by, says, sure, told)
            table.add_row(*(Text(_plain(t)) for t in row))
    return table


def _score(found: Verification) -> Text:
    counts = {status: len(found.of_status(status)) for status in ClaimStatus}
    told = ", ".join(f"{n} {status.value.replace('_', ' ')}" for status, n in counts.items() if n)
    value = "none: nothing was decided" if found.score is None else f"{found.score:.2f}"
    return Text.assemble(
        ("Score     ", "bold"), value, ("  Coverage ", "bold"), f"{found.coverage:.0%}", (f"  ({told})", "dim")
    )


def _trust(judge: JudgeReliability) -> Text:
    word, style = ("Judge     ", "bold") if judge.reliable else ("Unreliable", "bold red")
    true, false = _rate(judge.sensitivity), _rate(judge.specificity)
    told = f" {judge.judge}: {judge.reason} True things called true: {true}; false things called false: {false}."
    return Text.assemble((word, style), _plain(told) if judge.reliable else f" {_plain(told)}")


def _rate(rate: Rate) -> str:
    return f"{rate.right}/{rate.asked} ({rate.low:.0%}-{rate.high:.0%})" if rate.asked else "0/0"


def _say_what_is_missing(found: Verification, console: Console) -> None:
    """Without a model: how many claims need one, and how to add one."""
    waiting = [r for r in found.of_status(ClaimStatus.UNDETERMINED) if r.claim.checker in ("judge", "either", "text")]
    if waiting:
        told = (
            f"{len(waiting)} of {len(found.results)} claims need a vision model. Add one: --judge MODEL --base-url URL"
        )
        console.print(Text.assemble(("Open      ", "bold yellow"), told), soft_wrap=True)


def _plain(text: str) -> str:
    """One line without control characters: what models and prompts say must not reach the terminal as commands."""
    return tidy(text)[0]
