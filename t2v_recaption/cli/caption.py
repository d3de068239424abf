"""`t2v caption`: what clips show, in words; one clip, or as many as there are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import click

from t2v_recaption.batch.clips.run import Resources, Retry
from t2v_recaption.batch.clips.shards import parse_shard
from t2v_recaption.cli.group import CONTEXT
from t2v_recaption.cli.options import FILE, option
from t2v_recaption.cli.vision import ADVICE, Vision, vision_options

GIB = 2**30
BATCH_ONLY = "column resume overwrite shard split export engine"
"""Parameters that mean nothing without --output."""


@click.command(context_settings=CONTEXT)
@click.argument("clips", nargs=-1, metavar="[CLIP | FOLDER | GLOB | MANIFEST]…")
@option(
    "--mode", type=click.Choice(["fast", "sliding", "measured"]), help="Default: sliding; measured without a model."
)
@option("--start", type=click.FloatRange(0), metavar="SECONDS", help="Where in the clip to begin.")
@option("--end", type=click.FloatRange(0), metavar="SECONDS", help="Where in the clip to end.")
@vision_options
@option("--output", "-o", type=FILE, metavar="F", help="For many clips: .jsonl, .parquet, .txt (prompts), .vtt.")
@option("--export", multiple=True, metavar="NAME", help="Write beside it, too: vtt, prompts, sharegpt4video.")
@option("--column", default="", metavar="NAME", help="Column of a manifest that holds the path.")
@option("--split", default="none", show_default=True, metavar="HOW", help="Parts: scenes, or a number of seconds.")
@option("--resume", is_flag=True, help="Go on with what an interrupted run has left.")
@option("--overwrite", is_flag=True, help="Replace an existing output and its ledger.")
@option(
    "--retry",
    type=click.Choice(get_args(Retry)),
    default="all",
    show_default=True,
    help="Failures that --resume tries again.",
)
@option("--shard", metavar="I/N", help="Only part I of N; t2v merge joins them.")
@option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Where it is done.")
@option(
    "--workers", type=click.IntRange(0), default=0, metavar="N", help="Processes that read clips; 0: by the machine."
)
@option("--batch-size", type=click.IntRange(1), default=8, show_default=True, help="Requests to a local model at once.")
@option("--timeout", type=click.FloatRange(1), default=120.0, show_default=True, help="Seconds to wait for a frame.")
@option("--clip-timeout", type=click.FloatRange(0), default=0.0, metavar="S", help="Seconds for a clip in all; 0: any.")
@option("--patience", type=click.IntRange(0), default=32, metavar="N", help="Failures in a row that stop it; 0: none.")
@option("--memory", type=click.FloatRange(0.25), default=4.0, show_default=True, help="GiB that a reader may take.")
@option("--models", type=click.IntRange(1), default=1, show_default=True, help="Copies of the model (ray).")
@option("--gpus", type=click.FloatRange(0), default=0.0, show_default=True, help="GPUs for each copy (ray): 0.5, 1, 2.")
@option("--json", "as_json", is_flag=True, help="Print everything known as JSON.")
def caption(
    clips: tuple[str, ...],
    mode: str | None,
    start: float | None,
    end: float | None,
    output: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Say what CLIPS show.

    \b
      t2v caption clip.mp4 --base-url http://localhost:11434/v1 --model qwen2.5vl:7b
      t2v caption clips/ --output captions.jsonl --model Qwen/Qwen3-VL-4B-Instruct
      t2v caption clips.csv --output captions.parquet --resume

    One clip's caption goes to standard output; its steps appear on a terminal as they are made. Without a model, what
    can be measured is said. Many clips go into a file, with a ledger beside it from which an interrupted run goes on.
    Exit code 1: some clips failed.
    """  # noqa: D301 -- click wants the real control character
    many = {name: options.pop(name) for name in (*MANY, *BATCH_ONLY.split())}
    vision = Vision(**options)
    mode = mode or ("sliding" if vision.names_model else "measured")
    _check_usage(clips, mode, vision, output, many)
    code = _caption(clips, start, end, output, mode, vision, many, as_json)
    if mode == "measured" and not vision.names_model:
        click.echo(f"Note: no model was named, so only what can be measured is said. {ADVICE}", err=True)
    return code


MANY = ("retry", "workers", "batch_size", "timeout", "clip_timeout", "patience", "memory", "models", "gpus")


def _caption(
    clips: tuple[str, ...],
    start: float | None,
    end: float | None,
    output: Path | None,
    mode: str,
    vision: Vision,
    many: dict[str, Any],
    as_json: bool,
) -> int:
    if output is None:
        from t2v_recaption.cli.caption_one import caption_one

        return caption_one(clips[0], start or 0.0, end, mode, vision, as_json)
    if start is not None or end is not None:
        raise click.UsageError("--start and --end go with one clip; a manifest has columns for them.")
    from t2v_recaption.cli.caption_many import caption_many

    return caption_many(clips, output, mode, vision, many, as_json)


def _check_usage(clips: tuple[str, ...], mode: str, vision: Vision, output: Path | None, many: dict[str, Any]) -> None:
    if not clips:
        raise click.UsageError("Name a clip, for example: t2v caption clip.mp4")
    if mode == "measured" and vision.model:
        raise click.UsageError("--mode measured asks no model; leave --model out.")
    if output is not None:
        return
    given = [name for name in BATCH_ONLY.split() if many[name] not in (False, (), "", None, "none", "local")]
    if given:
        raise click.UsageError(f"{', '.join('--' + name for name in given)} need --output F.")
    if len(clips) > 1 or _holds_clips(clips[0]):
        raise click.UsageError("Several clips need --output F (captions.jsonl, captions.parquet …).")


def _holds_clips(source: str) -> bool:
    """Whether a source is not one clip but a folder, manifest or glob of them."""
    from t2v_recaption.batch.clips.sources import MANIFEST_SUFFIXES, WILD, walk

    path = Path(source)
    if path.is_dir():
        return any(found != path for found in walk(path))
    return path.suffix.lower() in MANIFEST_SUFFIXES or (bool(WILD.search(source)) and not os.path.lexists(source))


def resources(many: dict[str, Any]) -> Resources:
    """How much of the machine the options allow."""
    memory = int(many["memory"] * GIB)
    return Resources(
        workers=many["workers"],
        batch=many["batch_size"],
        timeout=many["timeout"],
        limit=many["clip_timeout"],
        patience=many["patience"],
        memory=memory,
    )


def shard_of(text: str | None) -> Any:
    """The shard that --shard names."""
    return None if text is None else parse_shard(text)
