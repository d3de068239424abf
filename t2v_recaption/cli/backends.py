"""`t2v backends`: what can write captions and run models here, and what to install for the rest."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from t2v_recaption.cli.group import CONTEXT
from t2v_recaption.cli.options import option
from t2v_recaption.registry import Description, describe

NARROW = 100
"""Columns under which a table would break every second word."""


@click.group(context_settings=CONTEXT, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_context
def backends(context: click.Context, as_json: bool) -> None:
    """List what can run models and write captions, and what to install for the rest."""
    if context.invoked_subcommand is None:
        _show(as_json)


@backends.command(context_settings=CONTEXT)
@click.argument("name", type=click.Choice(["sharecaptioner"]))
@option("--python", metavar="COMMAND", help="Python 3.8 to 3.11 to make it with.")
@click.option("--remove", is_flag=True, help="Delete the environment instead.")
def install(name: str, python: str | None, remove: bool) -> None:
    """Make the virtual environment that a backend runs in: pinned packages, several GB."""
    from t2v_recaption.backends.sharecaptioner import environment

    if remove:
        click.echo("Deleted." if environment.remove() else f"There is no environment of {name}.", err=True)
        return
    click.echo(environment.install(python, say=lambda line: click.echo(line, err=True)))


def _show(as_json: bool) -> None:
    known = describe()
    if as_json:
        plain = {kind: [item.to_dict() for item in items] for kind, items in known.items()}
        click.echo(json.dumps(plain, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if console.width < NARROW:
        _list(console, known)
    else:
        console.print(_table(known))


def _table(known: dict[str, list[Description]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "name", "ready", "what it is", "sees", "needs"):
        table.add_column(title, header_style="bold", overflow="fold", no_wrap=title in ("", "name"))
    for kind, items in known.items():
        for item in items:
            row = (kind.removesuffix("s"), item.name, _ready(item), item.summary, item.sees, item.install or item.needs)
            table.add_row(*map(Text, row))
    return table


def _list(console: Console, known: dict[str, list[Description]]) -> None:
    for kind, items in known.items():
        for item in items:
            console.print(Text.assemble((item.name, "bold"), f"  {kind.removesuffix('s')}, ready: {_ready(item)}"))
            for title, text in (("", item.summary), ("sees: ", item.sees), ("needs: ", item.install or item.needs)):
                if text:
                    console.print(Padding(Text(title + text), (0, 0, 0, 2), expand=False))


def _ready(item: Description) -> str:
    return "yes" if item.installed else "no"
