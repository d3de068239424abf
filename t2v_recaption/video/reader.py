"""What a reader is: the one interface behind `Clip` for files, folders, pictures and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from t2v_recaption.video.info import ClipInfo

Shown: TypeAlias = tuple[float, NDArray[np.uint8]]
"""A frame: when it is shown, in seconds, and its pixels (height x width x 3, RGB)."""

Plan: TypeAlias = Callable[[ClipInfo], Sequence[float] | None]
"""Decides at which ascending times frames are wanted, once the source is open; None for every frame."""


class Reader(Protocol):
    """Reads one source."""

    def info(self) -> ClipInfo:
        """What is known without decoding everything; found out once."""
        ...

    def frames(
        self, plan: Plan, start: float, longest_side: int | None, note: Callable[[str], None]
    ) -> Iterator[Shown]:
        """Frames at the times of `plan`, one for each, or all from the one shown at `start` on."""
        ...

    def sha256(self, on_block: Callable[[], None]) -> str:
        """Hash of the content; calls `on_block` after each part of it."""
        ...
