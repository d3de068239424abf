"""Frames and backends for the captioners' tests."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from t2v_recaption.backends.base import ChatRequest
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.video.frame import Frame


def frames_of(count: int, *, every: float = 2.0, size: tuple[int, int] = (64, 48)) -> list[Frame]:
    """Frames of different grey values."""
    width, height = size
    return [
        Frame(number, number * every, np.full((height, width, 3), (number * 37) % 256, np.uint8))
        for number in range(count)
    ]


def text_of(request: ChatRequest) -> str:
    """All text of a request's last message."""
    return "\n".join(part for part in request.messages[-1].content if isinstance(part, str))


def greys(request: ChatRequest) -> list[int]:
    """The grey value of each picture of a request, as the frames of `frames_of` have them."""
    parts = [part for message in request.messages for part in message.content if not isinstance(part, str)]
    return [int(np.asarray(part)[0, 0, 0]) for part in parts]


@pytest.fixture
def counting() -> Iterator[Callable[[ChatRequest], str]]:
    """Answers that are all different, each a sound description."""
    numbers = itertools.count(1)
    return lambda request: f"The ball number {next(numbers)} rolls to the left."


@pytest.fixture
def backend(counting) -> ScriptedBackend:
    return ScriptedBackend(counting)
