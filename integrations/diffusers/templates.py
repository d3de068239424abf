"""How many tokens of a pipeline's own reading a text takes: its cleaning, its template, its tokenizer, uncut."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from t2v_recaption.integrations.diffusers.families import Reading

Count = Callable[[str], int]

INSIDE = ("conversation", "user_turn")
"""Templates that the pipeline's limit includes; the others come on top of it."""

HELPER = "You are a helpful assistant who will provide prompts to an image generator."
"""Cosmos Predict 2.5's system message, which its pipeline keeps inside a method: only its length counts here."""


def count_of(pipe: Any, reading: Reading, arguments: Mapping[str, Any]) -> tuple[Count, int]:
    """A counter of the tokens that a text takes, and how many of the limit are gone before it comes.

    Args:
        pipe: the pipeline.
        reading: how it reads.
        arguments: those of its call, with their defaults.
    """
    tokenizer = getattr(pipe, reading.tokenizer)
    clean = _cleaning(pipe, reading, arguments)
    templated, gone = TEMPLATES[reading.template](pipe, _plain(tokenizer), tokenizer, arguments)
    # A template that stands inside the limit is left out of both: of what is counted and of the limit.
    return lambda text: templated(clean(text)) - gone, gone if reading.template in INSIDE else 0


def _plain(tokenizer: Any) -> Count:
    """Tokens of a text, special ones included, neither cut nor warned about; of a processor its tokenizer counts."""
    bare = getattr(tokenizer, "tokenizer", tokenizer)
    return lambda text: len(bare(text, truncation=False, verbose=False).input_ids)


def _bare(pipe: Any, plain: Count, tokenizer: Any, arguments: Mapping[str, Any]) -> tuple[Count, int]:
    return plain, 0


def _prompt_template(pipe: Any, plain: Count, tokenizer: Any, arguments: Mapping[str, Any]) -> tuple[Count, int]:
    """HunyuanVideo: a template that the call may bring; its first `crop_start` tokens come on top of the limit."""
    given = arguments["prompt_template"]
    crop = given.get("crop_start")
    # The pipeline then takes the template's length, less the placeholder and the closing marks (five at most).
    crop = plain(given["template"]) - 5 if crop is None else crop
    return lambda text: plain(given["template"].format(text)), crop


def _attribute(pipe: Any, plain: Count, tokenizer: Any, arguments: Mapping[str, Any]) -> tuple[Count, int]:
    """Kandinsky 5: the template and its length are attributes of the pipeline."""
    return lambda text: plain(pipe.prompt_template.format(text)), pipe.prompt_template_encode_start_idx


def _system_message(pipe: Any, plain: Count, tokenizer: Any, arguments: Mapping[str, Any]) -> tuple[Count, int]:
    """HunyuanVideo-1.5: the tokenizer's chat template with the pipeline's system message."""

    def count(text: str) -> int:
        chat = [{"role": "system", "content": pipe.system_message}, {"role": "user", "content": text}]
        return _chat(tokenizer, chat, add_generation_prompt=True)

    return count, pipe.prompt_template_encode_start_idx


def _conversation(pipe: Any, plain: Count, tokenizer: Any, arguments: Mapping[str, Any]) -> tuple[Count, int]:
    """Cosmos Predict 2.5: a chat of two messages, inside the limit."""

    def count(text: str) -> int:
        chat = [
            {"role": "system", "content": [{"type": "text", "text": HELPER}]},
            {"role": "user", "content": [{"type": "text", "text": text}]},
        ]
        return _chat(tokenizer, chat, add_generation_prompt=False, add_vision_id=False)

    return count, count("")


def _user_turn(pipe: Any, plain: Count, tokenizer: Any, arguments: Mapping[str, Any]) -> tuple[Count, int]:
    """EasyAnimate: one message of the user, inside the limit."""

    def count(text: str) -> int:
        chat = [{"role": "user", "content": [{"type": "text", "text": text}]}]
        return _chat(tokenizer, chat, add_generation_prompt=True)

    return count, count("")


def _instruction(pipe: Any, plain: Count, tokenizer: Any, arguments: Mapping[str, Any]) -> tuple[Count, int]:
    """SANA-Video: an instruction before the text; of its tokens the first and the last stay inside the limit."""
    lines = arguments.get("complex_human_instruction")
    if not lines:
        return plain, 0
    instruction = "\n".join(lines)
    return lambda text: plain(instruction + text), plain(instruction) - 2


TEMPLATES: dict[str, Callable[..., tuple[Count, int]]] = {
    "": _bare,
    "prompt_template": _prompt_template,
    "attribute": _attribute,
    "system_message": _system_message,
    "conversation": _conversation,
    "user_turn": _user_turn,
    "instruction": _instruction,
}


def _chat(tokenizer: Any, chat: list[dict[str, Any]], **options: Any) -> int:
    found = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True, **options).input_ids
    return len(found[0] if found and isinstance(found[0], list) else found)


def _cleaning(pipe: Any, reading: Reading, arguments: Mapping[str, Any]) -> Callable[[str], str]:
    if reading.cleaning == "strip":
        return str.strip
    if reading.cleaning == "prompt_clean":
        return _prompt_clean(pipe)
    if reading.cleaning == "_text_preprocessing":
        clean = bool(arguments.get("clean_caption")) and _can_clean()
        return lambda text: str(pipe._text_preprocessing([text], clean_caption=clean)[0])
    return str


def _prompt_clean(pipe: Any) -> Callable[[str], str]:
    """`prompt_clean` of the module that the pipeline (or, for a modular one, its encoders) lives in."""
    for cls in type(pipe).__mro__:
        package = cls.__module__.rpartition(".")[0]
        for name in (cls.__module__, f"{package}.encoders"):
            if found := getattr(sys.modules.get(name), "prompt_clean", None):
                return _tolerant(found)
    return str


def _tolerant(clean: Callable[[str], str]) -> Callable[[str], str]:
    def cleaned(text: str) -> str:
        try:
            return clean(text)
        except NameError:  # most of these functions need ftfy and do not look whether it is there; the call will tell
            return text

    return cleaned


def _can_clean() -> bool:
    """Without these two packages diffusers does not clean, and warns at every text."""
    return all(find_spec(name) is not None for name in ("bs4", "ftfy"))
