"""Few-shot examples for language models, each with the telling details that betray copying from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from t2v_recaption.records import Record
from t2v_recaption.targets.model import Target, Words
from t2v_recaption.writers.base import WriteOptions

SHOWN = 2
"""Examples in a prompt: enough to show the form; more only lend more details to copy."""


@dataclass(frozen=True)
class Example(Record):
    """A request and its caption, with what must not turn up in other captions."""

    prompt: str
    caption: str
    form: str
    """`prose`, `styled` (names a style), `sound` (with a soundscape), `motion` (image-to-video) or `tags`."""
    leaks: tuple[str, ...]
    language: str = "en"

    @property
    def length(self) -> float:
        """Words; Chinese is written without spaces, one and a half characters a word."""
        return len(self.caption) / 1.5 if self.language == "zh" else len(self.caption.split())


def examples_for(target: Target, options: WriteOptions, words: Words | None = None) -> tuple[Example, ...]:
    """The examples in the caption's language whose form and length come nearest to what is wanted; there may be none.

    Args:
        target: decides the form.
        options: task and language.
        words: the length that is asked for (default: the target's).
    """
    length = (words or target.words).ideal
    known = [example for example in examples() if example.language == options.language]
    for form in (_form(target, options), "prose"):
        if fitting := [example for example in known if example.form == form]:
            return tuple(sorted(fitting, key=lambda example: abs(example.length - length))[:SHOWN])
    return ()


def _form(target: Target, options: WriteOptions) -> str:
    if target.tags:
        return "tags"
    if options.task != "t2v":
        return "motion"
    if target.audio:
        return "sound"
    return "styled" if target.style in ("wanted", "required") else "prose"


@cache
def leaks() -> tuple[str, ...]:
    """The telling details of all examples."""
    return tuple(dict.fromkeys(leak for example in examples() for leak in example.leaks))


@cache
def examples() -> tuple[Example, ...]:
    """All examples of `prompts/templates/examples.yaml`."""
    import yaml

    text = (files("t2v_recaption.prompts") / "templates" / "examples.yaml").read_text(encoding="utf-8")
    return tuple(Example(**{**entry, "leaks": tuple(entry["leaks"])}) for entry in yaml.safe_load(text))
