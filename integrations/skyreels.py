"""SkyReels-V2: a `PromptEnhancer` for `generate_video.py` and `generate_video_df.py`.

    python -m t2v_recaption.integrations.skyreels generate_video.py --prompt "…" …

The host's own enhancer is a 32B model that it forbids with `--use_usp` and ignores with `--image`: there, and only
there, the launcher gives the script the caption as its `--prompt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, Job, launch
from t2v_recaption.integrations._host import HostEnhancer, host_enhancer
from t2v_recaption.integrations._script import (
    find_package,
    run_script,
    script_of,
    stand_in,
    value_of,
    with_value,
    without,
)

TARGET = "skyreels-v2"
MODULE = "skyreels_v2_infer.pipelines.prompt_enhancer"
SWITCH = "--prompt_enhancer"
EXAMPLE = "python -m t2v_recaption.integrations.skyreels generate_video.py --prompt '…'"


class PromptEnhancer:
    """`PromptEnhancer()(prompt)` of `skyreels_v2_infer.pipelines`.

    Args:
        model_name: ignored; the host's own parameter.
        enhancer: an `Enhancer` of your own, or none.
        options: those of `Enhancer`, where none is given.
    """

    def __init__(
        self, model_name: str = "", *, enhancer: Enhancer | HostEnhancer | None = None, **options: Any
    ) -> None:
        self.host = host_enhancer(TARGET, enhancer, options)

    def __call__(self, prompt: str) -> str:
        """The caption.

        Raises:
            RecaptionError: the prompt could not be enhanced.
        """
        return self.host.caption(prompt)


def install(host: HostEnhancer) -> None:
    """Let the host's `PromptEnhancer` be ours, before anything has imported `skyreels_v2_infer.pipelines`."""

    class Ready(PromptEnhancer):
        def __init__(self, model_name: str = "", **options: Any) -> None:
            super().__init__(model_name, enhancer=host)

    stand_in(MODULE, PromptEnhancer=Ready)


def enhanced_arguments(arguments: Sequence[str], host: HostEnhancer) -> list[str]:
    """The script's arguments: its enhancer on where it may be, else the caption as the prompt.

    Raises:
        RecaptionError: there is no prompt of the user's own, or it could not be enhanced.
    """
    image = value_of(arguments, "--image")
    if image is None and "--use_usp" not in arguments:
        return [*without(arguments, SWITCH), SWITCH]
    if (prompt := value_of(arguments, "--prompt")) is None:
        raise InvalidInput("There is no --prompt.")
    return with_value(without(arguments, SWITCH), "--prompt", host.prepare([Job(prompt, image=image)])[0])


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run the host's script."""
    script = script_of(arguments, EXAMPLE, "SkyReels-V2")
    find_package("skyreels_v2_infer", "pipelines/prompt_enhancer.py", "SkyReels-V2", near=script)
    host = HostEnhancer(enhancer, **chosen)
    install(host)
    run_script(script, enhanced_arguments(arguments[1:], host))


if __name__ == "__main__":
    launch("skyreels", TARGET, start)
