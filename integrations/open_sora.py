"""Open-Sora 2: `refine_prompts` for `scripts/diffusion/inference.py`, and CSV files of prompts.

    torchrun -m t2v_recaption.integrations.open_sora scripts/diffusion/inference.py configs/….py --prompt "…" …
    python -m t2v_recaption.integrations.open_sora prompts.csv captions.csv

The script switches its refiner on with `--prompt-refine True`; its README's `--refine-prompt` does nothing. The
suffix that it adds (frame rate and motion score) is counted into the caption's budget by the target.
"""

from __future__ import annotations

import csv
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, Job, launch
from t2v_recaption.integrations._host import HostEnhancer, host_enhancer
from t2v_recaption.integrations._script import find_package, run_script, script_of, value_of, without

TARGET = "open-sora"
EXAMPLE = "torchrun -m t2v_recaption.integrations.open_sora scripts/diffusion/inference.py CONFIG --prompt '…'"
TEXT, IMAGE = "text", "ref"
"""Columns of the host's CSV files."""
ORIGINAL = "original_text"
"""The column that the original prompts go to."""

Refine = Callable[..., "list[str]"]


class Refiner:
    """`refine_prompts(prompts, retry_times, type, image_paths)`: a list in, a list of the same length out.

    Args:
        enhancer: an `Enhancer` of your own, or none.
        own: the host's own function, for `type="motion_score"`: that asks for a number, not for a caption.
        options: those of `Enhancer`, where none is given.
    """

    def __init__(
        self, enhancer: Enhancer | HostEnhancer | None = None, *, own: Refine | None = None, **options: Any
    ) -> None:
        self.host = host_enhancer(TARGET, enhancer, options)
        self.own = own

    def __call__(
        self,
        prompts: Sequence[str],
        retry_times: int = 3,
        type: str = "t2v",
        image_paths: Sequence[str | None] | None = None,
    ) -> list[str]:
        """The captions. Given images are looked at, whatever `type` says: the host says `t2i` for them.

        Raises:
            RecaptionError: one of them could not be enhanced; none comes back.
        """
        if type == "motion_score":
            if self.own is None:
                raise InvalidInput("A motion score is no caption.", hint="Give a number: --motion-score 4")
            return self.own(prompts, retry_times=retry_times, type=type)
        images = list(image_paths) if image_paths is not None else [None] * len(prompts)
        if len(images) != len(prompts):
            raise InvalidInput(f"There are {len(prompts)} prompts, but {len(images)} images.")
        jobs = [Job(prompt, image=image or None) for prompt, image in zip(prompts, images, strict=True)]
        return self.host.captions(jobs)


def install(enhancer: Enhancer | HostEnhancer) -> Refiner:
    """Let `opensora.utils.prompt_refine.refine_prompts` be a refiner, before the script imports it.

    Raises:
        InvalidInput: Open-Sora is not on the path.
    """
    find_package("opensora", "utils/prompt_refine.py", "Open-Sora")
    module = importlib.import_module("opensora.utils.prompt_refine")
    refiner = Refiner(enhancer, own=module.refine_prompts)
    vars(module)["refine_prompts"] = refiner
    return refiner


def switched_on(arguments: Sequence[str]) -> list[str]:
    """The script's arguments with refinement on, and without the documented flag that does nothing."""
    rest = without(arguments, "--prompt-refine", "--prompt_refine", "--refine-prompt", "--refine_prompt", values=1)
    # Open-Sora pairs its arguments as name, value: no `--name=value`.
    return [*rest, "--prompt-refine", "True"]


def quoted(create: Callable[..., str]) -> Callable[..., str]:
    """`create_tmp_csv` with quotation marks in the prompt doubled: the host writes them so that they end the field."""

    def create_tmp_csv(save_dir: str, prompt: str, *rest: Any, **named: Any) -> str:
        return create(save_dir, prompt.replace('"', '""'), *rest, **named)

    return create_tmp_csv


def read_csv(source: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of a file of prompts.

    Raises:
        InvalidInput: it cannot be read, or has no column `text`.
    """
    try:
        with source.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows, header = list(reader), list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{source} cannot be read: {error}.", hint="It must be a CSV file in UTF-8.") from error
    if TEXT not in header:
        raise InvalidInput(f"{source} has no column 'text'.", hint=f"It has: {', '.join(header) or 'none'}.")
    return header, rows


def jobs_of(arguments: Sequence[str]) -> list[Job]:
    """The prompts that the script's arguments ask for, with their pictures; none where it is a list of another format.

    Raises:
        InvalidInput: the CSV file cannot be read.
    """
    if prompt := value_of(arguments, "--prompt"):
        return [Job(prompt, image=value_of(arguments, "--ref"))]
    path = value_of(arguments, "--dataset.data-path", "--dataset.data_path") or ""
    if not path.endswith(".csv"):
        return []
    first = int(value_of(arguments, "--start-index", "--start_index") or 0)
    last = value_of(arguments, "--end-index", "--end_index")
    count = value_of(arguments, "--num-samples", "--num_samples")
    end = int(last) if last else first + int(count) if count else None
    return [_job(row) for row in read_csv(Path(path))[1][first:end]]


def refine_csv(source: Path, output: Path, host: HostEnhancer) -> int:
    """Write a CSV file for `--dataset.data-path` with captions as `text`, the original beside it, `ref` looked at.

    Returns:
        How many rows there are.

    Raises:
        RecaptionError: the file has no column `text`, or a prompt could not be enhanced; then nothing is written.
    """
    header, rows = read_csv(source)
    captions = host.prepare(list(map(_job, rows)))
    with output.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*header, ORIGINAL], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(
            row | {TEXT: caption, ORIGINAL: row[TEXT]} for row, caption in zip(rows, captions, strict=True)
        )
    return len(rows)


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run the script with the refiner in place, or rewrite a CSV file: `old.csv new.csv`."""
    host = HostEnhancer(enhancer, **chosen)
    if len(arguments) == 2 and all(name.endswith(".csv") for name in arguments):
        refine_csv(Path(arguments[0]), Path(arguments[1]), host)
        return
    script = script_of(arguments, EXAMPLE, "Open-Sora")
    install(host)
    inference = importlib.import_module("opensora.utils.inference")
    vars(inference)["create_tmp_csv"] = quoted(inference.create_tmp_csv)
    # Before the models are loaded, and on rank 0 only: the script would call the refiner on every rank.
    host.prepare(jobs_of(arguments[1:]))
    run_script(script, switched_on(arguments[1:]))


def _job(row: Mapping[str, str]) -> Job:
    return Job(row[TEXT] or "", image=row.get(IMAGE) or None)


if __name__ == "__main__":
    launch("open_sora", TARGET, start)
