"""Few-shot examples for language models, each with the telling details that betray copying from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from t2v_recaption.records import Record
from t2v_recaption.targets.model import Target
from t2v_recaption.writers.base import WriteOptions

SHOWN = 2
"""Examples in a prompt: enough to show the form; more only lend more details to copy."""


@dataclass(frozen=True)
class Example(Record):
    """A request and its caption, with what must not turn up in other captions."""

    prompt: str
    caption: str
    form: str
    """`prose`, `tags`, `motion` (image-to-video) or `sound` (with a soundscape)."""
    leaks: tuple[str, ...]


def examples_for(target: Target, options: WriteOptions) -> tuple[Example, ...]:
    """The examples whose form and length come nearest to what the target wants."""
    form = "tags" if target.tags else "motion" if options.task != "t2v" else "sound" if target.audio else "prose"
    fitting = [example for example in _examples() if example.form == form]
    fitting.sort(key=lambda example: abs(len(example.caption.split()) - target.words.ideal))
    return tuple(fitting[:SHOWN])


@cache
def leaks() -> tuple[str, ...]:
    """The telling details of all examples."""
    return tuple(leak for example in _examples() for leak in example.leaks)


@cache
def _examples() -> tuple[Example, ...]:
    import yaml

    text = (files("t2v_recaption.prompts") / "templates" / "examples.yaml").read_text(encoding="utf-8")
    return tuple(Example(**{**entry, "leaks": tuple(entry["leaks"])}) for entry in yaml.safe_load(text))
