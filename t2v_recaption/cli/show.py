"""What a terminal shows of an enhancement: the user's words marked, what was added, tokens, repairs."""

from __future__ import annotations

import shlex
import sys

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from t2v_recaption.enhancement import Enhancement
from t2v_recaption.fidelity.report import FactVerdict, Status
from t2v_recaption.targets.budget import Count
from t2v_recaption.tidy import tidy

STYLES = {
    Status.KEPT: "green",
    Status.WEAKENED: "yellow",
    Status.LOST: "red",
    Status.CONTRADICTED: "bold red",
}
GAUGE = 24
"""Characters of the token gauge."""
WIDEST = 1000
"""Columns of a table in a pipe."""


def show(outcome: Enhancement, *, explain: bool = False, console: Console | None = None) -> None:
    """Print an enhancement for people. Nothing in it is taken for markup."""
    console = console or Console(highlight=False)
    parts: list[RenderableType] = [marked_caption(outcome), Text("")]
    if outcome.negative:
        parts += [Text.assemble(("Negative  ", "bold"), outcome.negative), Text("")]
    parts.append(added(outcome))
    parts += [gauge(count) for count in outcome.fit.counts]
    parts += [Text.assemble(("Repaired  ", "bold yellow"), repair) for repair in outcome.repairs]
    parts += [Text.assemble(("Note      ", "bold"), note) for note in outcome.notes]
    if outcome.fallback:
        parts.append(Text.assemble(("Fallback  ", "bold yellow"), f"the composer wrote this: {outcome.fallback}"))
    if explain:
        parts += [Text(""), facts(outcome)]
    console.print(Group(*parts))
    # Left to the terminal to wrap: a line end put into it would end the command where it is pasted.
    console.print(Text.assemble(("Again     ", "bold"), (command(), "dim")), soft_wrap=True)


def wide_console() -> Console:
    """For a list: a terminal's width on a terminal, and in a pipe as wide as the longest row, for `grep` and `awk`."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDEST)


def marked_caption(outcome: Enhancement) -> Text:
    """The caption, with what keeps the user's words in bold."""
    text = Text(outcome.caption)
    for verdict in outcome.report.verdicts:
        if verdict.span is not None:
            text.stylize("bold cyan", verdict.span.start, verdict.span.end)
    return text


def added(outcome: Enhancement) -> Table:
    """What was added, by aspect."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True, width=8)
    table.add_column()
    groups: dict[str, list[str]] = {}
    for sentence in outcome.sentences:
        if sentence.aspect != "prompt":
            groups.setdefault(sentence.aspect, []).append(sentence.text)
    for aspect, sentences in groups.items():
        table.add_row(f"+{aspect}", Text(" ".join(sentences), style="dim"))
    return table


def gauge(count: Count) -> Text:
    """`Tokens  ████████░░░░  119 of 226 (T5-XXL, estimate)`."""
    share = min(1.0, count.tokens / max(1, count.limit))
    full = round(GAUGE * share)
    style = "red" if count.over else "green" if share < 0.9 else "yellow"
    how = count.encoder if count.exact else f"{count.encoder}, estimate"
    return Text.assemble(
        ("Tokens    ", "bold"),
        ("█" * full, style),
        ("░" * (GAUGE - full), "dim"),
        f"  {count.tokens} of {count.limit} ({how})",
    )


def facts(outcome: Enhancement) -> Table:
    """Every fact of the prompt with its place, its verdict and the words that show it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("fact", "says", "at", "verdict", "shown by"):
        table.add_column(title, header_style="bold", overflow="fold")
    for verdict in outcome.report.verdicts:
        table.add_row(*_row(verdict, outcome))
    for invention in outcome.report.inventions:
        place = f"{invention.span.start}-{invention.span.end}"
        table.add_row(
            Text(f"+{invention.kind.value}"), Text(""), "", Text("added"), Text(f"{invention.text} ({place})")
        )
    return table


def _row(verdict: FactVerdict, outcome: Enhancement) -> tuple[Text, ...]:
    fact = verdict.fact
    kind = f"{fact.kind.value}:{fact.category}" if fact.category else fact.kind.value
    places = " ".join(f"{span.start}-{span.end}" for span in fact.spans)
    shown = "" if verdict.span is None else outcome.caption[verdict.span.start : verdict.span.end]
    by = "" if verdict.by == "rules" else f" ({verdict.by})"
    return (
        Text(kind),
        Text(fact.text),
        Text(places, style="dim"),
        Text(verdict.status.value + by, style=STYLES[verdict.status]),
        Text(shown or verdict.reason),
    )


def command() -> str:
    """The command that was given, ready to paste."""
    name = "t2v-enhance" if sys.argv[0].endswith("t2v-enhance") else "t2v"
    # A prompt with control characters must not reach the terminal through the back door.
    return tidy(shlex.join([name, *sys.argv[1:]]))[0]
