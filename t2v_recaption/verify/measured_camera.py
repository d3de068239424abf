"""Claims about the camera that measurements decide.

What a measurement cannot tell apart stays together: a pan and a sideways move are both "to the right", an orbit is
anything but standing still.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from t2v_recaption.verify.deciding import CUT_CONFIDENCE, all_of, any_of, confidence_of, decided, span_of, undecided
from t2v_recaption.verify.model import Claim, ClaimStatus, Evidence, Verdict

if TYPE_CHECKING:
    from t2v_recaption.video.measurements import Direction, Measurements, Move, Shot

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


def still(claim: Claim, measured: Measurements) -> Verdict:
    """Whether the camera stands still."""
    findings = [shot.camera.static for shot in measured.shots]
    told = all_of(findings)
    if told is None:
        return undecided(claim, "camera", "Whether the camera moves could not be measured.")
    moves = [move for shot in measured.shots for move in shot.camera.moves]
    if not told and not claim.window.whole:
        return _still_then(claim, moves, span_of(claim, measured))
    observation = STANDS if told else _told(moves) or "The camera moves."
    return decided(claim, "camera", told, confidence_of(findings, told), observation, _moved(moves, observation))


def _still_then(claim: Claim, moves: Sequence[Move], span: tuple[float, float]) -> Verdict:
    """Whether a camera that moves at some time stands still in a part of the clip."""
    if not moves:
        return undecided(claim, "camera", "When the camera moves could not be measured.")
    then = [move for move in moves if _overlap(move, span)]
    told = _told(then or moves)
    confidence = min(move.confidence for move in then or moves)
    return decided(claim, "camera", not then, confidence, told, _moved(then or moves, told))


def _overlap(move: Move, span: tuple[float, float]) -> bool:
    return min(move.end, span[1]) - max(move.start, span[0]) > 0.1


def camera(claim: Claim, measured: Measurements) -> Verdict | None:
    """Whether the camera does what the claim says; None where no measurement knows of it."""
    value, shots = claim.value, _shots_in(claim, measured)
    if value in MOVING:
        stands = still(claim, measured)
        flipped = {ClaimStatus.SUPPORTED: ClaimStatus.REFUTED, ClaimStatus.REFUTED: ClaimStatus.SUPPORTED}
        return Verdict(**{**stands.__dict__, "status": flipped.get(stands.status, stands.status)})
    if value in SHAKING:
        return any_of(claim, "camera", [s.camera.shake for s in shots], "The camera shakes.", "It does not shake.")
    if value in TRACKING:
        return _tracking(claim, shots)
    if value == "freeze frame":
        return _frozen(claim, measured)
    if value in DIRECTIONS:
        return _moving(claim, shots, span_of(claim, measured))
    if value in GOING and shots and all(s.camera.static.value is True for s in shots):
        confidence = confidence_of([s.camera.static for s in shots], True)
        return decided(claim, "camera", False, confidence, STANDS, Evidence(observation=STANDS))
    return None


def _shots_in(claim: Claim, measured: Measurements) -> Sequence[Shot]:
    low, high = span_of(claim, measured)
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
        return decided(claim, "camera", True, confidence, observation, _moved(going, observation))
    if findings and all(finding.value is False for finding in findings):
        observation = _told(moves) or f"The camera does not go {ways}."
        return decided(claim, "camera", False, confidence_of(findings, False), observation, _moved(moves, observation))
    reason = next((f.reason for f in findings if f.reason), "") or next((s.camera.reason for s in shots), "")
    return undecided(claim, "camera", reason or f"Whether the camera goes {ways} could not be measured.", _told(moves))


def _moving_then(claim: Claim, going: Sequence[Move], span: tuple[float, float]) -> Verdict:
    """Whether the camera goes there in a part of the clip; where it goes there at another time only, it does not."""
    ways = " or ".join(DIRECTIONS[claim.value])
    then = [move for move in going if _overlap(move, span)]
    if not going:
        return undecided(claim, "camera", f"No movement of the camera {ways} was measured.")
    told = _told(then or going)
    confidence = max(move.confidence for move in then or going)
    return decided(claim, "camera", bool(then), confidence, told, _moved(then or going, told))


def _tracking(claim: Claim, shots: Sequence[Shot]) -> Verdict:
    if shots and all(shot.camera.static.value is True for shot in shots):
        confidence = confidence_of([shot.camera.static for shot in shots], True)
        return decided(claim, "camera", False, confidence, STANDS, Evidence(observation=STANDS))
    findings = [shot.motion.tracking for shot in shots]
    return any_of(claim, "motion", findings, "The subject keeps its place while the background moves.",
                   "Nothing keeps its place while the background moves.")  # fmt: skip


def _frozen(claim: Claim, measured: Measurements) -> Verdict:
    frozen = measured.playback.frozen
    told = f"The picture stands still {'in places' if frozen else 'nowhere'}."
    spans = tuple((part.start, part.end) for part in frozen[:8])
    return decided(claim, "playback", bool(frozen), CUT_CONFIDENCE, told, Evidence(spans=spans, observation=told))


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
