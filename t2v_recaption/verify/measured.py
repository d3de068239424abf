"""Claims that measurements decide: camera, cuts, light, black and white, text on screen, and facts of the file.

What a measurement is unsure of stays undetermined.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.deciding import CUT_CONFIDENCE, decided, undecided
from t2v_recaption.verify.file_facts import file_fact
from t2v_recaption.verify.measured_camera import camera, still
from t2v_recaption.verify.measured_text import no_words, words
from t2v_recaption.verify.model import Claim, Evidence, Verdict
from t2v_recaption.verify.picture import CUT_QUESTION, STILL, STILL_QUESTION

if TYPE_CHECKING:
    from t2v_recaption.video.measurements import Measurements

DARKER = re.compile(r"\b(?:gets?|getting|turns?|turning|grows?|growing|becomes?|becoming|goes|going|fades?|fading)\b"
                    r".*\b(?P<how>darker|dark|black|brighter|bright|lighter|white)\b")  # fmt: skip
WHOLE_PICTURE = re.compile(r"^(?:it|the (?:scene|picture|image|screen|light|lighting|video|frame|sky|room))\b", re.I)


def measured_verdicts(claims: Iterable[Claim], measured: Measurements) -> tuple[Verdict, ...]:
    """A verdict for each claim that a measurement can speak about."""
    found = (_verdict(claim, measured) for claim in claims)
    return tuple(verdict for verdict in found if verdict is not None)


def _verdict(claim: Claim, measured: Measurements) -> Verdict | None:
    if claim.kind is Kind.FORMAT and claim.checker == "measurement":
        return file_fact(claim, measured)
    if claim.question == STILL_QUESTION or claim.value in STILL:
        return still(claim, measured)
    if claim.question == CUT_QUESTION:
        return _uncut(claim, measured)
    if claim.kind is Kind.CAMERA:
        return camera(claim, measured)
    if claim.kind is Kind.STYLE and claim.value == "black and white":
        return _grey(claim, measured)
    if claim.checker == "text":
        return words(claim, measured) if claim.form == "words" else no_words(claim, measured)
    if claim.kind is Kind.ORDER and claim.category == "shot":
        return _shots(claim, measured)
    if claim.kind is Kind.RELATION and claim.form == "direction" and "direction does" in claim.question:
        return _going(claim, measured)
    return _trend(claim, measured)


def _uncut(claim: Claim, measured: Measurements) -> Verdict:
    cuts = measured.cuts
    if not measured.shots:
        return undecided(claim, "cuts", "No shot was measured.")
    told = f"There are cuts at {', '.join(f'{t:.2f} s' for t in cuts[:8])}." if cuts else "There is no cut."
    return decided(claim, "cuts", not cuts, CUT_CONFIDENCE, told, Evidence(times=cuts[:8], observation=told))


def _shots(claim: Claim, measured: Measurements) -> Verdict | None:
    number = re.search(r"\d+", claim.value)
    if number is None or not measured.shots:
        return None
    told = f"There {'are' if len(measured.shots) > 1 else 'is'} {len(measured.shots)} shot(s)."
    holds = len(measured.shots) >= int(number.group())
    return decided(claim, "cuts", holds, CUT_CONFIDENCE, told, Evidence(times=measured.cuts[:8], observation=told))


def _grey(claim: Claim, measured: Measurements) -> Verdict:
    finding = measured.colours.black_and_white if measured.colours is not None else None
    if finding is None or finding.value is None:
        return undecided(claim, "colours", finding.reason if finding is not None else "No colours were measured.")
    if not finding.value and not claim.window.whole:
        return undecided(claim, "colours", "There are colours at some time.")
    told = "There are only grey tones." if finding.value else "There are colours."
    holds = finding.value == (claim.expected == "yes")
    return decided(claim, "colours", holds, finding.confidence, told, Evidence(observation=told))


def _trend(claim: Claim, measured: Measurements) -> Verdict | None:
    """ "It gets darker", said of the whole picture."""
    match = DARKER.search(claim.text.lower())
    if match is None or claim.form != "yes_no" or not WHOLE_PICTURE.match(claim.text) or measured.light is None:
        return None
    trend = measured.light.trend
    if trend.value in (None, "varying"):
        return undecided(claim, "light", trend.reason or "The brightness goes up and down.")
    wanted = "darker" if match["how"] in ("darker", "dark", "black") else "brighter"
    told = f"The brightness goes from {measured.light.start:.2f} to {measured.light.end:.2f}."
    holds = (trend.value == wanted) == (claim.expected == "yes")
    return decided(claim, "light", holds, trend.confidence, told, Evidence(observation=told))


def _going(claim: Claim, measured: Measurements) -> Verdict:
    """Where what moves goes: it need not be the thing that the claim speaks of, so nobody is sure of it."""
    for shot in measured.shots:
        side = shot.motion.direction
        if side.value in ("left", "right"):
            told = f"What moves most goes {side.value}."
            holds = side.value == claim.expected
            evidence = Evidence(spans=((shot.start, shot.end),), observation=told)
            return decided(claim, "motion", holds, min(0.5, side.confidence), told, evidence)
    return undecided(claim, "motion", "No clear movement to one side was measured.")
