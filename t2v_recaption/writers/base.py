"""The writer interface: a writer turns intents into drafts, and may revise a draft when told what it lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from t2v_recaption.errors import RecaptionError
from t2v_recaption.fidelity.report import Report
from t2v_recaption.intent.model import Intent
from t2v_recaption.records import Record
from t2v_recaption.targets.model import Target

Strength = Literal["light", "normal", "rich"]
Aspect = Literal[
    "prompt", "subject", "action", "setting", "time", "weather", "light", "camera", "style", "mood", "audio", "quality"
]
"""What a sentence is about; `prompt` marks a sentence that carries the user's own words."""


@dataclass(frozen=True)
class WriteOptions(Record):
    """How to write, the same for a whole batch."""

    strength: Strength = "normal"
    language: str = "en"
    """Language of the caption (ISO 639-1)."""
    task: str = "t2v"
    """`t2v`, `i2v` (first frame given) or `flf2v` (first and last frame given)."""
    duration: float | None = None
    """Length of the clip in seconds, where known."""
    keep: tuple[str, ...] = ()
    """Strings that must stand in the caption letter by letter."""


@dataclass(frozen=True)
class WriteRequest(Record):
    """One prompt to write for."""

    intent: Intent
    seed: int = 0
    image: Any = field(default=None, repr=False)
    """First frame (path, PIL image or bytes) for image-to-video."""
    last_image: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Sentence(Record):
    """One sentence of a draft, with what it is about and how much it matters."""

    text: str
    aspect: Aspect
    importance: float
    """1.0 for a sentence that carries a stated fact (never dropped); below that, lowest goes first."""


@dataclass(frozen=True)
class Draft(Record):
    """What a writer wrote, before the pipeline checks it."""

    sentences: tuple[Sentence, ...]
    negative: str = ""
    """What belongs into a negative prompt (things the user ruled out)."""
    notes: tuple[str, ...] = ()
    """What happened on the way, for people: cleaned preamble, retried, fell back …"""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Model, revision, seed, template hash: whatever makes it reproducible."""
    problem: str = ""
    """Why the writer's text is no caption at all (a refusal, a definition …); `sentences` is then empty."""
    rejected: str = ""
    """That text."""
    error: RecaptionError | None = field(default=None, repr=False)
    """Set when this item failed; `sentences` is then empty. One failed item never loses the others."""

    @property
    def text(self) -> str:
        """The sentences as one paragraph."""
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True)
class Revision(Record):
    """A draft that did not pass, with the report that says why."""

    request: WriteRequest
    draft: Draft
    report: Report | None
    """None for a draft that was no caption at all."""


class Writer:
    """Base of all writers. Cheap to construct; `close()` gives back what it loaded."""

    name: str = ""
    revises: bool = False
    """Whether `revise` is worth calling (a language model can be told what it lost; the composer need not be)."""
    leaks: tuple[str, ...] = ()
    """Telling details of few-shot examples: inventions wherever the prompt does not have them."""
    translates: bool = False
    """Whether `translate` works."""

    def write(self, requests: Sequence[WriteRequest], target: Target, options: WriteOptions) -> list[Draft]:
        """One draft a request, in order; a failed item has `error` set."""
        raise NotImplementedError

    def revise(self, revisions: Sequence[Revision], target: Target, options: WriteOptions) -> list[Draft]:
        """A better draft for each, told exactly what was lost, contradicted or invented."""
        raise NotImplementedError

    def translate(self, prompts: Sequence[str], language: str) -> list[str | RecaptionError]:
        """The prompts in another language (ISO 639-1), faithfully and nothing added; an error for one that failed."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """What decides the words besides the request (model, template, temperature …), for provenance and resuming."""
        return {"writer": self.name}

    def close(self) -> None:
        """Free models and connections. Safe to call twice."""
