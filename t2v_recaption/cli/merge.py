"""`t2v merge`: the captions of shards in one file."""

from __future__ import annotations

from pathlib import Path

import click

from t2v_recaption.batch.clips.merge import merge_outputs
from t2v_recaption.cli.group import CONTEXT, FAILED
from t2v_recaption.cli.options import FILE, option


@click.command(context_settings=CONTEXT)
@click.argument("parts", nargs=-1, required=True, metavar="PART…", type=click.Path(path_type=Path))
@option("--output", "-o", type=FILE, required=True, metavar="F", help="Where they go: .jsonl, .parquet, .txt, .vtt.")
@option("--export", multiple=True, metavar="NAME", help="Write beside it, too: vtt, prompts, sharegpt4video.")
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def merge(parts: tuple[Path, ...], output: Path, export: tuple[str, ...], overwrite: bool) -> int:
    """Join the .jsonl outputs of shards, or of several runs, into one file.

    \b
      t2v merge captions-*-of-*.jsonl --output captions.jsonl

    A clip that is in several parts is taken once, its caption before its failure. Exit code 1: a shard is missing, or
    a clip has failed.
    """  # noqa: D301 -- click wants the real control character
    joined = merge_outputs(parts, output, exports=export, overwrite=overwrite)
    click.echo(f"{joined.ok} of {joined.ok + joined.failed} captions → {output}", err=True)
    if joined.failed:
        click.echo(f"{joined.failed} failed; each says why in its row.", err=True)
    for missing in joined.missing:
        click.echo(f"Missing: {missing}", err=True)
    return FAILED if joined.failed or joined.missing else 0
