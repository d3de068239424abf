"""CogVideo: `convert_prompt` for the demo and both Gradio apps, and the text files of SAT (`prompt@@image`).

    python -m t2v_recaption.integrations.cogvideo inference/gradio_web_demo.py
    python -m t2v_recaption.integrations.cogvideo inference/cli_demo.py --prompt "…" …
    python -m t2v_recaption.integrations.cogvideo sat/sample_video.py --base configs/….yaml

The scripts define these functions themselves: the launcher lets their names mean ours in memory.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, Job, RecaptionError, launch
from t2v_recaption.integrations._host import HostEnhancer, host_enhancer
from t2v_recaption.integrations._script import defined_in, run_script, script_of, value_of, with_value

TARGET = "cogvideox"
EXAMPLE = "python -m t2v_recaption.integrations.cogvideo inference/cli_demo.py --prompt '…'"
IMAGE_MARK = "@@"
"""Stands between prompt and image path in a line for SAT's image-to-video."""


class Converter:
    """`convert_prompt` as an object: what it wrote it recognises, and writes another caption for the same prompt.

    The Gradio apps overwrite the user's text with the caption, so the second press of their button would otherwise
    enhance a caption.

    Args:
        enhancer: an `Enhancer` of your own, or none.
        options: those of `Enhancer`, where none is given.
    """

    def __init__(self, enhancer: Enhancer | HostEnhancer | None = None, **options: Any) -> None:
        self.host = host_enhancer(TARGET, enhancer, options, unload=False)
        self._written: dict[str, tuple[str, int]] = {}

    def __call__(self, prompt: str, retry_times: int = 3, type: str = "t2v", image_path: str | None = None) -> str:
        """The caption of a prompt; `type` is `t2v` or `i2v`, and `retry_times` is CogVideo's own: it is not needed.

        Raises:
            RecaptionError: the prompt could not be enhanced; under Gradio as a `gradio.Error`, which it shows.
        """
        original, seed = self._written.get(prompt.strip(), (prompt, self.host.enhancer.seed))
        try:
            caption = self.host.caption(original, seed=seed, image=image_path if type == "i2v" else None)
        except RecaptionError as error:
            if (gradio := sys.modules.get("gradio")) is None:
                raise
            raise gradio.Error(str(error)) from error
        self._written[caption] = (original, seed + 1)
        return caption


def convert_prompt(
    prompt: str, retry_times: int = 3, type: str = "t2v", image_path: str | None = None, **options: Any
) -> str:
    """The function of `inference/convert_demo.py`, with the options of `Enhancer` besides.

    Raises:
        RecaptionError: the prompt could not be enhanced.
    """
    return Converter(**options)(prompt, retry_times, type, image_path)


def enhance_lines(lines: Sequence[str], host: HostEnhancer) -> list[str]:
    """Lines for SAT with captions in the prompts' place: same count, same order, `@@image` kept.

    Raises:
        RecaptionError: one of them could not be enhanced, or is empty.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            raise InvalidInput(
                f"Line {number} of {len(lines)} is empty, and SAT would make a video of nothing.",
                hint="Remove it, also at the end of the file.",
            )
    parts = [line.strip().partition(IMAGE_MARK) for line in lines]
    captions = host.prepare([Job(prompt, image=image or None) for prompt, _, image in parts])
    return [f"{caption}{mark}{image}" for caption, (_, mark, image) in zip(captions, parts, strict=True)]


def sat_readers(host: HostEnhancer) -> dict[str, Callable[..., Iterator[tuple[str, int]]]]:
    """`read_from_file` and `read_from_cli` of `sat/sample_video.py`, which yield captions with their numbers."""

    def read_from_file(p: str, rank: int = 0, world_size: int = 1) -> Iterator[tuple[str, int]]:
        with open(p, encoding="utf-8-sig") as stream:
            captions = enhance_lines(list(stream), host)
        yield from ((text, number) for number, text in enumerate(captions) if number % world_size == rank)

    def read_from_cli() -> Iterator[tuple[str, int]]:
        number = 0
        while True:
            try:
                line = input("What the video shows (Ctrl-D quits): ")
            except EOFError:
                return
            yield enhance_lines([line], host)[0], number
            number += 1

    return {"read_from_file": read_from_file, "read_from_cli": read_from_cli}


def enhanced(arguments: Sequence[str], host: HostEnhancer) -> list[str]:
    """The arguments of `cli_demo.py` with the caption in the prompt's place.

    Raises:
        RecaptionError: there is no prompt, or it could not be enhanced.
    """
    if (prompt := value_of(arguments, "--prompt")) is None:
        raise InvalidInput("There is no --prompt.")
    frame = value_of(arguments, "--image_or_video_path") if value_of(arguments, "--generate_type") == "i2v" else None
    return with_value(arguments, "--prompt", host.prepare([Job(prompt, image=frame)])[0])


def target_for(arguments: Sequence[str]) -> str:
    """CogVideoX 1.5 takes 224 tokens, the others 226."""
    return (
        "cogvideox-1.5" if "1.5" in f"{value_of(arguments, '--model_path')}{value_of(arguments, '--base')}" else TARGET
    )


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run CogVideo's script with our functions, or with an enhanced `--prompt` where it defines none of them."""
    script = script_of(arguments, EXAMPLE, "CogVideo")
    known = defined_in(ast.parse(script.read_bytes()))
    host = HostEnhancer(enhancer, **chosen, unload="convert_prompt" not in known)
    if "convert_prompt" in known:
        run_script(script, arguments[1:], {"convert_prompt": Converter(host)})
    elif "read_from_file" in known:
        run_script(script, arguments[1:], sat_readers(host))
    else:
        run_script(script, enhanced(arguments[1:], host))


if __name__ == "__main__":
    launch("cogvideo", target_for(sys.argv), start)
