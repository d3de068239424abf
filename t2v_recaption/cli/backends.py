"""`t2v backends`: what can write captions and run models here, and what to install for the rest."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from t2v_recaption.cli.group import CONTEXT
from t2v_recaption.registry import Description, describe


@click.command(context_settings=CONTEXT)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def backends(as_json: bool) -> None:
    """List what can run models and write captions, and what to install for the rest."""
    known = describe()
    if as_json:
        plain = {kind: [item.to_dict() for item in items] for kind, items in known.items()}
        click.echo(json.dumps(plain, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "name", "ready", "what it is", "needs"):
        table.add_column(title, header_style="bold", overflow="fold", no_wrap=title == "name")
    for kind, items in known.items():
        for item in items:
            table.add_row(*map(Text, _row(kind, item)))
    Console(highlight=False).print(table)


def _row(kind: str, item: Description) -> tuple[str, ...]:
    ready = "yes" if item.installed else "no"
    needs = item.install or item.needs
    return kind.removesuffix("s"), item.name, ready, item.summary, needs
