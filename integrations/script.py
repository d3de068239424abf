"""Any script or module that takes a prompt from its command line: the caption takes the prompt's place there.

python -m t2v_recaption.integrations.script --target mochi -- cli.py --prompt "…" …
python -m t2v_recaption.integrations.script --target allegro -- -m some.module --text_prompt "…" …
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

from t2v_recaption import Enhancer, InvalidInput, Job, launch
from t2v_recaption.integrations._host import HostEnhancer
from t2v_recaption.integrations._script import run_module, run_script, script_of, value_of, with_value

PROMPTS = ("--prompt", "--text_prompt", "--text-prompt", "--user_prompt", "--text", "--caption")
"""Options that are taken for the prompt, the first that is given."""
IMAGES = ("--image", "--image_path", "--image-path", "--input_image", "--first_frame")
LAST_IMAGES = ("--last_image", "--last-image", "--last_frame")
EXAMPLE = "python -m t2v_recaption.integrations.script -- generate.py --prompt '…'"


def enhanced(arguments: Sequence[str], host: HostEnhancer) -> list[str]:
    """The arguments with the caption in the prompt's place.

    Raises:
        RecaptionError: there is no prompt, or it could not be enhanced.
    """
    name = next((name for name in PROMPTS if value_of(arguments, name) is not None), None)
    if name is None:
        raise InvalidInput("The script is given no prompt.", hint=f"One of these is looked for: {', '.join(PROMPTS)}.")
    job = Job(
        value_of(arguments, name) or "",
        image=value_of(arguments, *IMAGES),
        last_image=value_of(arguments, *LAST_IMAGES),
    )
    return with_value(arguments, name, host.prepare([job])[0])


def _check_module(name: str) -> None:
    """Before anything is enhanced: a model would run for nothing.

    Raises:
        InvalidInput: there is no such module.
    """
    try:
        found = importlib.util.find_spec(name.partition(".")[0])  # the package alone: finding more would import it
    except (ImportError, ValueError):
        found = None
    if found is None:
        hint = "Run this in the folder of your video model's checkout, or put that folder on PYTHONPATH."
        raise InvalidInput(f"There is no module {name!r}.", hint=hint)


def start(enhancer: Enhancer, arguments: list[str], chosen: dict[str, Any]) -> None:
    """Run a script, or with `-m NAME` a module."""
    host = HostEnhancer(enhancer, **chosen)
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        _check_module(arguments[1])
        run_module(arguments[1], enhanced(arguments[2:], host))
        return
    script = script_of(arguments, EXAMPLE, "video model's")
    run_script(script, enhanced(arguments[1:], host))


if __name__ == "__main__":
    launch("script", "generic", start)
