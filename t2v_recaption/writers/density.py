"""Density: whether a prompt is a caption already, and what its target still wants that it leaves open."""

from __future__ import annotations

import re

from t2v_recaption.intent.model import Intent, Kind
from t2v_recaption.targets.model import Target
from t2v_recaption.writers.base import Aspect, WriteOptions

DENSE = 60
"""Words from which on a prompt is a caption already: Wan's and LTX's own examples of finished captions start there."""

WHOLE = (Kind.SUBJECT, Kind.ATTRIBUTE, Kind.ACTION, Kind.SETTING, Kind.LIGHT, Kind.CAMERA)
"""Kinds of fact that together make a caption, in whatever number of words above half of `DENSE`."""

UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
"""A character of a script without spaces; three of them are about two words."""

SOUND = re.compile(
    r"\b(?:sounds?|noises?|audio|hears?|heard|voices?|music|says?|sings?|silen(?:t|ce))\b", re.IGNORECASE
)


def word_count(text: str) -> int:
    """Words of a text, also where they are written without spaces."""
    spaced, unspaced = UNSPACED.subn(" ", text)
    return len(spaced.split()) + unspaced * 2 // 3


def is_dense(intent: Intent) -> bool:
    """Whether the prompt is long enough, or says enough, to be a caption itself."""
    length = word_count(intent.prompt)
    stated = {fact.kind for fact in intent if not fact.negated}
    return length >= DENSE or (2 * length > DENSE and stated.issuperset(WHOLE))


def open_aspects(intent: Intent, target: Target, options: WriteOptions) -> tuple[Aspect, ...]:
    """What the target wants in every caption and the prompt leaves open."""
    stated = {fact.kind for fact in intent if not fact.negated}
    written = options.task == "t2v"  # otherwise the frame shows light and style
    wishes: tuple[tuple[Aspect, bool], ...] = (
        ("action", Kind.ACTION not in stated and target.motion),
        ("light", written and target.light and stated.isdisjoint({Kind.LIGHT, Kind.TIME, Kind.WEATHER})),
        ("camera", written and Kind.CAMERA not in stated and target.camera in ("required", "wanted")),
        ("style", written and Kind.STYLE not in stated and target.style in ("required", "wanted")),
        ("audio", target.audio and not SOUND.search(intent.prompt)),
    )
    return tuple(aspect for aspect, is_open in wishes if is_open)
