"""Sentences of a written text: where they end, what each is about, and how much it matters."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from t2v_recaption.fidelity.report import Report
from t2v_recaption.language import Analysis, analyse
from t2v_recaption.writers.base import Aspect, Sentence

END = (
    r"""(?<=[.!?…。！？])["”’')\]」»]*(?:\s+|(?<=[。！？]))"""
    r"""(?=["“‘'(\[「«]?[A-Z0-9À-ÞĀ-Ž\u0400-\u042f\u3040-\u9fff\uac00-\ud7af])"""
)
"""A sentence ends at its punctuation when white space and a capital, a digit or a quote follow."""

ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|vs|etc|e\.g|i\.e|approx|No|[A-Z])\.$")
"""What ends in a full stop without ending a sentence."""

IMPORTANCE: dict[Aspect, float] = {
    "prompt": 1.0,
    "action": 0.8,
    "subject": 0.7,
    "style": 0.65,
    "camera": 0.6,
    "setting": 0.5,
    "light": 0.4,
    "time": 0.4,
    "weather": 0.4,
    "audio": 0.35,
    "mood": 0.2,
    "quality": 0.1,
}
"""How much an added sentence matters, by aspect: what it shows before how it looks, mood last."""


@cache
def _end() -> re.Pattern[str]:
    return re.compile(END)  # at the first use: it takes a hundredth of a cold start


def split(text: str) -> list[str]:
    """The sentences of a text, in order; joined with spaces they hold the same words."""
    sentences: list[str] = []
    start = 0
    for match in _end().finditer(text):
        piece = text[start : match.end()].strip()
        if ABBREVIATION.search(piece):
            continue
        sentences.append(piece)
        start = match.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def joined(sentences: list[str]) -> str:
    """The sentences as one text: spaces between them, none where the script has none."""
    text = " ".join(sentences)
    return text if text.isascii() else re.sub(r"(?<=[。！？”」]) (?=[\u3040-\u30ff\u3400-\u9fff“「])", "", text)


QUOTED = re.compile(r"""“[^”]*”|"[^"]*"|「[^」]*」""")


def pieces_of(text: str, *, tags: bool = False) -> list[str]:
    """What can be dropped from a text one by one: its sentences, or the phrases of a list of tags with their commas."""
    sentences = split(text)
    if not tags or len(sentences) != 1:
        return sentences
    quoted = [match.span() for match in QUOTED.finditer(text)]
    commas = [at for at, letter in enumerate(text) if letter in ",，" and not any(a < at < b for a, b in quoted)]
    cuts = [0, *(at + 1 for at in commas if not text[at - 1 : at + 2].replace(",", "").isdigit()), len(text)]
    return [piece for a, b in pairwise(cuts) if (piece := text[a:b].strip())]


def weighed(text: str, report: Report, aspects: list[Aspect], pieces: list[str] | None = None) -> tuple[Sentence, ...]:
    """The sentences of a checked text: one that shows a stated fact is never to be dropped.

    Args:
        text: the text that `report` is about.
        report: its fidelity report; each verdict's span marks the sentence that shows the fact.
        aspects: what each piece is about.
        pieces: `pieces_of(text)`; default: its sentences.
    """
    evidence = [verdict.span for verdict in report.verdicts if verdict.span is not None]
    weighed, position = [], 0
    for piece, aspect in zip(split(text) if pieces is None else pieces, aspects, strict=True):
        start = text.index(piece, position)
        position = start + len(piece)
        stated = any(span.start < position and span.end > start for span in evidence)
        weighed.append(Sentence(piece, aspect, 1.0 if stated else min(0.9, IMPORTANCE[aspect])))
    return tuple(weighed)


def aspects_of(text: str, pieces: list[str] | None = None) -> list[Aspect]:
    """What each sentence (or piece) of a text is about, by the terms in it, else by who or what it speaks of first."""
    analysis, aspects, position = analyse(text), list[Aspect](), 0
    for piece in split(text) if pieces is None else pieces:
        start = text.index(piece, position)
        position = start + len(piece)
        aspects.append(_aspect(analysis, start, position))
    return aspects


KINDS: tuple[Aspect, ...] = ("camera", "style", "light", "weather", "time", "mood")
"""Kinds of term that settle a sentence's aspect, the first one that occurs in it."""

PLACES = frozenset({"place", "landform", "building", "sky", "water", "plant"})
"""Roots of nouns that make a sentence about the setting when it begins with one."""


def _aspect(analysis: Analysis, start: int, end: int) -> Aspect:
    found = {term.kind for term in analysis.terms if start <= term.start < end}
    for kind in KINDS:
        if kind in found:
            return kind
    first = next((noun for noun in analysis.nouns if start <= noun.start < end), None)
    if first is not None and first.root in PLACES:
        return "setting"
    return "action" if any(verb.agents for verb in analysis.verbs if start <= verb.start < end) else "subject"
