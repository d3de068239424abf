"""Quoted text in the only quotation marks that HunyuanVideo-1.5's glyph encoder looks for."""

from __future__ import annotations

import re
from dataclasses import replace

from t2v_recaption import Enhancement, Enhancer, Kind, fidelity

LEFT, RIGHT = "\"'“„«‹‘「『《`", "\"'”“»›’」』》`"
"""Marks that open and close quoted text in the languages that prompts come in."""

SEEN = re.compile(r"\"(.*?)\"|“(.*?)”")
"""The pattern of the pipeline (pipeline_hunyuan_video1_5.py, extract_glyph_texts)."""

BYTES = 256 - len('Text "". ') - 1
"""Of the glyph encoder's 256 byte tokens, what the pipeline's own wording and the end mark leave."""


def with_straight_quotes(found: Enhancement, enhancer: Enhancer) -> Enhancement:
    """The enhancement with every stated text in marks that the pipeline finds; checked and counted again."""
    texts = [fact.value for fact in found.intent.of_kind(Kind.TEXT)]
    notes = tuple(
        f"{text!r} takes more bytes than the glyph encoder's {BYTES}: its end will be cut."
        for text in texts
        if len(text.encode()) > BYTES
    )
    if all(text in glyphs(found.caption) for text in texts):
        return replace(found, notes=(*found.notes, *notes))
    sentences = tuple(replace(s, text=_straight(s.text, texts)) for s in found.fit.sentences)
    caption = _straight(found.caption, texts)
    counters = enhancer.setting.counters or {}
    counts = tuple(
        replace(count, tokens=counters[count.encoder].count(caption)) if count.encoder in counters else count
        for count in found.fit.counts
    )
    return replace(
        found,
        caption=caption,
        report=fidelity.check(found.intent, caption, allowed=enhancer.setting.allowed),
        fit=replace(found.fit, sentences=sentences, counts=counts),
        notes=(*found.notes, *notes, "Quotation marks were made those that the glyph encoder looks for."),
    )


def glyphs(caption: str) -> list[str]:
    """What the pipeline's glyph encoder gets to read of a caption."""
    return [straight or curly for straight, curly in SEEN.findall(caption)]


def _straight(text: str, values: list[str]) -> str:
    for value in values:
        if value not in glyphs(text):
            marked = rf"[{re.escape(LEFT)}]?{re.escape(value)}[{re.escape(RIGHT)}]?"
            text = re.sub(marked, lambda _, value=value: f'"{value}"', text, count=1)  # type: ignore[misc]
    return text
