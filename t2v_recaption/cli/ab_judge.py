"""`t2v ab judge`: a person chooses, blind, in the browser."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from t2v_recaption.compare.blind import blind_page, person_preferences, sheet_of, take_in, write_key
from t2v_recaption.whole_files import write_whole


def judged(
    folder: Path, first: str | None, second: str | None, port: int, page: Path | None, answers: Path | None
) -> int:
    """Serve the page until the person stops it, or write it, or take answers in."""
    if answers is not None:
        click.echo(f"{take_in(folder, answers)} answers taken in.", err=True)
    elif page is not None:
        sheet = sheet_of(folder, first or "", second or "")
        write_whole(page, blind_page(sheet))
        key = write_key(folder, sheet)
        click.echo(f"{len(sheet.pairs)} pairs → {page}; which is which → {key}", err=True)
        return 0
    else:
        _serve(folder, first or "", second or "", port)
    for told in person_preferences(folder):
        click.echo(told.text)
    return 0


def _serve(folder: Path, first: str, second: str, port: int) -> None:
    from t2v_recaption.compare.blind_server import BlindServer

    with BlindServer(folder, sheet_of(folder, first, second), port) as server:
        left = len(server.sheet.pairs) - len(server.answers())
        click.echo(
            f"{left} of {len(server.sheet.pairs)} pairs to judge. Open this, and press Ctrl-C when you stop:", err=True
        )
        click.echo(server.url)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
