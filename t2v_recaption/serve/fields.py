"""What a request may say: its JSON, field by field, checked before anything is done."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t2v_recaption.errors import InvalidInput
from t2v_recaption.pipeline import LONGEST_PROMPT, Job

MOST_KEPT = 64
"""Strings to keep in one request."""

LARGEST = 2**63 - 1
"""Seeds and other whole numbers fit into 64 bits, as model servers want them."""


class BadField(InvalidInput):
    """A field that cannot be used; `param` names it."""

    def __init__(self, param: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.param = param


Reader = Callable[[str, Any], Any]
"""Checks a field's value (name, value) and returns it as the enhancer takes it."""


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        InvalidInput: the body is not JSON in UTF-8, or no object.
    """
    try:
        content = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The body is not JSON: {error}.", hint='Send {"prompt": "a cat"}.') from error
    if not isinstance(content, dict):
        raise InvalidInput("The body is not a JSON object.", hint='Send {"prompt": "a cat"}.')
    return content


def read(content: Mapping[str, Any], readers: Mapping[str, Reader], *, where: str = "") -> dict[str, Any]:
    """The fields of an object that are given and not null.

    Raises:
        BadField: a field that does not exist, or one of the wrong type.
    """
    for name in content:
        if name not in readers:
            raise BadField(where + name, f"There is no field {where + name!r}.", hint=f"Known: {', '.join(readers)}.")
    return {name: readers[name](where + name, value) for name, value in content.items() if value is not None}


def text(name: str, value: Any) -> str:
    """A string no longer than a prompt may be."""
    if not isinstance(value, str):
        raise BadField(name, f"{name!r} must be a string.")
    if len(value) > LONGEST_PROMPT:
        raise BadField(name, f"{name!r} has {len(value):,} characters; at most {LONGEST_PROMPT:,} are taken.")
    return value


def target(name: str, value: Any) -> str:
    """The name of a target; never a file, which would be read from the server's disk."""
    if text(name, value).strip().lower().endswith((".yaml", ".yml")):
        raise BadField(name, "A target's file cannot be named in a request.", hint="Start the server with --target.")
    return str(value)


def whole(name: str, value: Any) -> int:
    """A whole number of up to 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise BadField(name, f"{name!r} must be a whole number of up to 64 bits.")
    return value


def attempts(name: str, value: Any) -> int:
    """How often a model is asked again."""
    if not 0 <= whole(name, value) <= 10:
        raise BadField(name, f"{name!r} must be from 0 to 10.")
    return int(value)


def number(name: str, value: Any) -> float:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadField(name, f"{name!r} must be a number.")
    return float(value) if abs(value) < LARGEST else LARGEST


def texts(name: str, value: Any) -> tuple[str, ...]:
    """A short list of strings."""
    if not isinstance(value, list) or len(value) > MOST_KEPT:
        raise BadField(name, f"{name!r} must be a list of at most {MOST_KEPT} strings.")
    return tuple(text(f"{name}[{index}]", item) for index, item in enumerate(value))


def image(name: str, value: Any) -> bytes:
    """A picture in a `data:` URL; never a path or an address, which the server would read for whoever asks."""
    head, comma, data = value.partition(",") if isinstance(value, str) else ("", "", "")
    if not (head.startswith("data:image/") and head.endswith(";base64") and comma):
        raise BadField(name, f"{name!r} must be a picture as a data URL.", hint="data:image/png;base64,…")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadField(name, f"{name!r} is not base64: {error}.") from error


OPTIONS: dict[str, Reader] = {
    "target": target,
    "strength": text,
    "language": text,
    "task": text,
    "duration": number,
    "keep": texts,
    "negative": text,
    "attempts": attempts,
    "on_failure": text,
}
"""What decides a caption besides the prompt: the same for all prompts of a batch."""

JOB: dict[str, Reader] = {"prompt": text, "seed": whole, "image": image, "last_image": image}
"""What belongs to one prompt."""


BATCH: dict[str, Reader] = {"prompts": lambda name, value: value, "seed": whole}
"""What a batch has instead: its prompts are read one by one."""


def job(given: Mapping[str, Any], *, where: str = "") -> Job:
    """The prompt that checked fields describe.

    Raises:
        BadField: there is no prompt.
    """
    if "prompt" not in given:
        raise BadField(f"{where}prompt", "There is no prompt.", hint='Send {"prompt": "a cat"}.')
    return Job(**given)


def check_kept(keep: Sequence[str], prompt: str) -> None:
    """Nothing can be kept that is not there. In a batch, each string counts where a prompt has it.

    Raises:
        BadField: a string to keep that is not in the prompt.
    """
    for index, kept in enumerate(keep):
        if kept not in prompt:
            raise BadField(f"keep[{index}]", f"{kept!r} is not in the prompt.", hint="Write it there as well.")


def jobs(listed: Any, seed: int | None, most: int) -> list[Job | InvalidInput]:
    """The prompts of a batch: strings, or objects with `prompt`, `seed`, `image`, `last_image`.

    A prompt that cannot be used is an error in its place: it never loses the others.

    Raises:
        BadField: there is no list of prompts, it is too long, or only some of the prompts have frames.
    """
    if not isinstance(listed, list) or not listed:
        raise BadField("prompts", "'prompts' must be a list of prompts.", hint='{"prompts": ["a cat", "two dogs"]}')
    if len(listed) > most:
        raise BadField("prompts", f"{len(listed)} prompts are more than the {most} that one request may hold.")
    read = [_item(f"prompts[{index}]", item, seed) for index, item in enumerate(listed)]
    if len({(item.image is None, item.last_image is None) for item in read if isinstance(item, Job)}) > 1:
        raise BadField("prompts", "Some prompts have frames and others have not.", hint="Send them as two batches.")
    return read


def _item(name: str, item: Any, seed: int | None) -> Job | InvalidInput:
    try:
        content = item if isinstance(item, dict) else {"prompt": text(name, item)}
        return job({"seed": seed, **read(content, JOB, where=f"{name}.")}, where=f"{name}.")
    except InvalidInput as error:
        return error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
