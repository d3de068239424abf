"""Enhancement and Failure: the typed results of enhancing one prompt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from t2v_recaption.errors import RecaptionError
from t2v_recaption.fidelity.report import Report
from t2v_recaption.intent.model import Intent
from t2v_recaption.records import Record
from t2v_recaption.targets.budget import Fit
from t2v_recaption.writers.base import Sentence


@dataclass(frozen=True)
class Enhancement(Record):
    """A caption that passed the fidelity check, and everything known about how it came about."""

    prompt: str
    """What the user typed, untouched."""
    caption: str
    """One line of text for the video model."""
    negative: str
    """The negative prompt: what the user ruled out, then the target's own default."""
    short: str
    """A version for the target's companion encoder (CLIP's 77 tokens); empty where it has none."""
    target: str
    task: str
    language: str
    writer: str
    """The writer that wrote the caption (after a fallback: the one that was fallen back to)."""
    seed: int
    intent: Intent
    report: Report
    """The check of exactly this caption."""
    fit: Fit
    """Its tokens in each text encoder, and what was dropped to fit."""
    repairs: tuple[str, ...] = ()
    """What had to be put back or taken out, one sentence each."""
    notes: tuple[str, ...] = ()
    fallback: str = ""
    """Why the composer had to step in; empty when it did not."""
    attempts: int = 1
    """How often the writer was asked."""
    translation: str = ""
    """The prompt in the caption's language, where it had to be translated: the caption was checked against it."""
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The caption's sentences with what each is about."""
        return self.fit.sentences

    def __str__(self) -> str:
        return self.caption


@dataclass(frozen=True)
class Failure(Record):
    """One prompt of a batch that could not be enhanced; the others go on."""

    prompt: str
    error: str
    """The name of the error class."""
    message: str
    hint: str
    exception: RecaptionError = field(repr=False, compare=False)

    @classmethod
    def of(cls, prompt: str, error: RecaptionError) -> Failure:
        """The failure that an error means for a prompt."""
        return cls(prompt, type(error).__name__, error.message, error.hint, error)


Outcome = Enhancement | Failure
