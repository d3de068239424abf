"""Key frames as ShareGPT4Video chooses them: a grid of times, thinned where nothing changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from t2v_recaption.video.clip import Clip
from t2v_recaption.video.features import encoder
from t2v_recaption.video.frame import Frame


def key_frames(
    clip: Clip,
    *,
    every: float = 2.0,
    threshold: float = 0.93,
    feature: str = "thumbnail",
    longest_side: int | None = None,
) -> Iterator[Frame]:
    """Frames on a grid of `every` seconds whose similarity to the last kept one is under `threshold`.

    Frames of one pure colour at the head of the clip are passed over; the last frame of the grid is always kept.

    Args:
        clip: what to read; it is read once, forward.
        every: seconds between the frames that are looked at.
        threshold: similarity, up to 1, below which a frame is kept.
        longest_side: frames are scaled down to it while they are decoded.
        feature: `thumbnail`, or the name or folder of a CLIP or SigLIP model for transformers.
    """
    start, end = clip.span
    times = [start + n * every for n in range(max(1, math.ceil((end - start) / every - 1e-6)))]
    if times[-1] < end - 1e-6:
        times.append(end)
    similar = encoder(feature)
    kept = None
    number = 0
    waiting: Frame | None = None
    last_time = -math.inf
    for frame in clip.frames(times, longest_side=longest_side):
        if frame.time <= last_time:
            continue
        last_time = frame.time
        waiting = frame
        if kept is None and _pure(frame):
            continue
        vector = similar(frame)
        if kept is None or float(vector @ kept) < threshold:
            kept = vector
            waiting = None
            yield replace(frame, number=number)
            number += 1
    if waiting is not None:
        yield replace(waiting, number=number)


def _pure(frame: Frame) -> bool:
    return bool((frame.pixels == frame.pixels[0, 0]).all()) and np.ptp(frame.pixels[0, 0]) == 0
