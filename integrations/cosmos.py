"""Cosmos Predict2: the prompt refiner of its Video2World pipelines.

    python -m t2v_recaption.integrations.cosmos examples/video2world.py --prompt "…" --input_path … …

Nothing of Cosmos-Reason1 is loaded. All prompts, those of `--batch_input_json` included, are enhanced before the
pipeline is, on rank 0 only. The host's guardrail sees the caption as it would see its own refiner's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, Job, launch
from t2v_recaption.integrations._host import HostEnhancer, host_enhancer
from t2v_recaption.integrations._script import find_package, run_script, script_of, stand_in, value_of

TARGET = "cosmos-predict2"
MODULE = "cosmos_predict2.auxiliary.cosmos_reason1"
EXAMPLE = "python -m t2v_recaption.integrations.cosmos examples/video2world.py --prompt '…'"
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
"""Inputs that are one frame; of a video nothing is looked at."""
OFF = "--disable_prompt_refiner"


class Refiner:
    """What a pipeline's attribute `prompt_refiner` must be: `pipe.prompt_refiner = Refiner()`.

    Args:
        enhancer: an `Enhancer` of your own, or none.
        enabled: the host's own attribute: off, prompts stay as they are, because the user asked for that.
        options: those of `Enhancer`, where none is given.
    """

    def __init__(
        self, enhancer: Enhancer | HostEnhancer | None = None, *, enabled: bool = True, **options: Any
    ) -> None:
        self.host = host_enhancer(TARGET, enhancer, options, task="i2v")
        self.enabled = enabled

    def refine_prompt(self, image_or_video_path: str, prompt: str) -> str:
        """The caption for a clip that goes on from that picture or video.

        Raises:
            RecaptionError: the prompt could not be enhanced.
        """
        return self.host.caption(prompt, image=picture(image_or_video_path)) if self.enabled else prompt


def install(host: HostEnhancer) -> None:
    """Let the host's `CosmosReason1` be our refiner, before anything has imported its pipelines."""

    class CosmosReason1(Refiner):
        def __init__(self, checkpoint_dir: str = "", offload_model_to_cpu: bool = True, enabled: bool = True) -> None:
            super().__init__(host, enabled=enabled)

        def analyze_video(self, *args: Any, **kwargs: Any) -> str:
            raise InvalidInput("Choosing the best of several videos needs Cosmos-Reason1 itself.")

    stand_in(MODULE, CosmosReason1=CosmosReason1)


def picture(path: str) -> str | None:
    """The path where it is a picture, for the enhancer to look at."""
    return path if path.lower().endswith(PICTURES) else None


def jobs_of(arguments: Sequence[str]) -> list[Job]:
    """The prompts that the script's arguments ask for, with their pictures; rows that the host skips are left out.

    Raises:
        InvalidInput: the JSON file cannot be read, or there is no prompt.
    """
    batch = value_of(arguments, "--batch_input_json")
    if batch is None:
        if not (prompt := value_of(arguments, "--prompt")):
            raise InvalidInput("There is no --prompt.", hint="Or give --batch_input_json.")
        return [Job(prompt, image=picture(value_of(arguments, "--input_path") or ""))]
    try:
        rows = json.loads(Path(batch).read_text(encoding="utf-8"))
        pairs = [(row.get("prompt", ""), row.get("input_video", "")) for row in rows]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InvalidInput(f"{batch} cannot be read: {error}.", hint="It must be a JSON list of objects.") from error
    return [Job(prompt, image=picture(path)) for prompt, path in pairs if prompt and path]


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run the host's script with its refiner replaced."""
    script = script_of(arguments, EXAMPLE, "cosmos-predict2")
    find_package("cosmos_predict2", "auxiliary/cosmos_reason1.py", "cosmos-predict2", near=script)
    if OFF in arguments:
        raise InvalidInput(f"{OFF} switches refinement off.", hint="Leave it out, or run the script itself.")
    host = HostEnhancer(enhancer, **chosen, task="i2v")
    install(host)
    # text2world.py makes its first frame from the prompt and refines with that: nothing to look at beforehand.
    if script.name == "video2world.py":
        host.prepare(jobs_of(arguments[1:]))
    run_script(script, arguments[1:])


if __name__ == "__main__":
    launch("cosmos", TARGET, start)
