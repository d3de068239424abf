"""launch: the command line around somebody else's script, for the launchers in `t2v_recaption.integrations`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from t2v_recaption.cli.group import CONTEXT, run
from t2v_recaption.cli.options import FILE, Settings, enhancer_options, option
from t2v_recaption.enhancer import Enhancer

Start = Callable[[Enhancer, "list[str]", "dict[str, Any]"], Any]
"""Called with the enhancer, the script's arguments, and what else was chosen: `manifest`, `original_on_failure`."""


def launch(host: str, target: str, start: Start, arguments: Sequence[str] | None = None) -> None:
    """Run `python -m t2v_recaption.integrations.HOST [OPTIONS --] SCRIPT ARGUMENTS…` and leave the process.

    Options are those of `t2v-enhance`. Without a lone `--` all arguments are the script's, and the enhancer follows
    the environment (`T2V_MODEL`, …) and the config file. Errors become messages and exit codes.

    Args:
        host: name of the integration's module.
        target: the target where none is named.
        start: runs the script.
        arguments: default: those of the process.
    """
    ours, theirs = split(sys.argv[1:] if arguments is None else arguments)
    run(command(start, theirs), ours, f"python -m t2v_recaption.integrations.{host}", defaults={"target": target})


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our options and the script's arguments: what is before and after the first `--`."""
    given = list(arguments)
    if "--" in given:
        return given[: given.index("--")], given[given.index("--") + 1 :]
    return (given, []) if given in (["--help"], ["-h"]) else ([], given)


def command(start: Start, theirs: Sequence[str]) -> click.Command:
    """The click command that reads our options and starts the script with the others."""

    @click.command(context_settings=CONTEXT, options_metavar="[OPTIONS] -- SCRIPT AND ITS ARGUMENTS")
    @enhancer_options
    @option("--manifest", type=FILE, metavar="FILE", help="Append each prompt with its caption, as JSON Lines.")
    @option("--original-on-failure", is_flag=True, help="Let prompts go as they are that cannot be enhanced.")
    def launcher(manifest: Path | None, original_on_failure: bool, **options: Any) -> None:
        """Run a video model's own script with its prompts enhanced. Nothing of the script is edited."""
        chosen = {"manifest": manifest, "original_on_failure": original_on_failure}
        with Settings(**options).enhancer() as enhancer:
            start(enhancer, list(theirs), chosen)

    return launcher
