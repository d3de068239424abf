"""Key frames as ShareGPT4Video chooses them: a grid of times, thinned where nothing changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from t2v_recaption.video.clip import Clip
from t2v_recaption.video.features import encoder
from t2v_recaption.video.frame import Frame
from t2v_recaption.video.info import ClipInfo

_PURE = 3
"""Levels (of 256) by which a picture of one colour may vary: compression leaves some."""
_SMALL = 128


def key_frames(
    clip: Clip,
    *,
    every: float = 2.0,
    threshold: float = 0.93,
    feature: str = "thumbnail",
    longest_side: int | None = None,
) -> Iterator[Frame]:
    """Frames of a grid of times that differ from the last one kept; only a few are held at a time.

    The grid begins at the first frame; where that is of one colour (a black head), at the first that is not, within
    `every` seconds. The clip's last frame comes, too, when none was kept less than `every` seconds before the end.
    (ShareGPT4Video's script does the same by frame number, up to 120 s, and gives nothing for 10 s or less.)

    Args:
        clip: what to read; it is read once, forward (a black head twice).
        every: seconds between the frames that are looked at.
        threshold: similarity, up to 1, below which a frame is kept.
        feature: `thumbnail`, or the name or folder of a CLIP or SigLIP model for transformers.
        longest_side: frames are scaled down to it while they are decoded.
    """
    encode, batch = encoder(feature)
    looked_at = _without_pure_head(clip, every, longest_side)
    kept: NDArray[np.float32] | None = None
    kept_time, number = -math.inf, 0
    last: Frame | None = None
    while some := list(islice(looked_at, batch)):
        vectors = encode([frame.pixels for frame, on_grid in some if on_grid])
        for frame, on_grid in some:
            last = frame
            if not on_grid:
                continue
            vector = vectors.pop(0)
            if kept is None or float(kept @ vector) < threshold:
                kept, kept_time = vector, frame.time
                yield replace(frame, number=number)
                number += 1
    if last is not None and last.time > kept_time and (number == 1 or clip.span[1] - kept_time >= every):
        yield replace(last, number=number)


def _without_pure_head(clip: Clip, every: float, longest_side: int | None) -> Iterator[tuple[Frame, bool]]:
    frames = _grid(clip, clip.start, every, longest_side)
    first = next(frames)
    if not _pure(first[0]):
        return chain([first], frames)
    start = clip.start
    for frame in clip.frames(longest_side=_SMALL):
        if not _pure(frame):
            start = frame.time
            break
        if frame.time >= clip.start + every:
            break
    return _grid(clip, start, every, longest_side)


def _grid(clip: Clip, start: float, every: float, longest_side: int | None) -> Iterator[tuple[Frame, bool]]:
    """The frames shown every so many seconds from `start` on, and the last frame of all, each once.

    With each comes whether it is on the grid: the last one is not, unless it is shown at a time of the grid, too.
    """
    times: list[float] = []

    def plan(_: ClipInfo) -> list[float]:
        end = clip.span[1]
        times.extend(start + n * every for n in range(max(1, math.ceil((end - start) / every - 1e-6))))
        return [*times, max(end, times[-1])]

    before = -math.inf
    for position, frame in enumerate(clip.planned(plan, longest_side=longest_side)):
        if frame.time > before:
            before = frame.time
            yield frame, position < len(times)


def _pure(frame: Frame) -> bool:
    """Whether a frame shows one colour and nothing else."""
    return bool(np.ptp(frame.pixels, axis=(0, 1)).max() <= _PURE)
