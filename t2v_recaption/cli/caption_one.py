"""`t2v caption CLIP`: one caption on standard output, its steps on the terminal while they are made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from t2v_recaption.captioners.base import ClipCaption, Mode, Step
from t2v_recaption.cli.vision import Vision


def caption_one(path: str, start: float, end: float | None, mode: Any, vision: Vision, as_json: bool) -> int:
    """Caption one clip; 0 when there is a caption.

    Raises:
        RecaptionError: the clip cannot be read, or the model fails.
    """
    from t2v_recaption.video import Clip

    clip = Clip(path, start=start, end=end)
    console = Console(stderr=True, highlight=False)
    made = _measured(clip) if mode == "measured" else _asked(clip, mode, vision, console)
    if made.error is not None:
        raise made.error
    for note in dict.fromkeys((*made.notes, *clip.warnings)):
        console.print(Text(f"Note: {note}"), soft_wrap=True)
    if made.flags:
        console.print(Text(f"Note: the text has faults that asking again did not cure: {', '.join(made.flags)}."))
    click.echo(_json(clip, path, made, vision) if as_json else _text(made))
    return 0


def _measured(clip: Any) -> ClipCaption:
    from importlib import import_module

    measured: Any = import_module("t2v_recaption.captioners.measured")
    made: ClipCaption = measured.MeasuredCaptioner().caption([clip])[0]
    return made


def _asked(clip: Any, mode: Mode, vision: Vision, console: Console) -> ClipCaption:
    from t2v_recaption.captioners.drive import run_sessions

    with vision.captioner() as captioner, console.status("Looking …"):

        def on_step(step: Step) -> None:
            if console.is_terminal:
                when = f"{step.start:.1f} s" if step.end <= step.start else f"{step.start:.1f}-{step.end:.1f} s"
                console.print(Text.assemble((f"{when}  ", "bold"), (step.text, "dim")))

        session = captioner.clip_session(clip, mode, on_step=on_step)
        (made,) = run_sessions([session], captioner.backend)
        return made


def _text(made: ClipCaption) -> str:
    """The caption; in a pipe on one line, so that a line is a caption."""
    if made.data is not None:
        import json

        return json.dumps(made.data, ensure_ascii=False)
    return made.text.strip() if sys.stdout.isatty() else " ".join(made.text.split())


def _json(clip: Any, path: str, made: ClipCaption, vision: Vision) -> str:
    from t2v_recaption.batch.clips.reader import facts
    from t2v_recaption.batch.clips.rows import base_of, good_row, read_columns
    from t2v_recaption.batch.clips.sources import Item, shown

    item = Item(1, shown(Path(path).name), path, clip.start, clip.end)
    base = read_columns(base_of(item, ""), facts(clip))
    return good_row(base, made, vision.profile).to_json()
