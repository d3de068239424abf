"""Which scenes are measured, what is true of each, and how a measurement answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from benchmarks.measurements.renderer import Scene
from t2v_recaption.video.measurements import Direction, Measurements

MOVES: dict[str, tuple[Direction, ...]] = {
    "pan_right": ("right",),
    "pan_left": ("left",),
    "slow_pan_right": ("right",),
    "fast_pan_left": ("left",),
    "truck_right": ("right",),
    "tilt_up": ("up",),
    "tilt_down": ("down",),
    "zoom_in": ("in",),
    "zoom_out": ("out",),
    "dolly_in": ("in",),
    "roll_clockwise": ("clockwise",),
    "roll_counterclockwise": ("counterclockwise",),
    "pan_left_then_right": ("left", "right"),
    "pan_object": ("right",),
    "tracking_right": ("right",),
    "tracking_left": ("left",),
    "loop": ("left", "right"),
    "judder": ("right",),
    "duplicates": ("right",),
    "freeze": ("right",),
}
SUBJECTS: dict[str, str] = {
    "object_left": "left",
    "object_right": "right",
    "object_up": "up",
    "object_down": "down",
    "pan_object": "left",
    "tracking_right": "right",
    "tracking_left": "left",
}
FAULTS = ("flicker", "local_flicker", "fade_dark", "fade_bright", "black_frames", "letterbox", "pillarbox")
OTHERS = ("static", "still", "shake", "cut", "large_subject", "grows", "black_and_white", "text")
KINDS = tuple(dict.fromkeys((*MOVES, *SUBJECTS, *FAULTS, *OTHERS)))
DIRECTIONS: tuple[Direction, ...] = ("left", "right", "up", "down", "in", "out", "clockwise", "counterclockwise")


def goes(way: Direction) -> Callable[[Measurements], Any]:
    """Asks whether the camera goes that way in the first shot."""
    return lambda found: found.shots[0].camera.directions[way].value


QUESTIONS: dict[str, Callable[[Measurements], Any]] = {
    **{f"camera {way}": goes(way) for way in DIRECTIONS},
    "camera static": lambda found: found.shots[0].camera.static.value,
    "camera shakes": lambda found: found.shots[0].camera.shake.value,
    "subject moves": lambda found: found.shots[0].motion.moving.value,
    "subject's direction": lambda found: found.shots[0].motion.direction.value,
    "tracking shot": lambda found: found.shots[0].motion.tracking.value,
    "cuts": lambda found: len(found.cuts),
    "flicker": lambda found: found.playback.flicker.value,
    "frozen part": lambda found: bool(found.playback.frozen),
    "judder": lambda found: found.playback.judder.value,
    "black frames": lambda found: bool(found.playback.black),
    "loop": lambda found: found.playback.loop.value,
    "brightness": lambda found: found.light.trend.value if found.light else None,
    "bars": lambda found: found.bars.kind.value,
    "black and white": lambda found: found.colours.black_and_white.value if found.colours else None,
    "still picture": lambda found: found.playback.still.value,
}
"""What is asked of every clip; None is undetermined."""


COMBINATIONS = (
    ("rich", "clean"),
    ("street", "clean"),
    ("street", "noise"),
    ("rich", "compressed"),
    ("street", "handheld"),
)
HARD = ("static", "pan_right", "pan_left", "tilt_up", "zoom_in", "zoom_out", "roll_clockwise", "object_right")
"""Kinds that are also shown on pictures that are hard to follow."""
JUMPY = ("still", "static", "shake", "freeze", "judder", "duplicates", "loop")
"""Kinds that are not filmed by hand."""


def scenes(seeds: range) -> Iterator[Scene]:
    """All scenes with these seeds: each kind under every condition, and some on pictures that are hard to follow."""
    for kind, (texture, condition), seed in product(KINDS, COMBINATIONS, seeds):
        if condition != "handheld" or kind not in JUMPY:
            yield Scene(kind, texture, condition, seed)
    hard = [("faint", "clean"), ("water", "clean"), ("water", "compressed"), ("blurred", "clean"), ("blurred", "noise")]
    for kind, (texture, condition), seed in product(HARD, hard, seeds):
        yield Scene(kind, texture, condition, seed)
    for seed in seeds:
        yield Scene("static", "street", "handheld", seed)
        yield Scene("all_black", "street", "clean", seed)
        yield Scene("pan_right", "street", "clean", seed + 40, seconds=5.0, fps=24)
        yield Scene("zoom_in", "rich", "compressed", seed + 40, seconds=5.0, fps=30)


def truth(scene: Scene) -> dict[str, Any]:
    """What is true of a scene; a question that has no clear answer is left out."""
    kind = scene.kind
    if kind == "all_black":
        return {"black frames": True, "cuts": 0, "flicker": False, "frozen part": False}
    sways = kind == "shake" or scene.condition == "handheld"
    moving = kind in MOVES
    facts: dict[str, Any] = {
        "camera static": not moving and not sways,
        "cuts": 1 if kind == "cut" else 0,
        "flicker": kind in ("flicker", "local_flicker"),
        "frozen part": kind == "freeze",
        "black frames": kind == "black_frames",
        "bars": kind if kind in ("letterbox", "pillarbox") else "none",
        "black and white": kind == "black_and_white",
    }
    if kind != "shake":
        facts |= {f"camera {way}": way in MOVES.get(kind, ()) for way in DIRECTIONS}
    if kind not in ("judder", "duplicates", "freeze"):
        facts["camera shakes"] = sways
    facts |= subject_truth(scene) | time_truth(scene, sways, moving)
    if kind in ("black_frames", "cut"):
        for question in ("cuts", "camera shakes", "subject moves", "tracking shot") if kind != "cut" else ():
            facts.pop(question, None)
    return facts


def subject_truth(scene: Scene) -> dict[str, Any]:
    """What moves besides the camera."""
    kind = scene.kind
    if kind in ("truck_right", "dolly_in", "text", "letterbox", "pillarbox"):
        return {}  # near things move against far ones, bars do not move at all: neither is a subject
    subject = kind in SUBJECTS or kind in ("large_subject", "grows") or scene.texture == "water"
    facts: dict[str, Any] = {"subject moves": subject}
    if kind in SUBJECTS and scene.texture != "water":
        facts["subject's direction"] = SUBJECTS[kind]
    if kind != "large_subject" and scene.texture != "water":
        facts["tracking shot"] = kind.startswith("tracking")
    return facts


def time_truth(scene: Scene, sways: bool, moving: bool) -> dict[str, Any]:
    """What is true of the course of the clip."""
    kind, facts = scene.kind, dict[str, Any]()
    if kind in ("judder", "duplicates"):
        facts["judder"] = True
    elif kind != "freeze" and (moving or sways or kind in SUBJECTS):
        facts["judder"] = False
    if kind in ("loop", "pan_left_then_right"):
        facts["loop"] = True
    elif moving and kind != "freeze":
        facts["loop"] = False
    if kind in ("fade_dark", "fade_bright"):
        facts["brightness"] = "darker" if kind == "fade_dark" else "brighter"
    elif kind in ("static", "still", "object_left", "object_right") and not sways:
        facts["brightness"] = "steady"
    if kind == "still" or (kind == "static" and scene.condition == "clean" and scene.texture != "water" and not sways):
        facts["still picture"] = True
    elif moving or sways or kind in SUBJECTS:
        facts["still picture"] = False
    return facts
