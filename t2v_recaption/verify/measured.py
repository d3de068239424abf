"""Claims that measurements decide: camera, cuts, light, black and white, text on screen, and facts of the file.

What a measurement is unsure of stays undetermined, and so does what it cannot tell apart: a pan and a sideways move are
both "to the right", an orbit is anything but standing still.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.compare import likeness
from t2v_recaption.verify.file_facts import file_fact
from t2v_recaption.verify.model import Box, Claim, ClaimStatus, Evidence, Verdict
from t2v_recaption.verify.picture import CUT_QUESTION, STILL, STILL_QUESTION

if TYPE_CHECKING:
    from t2v_recaption.video.measurements import Direction, Finding, Measurements, Move, Shot, TextLine

Decide = Callable[[Claim, "Measurements"], "Verdict | None"]

DIRECTIONS: dict[str, tuple[Direction, ...]] = {
    **dict.fromkeys(("pan left", "truck left"), ("left",)),
    **dict.fromkeys(("pan right", "truck right"), ("right",)),
    **dict.fromkeys(("pan", "pan around", "panning shot", "whip pan", "slider shot"), ("left", "right")),
    **dict.fromkeys(("tilt up", "crane up", "pedestal up"), ("up",)),
    **dict.fromkeys(("tilt down", "crane down", "pedestal down"), ("down",)),
    **dict.fromkeys(("tilt", "tilting shot", "crane shot"), ("up", "down")),
    **dict.fromkeys(("zoom in", "push in", "dolly in"), ("in",)),
    **dict.fromkeys(("zoom out", "pull back", "dolly out"), ("out",)),
    **dict.fromkeys(("zooming", "crash zoom", "zoom in and out"), ("in", "out")),
    **dict.fromkeys(("roll", "camera roll", "barrel roll"), ("clockwise", "counterclockwise")),
}
"""Camera movements with the directions of which one must be measured."""

MOVING = frozenset(("camera movement", "moving camera"))
SHAKING = frozenset(("camera shake", "shaky camera", "handheld camera"))
TRACKING = frozenset(("tracking shot", "following shot"))
GOING = frozenset((
    "orbit", "orbit shot", "orbit left", "orbit right", "360 orbit", "dolly shot", "dolly zoom", "leading shot",
    "fly-over", "fly-through", "drone ascending", "drone descending", "soaring up", "diving shot", "spiral shot",
    "parallax shot",
))  # fmt: skip
"""Movements that no measurement knows, but that are none where the camera stands still."""

STANDS = "The camera stands still."
CUT_CONFIDENCE = 0.85
UNREAD_CONFIDENCE = 0.6
"""Confidence in words not being there because nothing like them was read: text recognition misses fancy letters."""

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
        return _still(claim, measured)
    if claim.question == CUT_QUESTION:
        return _uncut(claim, measured)
    if claim.kind is Kind.CAMERA:
        return _camera(claim, measured)
    if claim.kind is Kind.STYLE and claim.value == "black and white":
        return _grey(claim, measured)
    if claim.checker == "text":
        return _text(claim, measured) if claim.form == "words" else _no_text(claim, measured)
    if claim.kind is Kind.ORDER and claim.category == "shot":
        return _shots(claim, measured)
    if claim.kind is Kind.RELATION and claim.form == "direction" and "direction does" in claim.question:
        return _going(claim, measured)
    return _trend(claim, measured)


def _open(claim: Claim, by: str, reason: str, seen: str = "") -> Verdict:
    return Verdict(
        claim.id, ClaimStatus.UNDETERMINED, "measurement", by, reason=reason, evidence=Evidence(observation=seen)
    )


def _decided(claim: Claim, by: str, holds: bool, confidence: float, reason: str, evidence: Evidence) -> Verdict:
    """A decision; a claim that expects "no" is supported by what does not hold."""
    status = ClaimStatus.SUPPORTED if holds else ClaimStatus.REFUTED
    return Verdict(claim.id, status, "measurement", by, round(confidence, 3), reason, evidence=evidence)


# Camera


def _still(claim: Claim, measured: Measurements) -> Verdict:
    findings = [shot.camera.static for shot in measured.shots]
    told = _all(findings)
    if told is None:
        return _open(claim, "camera", "Whether the camera moves could not be measured.")
    moves = [move for shot in measured.shots for move in shot.camera.moves]
    if not told and not claim.window.whole:
        return _still_then(claim, moves, _span(claim, measured))
    observation = STANDS if told else _told(moves) or "The camera moves."
    return _decided(claim, "camera", told, _sure(findings, told), observation, _moved(moves, observation))


def _still_then(claim: Claim, moves: Sequence[Move], span: tuple[float, float]) -> Verdict:
    """Whether a camera that moves at some time stands still in a part of the clip."""
    if not moves:
        return _open(claim, "camera", "When the camera moves could not be measured.")
    then = [move for move in moves if _overlap(move, span)]
    told = _told(then or moves)
    confidence = min(move.confidence for move in then or moves)
    return _decided(claim, "camera", not then, confidence, told, _moved(then or moves, told))


def _span(claim: Claim, measured: Measurements) -> tuple[float, float]:
    """The part of the video, in seconds, that a claim speaks of."""
    low, high = claim.window.seconds(measured.duration)
    return measured.start + low, measured.start + high


def _overlap(move: Move, span: tuple[float, float]) -> bool:
    return min(move.end, span[1]) - max(move.start, span[0]) > 0.1


def _camera(claim: Claim, measured: Measurements) -> Verdict | None:
    value, shots = claim.value, _shots_in(claim, measured)
    if value in MOVING:
        still = _still(claim, measured)
        flipped = {ClaimStatus.SUPPORTED: ClaimStatus.REFUTED, ClaimStatus.REFUTED: ClaimStatus.SUPPORTED}
        return Verdict(**{**still.__dict__, "status": flipped.get(still.status, still.status)})
    if value in SHAKING:
        return _any_of(claim, "camera", [s.camera.shake for s in shots], "The camera shakes.", "It does not shake.")
    if value in TRACKING:
        return _tracking(claim, shots)
    if value == "freeze frame":
        return _frozen(claim, measured)
    if value in DIRECTIONS:
        return _moving(claim, shots, _span(claim, measured))
    if value in GOING and shots and all(s.camera.static.value is True for s in shots):
        confidence = _sure([s.camera.static for s in shots], True)
        return _decided(claim, "camera", False, confidence, STANDS, Evidence(observation=STANDS))
    return None


def _shots_in(claim: Claim, measured: Measurements) -> Sequence[Shot]:
    low, high = _span(claim, measured)
    return [shot for shot in measured.shots if shot.start < high and shot.end > low]


def _moving(claim: Claim, shots: Sequence[Shot], span: tuple[float, float]) -> Verdict:
    wanted = DIRECTIONS[claim.value]
    moves = [move for shot in shots for move in shot.camera.moves]
    if not claim.window.whole:
        return _moving_then(claim, [move for move in moves if move.direction in wanted], span)
    going = [move for move in moves if move.direction in wanted]
    findings = [f for shot in shots for way in wanted if (f := shot.camera.directions.get(way)) is not None]
    yes = [finding for finding in findings if finding.value is True]
    ways = " or ".join(wanted)
    if yes:
        observation = _told(going) or f"The camera goes {ways}."
        confidence = max(finding.confidence for finding in yes)
        return _decided(claim, "camera", True, confidence, observation, _moved(going, observation))
    if findings and all(finding.value is False for finding in findings):
        observation = _told(moves) or f"The camera does not go {ways}."
        return _decided(claim, "camera", False, _sure(findings, False), observation, _moved(moves, observation))
    reason = next((f.reason for f in findings if f.reason), "") or next((s.camera.reason for s in shots), "")
    return _open(claim, "camera", reason or f"Whether the camera goes {ways} could not be measured.", _told(moves))


def _moving_then(claim: Claim, going: Sequence[Move], span: tuple[float, float]) -> Verdict:
    """Whether the camera goes there in a part of the clip; where it goes there at another time only, it does not."""
    ways = " or ".join(DIRECTIONS[claim.value])
    then = [move for move in going if _overlap(move, span)]
    if not going:
        return _open(claim, "camera", f"No movement of the camera {ways} was measured.")
    told = _told(then or going)
    confidence = max(move.confidence for move in then or going)
    return _decided(claim, "camera", bool(then), confidence, told, _moved(then or going, told))


def _tracking(claim: Claim, shots: Sequence[Shot]) -> Verdict:
    if shots and all(shot.camera.static.value is True for shot in shots):
        confidence = _sure([shot.camera.static for shot in shots], True)
        return _decided(claim, "camera", False, confidence, STANDS, Evidence(observation=STANDS))
    findings = [shot.motion.tracking for shot in shots]
    return _any_of(claim, "motion", findings, "The subject keeps its place while the background moves.",
                   "Nothing keeps its place while the background moves.")  # fmt: skip


def _any_of(claim: Claim, by: str, findings: Sequence[Finding[bool]], yes: str, no: str) -> Verdict:
    """Whether it is so in any shot."""
    true = [finding for finding in findings if finding.value is True]
    if true:
        return _decided(claim, by, True, max(f.confidence for f in true), yes, Evidence(observation=yes))
    if findings and all(finding.value is False for finding in findings):
        return _decided(claim, by, False, _sure(findings, False), no, Evidence(observation=no))
    return _open(claim, by, next((f.reason for f in findings if f.reason), "") or "It could not be measured.")


def _all(findings: Sequence[Finding[bool]]) -> bool | None:
    """True where all are, False where any is not, None where it is open."""
    if any(finding.value is False for finding in findings):
        return False
    return True if findings and all(finding.value is True for finding in findings) else None


def _sure(findings: Sequence[Finding[bool]], value: bool) -> float:
    """Of something that holds in all shots the least confidence, of something that fails in one the greatest."""
    those = [finding.confidence for finding in findings if finding.value is value]
    return (min if len(those) == len(findings) else max)(those, default=0.0)


def _told(moves: Sequence[Move]) -> str:
    """ "The camera goes right by 0.48 of the width from 0.0 to 4.8 s." """
    return " ".join(_move(move) for move in moves[:3])


def _move(move: Move) -> str:
    how = {
        "pan": f"by {move.amount:.2f} picture widths",
        "tilt": f"by {move.amount:.2f} picture heights",
        "zoom": f"by a factor of {move.amount:.2f}",
        "roll": f"by {move.amount:.0f} degrees",
    }[move.axis]
    return f"The camera goes {move.direction} {how} from {move.start:.1f} to {move.end:.1f} s."


def _moved(moves: Sequence[Move], observation: str) -> Evidence:
    return Evidence(spans=tuple((move.start, move.end) for move in moves[:8]), observation=observation)


# Cuts, light, colours


def _uncut(claim: Claim, measured: Measurements) -> Verdict:
    cuts = measured.cuts
    if not measured.shots:
        return _open(claim, "cuts", "No shot was measured.")
    told = f"There are cuts at {', '.join(f'{t:.2f} s' for t in cuts[:8])}." if cuts else "There is no cut."
    return _decided(claim, "cuts", not cuts, CUT_CONFIDENCE, told, Evidence(times=cuts[:8], observation=told))


def _shots(claim: Claim, measured: Measurements) -> Verdict | None:
    number = re.search(r"\d+", claim.value)
    if number is None or not measured.shots:
        return None
    told = f"There {'are' if len(measured.shots) > 1 else 'is'} {len(measured.shots)} shot(s)."
    holds = len(measured.shots) >= int(number.group())
    return _decided(claim, "cuts", holds, CUT_CONFIDENCE, told, Evidence(times=measured.cuts[:8], observation=told))


def _frozen(claim: Claim, measured: Measurements) -> Verdict:
    frozen = measured.playback.frozen
    told = f"The picture stands still {'in places' if frozen else 'nowhere'}."
    spans = tuple((part.start, part.end) for part in frozen[:8])
    return _decided(claim, "playback", bool(frozen), CUT_CONFIDENCE, told, Evidence(spans=spans, observation=told))


def _grey(claim: Claim, measured: Measurements) -> Verdict:
    finding = measured.colours.black_and_white if measured.colours is not None else None
    if finding is None or finding.value is None:
        return _open(claim, "colours", finding.reason if finding is not None else "No colours were measured.")
    if not finding.value and not claim.window.whole:
        return _open(claim, "colours", "There are colours at some time.")
    told = "There are only grey tones." if finding.value else "There are colours."
    holds = finding.value == (claim.expected == "yes")
    return _decided(claim, "colours", holds, finding.confidence, told, Evidence(observation=told))


def _trend(claim: Claim, measured: Measurements) -> Verdict | None:
    """ "It gets darker", said of the whole picture."""
    match = DARKER.search(claim.text.lower())
    if match is None or claim.form != "yes_no" or not WHOLE_PICTURE.match(claim.text) or measured.light is None:
        return None
    trend = measured.light.trend
    if trend.value in (None, "varying"):
        return _open(claim, "light", trend.reason or "The brightness goes up and down.")
    wanted = "darker" if match["how"] in ("darker", "dark", "black") else "brighter"
    told = f"The brightness goes from {measured.light.start:.2f} to {measured.light.end:.2f}."
    holds = (trend.value == wanted) == (claim.expected == "yes")
    return _decided(claim, "light", holds, trend.confidence, told, Evidence(observation=told))


def _going(claim: Claim, measured: Measurements) -> Verdict:
    """Where what moves goes: it need not be the thing that the claim speaks of, so nobody is sure of it."""
    for shot in measured.shots:
        side = shot.motion.direction
        if side.value in ("left", "right"):
            told = f"What moves most goes {side.value}."
            holds = side.value == claim.expected
            evidence = Evidence(spans=((shot.start, shot.end),), observation=told)
            return _decided(claim, "motion", holds, min(0.5, side.confidence), told, evidence)
    return _open(claim, "motion", "No clear movement to one side was measured.")


# Text


def _text(claim: Claim, measured: Measurements) -> Verdict:
    text = measured.text
    if not text.looked or text.reason:
        return _open(claim, "text", text.reason or "Text on screen was not read.")
    low, high = _span(claim, measured)
    lines = [line for line in text.lines if line.end >= low - 1e-6 and line.start <= high + 1e-6]
    scored = sorted(((likeness(line.text, claim.expected), line) for line in lines), key=lambda pair: -pair[0])
    best = scored[0] if scored else (0.0, None)
    if best[1] is not None and best[0] == 1.0:
        return _read(claim, best[1], low, high)
    joined = likeness(" ".join(line.text for line in lines), claim.expected) if len(lines) > 1 else 0.0
    if joined == 1.0:
        return _read(claim, lines[0], low, high)
    if max(best[0], joined) >= 0.6 and best[1] is not None:
        return _open(claim, "text", f"It reads “{best[1].text}”, nearly the words.", best[1].text)
    looked = sum(low <= t <= high for t in text.times)
    if looked < 2:
        return _open(claim, "text", "Too few frames were read to tell.")
    told = f"It reads “{lines[0].text}”." if lines else f"Nothing is to be read in {looked} frames."
    confidence = min(UNREAD_CONFIDENCE, looked / (looked + 1))
    return _decided(claim, "text", False, confidence, told, Evidence(observation=told, seen=text.times))


def _read(claim: Claim, line: TextLine, low: float, high: float) -> Verdict:
    told = f"“{line.text}” is readable from {max(line.start, low):.2f} to {min(line.end, high):.2f} s."
    evidence = Evidence((line.time,), ((line.start, line.end),), (Box(*line.box),), told)
    return _decided(claim, "text", True, line.confidence, told, evidence)


def _no_text(claim: Claim, measured: Measurements) -> Verdict:
    text = measured.text
    if not text.looked or text.reason:
        return _open(claim, "text", text.reason or "Text on screen was not read.")
    clear = [line for line in text.lines if line.confidence >= 0.7 and len(line.text.strip()) > 1]
    if clear:
        told = f"“{clear[0].text}” is readable at {clear[0].time:.2f} s."
        evidence = Evidence((clear[0].time,), boxes=(Box(*clear[0].box),), observation=told)
        return _decided(claim, "text", False, clear[0].confidence, told, evidence)
    if text.lines or len(text.times) < 2:
        return _open(claim, "text", "Something may be written there.")
    told = f"Nothing is to be read in {len(text.times)} frames."
    return _decided(claim, "text", True, UNREAD_CONFIDENCE, told, Evidence(observation=told, seen=text.times))
