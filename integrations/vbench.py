"""VBench and VBench-2.0: enhanced lists whose videos keep the names that the benchmark looks for.

    python -m t2v_recaption.integrations.vbench prompts/all_dimension.txt captions.txt
    python -m t2v_recaption.integrations.vbench --seed 7 -- VBench2_full_text.txt captions.txt --suite vbench2

Line N of the captions is for line N of the prompts. Both suites find a video by its *original* prompt: the manifest
`captions.txt.jsonl` gives the names for each line.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, Job
from t2v_recaption.integrations._host import HostEnhancer
from t2v_recaption.integrations._manifest import record, text_of, write_manifest

LONGEST_NAME = 255
"""Bytes of a file name on common file systems."""


@dataclass(frozen=True)
class Suite:
    """How one of the benchmarks names and counts its videos."""

    name: str
    samples: int
    """Videos a prompt."""
    more: tuple[str, int]
    """The dimension that wants another number, and that number."""
    cut: int | None = None
    """Characters of the prompt in a name; None: all."""


SUITES = {
    "vbench": Suite("vbench", 5, ("temporal_flickering", 25)),
    "vbench2": Suite("vbench2", 3, ("Diversity", 20), cut=180),
}
"""VBench prompts/README.md and vbench/__init__.py; VBench-2.0 vbench2/__init__.py (`prompt[:180]`)."""


def video_name(prompt: str, index: int, suite: Suite = SUITES["vbench"], suffix: str = ".mp4") -> str:
    """The file name of the prompt's video number `index`.

    Raises:
        InvalidInput: no file can have that name.
    """
    name = f"{prompt[: suite.cut]}-{index}{suffix}"
    if "/" in name or "\0" in name or len(name.encode()) > LONGEST_NAME:
        raise InvalidInput(
            f"No file can be named after the prompt {prompt!r}, as {suite.name} wants.",
            hint=f"A name has no slash and at most {LONGEST_NAME} bytes: shorten the prompt.",
        )
    return name


def enhance_list(
    prompts: Path,
    captions: Path,
    host: HostEnhancer,
    suite: Suite = SUITES["vbench"],
    *,
    full_info: Path | None = None,
) -> Path:
    """Write the captions of a prompt list, line for line, and the manifest beside them.

    Args:
        prompts: the suite's list, one prompt a line.
        captions: where the captions go.
        host: enhances.
        suite: `SUITES["vbench"]` or `SUITES["vbench2"]`.
        full_info: the suite's JSON of prompts and dimensions: where a dimension wants more videos, more are named.

    Returns:
        The manifest, `CAPTIONS.jsonl`.

    Raises:
        RecaptionError: a file cannot be read, a prompt is empty or cannot be a file name, two prompts would share a
            name, or a prompt could not be enhanced. Then nothing is written.
    """
    listed = _read(prompts)
    counts = _counts(suite, full_info)
    names = [[video_name(prompt, i, suite) for i in range(counts.get(prompt, suite.samples))] for prompt in listed]
    _check_shared(listed, [some[0] for some in names])
    done = host.outcomes([Job(prompt) for prompt in listed])
    captions.write_text("".join(f"{text_of(found)}\n" for found in done), encoding="utf-8")
    manifest = captions.with_name(f"{captions.name}.jsonl")
    rows = zip(range(1, len(done) + 1), names, done, strict=True)
    write_manifest(manifest, ({"line": line, "videos": some} | record(found) for line, some, found in rows))
    return manifest


def collect(manifest: Path, folder: Path, pattern: str, sample: int = 0) -> list[Path]:
    """Rename the videos of a host that names them by line, such as Open-Sora-Plan, to the suite's names.

    Args:
        manifest: of `enhance_list`.
        folder: where the videos are.
        pattern: their names with `{index}` for the line counted from 0: `PNDM_{index}_gs7.5_s50.mp4`.
        sample: which of the prompt's videos these are.

    Returns:
        The new paths.

    Raises:
        InvalidInput: a video is missing, or its new name is taken; then none is renamed.
    """
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    moves: dict[Path, Path] = {}
    for index, row in enumerate(rows):
        old, new = folder / pattern.replace("{index}", str(index)), folder / row["videos"][sample]
        if new in moves.values():
            continue  # a list may name a prompt twice; the first video is the one
        if not old.is_file() or new.exists():
            raise InvalidInput(f"{old} is missing." if not old.is_file() else f"{new} exists already.")
        moves[old] = new
    return [old.rename(new) for old, new in moves.items()]


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Enhance the list that the arguments name."""
    parser = argparse.ArgumentParser(prog="vbench", description="PROMPTS CAPTIONS [--suite NAME] [--full-info FILE]")
    parser.add_argument("prompts", type=Path)
    parser.add_argument("captions", type=Path)
    parser.add_argument("--suite", choices=sorted(SUITES), default="vbench")
    parser.add_argument("--full-info", type=Path, help="VBench_full_info.json or VBench2_full_info.json")
    given = parser.parse_args(arguments)
    host = HostEnhancer(enhancer, **chosen)
    print(enhance_list(given.prompts, given.captions, host, SUITES[given.suite], full_info=given.full_info))


def _read(prompts: Path) -> list[str]:
    try:
        with prompts.open(encoding="utf-8-sig") as stream:
            listed = [line.strip() for line in stream]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{prompts} cannot be read: {error}.", hint="It must be UTF-8 text.") from error
    for number, prompt in enumerate(listed, 1):
        if not prompt:
            raise InvalidInput(f"Line {number} of {prompts} is empty.", hint="Remove it.")
    return listed


def _counts(suite: Suite, full_info: Path | None) -> dict[str, int]:
    if full_info is None:
        return {}
    dimension, count = suite.more
    try:
        rows: Iterable[Mapping[str, Any]] = json.loads(full_info.read_text(encoding="utf-8"))
        return {row["prompt_en"]: count for row in rows if dimension in row["dimension"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{full_info} cannot be read: {error}.", hint="Give the suite's full_info.json.") from error


def _check_shared(prompts: Sequence[str], names: Sequence[str]) -> None:
    owner: dict[str, str] = {}
    for prompt, name in zip(prompts, names, strict=True):
        if owner.setdefault(name, prompt) != prompt:
            raise InvalidInput(f"Two prompts share the name {name!r}: one video would replace the other.")


if __name__ == "__main__":
    from t2v_recaption import launch  # the command line, which naming videos does not need

    launch("vbench", "generic", start)
