"""tidy: a prompt as one clean line, before anything reads it: no control characters, no broken Unicode."""

from __future__ import annotations

import re
import unicodedata

CONTROL = re.compile(r"(?:\x1b\[|\x9b)[0-9;:]*m|[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ufff9-\ufffb]")
"""A terminal's colours, and control characters that are no white space: encoders drop them, terminals obey them."""
SURROGATE = re.compile(r"[\ud800-\udfff]")
BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""Explicit direction overrides: they can make a text read differently from what it says."""
SPACE = re.compile(r"\s+")


def tidy(prompt: str) -> tuple[str, tuple[str, ...]]:
    """The prompt as one line in Unicode's composed form (NFC), and a note on what had to go.

    White space runs become one space. Letters, punctuation, emoji with their joiners, markup and templates stay.
    """
    text, controls = CONTROL.subn("", prompt)
    text, surrogates = SURROGATE.subn("", text)
    text, overrides = BIDI.subn("", text)
    text = SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()
    removed = [
        f"{count} {what}{'s' if count > 1 else ''}"
        for count, what in ((controls, "control character"), (surrogates, "broken character"), (overrides, "override"))
        if count
    ]
    return text, (f"Removed from the prompt: {', '.join(removed)}.",) if removed else ()
