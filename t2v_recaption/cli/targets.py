"""`t2v targets`: the video models that captions are written for."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from t2v_recaption.cli.group import CONTEXT
from t2v_recaption.cli.show import wide_console
from t2v_recaption.targets import Target, load, names


@click.group(invoke_without_command=True, context_settings=CONTEXT)
@click.option("--json", "as_json", is_flag=True, help="Print all targets as JSON.")
@click.pass_context
def targets(ctx: click.Context, as_json: bool) -> None:
    """List the video models that captions are written for."""
    if ctx.invoked_subcommand is not None:
        return
    known = [load(name) for name in names()]
    if as_json:
        click.echo(json.dumps([target.to_dict() for target in known], ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("target", "tasks", "words", "tokens", "languages", "title"):
        table.add_column(title, header_style="bold", overflow="fold", no_wrap=title == "target")
    for target in known:
        table.add_row(*map(Text, _row(target)))
    wide_console().print(table)


def _row(target: Target) -> tuple[str, ...]:
    return (
        target.name,
        " ".join(target.tasks),
        f"{target.words.low}-{target.words.high}",
        str(target.limit),
        " ".join(target.languages),
        target.title,
    )


@targets.command(context_settings=CONTEXT)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the target as JSON.")
def show(name: str, as_json: bool) -> None:
    """Show all that is known of one target, with the sources of its figures."""
    target = load(name)
    if as_json:
        click.echo(target.to_json(indent=2))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in _described(target):
        table.add_row(key, Text(value))
    Console(highlight=False).print(table)


def _described(target: Target) -> list[tuple[str, str]]:
    encoders = "\n".join(
        f"{e.name}: {e.limit} tokens, too long: {e.overlong}{'' if e.whole else ', companion (short version)'}"
        for e in target.encoders
    )
    words = f"{target.words.low}-{target.words.high}, best about {target.words.ideal}"
    rows = [
        ("target", f"{target.name} ({target.title})"),
        ("also", ", ".join(target.aliases)),
        ("tasks", ", ".join(target.tasks)),
        ("words", words),
        ("order", ", ".join(target.order)),
        ("languages", ", ".join(target.languages)),
        ("text encoders", encoders),
        ("camera move", target.camera),
        ("style", target.style),
        ("soundscape", "wanted" if target.audio else "not wanted"),
        ("added around", " … ".join(part.strip() for part in (target.prefix, target.suffix)).strip(" …")),
        ("negations go", "into the negative prompt" if target.negation == "negative" else "into the text"),
        ("negative prompt", target.negative),
        ("rules", "\n".join(f"- {rule}" for rule in target.rules)),
        ("rules, image given", "\n".join(f"- {rule}" for rule in target.rules_i2v)),
        ("sources", "\n".join(f"- {source}" for source in target.sources)),
    ]
    return [(key, value) for key, value in rows if value]
