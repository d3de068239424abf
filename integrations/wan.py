"""Wan 2.1 and 2.2: a prompt expander for `generate.py` and the Gradio demos, seeded for real.

    python -m t2v_recaption.integrations.wan generate.py --task t2v-A14B --prompt "…" …

in the place of `python generate.py …`. Wan's own expanders, and dashscope, are never imported. The expander runs on
rank 0 and Wan broadcasts the caption; its model is unloaded before Wan's is loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, RecaptionError, launch
from t2v_recaption.integrations._host import HostEnhancer, host_enhancer
from t2v_recaption.integrations._manifest import one_line
from t2v_recaption.integrations._script import run_script, script_of, stand_in, value_of

TARGET = "wan2.2"
TARGET_2_1 = "wan2.1"
TASKS_2_1 = ("t2v-1.3B", "t2v-14B", "t2i-14B", "i2v-14B", "flf2v-14B", "vace-1.3B", "vace-14B")
LANGUAGE = "--prompt_extend_target_lang"
EXAMPLE = "python -m t2v_recaption.integrations.wan generate.py --task t2v-A14B --prompt '…'"


@dataclass
class PromptOutput:
    """What Wan's scripts read of an expanded prompt."""

    status: bool
    prompt: str
    seed: int
    system_prompt: str
    message: str

    def add_custom_field(self, key: str, value: Any) -> None:
        """Set one more attribute, as Wan's own class can."""
        setattr(self, key, value)


class Expander:
    """An expander with the interface of `wan.utils.prompt_extend`.

    Args:
        enhancer: an `Enhancer` of your own, or none.
        follow_target_lang: write in the language that Wan asks for. Off: in the prompt's own, which is what people
            mean who leave out `--prompt_extend_target_lang`, whose default is `zh`.
        options: those of `Enhancer`, where none is given.
    """

    def __init__(
        self,
        enhancer: Enhancer | HostEnhancer | None = None,
        *,
        follow_target_lang: bool = True,
        **options: Any,
    ) -> None:
        self.host = host_enhancer(TARGET, enhancer, options)
        self.follow_target_lang = follow_target_lang

    def __call__(
        self,
        prompt: str,
        system_prompt: str | None = None,
        tar_lang: str = "zh",
        image: Any = None,
        seed: int = -1,
        *args: Any,
        **kwargs: Any,
    ) -> PromptOutput:
        """Expand a prompt; `image` is the first frame, or a list of the first and the last.

        Raises:
            RecaptionError: the prompt could not be enhanced. With the host enhancer's `original_on_failure` `status`
                says so instead, and Wan renders the original prompt.
        """
        frames = [*image, None, None][:2] if isinstance(image, (list, tuple)) else [image, None]
        language = tar_lang if self.follow_target_lang else None
        given = None if seed < 0 else seed
        try:
            found = self.host(prompt, seed=given, image=frames[0], last_image=frames[1], language=language)
        except RecaptionError as error:
            if not self.host.original_on_failure:
                raise
            return PromptOutput(False, prompt, seed, "", str(error))
        return PromptOutput(True, one_line(found.caption), found.seed, "", found.to_json())

    def forward(self, prompt: str) -> str:
        """The caption alone, as the VACE branch of Wan 2.1 calls it."""
        return self(prompt).prompt


def expander_class(expander: Expander) -> type[Expander]:
    """A class whose every instance is that expander, however Wan constructs it."""

    class Ready(Expander):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(expander.host, follow_target_lang=expander.follow_target_lang)

    return Ready


def install(expander: Expander) -> None:
    """Let `wan.utils.prompt_extend` mean this expander, before anything has imported it."""
    ready = expander_class(expander)
    stand_in(
        "wan.utils.prompt_extend",
        PromptOutput=PromptOutput,
        PromptExpander=ready,
        DashScopePromptExpander=ready,
        QwenPromptExpander=ready,
    )


def switched_on(arguments: Sequence[str]) -> list[str]:
    """The arguments of `generate.py` with prompt extension on.

    Raises:
        InvalidInput: `--task animate-14B`, which takes no prompt from the command line.
    """
    if (value_of(arguments, "--task") or "").startswith("animate"):
        raise InvalidInput("Wan-Animate makes its clip without a prompt.", hint="Run generate.py itself.")
    extra = [] if "--use_prompt_extend" in arguments else ["--use_prompt_extend"]
    return [*arguments, *extra]


def target_for(arguments: Sequence[str]) -> str:
    """The version that has this `--task`; without one, 2.2."""
    return TARGET_2_1 if value_of(arguments, "--task") in TASKS_2_1 else TARGET


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run Wan's script with the expander in the place of its own."""
    script = script_of(arguments, EXAMPLE, "Wan")
    rest, once = arguments[1:], script.name == "generate.py"
    # The Gradio demos ask for a language in their page, and again and again.
    told = value_of(rest, LANGUAGE) is not None or not once
    install(Expander(HostEnhancer(enhancer, **chosen, unload=once), follow_target_lang=told))
    run_script(script, switched_on(rest) if once else rest)


if __name__ == "__main__":
    launch("wan", target_for(sys.argv), start)
