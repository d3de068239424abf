"""`t2v serve`: captions over HTTP."""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from t2v_recaption.cli.group import CONTEXT
from t2v_recaption.cli.options import FILE, Settings, enhancer_options, option
from t2v_recaption.serve import Limits, Server
from t2v_recaption.serve.access import read_token
from t2v_recaption.serve.server import PORT

LIMITS = Limits()

POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command(context_settings=CONTEXT)
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Any other than this machine's own needs a token.",
)
@option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes a free one.")
@option("--token-file", type=FILE, metavar="F", help="File with the token that requests must bring (or T2V_TOKEN).")
@option(
    "--queue",
    type=click.IntRange(1),
    default=LIMITS.queue,
    show_default=True,
    metavar="N",
    help="Prompts that may wait; beyond that, 429.",
)
@option(
    "--max-batch",
    type=click.IntRange(1),
    default=LIMITS.batch,
    show_default=True,
    metavar="N",
    help="Prompts in one request.",
)
@option(
    "--max-body",
    type=click.IntRange(1),
    default=LIMITS.body,
    show_default=True,
    metavar="BYTES",
    help="Size of a request.",
)
@option(
    "--workers",
    type=click.IntRange(1, 64),
    default=LIMITS.workers,
    show_default=True,
    metavar="N",
    help="Groups of prompts under way at once; more than one only pays with a model server.",
)
@option(
    "--timeout", type=POSITIVE, default=LIMITS.work_seconds, show_default=True, metavar="SECONDS", help="For a caption."
)
@option(
    "--grace",
    type=POSITIVE,
    default=LIMITS.grace_seconds,
    show_default=True,
    metavar="SECONDS",
    help="How long stopping waits for what is under way.",
)
@enhancer_options
def serve(
    host: str,
    port: int,
    token_file: Path | None,
    queue: int,
    max_batch: int,
    max_body: int,
    workers: int,
    timeout: float,
    grace: float,
    **options: Any,
) -> int:
    """Serve captions over HTTP, to hosts in another process or language.

    \b
      t2v serve --target wan2.2
      curl -d '{"prompt": "a cat"}' -H 'Content-Type: application/json' http://127.0.0.1:8765/v1/enhance

    The options are those of t2v-enhance: what a request leaves open is as they say. The address goes to standard
    output as soon as the server listens. Ctrl-C and SIGTERM let it finish what is under way.
    """  # noqa: D301 -- click wants the real control character
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    limits = Limits(
        queue=queue,
        batch=min(max_batch, queue),
        workers=workers,
        body=max_body,
        work_seconds=timeout,
        grace_seconds=grace,
    )
    _collect_as_usual()
    enhancer = Settings(**options).enhancer()
    server = Server(enhancer, host=host, port=port, token=read_token(token_file), limits=limits)
    if server.run(click.echo):
        enhancer.close()
        return 0
    click.echo("Stopped before everything was answered.", err=True)
    sys.stderr.flush()
    # A model call cannot be interrupted, and would hold up the end of the process.
    os._exit(1)


def _collect_as_usual() -> None:
    """Look for garbage as Python does by itself: the commands do so seldom, which only suits what ends soon."""
    gc.freeze()
    gc.set_threshold(700, 10, 10)
