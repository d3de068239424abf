"""Phrases: captions for targets that want short comma-separated phrases instead of prose (CLIP's 77 tokens)."""

from __future__ import annotations

from collections.abc import Iterator

from t2v_recaption.intent.model import Kind
from t2v_recaption.writers.base import Sentence
from t2v_recaption.writers.composer.camera import ANGLES, SIZES
from t2v_recaption.writers.composer.grammar import one_line
from t2v_recaption.writers.composer.library import Entry, Library
from t2v_recaption.writers.composer.planner import Plan, Planner
from t2v_recaption.writers.composer.scene import Scene
from t2v_recaption.writers.composer.words import words


def phrases(scene: Scene, plan: Plan, planner: Planner, library: Library, room: int) -> list[Sentence]:
    """The user's words and short phrases for what they leave open, up to about `room` words."""
    own = one_line(scene.analysis.text).rstrip(" ,.;")
    out = [Sentence(own, "prompt", 1.0)]
    left = room - len(own.split())
    for sentence in _open(scene, plan, planner, library):
        size = len(sentence.text.split())
        if size <= left and sentence.text.lower() not in own.lower():
            out.append(sentence)
            left -= size
    return [Sentence(f"{s.text},", s.aspect, s.importance) for s in out[:-1]] + [out[-1]]


def _open(scene: Scene, plan: Plan, planner: Planner, library: Library) -> Iterator[Sentence]:
    choice, action = scene.choice, scene.action
    manner = action.entry.get("manner", ()) if action is not None and action.entry is not None else ()
    fitting = [text for text in choice.order("manner", list(manner)) if _fits(text, planner, library)]
    if fitting:
        yield Sentence(fitting[0], "action", 0.7)
    if plan.place_phrase:
        yield Sentence(plan.place_phrase, "setting", 0.8)
    if not scene.has(Kind.LIGHT):
        for text in choice.order("light", words().light_tags[planner.surroundings.hour_name()]):
            if _fits(text, planner, library):
                yield Sentence(text, "light", 0.6)
                break
    if not scene.has(Kind.CAMERA):
        yield from _camera(scene, planner, library)


def _camera(scene: Scene, planner: Planner, library: Library) -> Iterator[Sentence]:
    scale = planner.camera.scale()
    for names in (SIZES[scale], ANGLES[scale]):
        for name in scene.choice.order("phrase", names):
            entry: Entry | None = library.named("camera", name)
            if entry is not None and entry.tags.fits(planner.s.tags):
                yield Sentence(str(entry.get("phrase", entry.name)), "camera", 0.5)
                break


def _fits(text: str, planner: Planner, library: Library) -> bool:
    ready = library.ready(text)
    return ready.tags.fits(planner.s.tags) and not ready.words & planner.scene.avoid
