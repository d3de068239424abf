"""The command line: `t2v-enhance` (the main job) and `t2v` (the toolbox)."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence


def enhance_main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `t2v-enhance`."""
    _collect_seldom()
    from t2v_recaption.cli.enhance import enhance
    from t2v_recaption.cli.group import run

    run(enhance, arguments, "t2v-enhance")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `t2v`."""
    _collect_seldom()
    import click

    from t2v_recaption import __version__
    from t2v_recaption.cli.group import CONTEXT, Toolbox, run

    help_text = "Captions for text-to-video models that lose nothing you said."
    toolbox = Toolbox(name="t2v", help=help_text, context_settings=CONTEXT)
    click.version_option(__version__, prog_name="t2v")(toolbox)
    run(toolbox, arguments, "t2v")


def _collect_seldom() -> None:
    """Look for garbage after every 100,000 new objects instead of 700.

    What the commands load lives as long as the process: going through it again and again while it is being built, and
    once more at the end, takes a third of a cold start.
    """
    gc.set_threshold(100_000, 20, 20)
    atexit.register(gc.freeze)


if __name__ == "__main__":
    main(sys.argv[1:])
