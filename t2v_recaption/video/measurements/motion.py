"""From steps to what moves besides the camera: whether, where to, and whether the camera keeps up with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from t2v_recaption.video.measurements.follow import HEAT, Step
from t2v_recaption.video.measurements.model import Box, Camera, Finding, Motion, Place, Side

AREA_CLEAR, AREA_FAINT = 0.004, 0.001
"""Share of the picture that moves by itself: from where something moves, and below which nothing does."""
AGREE = 0.9
"""Share of the points that must obey the camera for nothing else to move."""
WAY_CLEAR = 0.08
"""Picture widths or heights that the subject must go for its direction to be told."""
ONE_WAY = 0.5
"""Share of its whole way that it must get ahead: less is to and fro."""
LEAST_SURE = 0.45
"""Confidence below which a direction is not told."""
FOLLOWED_CLEAR, STAYS = 0.3, 0.35
"""A tracking shot: the camera goes so many picture widths at least, and the subject strays by less than such a share of
them."""
SCATTERED, SCATTERED_BOX = 0.1, 0.45
"""Less area than the first, in a box of more than the second, is scattered."""
LARGEST = 0.45
"""Share of the picture beyond which what moves is not one subject."""


def judge(steps: Sequence[Step], camera: Camera, width: int, height: int) -> Motion:
    """What moves by itself in a shot, whose steps were measured on frames of this size."""
    if camera.reason:
        return unknown(f"the camera could not be followed: {camera.reason}")
    known = [step for step in steps if step.followed]
    heat = np.zeros(HEAT[::-1])
    for step in known:
        if step.heat:
            heat += np.frombuffer(step.heat, np.uint8).reshape(heat.shape)
    area = float(np.mean([step.area for step in known]))
    moving = moves(known, area, camera, box(heat), width)
    if not moving.value:
        why = "nothing moves by itself" if moving.decided else moving.reason
        still = Finding[bool](False, moving.confidence) if moving.decided else Finding[bool](reason=why)
        return Motion(moving, Finding(reason=why), Finding(reason=why), tracking=still, area=round(area, 4))
    return Motion(
        moving,
        direction=way([step.flow for step in known], known, width, height),
        on_screen=on_screen(known, camera, width, height),
        tracking=tracks(known, camera, area, heat, width),
        area=round(area, 4),
        box=box(heat),
    )


def unknown(reason: str) -> Motion:
    """Nothing is known about what moves."""
    return Motion(Finding(reason=reason), Finding(reason=reason), Finding(reason=reason), Finding(reason=reason))


def moves(known: Sequence[Step], area: float, camera: Camera, frame: Box | None, width: int) -> Finding[bool]:
    """Whether anything moves by itself."""
    busy = [step for step in known if step.area > AREA_FAINT]
    speed = float(np.median([step.speed / step.seconds for step in busy])) / width if busy else 0.0
    often = len(busy) / len(known)
    agree = float(np.median([step.share for step in known]))
    if area >= AREA_CLEAR and often >= 0.3 and camera.static.value is False and scattered(area, frame):
        reason = "what differs is scattered over the picture, as strong compression makes it when the camera moves"
        return Finding(None, 0.0, round(speed, 4), reason)
    if area >= AREA_CLEAR and often >= 0.3:
        sure = min(1.0, 0.5 + 0.25 * float(np.log2(area / AREA_CLEAR))) * min(1.0, 0.5 + often / 2)
        return Finding(True, round(sure, 3), round(speed, 4))
    if area < AREA_FAINT and agree >= AGREE:
        return Finding(False, round(agree * (1 - 0.5 * area / AREA_FAINT), 3), round(speed, 4))
    return Finding(None, 0.0, round(speed, 4), "what differs is too small or too short to tell movement from noise")


def scattered(area: float, frame: Box | None) -> bool:
    """Whether little moves in many places."""
    wide = frame is not None and (frame[2] - frame[0]) * (frame[3] - frame[1]) > SCATTERED_BOX
    return area < SCATTERED and wide


def way(flows: Sequence[complex], known: Sequence[Step], width: int, height: int) -> Finding[Side]:
    """The side that the moving part goes to, if it is clear."""
    total, whole = sum(flows), sum(abs(flow) for flow in flows)
    across, down = total.real / width, total.imag / height
    unity = float(np.average([step.coherence for step in known], weights=[step.area + 1e-9 for step in known]))
    far = max(abs(across), abs(down))
    unsure = Finding[Side](None, 0.0, round(far, 4), "it does not clearly move to one side")
    if whole and abs(total) / whole >= ONE_WAY and unity >= 0.6 and far >= WAY_CLEAR:
        side = side_of(across, down)
        if side:
            sure = min(abs(total) / whole, unity) * min(1.0, 0.5 + far / WAY_CLEAR / 8)
            return Finding(side, round(sure, 3), round(far, 4)) if sure >= LEAST_SURE else unsure
    return unsure


def side_of(across: float, down: float) -> Side | None:
    """The side, unless it goes slantwise."""
    if abs(across) >= 2 * abs(down):
        return "right" if across > 0 else "left"
    if abs(down) >= 2 * abs(across):
        return "down" if down > 0 else "up"
    return None


def on_screen(known: Sequence[Step], camera: Camera, width: int, height: int) -> Finding[Place]:
    """Where the moving part goes in the picture itself."""
    found = way([step.on_screen for step in known], known, width, height)
    if found.decided:
        return Finding(found.value, found.confidence, found.amount)
    if camera.static.value is False and found.amount is not None and found.amount < WAY_CLEAR / 2:
        return Finding("stays", round(1 - found.amount / WAY_CLEAR, 3), found.amount)
    return Finding(None, 0.0, found.amount, found.reason)


def tracks(known: Sequence[Step], camera: Camera, area: float, heat: NDArray[np.float64], width: int) -> Finding[bool]:
    """Whether the camera keeps up with a subject that moves."""
    if camera.static.value:
        return Finding(False, camera.static.confidence)
    gone = -sum(step.shift.real for step in known) / width
    ahead = sum(step.flow.real for step in known) / width
    left_behind = abs(sum(step.on_screen.real for step in known) / width)
    unity = float(np.average([step.coherence for step in known], weights=[step.area + 1e-9 for step in known]))
    frame = box(heat)
    apart = frame is not None and not (frame[0] < 0.02 and frame[2] > 0.98)
    amount = round(abs(gone), 4)
    goes_along = abs(gone) >= FOLLOWED_CLEAR and gone * ahead > 0 and left_behind <= STAYS * abs(gone)
    if goes_along and unity >= 0.7 and area <= LARGEST and apart:
        return Finding(True, round(unity * (1 - left_behind / abs(gone)), 3), amount)
    return Finding(None, 0.0, amount, "no subject clearly stays in its place while the background moves")


def box(heat: NDArray[np.float64]) -> Box | None:
    """The part of the picture that holds most of the movement: between its 5th and 95th percent on both axes."""
    if not heat.any():
        return None
    edges = [spread(heat.sum(0)), spread(heat.sum(1))]
    (left, right), (top, bottom) = edges
    return (round(left, 3), round(top, 3), round(right, 3), round(bottom, 3))


def spread(sums: NDArray[np.float64]) -> tuple[float, float]:
    """Where 5 and 95 percent of the sum lie, as shares of the length."""
    part = np.cumsum(sums) / sums.sum()
    return float(np.searchsorted(part, 0.05) / len(sums)), float((np.searchsorted(part, 0.95) + 1) / len(sums))
