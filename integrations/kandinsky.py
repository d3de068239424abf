"""Kandinsky 5: the prompt expander of its text-to-video and image-to-video pipelines.

    python -m t2v_recaption.integrations.kandinsky test.py --prompt "…" …

`install(pipe)` does the same for a pipeline of your own. The host calls the expander on rank 0 and broadcasts. A LoRA's
trigger words, which the host puts in front of an expanded prompt only, are counted into the caption's budget.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, launch
from t2v_recaption.integrations._host import HostEnhancer, host_enhancer
from t2v_recaption.integrations._script import find_package, run_script, script_of, value_of

TARGET = "kandinsky-5"
EXAMPLE = "python -m t2v_recaption.integrations.kandinsky test.py --prompt '…'"
MAKERS = ("get_T2V_pipeline", "get_I2V_pipeline")


def install(pipe: Any, enhancer: Enhancer | HostEnhancer | None = None, **options: Any) -> Any:
    """Replace the expander of a pipeline; call it with `expand_prompts=True`, its default.

    Args:
        pipe: what `get_T2V_pipeline` or `get_I2V_pipeline` of the package `kandinsky` made.
        enhancer: an `Enhancer` of your own, or none.
        options: those of `Enhancer`, where none is given.

    Returns:
        The same pipeline.

    Raises:
        InvalidInput: it is no such pipeline.
    """
    host = host_enhancer(TARGET, enhancer, options)

    def expand_prompt(prompt: str) -> str:
        return _with_trigger(host, pipe).caption(prompt)

    def expand_text_prompt(prompt: str, image: Any, device: Any = None) -> str:
        return _with_trigger(host, pipe).caption(prompt, image=image)

    embedder = getattr(getattr(pipe, "text_embedder", None), "embedder", None)
    if hasattr(pipe, "expand_prompt"):
        pipe.expand_prompt = expand_prompt
    elif hasattr(embedder, "expand_text_prompt"):
        vars(embedder)["expand_text_prompt"] = expand_text_prompt
    else:
        raise InvalidInput(
            f"{type(pipe).__name__} has no prompt expander.", hint="Give a video pipeline of the package kandinsky."
        )
    return pipe


def installing(make: Callable[..., Any], host: HostEnhancer) -> Callable[..., Any]:
    """`get_…_pipeline` that installs the enhancer in what it makes."""
    return lambda *args, **kwargs: install(make(*args, **kwargs), host)


def check(arguments: Sequence[str]) -> None:
    """Refuse arguments with which the host would not ask for a caption, or not for one of a video.

    Raises:
        InvalidInput: as said.
    """
    if value_of(arguments, "--expand_prompt") == "0":
        raise InvalidInput("--expand_prompt 0 switches expansion off.", hint="Leave it out, or run test.py itself.")
    config = value_of(arguments, "--config") or ""
    if "t2i" in config or "i2i" in config:
        raise InvalidInput(f"{config} makes an image.", hint="Captions are written for the video configurations.")


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run the host's script with the expander of each pipeline replaced."""
    script = script_of(arguments, EXAMPLE, "Kandinsky 5")
    check(arguments)
    find_package("kandinsky", "t2v_pipeline.py", "Kandinsky 5", near=script)
    host = HostEnhancer(enhancer, **chosen)
    package = importlib.import_module("kandinsky")
    for name in MAKERS:
        vars(package)[name] = installing(getattr(package, name), host)
    run_script(script, arguments[1:])


def _with_trigger(host: HostEnhancer, pipe: Any) -> HostEnhancer:
    trigger = getattr(pipe, "peft_trigger", "")
    host.target = replace(host.target, prefix=f"{trigger}{host.enhancer.target.prefix}")
    return host


if __name__ == "__main__":
    launch("kandinsky", TARGET, start)
