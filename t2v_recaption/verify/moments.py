"""Moments: which part of the clip "at the end" and "in the beginning" mean, and what is to happen then."""

from __future__ import annotations

import re

from t2v_recaption.intent.model import Fact, Intent, Kind
from t2v_recaption.verify.model import Window

ENDS = {
    "end": Window(0.7, 1.0),
    "ending": Window(0.7, 1.0),
    "start": Window(0.0, 0.3),
    "beginning": Window(0.0, 0.3),
    "middle": Window(0.3, 0.7),
}
"""Places in time, as shares of the clip."""

LATE, EARLY = Window(0.6, 1.0), Window(0.0, 0.4)

WHOLES = frozenset(("video", "clip", "film", "movie", "shot", "scene"))
"""What has a beginning and an end in time."""

HAPPENS = (Kind.TEXT, Kind.ACTION, Kind.CAMERA, Kind.STYLE, Kind.SUBJECT)
"""Kinds of facts that can be so at one time and not at another."""

_WHEN = re.compile(
    r"(?P<opens>^\W*|[,.;:!?]\s*|\b(?:and|but|then)\s+)?(?:in|at|by|towards?)\s+(?:the\s+)?(?:very\s+)?"
    rf"(?:{'|'.join(ENDS)})\b(?:\s+of\s+(?:the|this)\s+(?:{'|'.join(WHOLES)})\b)?"
    r"(?=\s*,?\s*(?P<clause>[^,.;!?]*))",
    re.IGNORECASE,
)
"""A moment with what stands before it, where it begins a clause, and the rest of its clause."""


def moment_of(intent: Intent, fact: Fact) -> str:
    """The place in time that a fact names: "end" of "at the end" and of "at the end of the video"; else empty."""
    if fact.kind in (Kind.SETTING, Kind.TIME):
        return fact.value if fact.value in ENDS else ""
    found = re.search(r"\b(\w+) of$", fact.text.lower())
    whole = fact.kind is Kind.RELATION and fact.to is not None and intent[fact.to].value in WHOLES
    return found[1] if found is not None and whole and found[1] in ENDS else ""


def happening(intent: Intent, fact: Fact) -> Fact | None:
    """What is said to be "at the end": what follows in its clause where it opens one ("at the end, the camera zooms
    in"), otherwise what it is bound to, or the nearest thing before it that can happen.
    """
    span = fact.spans[0]
    able = intent.of_kind(*HAPPENS)
    for when in _WHEN.finditer(intent.prompt):
        if when["opens"] is not None and when.start() < span.end and span.start < when.end():
            inside = [f for f in able if when.start("clause") <= f.spans[0].start < when.end("clause")]
            if inside:
                return min(inside, key=lambda f: (f.kind is Kind.SUBJECT, f.spans[0].start))
    before = [f for f in able if f.spans[0].start < span.start]
    if fact.of is not None:
        owner = intent[fact.of]
        deeds = [f for f in before if f.kind is Kind.ACTION and f.of == owner.id]
        before = deeds if deeds and owner.kind is Kind.SUBJECT else [owner]
    return max(before, key=lambda f: f.spans[0].start, default=None)
