"""The command group, loading each command's file on use; and the one place where errors become messages."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from t2v_recaption.errors import InvalidInput, RecaptionError, UnknownName

COMMANDS = {
    "ab": "Compare prompts, writers or settings, and say how sure the result is.",
    "ask": "Ask questions about a clip.",
    "backends": "List what can run models, and what to install for the rest.",
    "caption": "Say what clips show.",
    "enhance": "Turn a prompt into a dense caption (same as t2v-enhance).",
    "loop": "Make clips until one shows what was asked for, repairing the caption.",
    "merge": "Join the captions of shards into one file.",
    "serve": "Serve captions over HTTP.",
    "targets": "List the video models that captions are written for.",
    "verify": "Hold clips against what the user asked for.",
}
"""Name → one line of help; the command is the object of that name in `t2v_recaption.cli.<name>`."""

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
"""Context settings of every command."""

FAILED, USAGE, INTERRUPTED = 1, 2, 130
FULL = {errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Errors of a disk that takes no more."""


class Toolbox(click.Group):
    """The group `t2v`: commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"t2v_recaption.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


def run(
    command: click.Command, arguments: Sequence[str] | None, name: str, *, defaults: Mapping[str, Any] | None = None
) -> None:
    """Run a command and leave the process: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

    `defaults` win over those of the config file.
    """
    try:
        code = command.main(
            args=arguments,
            prog_name=name,
            standalone_mode=False,
            default_map=config() | dict(defaults or {}),
        )
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.NoArgsIsHelpError as stop:
        stop.show()
        sys.exit(USAGE)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    except RecaptionError as error:
        say_error(error)
        sys.exit(USAGE if isinstance(error, (InvalidInput, UnknownName)) else FAILED)
    except BrokenPipeError:
        # The reader (head, a pager) has gone: not an error.
        _drop_output()
        sys.exit(FAILED)
    except OSError as error:
        if error.errno not in FULL:
            raise
        click.echo(f"Error: The output cannot be written: {error.strerror}.", err=True)
        _drop_output()
        sys.exit(FAILED)


def wrote(what: str, path: Path, write: Callable[[], object]) -> bool:
    """Write a file that was asked for beside the result, and say so; False, with a message, where that cannot be done.

    What was found is on stdout by then: a folder that is not there must not lose it.
    """
    try:
        write()
    except (OSError, InvalidInput) as error:
        told = error.message if isinstance(error, InvalidInput) else f"{path} cannot be written: {error.strerror}."
        click.echo(f"Error: {told}", err=True)
        return False
    click.echo(f"{what} → {path}", err=True)
    return True


def _drop_output() -> None:
    """Nothing more may be written to standard output at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_error(error: RecaptionError, where: str = "") -> None:
    """Print an error's message, after where it happened, and its hint to stderr."""
    click.echo(f"Error: {where}{error.message}", err=True)
    if error.hint:
        click.echo(f"Hint: {error.hint}", err=True)


def config() -> dict[str, Any]:
    """Defaults for options from the user's config file (`T2V_CONFIG`, or config.yaml in the user's config folder).

    Raises:
        InvalidInput: the file is not a YAML mapping of option names.
    """
    path = config_path()
    if not path.is_file():
        if os.environ.get("T2V_CONFIG"):
            raise InvalidInput(f"There is no config file {str(path)!r}.", hint="T2V_CONFIG names it.")
        return {}
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"The config file {path} cannot be read: {error}.") from error
    if not isinstance(values, dict):
        raise InvalidInput(f"The config file {path} is not a mapping.", hint="Write lines like: target: wan2.2")
    flat = {str(key).replace("-", "_"): value for key, value in values.items()}
    return flat | dict.fromkeys(COMMANDS, flat)


def config_path() -> Path:
    """Where the config file is looked for."""
    if set_path := os.environ.get("T2V_CONFIG"):
        return Path(set_path)
    from platformdirs import user_config_path

    return user_config_path("t2v_recaption") / "config.yaml"
