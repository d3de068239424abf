"""Sentences for measurements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from t2v_recaption.video.measurements import Box, Camera, Colours, Direction, Light, Measurements, Motion, Move, Shot

# The framing shifts, whether the camera turns or travels: measuring cannot tell, so no word of either is used.
VERBS: dict[Direction, str] = {
    "left": "shifts left",
    "right": "shifts right",
    "up": "shifts up",
    "down": "shifts down",
    "in": "closes in",
    "out": "widens",
    "clockwise": "turns clockwise about its middle",
    "counterclockwise": "turns counterclockwise about its middle",
}
OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up"}
SURE = 0.5
"""What is less certain is not said."""
MAIN_COLOUR = 0.1
"""Share of the picture that a colour needs to be named."""
HANDHELD = 1.5
"""Straying, percent of the shorter side, up to which a shaking camera is said to sway."""
MOST_MOVES, MOST_LINES = 6, 6


def lead(found: Measurements) -> str:
    """Length, size and shots."""
    size = f"{found.info.width} x {found.info.height} pixels"
    if found.frames == 1:
        return f"A single picture of {size}."
    shots = "in one shot" if len(found.shots) == 1 else f"in {len(found.shots)} shots"
    return f"A clip of {found.duration:.1f} seconds {shots}, {size}."


def shot_sentences(shot: Shot, *, still: bool = True) -> list[str]:
    """What is said of a shot. `still`: the picture of the clip may be a still one."""
    if shot.light is not None and shot.light.high < 0.1 and shot.light.level.value == "dark":
        return ["The picture is black or nearly black."]
    if shot.camera.reason and shot.frames > 2 and not still:
        return ["The picture is in motion.", *look_sentences(shot)]
    return [
        *camera_sentences(shot.camera, shot.motion),
        *motion_sentences(shot.motion, shot.camera),
        *look_sentences(shot),
    ]


def look_sentences(shot: Shot) -> list[str]:
    """How a shot looks."""
    return [
        *light_sentences(shot.light),
        *colour_sentences(shot.colours),
        *(
            ["The picture is blurred."]
            if shot.sharpness.value == "blurred" and shot.sharpness.confidence >= SURE
            else []
        ),
    ]


def camera_sentences(camera: Camera, motion: Motion) -> list[str]:
    """What the camera does."""
    if camera.static.value:
        return ["The camera is static."]
    moves = [move for move in camera.moves if move.confidence >= SURE][:MOST_MOVES]
    sentences = ["The framing " + course(moves) + "."] if moves else []
    if motion.tracking.value and motion.tracking.confidence >= SURE:
        sentences.append("The framing keeps pace with a subject, which stays in its place while the background passes.")
    if camera.shake.value and camera.shake.confidence >= SURE:
        gentle = (camera.shake.amount or 0) < HANDHELD
        sentences.append("The camera sways, as if held by hand." if gentle else "The camera shakes.")
    return sentences


def course(moves: Sequence[Move]) -> str:
    """The moves: what happens at the same time joined by "and", what comes later by "then"."""
    parts = [f"{VERBS[moves[0].direction]} {how_far(moves[0])}"]
    for before, move in pairwise(moves):
        later = move.start >= before.end - 0.2 * (before.end - before.start)
        parts.append(f"{'then' if later else 'and'} {VERBS[move.direction]} {how_far(move)}")
    return ", ".join(parts)


def how_far(move: Move) -> str:
    """The size of a move."""
    if move.axis == "zoom":
        factor = move.amount if move.direction == "in" else 1 / move.amount
        return (
            f"until things are {factor:.1f} times as large"
            if factor >= 1.1
            else f"until things have {percent(factor)} of their size"
        )
    if move.axis == "roll":
        return f"by about {move.amount:.0f} degrees"
    length = "width" if move.axis == "pan" else "height"
    if move.amount >= 0.95:
        return f"by about {move.amount:.1f} times the picture's {length}"
    return f"by about {percent(move.amount)} of the picture's {length}"


def percent(share: float) -> str:
    """In steps that a reader can picture."""
    step = 5 if share >= 0.1 else 1
    return f"{step * round(100 * share / step)} percent"


def motion_sentences(motion: Motion, camera: Camera) -> list[str]:
    """What moves besides the camera."""
    if motion.moving.value is None or motion.moving.confidence < SURE:
        return []
    if not motion.moving.value:
        return ["Nothing moves." if camera.static.value else "Nothing moves besides the camera."]
    where = place(motion.box)
    way = motion.direction
    if way.value and way.confidence >= SURE:
        seen = "" if camera.static.value else "seen against the background, "
        return [f"{seen}what moves {where} goes {way.value}.".capitalize()]
    return [f"There is movement {where}{' besides that of the camera' if camera.static.value is False else ''}."]


def place(box: Box | None) -> str:
    """Where in the picture."""
    if box is None:
        return "in the picture"
    left, top, right, bottom = box
    if right - left > 0.7 and bottom - top > 0.6:
        return "in many parts of the picture"
    across, down = (left + right) / 2, (top + bottom) / 2
    column = "left" if across < 0.38 else "right" if across > 0.62 else ""
    row = "upper" if down < 0.38 else "lower" if down > 0.62 else ""
    if row or column:
        return f"in the {' '.join(part for part in (row, column) if part)} part of the picture"
    return "in the middle of the picture"


def light_sentences(light: Light | None) -> list[str]:
    """Brightness and its course."""
    if light is None:
        return []
    words = {"dark": "dark", "medium": "of medium brightness", "bright": "bright"}
    level = f"The picture is {words[light.level.value]}" if light.level.value else ""
    course_of = {"darker": "gets darker from start to end", "brighter": "gets brighter from start to end"}
    trend = course_of.get(light.trend.value or "", "") if light.trend.confidence >= SURE else ""
    if light.trend.value == "varying":
        trend = "changes in brightness to and fro"
    if level and trend:
        return [f"{level} on average and {trend}."]
    return [f"{level}."] if level else [f"The picture {trend}."] if trend else []


def colour_sentences(colours: Colours | None) -> list[str]:
    """The main colours."""
    if colours is None:
        return []
    if colours.black_and_white.value:
        return ["It is black and white."]
    names = [colour.name for colour in colours.shares if colour.share >= MAIN_COLOUR][:4]
    tones = {"warm": ", and warm tones prevail", "cool": ", and cool tones prevail"}.get(colours.warmth.value or "", "")
    if not names:
        return []
    return [f"Most of it is {joined(names)}{tones}." if len(names) > 1 else f"Most of it is {names[0]}{tones}."]


def joined(names: Sequence[str]) -> str:
    """With commas and "and"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def clip_sentences(found: Measurements) -> list[str]:
    """Faults and what concerns the clip as a whole."""
    playback, sentences = found.playback, []
    bars = {
        "letterbox": "Black bars lie above and below the picture.",
        "pillarbox": "Black bars lie to the left and right of the picture.",
        "windowbox": "Black bars lie on all sides of the picture.",
    }
    if found.bars.kind.value in bars:
        sentences.append(bars[found.bars.kind.value])
    if playback.flicker.value:
        sentences.append("The brightness flickers.")
    sentences += [f"The picture stands still from {part.start:.1f} to {part.end:.1f} s." for part in playback.frozen]
    if playback.judder.value and playback.duplicates.value:
        sentences.append(f"About {percent(playback.duplicates.value)} of the frames repeat the one before.")
    whole = [part for part in playback.black if part.seconds < 0.95 * found.duration]
    sentences += [f"The picture is black from {part.start:.1f} to {part.end:.1f} s." for part in whole]
    if playback.loop.value and playback.loop.confidence >= SURE:
        sentences.append("The end leads back to the beginning, as in a loop.")
    return sentences


def text_sentences(found: Measurements) -> list[str]:
    """Text on screen."""
    sentences = []
    for line in found.text.lines[:MOST_LINES]:
        shown = f"The text “{line.text}” is readable {place(line.box)}"
        begins, ends = line.start > found.start + 0.1, line.end < found.text.times[-1] - 0.1
        if begins or ends:
            shown += f" from {line.start:.1f}" + (f" to {line.end:.1f} s" if ends else " s on")
        sentences.append(f"{shown}.")
    return sentences
