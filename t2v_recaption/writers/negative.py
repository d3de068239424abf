"""ruled_out: what a prompt rules out, in the words of a negative prompt."""

from __future__ import annotations

import re

from t2v_recaption.intent.model import Fact, Intent, Kind

CUE = re.compile(
    r"\b(?:no|not|without|never|none|with|any|free of|devoid of|lacking|avoid|exclude|excluding|don['’]t|do|does|is|are"
    r"|a|an|the)\b|\w+n['’]t\b|…",
    re.IGNORECASE,
)
"""Words that say *that* something is ruled out, not what."""

PERSON = "people"
"""What "nobody" and "no one" rule out."""


def ruled_out(intent: Intent) -> str:
    """The things that the user ruled out, separated by commas: "no people, without any cars" → "people, cars"."""
    return ", ".join(dict.fromkeys(_thing(fact) for fact in intent.of_kind(Kind.NEGATION)))


def _thing(fact: Fact) -> str:
    words = " ".join(CUE.sub(" ", fact.text).split()).strip(" ,.;:")
    if not words or words.lower() in ("nobody", "one", "person"):
        return PERSON if fact.value in ("person", "people") else fact.value
    return words
