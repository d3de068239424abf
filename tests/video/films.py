"""Real video files, made with PyAV: every frame carries its number in its brightness, so that it can be told."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

SIZE = (64, 48)


def numbered(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture that tells its number (0 to 255) in eight black or white bars, robust against any compression."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    for bit in range(8):
        picture[:, bit * width // 8 : (bit + 1) * width // 8] = 235 if number >> bit & 1 else 20
    return picture


def number_of(pixels: np.ndarray) -> int:
    """The number that `numbered` wrote."""
    height, width = pixels.shape[:2]
    middle = pixels[height // 2 - 2 : height // 2 + 2].mean(axis=(0, 2))
    return sum(1 << bit for bit in range(8) if middle[bit * width // 8 + width // 16] > 127)


def write(
    path, stamps, *, codec="libx264", base=Fraction(1, 1000), options=None, layout="yuv420p", size=SIZE, pictures=None
):
    """A video whose frame n shows `numbered(n)` (or `pictures[n]`) from `stamps[n]` x `base` seconds on."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25), options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = layout
        stream.time_base = base
        stream.codec_context.time_base = base
        for number, stamp in enumerate(stamps):
            picture = numbered(number, size) if pictures is None else pictures[number]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=layout)
            frame.pts, frame.time_base = stamp, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
