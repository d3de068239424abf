"""Open-Sora-Plan: a caption refiner for `opensora.sample.sample` (v1.3) and its Gradio app, and the text files of v1.5.

    torchrun -m t2v_recaption.integrations.open_sora_plan --text_prompt examples/sora.txt …

in the place of `torchrun -m opensora.sample.sample …`. All prompts are enhanced before a model is loaded, on rank 0
only, and none is rendered when one of them fails.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, Job, launch
from t2v_recaption.integrations._host import HostEnhancer, host_enhancer
from t2v_recaption.integrations._script import find_package, run_module

TARGET = "open-sora-plan"
PROJECT = "Open-Sora-Plan"
IMAGE_TASKS = ("i2v", "inpaint")
"""Values of `--model_type` that start from pictures: the host itself never refines their prompts."""


class Refiner:
    """What `run_model_and_save_samples(args, pipeline, caption_refiner_model=…)` and the Gradio app ask for captions.

    Set `args.caption_refiner` to any text, or the host does not ask.

    Args:
        enhancer: an `Enhancer` of your own, or none.
        options: those of `Enhancer`, where none is given.
    """

    def __init__(self, enhancer: Enhancer | HostEnhancer | None = None, **options: Any) -> None:
        self.host = host_enhancer(TARGET, enhancer, options)

    def get_refiner_output(self, prompt: str) -> str:
        """The caption of a prompt, one line.

        Raises:
            RecaptionError: the prompt could not be enhanced.
        """
        return self.host.caption(prompt)


def install(refiner: Refiner) -> None:
    """Let `opensora.sample.caption_refiner.OpenSoraCaptionRefiner(args, dtype, device)` mean this refiner.

    Raises:
        InvalidInput: Open-Sora-Plan is not on the path.
    """
    find_package("opensora", "sample/caption_refiner.py", PROJECT)
    module = importlib.import_module("opensora.sample.caption_refiner")
    vars(module)["OpenSoraCaptionRefiner"] = lambda args, dtype, device: refiner


def read_prompts(text_prompt: str | Sequence[str] | None) -> list[str]:
    """The prompts that `--text_prompt` names, as the host reads them: literal ones, or the lines of one .txt file.

    Raises:
        InvalidInput: there is none, the file cannot be read, or one of them is empty (the host would render it).
    """
    given = [text_prompt] if isinstance(text_prompt, str) else list(text_prompt or ())
    if len(given) == 1 and given[0].endswith("txt"):
        given = _lines(Path(given[0]))
    if not given:
        raise InvalidInput("There is no prompt.", hint="Give --text_prompt PROMPTS or a file.txt.")
    for number, prompt in enumerate(given, 1):
        if not prompt.strip():
            raise InvalidInput(
                f"Prompt {number} of {len(given)} is empty, and the host would make a video of nothing.",
                hint="Remove that line, also at the end of the file.",
            )
    return given


def enhance_arguments(args: argparse.Namespace, host: HostEnhancer) -> argparse.Namespace:
    """Enhance what the parsed arguments of the host ask for, all of it or nothing.

    Text-to-video keeps the original prompts and switches the refiner on: the host asks it and prints both. From
    pictures the captions take the prompts' place, if the enhancer looks at the pictures.

    Raises:
        RecaptionError: a prompt could not be enhanced, or the pictures would not be looked at.
    """
    args.text_prompt = prompts = read_prompts(args.text_prompt)
    if args.model_type not in IMAGE_TASKS:
        host.prepare([Job(prompt) for prompt in prompts])
        args.caption_refiner = args.caption_refiner or "t2v_recaption"
        return args
    if not host.sees_images:
        raise InvalidInput(
            f"--model_type {args.model_type} starts from pictures that this enhancer does not look at.",
            hint="Use a vision model (--writer chat --model …), or run opensora.sample.sample with your own prompts.",
        )
    rows = [line.split(",") for line in _lines(Path(args.conditional_pixel_values_path))]
    if len(rows) != len(prompts):
        raise InvalidInput(f"There are {len(prompts)} prompts, but {len(rows)} lines of pictures.")
    args.text_prompt = host.prepare([_job(prompt, row) for prompt, row in zip(prompts, rows, strict=True)])
    args.caption_refiner = None
    return args


def enhance_config(config: Path, output: Path, host: HostEnhancer) -> Path:
    """Enhance the prompts of a v1.5 configuration (branch mindspeed_mmdit) and write one that uses the captions.

    Args:
        config: the JSON file given with `--mm-model`; its `prompt` names a text file, one prompt a line.
        output: where the new configuration goes; the captions go beside it, `OUTPUT.txt`.
        host: enhances.

    Returns:
        The file of captions.

    Raises:
        RecaptionError: the files cannot be read, or a prompt could not be enhanced; then nothing is written.
    """
    try:
        settings = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{config} cannot be read as JSON: {error}.") from error
    if not isinstance(settings, dict) or "prompt" not in settings:
        raise InvalidInput(f"{config} has no key 'prompt'.", hint="Give the file named with --mm-model.")
    texts = host.prepare([Job(prompt) for prompt in read_prompts(settings["prompt"])])
    captions = output.with_suffix(".txt")
    captions.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    output.write_text(json.dumps(settings | {"prompt": str(captions)}, indent=4), encoding="utf-8")
    return captions


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run `opensora.sample.sample`, or rewrite a v1.5 configuration: `old.json new.json`."""
    if len(arguments) == 2 and all(name.endswith(".json") for name in arguments):
        enhance_config(Path(arguments[0]), Path(arguments[1]), HostEnhancer(enhancer, **chosen))
        return
    find_package("opensora", "sample/sample.py", PROJECT)
    host = HostEnhancer(enhancer, **chosen)
    install(Refiner(host))
    sample_utils = importlib.import_module("opensora.utils.sample_utils")
    theirs: Callable[[], argparse.Namespace] = sample_utils.get_args
    vars(sample_utils)["get_args"] = lambda: enhance_arguments(theirs(), host)
    run_module("opensora.sample.sample", arguments)


def _job(prompt: str, pictures: Sequence[str]) -> Job:
    return Job(prompt, image=pictures[0].strip(), last_image=pictures[1].strip() if len(pictures) > 1 else None)


def _lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            return [line.strip() for line in stream]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", hint="It must be UTF-8 text.") from error


if __name__ == "__main__":
    launch("open_sora_plan", TARGET, start)
