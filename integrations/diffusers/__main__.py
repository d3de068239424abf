"""python -m t2v_recaption.integrations.diffusers MODEL PROMPT: one clip of a pipeline of diffusers from a few words.

The caption goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from t2v_recaption import InvalidInput, RecaptionError
from t2v_recaption.integrations.diffusers import enhance_pipeline


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model")
@click.argument("prompt", nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default="clip.mp4", help="A .gif or a video file.")
@click.option("--target", help="Instead of the one recognised from the pipeline.")
@click.option("--writer", default="composer", show_default=True, help="composer or chat.")
@click.option("--backend", help="For chat: transformers, openai …")
@click.option("--language-model", help="For chat: the model's name or folder.")
@click.option("--strength", default="normal", show_default=True, help="light, normal or rich.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the caption and of the clip.")
@click.option("--dtype", default="bfloat16", show_default=True, help="float32, float16 or bfloat16.")
@click.option("--cpu-offload", is_flag=True, help="Move the pipeline's parts to the GPU one by one.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An argument of the pipeline's call.")
@click.option("--fps", type=int, default=16, show_default=True, help="Of the file.")
def main(model: str, prompt: tuple[str, ...], **options: Any) -> None:
    """Load the pipeline MODEL (a folder or hub repository), enhance PROMPT for it and write the clip."""
    try:
        _generate(model, " ".join(prompt), **options)
    except RecaptionError as error:
        raise click.ClickException(str(error)) from error


def _generate(model: str, prompt: str, *, output: Path, settings: tuple[str, ...], seed: int, **options: Any) -> None:
    import torch

    arguments = dict(_setting(text) for text in settings)
    pipe = _load(model, options.pop("dtype"), cpu_offload=options.pop("cpu_offload"))
    fps, language_model = options.pop("fps"), options.pop("language_model")
    if language_model:
        options["backend_options"] = {"model": language_model}
    # The language model goes before the pipeline runs: both together are more than most machines hold.
    enhance_pipeline(pipe, seed=seed, offload="unload", **options)
    clip = pipe(prompt=prompt, generator=torch.Generator().manual_seed(seed), output_type="pil", **arguments)[0][0]
    found = pipe.last_enhancement
    click.echo(found.caption)
    for note in found.notes:
        click.echo(note, err=True)
    _write(clip, output, fps)
    click.echo(f"{len(clip)} frames in {output}", err=True)


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput(f"--set {text!r} has no value.", hint="Write --set num_frames=49.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _load(model: str, dtype: str, *, cpu_offload: bool) -> Any:
    import torch
    from diffusers import DiffusionPipeline

    if dtype not in ("float32", "float16", "bfloat16"):
        raise InvalidInput(f"Unknown dtype {dtype!r}.", hint="Use float32, float16 or bfloat16.")
    try:
        pipe = DiffusionPipeline.from_pretrained(model, torch_dtype=getattr(torch, dtype))
    except (OSError, ValueError) as error:  # ValueError: neither a folder nor the name of a repository
        hint = "Give the folder of a pipeline, or a repository that can be downloaded."
        raise InvalidInput(f"{model!r} cannot be loaded: {error}", hint=hint) from error
    if cpu_offload:
        pipe.enable_model_cpu_offload()
        return pipe
    return pipe.to("cuda" if torch.cuda.is_available() else "cpu")


def _write(clip: list[Any], output: Path, fps: int) -> None:
    from diffusers.utils import export_to_gif, export_to_video

    output.parent.mkdir(parents=True, exist_ok=True)
    if output.suffix.lower() == ".gif":
        export_to_gif(clip, str(output), fps=fps)
        return
    try:
        export_to_video(clip, str(output), fps=fps)
    except ImportError as error:
        hint = "Install imageio and imageio-ffmpeg, or write a .gif."
        raise InvalidInput(f"Video files cannot be written: {error}", hint=hint) from error


if __name__ == "__main__":
    sys.exit(main())
