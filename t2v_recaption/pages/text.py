"""Marked text: spans of a prompt or caption coloured by what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from t2v_recaption.pages.charts import TONES, Tone

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Mark:
    """A span `[start, end)` of a text; `title` is shown when the pointer rests on it."""

    start: int
    end: int
    tone: Tone = "neutral"
    title: str = ""


WORST = ("bad", "unsure", "two", "one", "good", "neutral")
"""Which tone wins where marks overlap."""


def marked(text: str, marks: Iterable[Mark]) -> Markup:
    """The text, escaped, with the spans marked. Spans may overlap, touch and reach beyond the text's ends."""
    from markupsafe import Markup, escape

    kept = [mark for mark in marks if max(0, mark.start) < min(len(text), mark.end) and mark.tone in TONES]
    cuts = sorted({0, len(text), *(max(0, m.start) for m in kept), *(min(len(text), m.end) for m in kept)})
    pieces = []
    for start, end in pairwise(cuts):
        covering = [mark for mark in kept if mark.start <= start and end <= mark.end]
        piece = escape(text[start:end])
        if covering:
            tone = min((mark.tone for mark in covering), key=WORST.index)
            title = "; ".join(dict.fromkeys(mark.title for mark in covering if mark.title))
            piece = Markup('<mark class="{}" title="{}">{}</mark>').format(tone, title, text[start:end])
        pieces.append(piece)
    return Markup("").join(pieces)
