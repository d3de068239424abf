"""Frames as a model gets to see them: one after the other with their times, as video, or in one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from t2v_recaption.backends.base import Footage
from t2v_recaption.captioners.profile import Question
from t2v_recaption.captioners.times import seconds
from t2v_recaption.video import grids
from t2v_recaption.video.frame import Frame

if TYPE_CHECKING:
    from PIL import Image


def shown(question: Question, frames: Sequence[Frame], *, video: bool) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What comes before a question's words: `images` and `parts` of its message.

    Args:
        question: says the layout.
        frames: what is to be shown.
        video: whether the model takes `Footage`.
    """
    if not frames or question.layout == "none":
        return (), ()
    if question.layout == "video" and video and len(frames) > 1:
        return (), (Footage(tuple(frame.image for frame in frames), tuple(frame.time for frame in frames)),)
    if question.layout in ("images", "video"):
        return (), tuple(part for frame in frames for part in (_label(question, frame), frame.image))
    return (_one_picture(question, frames),), ()


def smaller(frame: Frame, side: int) -> Frame:
    """The frame with its longer side at most `side` pixels; 0 leaves it alone."""
    if not side or max(frame.size) <= side:
        return frame
    import numpy as np
    from PIL import Image

    width, height = frame.size
    scale = side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return replace(frame, pixels=np.asarray(frame.image.resize(size, Image.Resampling.BICUBIC)))


def _label(question: Question, frame: Frame) -> str:
    return question.label.replace("{time}", seconds(frame.time)).replace("{number}", str(frame.number))


def _one_picture(question: Question, frames: Sequence[Frame]) -> Image.Image:
    if question.layout == "last" or (len(frames) == 1 and question.layout == "pair"):
        return grids.hd_transform(frames[-1].image, question.hd) if question.hd else frames[-1].image
    if question.layout == "pair":
        picture = grids.pair(frames[0], frames[-1])
    elif question.layout == "rows":
        picture = grids.rows(frames, columns=question.columns, lines=question.lines, size=question.size)
    else:
        picture = {"column": grids.column, "square": grids.square}[question.layout](frames)
    return grids.hd_transform(picture, question.hd) if question.hd else picture
