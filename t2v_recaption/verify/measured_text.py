"""Claims about words on screen that text recognition decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t2v_recaption.verify.compare import likeness
from t2v_recaption.verify.deciding import decided, span_of, undecided
from t2v_recaption.verify.model import Box, Claim, Evidence, Verdict

if TYPE_CHECKING:
    from t2v_recaption.video.measurements import Measurements, TextLine

UNREAD_CONFIDENCE = 0.6
"""Confidence in words not being there because nothing like them was read: text recognition misses fancy letters."""


def words(claim: Claim, measured: Measurements) -> Verdict:
    """Whether the claim's words are to be read."""
    text = measured.text
    if not text.looked or text.reason:
        return undecided(claim, "text", text.reason or "Text on screen was not read.")
    low, high = span_of(claim, measured)
    lines = [line for line in text.lines if line.end >= low - 1e-6 and line.start <= high + 1e-6]
    scored = sorted(((likeness(line.text, claim.expected), line) for line in lines), key=lambda pair: -pair[0])
    best = scored[0] if scored else (0.0, None)
    if best[1] is not None and best[0] == 1.0:
        return _read(claim, best[1], low, high)
    joined = likeness(" ".join(line.text for line in lines), claim.expected) if len(lines) > 1 else 0.0
    if joined == 1.0:
        return _read(claim, lines[0], low, high)
    if max(best[0], joined) >= 0.6 and best[1] is not None:
        return undecided(claim, "text", f"It reads “{best[1].text}”, nearly the words.", best[1].text)
    looked = sum(low <= t <= high for t in text.times)
    if looked < 2:
        return undecided(claim, "text", "Too few frames were read to tell.")
    told = f"It reads “{lines[0].text}”." if lines else f"Nothing is to be read in {looked} frames."
    confidence = min(UNREAD_CONFIDENCE, looked / (looked + 1))
    return decided(claim, "text", False, confidence, told, Evidence(observation=told, seen=text.times))


def _read(claim: Claim, line: TextLine, low: float, high: float) -> Verdict:
    told = f"“{line.text}” is readable from {max(line.start, low):.2f} to {min(line.end, high):.2f} s."
    evidence = Evidence((line.time,), ((line.start, line.end),), (Box(*line.box),), told)
    return decided(claim, "text", True, line.confidence, told, evidence)


def no_words(claim: Claim, measured: Measurements) -> Verdict:
    """Whether nothing is to be read."""
    text = measured.text
    if not text.looked or text.reason:
        return undecided(claim, "text", text.reason or "Text on screen was not read.")
    clear = [line for line in text.lines if line.confidence >= 0.7 and len(line.text.strip()) > 1]
    if clear:
        told = f"“{clear[0].text}” is readable at {clear[0].time:.2f} s."
        evidence = Evidence((clear[0].time,), boxes=(Box(*clear[0].box),), observation=told)
        return decided(claim, "text", False, clear[0].confidence, told, evidence)
    if text.lines or len(text.times) < 2:
        return undecided(claim, "text", "Something may be written there.")
    told = f"Nothing is to be read in {len(text.times)} frames."
    return decided(claim, "text", True, UNREAD_CONFIDENCE, told, Evidence(observation=told, seen=text.times))
