"""Wording: a text for the video model as sentences that can be edited one by one, and the edits that made it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from t2v_recaption.records import Record
from t2v_recaption.targets.model import Target
from t2v_recaption.writers.base import Sentence
from t2v_recaption.writers.sentences import joined

Origin = Literal["prompt", "enhanced", "edited"]


@dataclass(frozen=True)
class Edit(Record):
    """One change to a wording, made for one claim."""

    operator: str
    """Its name in `t2v_recaption.loop.operators.OPERATORS`."""
    claim: str
    """Id of the claim that it is made for."""
    change: str
    """What was changed, one sentence for people."""


@dataclass(frozen=True)
class Wording(Record):
    """One text to generate from."""

    sentences: tuple[Sentence, ...]
    negative: str
    origin: Origin
    edits: tuple[Edit, ...] = ()
    """All edits since the enhanced caption (or the prompt), in order."""
    parent: str = ""
    """Key of the wording that it was edited from."""

    @property
    def text(self) -> str:
        """What the video model is given."""
        return joined([sentence.text for sentence in self.sentences])

    @property
    def key(self) -> str:
        """Twelve hex digits that stand for text and negative prompt."""
        return digest(self.text, self.negative)[:12]


def digest(*values: object) -> str:
    """SHA-256 of plain values, as hex digits."""
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()


def of_prompt(prompt: str, target: Target) -> Wording:
    """The user's own words, untouched, with the target's own negative prompt."""
    return Wording((Sentence(prompt, "prompt", 1.0),), target.negative, "prompt")
