"""What a message holds, in the order in which the model shall see it, as pieces that every backend can send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from t2v_recaption.backends.base import ChatRequest, Footage, Message

FRAME_AT = "Frame at {:.2f} s: "
"""Stands before each frame of a video that is sent as images: without times, a model cannot tell how fast it moves."""


def pieces(message: Message, *, video: bool) -> list[Any]:
    """Text (strings, never two in a row), images, and `Footage`; without `video`, its frames with their times.

    A single frame always goes as an image: a still is no video, and some models fail on one.
    """
    return joined(_spread(message.content, video=video))


def joined(parts: Iterable[Any]) -> list[Any]:
    """The parts with texts in a row as one."""
    found: list[Any] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return found


def has_visuals(request: ChatRequest) -> bool:
    """Whether the request shows the model anything."""
    return bool(visuals(request))


def visuals(request: ChatRequest) -> list[Any]:
    """The images and videos that the request shows the model."""
    return [part for message in request.messages for part in message.content if not isinstance(part, str)]


def footage_note(request: ChatRequest, why: str = "the model takes no video") -> tuple[str, ...]:
    """The note for a reply to a request whose `Footage` was sent as images."""
    frames = [len(part.frames) for message in request.messages for part in message.content if is_footage(part)]
    if not frames:
        return ()
    return (f"{why}: {sum(frames)} frames were sent as images with their times",)


def as_images(request: ChatRequest) -> ChatRequest:
    """The request with the frames of its `Footage` as images with their times."""
    messages = (
        Message(m.role, m.text, parts=tuple(_spread(m.content[: -1 if m.text else None], video=False)))
        for m in request.messages
    )
    return replace(request, messages=tuple(messages))


def is_footage(part: Any) -> bool:
    """Whether this part of a message is a video."""
    return isinstance(part, Footage)


def _spread(parts: Sequence[Any], *, video: bool) -> Iterable[Any]:
    for part in parts:
        if is_footage(part) and (not video or len(part.frames) == 1):
            for frame, time in zip(part.frames, part.times, strict=True):
                yield from (FRAME_AT.format(time), Path(frame) if isinstance(frame, str) else frame, "\n")
        else:
            yield part
