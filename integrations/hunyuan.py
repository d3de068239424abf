"""HunyuanVideo-1.5's `run_prompt_rewrite`, and what HunyuanVideo 1.0 calls the Normal and the Master rewrite.

    torchrun -m t2v_recaption.integrations.hunyuan generate.py --prompt "…" …       (1.5, rewriting switched on)
    torchrun -m t2v_recaption.integrations.hunyuan sample_video.py --prompt "…" …   (1.0)

1.5 renders the original prompt when a rewrite raises an `Exception`; a caption that could not be made therefore ends
the process. 1.0 has no rewriter to replace: its parsed `--prompt` becomes the caption.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence
from typing import Any, Literal

from t2v_recaption import Enhancer, InvalidInput, Job, RecaptionError, launch
from t2v_recaption.integrations._host import HostEnhancer, host_enhancer
from t2v_recaption.integrations._script import find_package, run_script, script_of, stand_in, value_of

TARGET = "hunyuanvideo-1.5"
TARGET_1_0 = "hunyuanvideo"
REWRITER = "hyvideo.utils.rewrite.rewrite_utils"
EXAMPLE = "torchrun -m t2v_recaption.integrations.hunyuan generate.py --prompt '…'"
OFF = ("false", "0", "no", "off")
"""Values of `--rewrite` that the host takes for false."""


class Rewriter:
    """`run_prompt_rewrite(user_prompt, img_path, task_type)` of HunyuanVideo-1.5.

    Args:
        enhancer: an `Enhancer` of your own, or none.
        options: those of `Enhancer`, where none is given.
    """

    def __init__(self, enhancer: Enhancer | HostEnhancer | None = None, **options: Any) -> None:
        self.host = host_enhancer(TARGET, enhancer, options)

    def __call__(self, user_prompt: str, img_path: Any, task_type: str) -> str:
        """The caption; `img_path` is a path or the picture itself, as the pipeline gives it.

        Raises:
            SystemExit: it could not be made. No `Exception`: the pipeline would go on with the original prompt.
        """
        try:
            return self.host.caption(user_prompt, image=img_path if task_type == "i2v" else None)
        except RecaptionError as error:
            raise SystemExit(f"Error: {error.message}\nHint: {error.hint or 'Give another prompt.'}") from error

    def run_single_recaption(
        self,
        system_prompt: str,
        input_prompt: str,
        temperature: float = 0.1,
        max_tokens: int = 4096,
        img_path: Any = None,
    ) -> str:
        """The same under the name that `t2v_rewrite(…, rewrite_client=…)` and `i2v_rewrite` call."""
        return self(input_prompt, img_path, "t2v" if img_path is None else "i2v")


def install(rewriter: Rewriter) -> None:
    """Let `hyvideo.utils.rewrite.rewrite_utils` mean this rewriter: the pipeline imports it at each call."""
    stand_in(
        REWRITER,
        run_prompt_rewrite=rewriter,
        t2v_rewrite=lambda user_prompt, rewrite_client=None: rewriter(user_prompt, None, "t2v"),
        i2v_rewrite=lambda user_input, img_path, rewrite_client=None: rewriter(user_input, img_path, "i2v"),
    )


def rewrite(prompt: str, mode: Literal["Normal", "Master"] = "Normal", **options: Any) -> str:
    """A caption for HunyuanVideo 1.0: `Normal` is faithful and short, `Master` richer. Both keep everything said.

    Raises:
        InvalidInput: another mode.
        RecaptionError: the prompt could not be enhanced.
    """
    if mode not in ("Normal", "Master"):
        raise InvalidInput(f"There is no mode {mode!r}.", hint="Use Normal or Master.")
    strength = "rich" if mode == "Master" else "normal"
    return host_enhancer(TARGET_1_0, None, {"strength": strength} | options).caption(prompt)


def switched_on(arguments: Sequence[str]) -> list[str]:
    """The arguments of 1.5's `generate.py` with rewriting on; its own default is off.

    Raises:
        InvalidInput: they switch it off.
    """
    value = value_of(arguments, "--rewrite")
    if value is not None and value.lower() in OFF:
        raise InvalidInput(
            f"--rewrite {value} switches rewriting off.", hint="Leave it out, or run generate.py itself."
        )
    return list(arguments) if "--rewrite" in arguments or value is not None else [*arguments, "--rewrite", "true"]


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run the script of 1.5 or 1.0, whichever `hyvideo` is there."""
    script = script_of(arguments, EXAMPLE, "HunyuanVideo")
    folder = find_package("hyvideo", "__init__.py", "HunyuanVideo", near=script)
    host = HostEnhancer(enhancer, **chosen)
    if (folder / "utils" / "rewrite").is_dir():
        install(Rewriter(host))
        run_script(script, switched_on(arguments[1:]))
        return
    config = importlib.import_module("hyvideo.config")
    theirs: Callable[..., argparse.Namespace] = config.parse_args
    vars(config)["parse_args"] = lambda *given: enhance_arguments(theirs(*given), host)
    run_script(script, arguments[1:])


def enhance_arguments(args: argparse.Namespace, host: HostEnhancer) -> argparse.Namespace:
    """1.0's parsed arguments with the caption in the prompt's place.

    Raises:
        RecaptionError: there is no prompt, or it could not be enhanced.
    """
    if not args.prompt:
        raise InvalidInput("There is no --prompt.", hint="The Gradio server of 1.0 has no place for an enhancer.")
    args.prompt = host.prepare([Job(args.prompt)])[0]
    return args


def target_here() -> str:
    """The target of the checkout that this runs in."""
    try:
        folder = find_package("hyvideo", "__init__.py", "HunyuanVideo")
    except InvalidInput:
        return TARGET
    return TARGET if (folder / "utils" / "rewrite").is_dir() else TARGET_1_0


if __name__ == "__main__":
    launch("hunyuan", target_here(), start)
