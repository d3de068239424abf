"""LTX-Video and LTX-2, with their own enhancers off.

    python -m t2v_recaption.integrations.ltx inference.py --prompt "…" --pipeline_config configs/….yaml …
    python -m t2v_recaption.integrations.ltx -m ltx_pipelines.ti2vid_two_stages --prompt "…" …

LTX-Video switches its own enhancer on for every prompt under 120 words, a caption included: its threshold is set to 0.
For LTX-2.5 name the target: `--target ltx-2.5`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, Job, Target, launch
from t2v_recaption.integrations._host import HostEnhancer
from t2v_recaption.integrations._script import (
    find_package,
    run_module,
    run_script,
    script_of,
    value_of,
    with_value,
    without,
)

TARGET = "ltx-video"
TARGET_2 = "ltx-2"
EXAMPLE = "python -m t2v_recaption.integrations.ltx inference.py --prompt '…'"
THRESHOLD = "prompt_enhancement_words_threshold"
OWN_LIMIT = 256
"""Tokens that LTX-Video's own scripts take (`text_encoder_max_tokens`); diffusers' LTXPipeline takes 128."""
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


def enhanced_config(config: Any, host: HostEnhancer) -> Any:
    """An `InferenceConfig` of LTX-Video with the caption in the prompt's place.

    Raises:
        RecaptionError: the prompt could not be enhanced.
    """
    return replace(config, prompt=host.prepare([Job(config.prompt, image=_first_frame(config))])[0])


def without_own_enhancer(load: Callable[[str], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """`load_pipeline_config` of LTX-Video, with the word count below which its own enhancer works set to 0."""
    return lambda pipeline_config: load(pipeline_config) | {THRESHOLD: 0}


def own_limit(target: Target) -> Target:
    """The target as LTX-Video's own scripts cut: after 256 tokens."""
    if target.name != TARGET:
        return target
    return replace(target, encoders=tuple(replace(encoder, limit=OWN_LIMIT) for encoder in target.encoders))


def enhanced_arguments(arguments: Sequence[str], host: HostEnhancer) -> list[str]:
    """The arguments of an LTX-2 pipeline with the caption in the prompt's place, and its own enhancer off.

    Raises:
        RecaptionError: there is no prompt, or it could not be enhanced.
    """
    if (prompt := value_of(arguments, "--prompt")) is None:
        raise InvalidInput("There is no --prompt.")
    at_start = [path for path, frame in _images(arguments) if frame == "0"]
    caption = host.prepare([Job(prompt, image=at_start[0] if at_start else None)])[0]
    return with_value(without(arguments, "--enhance-prompt", "--enhance-static-cache"), "--prompt", caption)


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run an LTX-2 module (`-m NAME`) or LTX-Video's script."""
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        find_package(arguments[1].partition(".")[0], "__init__.py", "LTX-2")
        run_module(arguments[1], enhanced_arguments(arguments[2:], HostEnhancer(enhancer, **chosen)))
        return
    script = script_of(arguments, EXAMPLE, "LTX-Video")
    find_package("ltx_video", "inference.py", "LTX-Video", near=script)
    host = HostEnhancer(enhancer, **chosen)
    host.target = own_limit(host.target)
    theirs = importlib.import_module("ltx_video.inference")
    infer: Callable[[Any], Any] = theirs.infer
    vars(theirs)["load_pipeline_config"] = without_own_enhancer(theirs.load_pipeline_config)
    vars(theirs)["infer"] = lambda config: infer(config=enhanced_config(config, host))  # type: ignore[call-arg]
    run_script(script, arguments[1:])


def target_for(arguments: Sequence[str]) -> str:
    """LTX-2 is run with `-m`, LTX-Video as a script."""
    return TARGET_2 if "-m" in arguments else TARGET


def _first_frame(config: Any) -> str | None:
    media = list(zip(config.conditioning_media_paths or (), config.conditioning_start_frames or (), strict=False))
    at_start = [path for path, frame in media if frame == 0 and path.lower().endswith(PICTURES)]
    return at_start[0] if at_start else None


def _images(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Path and frame of each `--image PATH FRAME STRENGTH …`."""
    places = [index for index, argument in enumerate(arguments) if argument == "--image"]
    found = [list(arguments[index + 1 : index + 3]) for index in places]
    return [(pair[0], pair[1]) for pair in found if len(pair) == 2]


if __name__ == "__main__":
    launch("ltx", target_for(sys.argv), start)
