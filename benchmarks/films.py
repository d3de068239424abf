"""Films that benchmarks make for themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def numbered(number: int, width: int = 64, height: int = 48) -> Any:
    """A picture that tells its number in eight black or white bars."""
    picture = np.zeros((height, width, 3), np.uint8)
    for bit in range(8):
        picture[:, bit * width // 8 : (bit + 1) * width // 8] = 235 if number >> bit & 1 else 20
    return picture


def number_of(pixels: Any) -> int:
    """The number that `numbered` wrote; any number for other pictures."""
    height, width = pixels.shape[:2]
    middle = pixels[height // 2 - 2 : height // 2 + 2].mean(axis=(0, 2))
    return sum(1 << bit for bit in range(8) if middle[bit * width // 8 + width // 16] > 127)


def write(path: Path, pictures: Iterable[Any], stamps: Iterable[int], base: Fraction, **options: str) -> Path:
    """Encode RGB pictures with x264, picture n to be shown from `stamps[n]` x `base` seconds on."""
    with av.open(str(path), "w") as container:
        stream: Any = None
        for picture, stamp in zip(pictures, stamps, strict=False):
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(25), options=options)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.time_base = stream.codec_context.time_base = base
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = stamp, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def cut(source: Path, path: Path, seconds: float) -> Path:
    """A copy without re-encoding that begins later, as `ffmpeg -ss … -c copy` makes it: an edit list hides the rest."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = old.streams.video[0]
        assert stream.time_base is not None
        copy = new.add_stream_from_template(stream)
        late = int(Fraction(seconds).limit_denominator(1000) / stream.time_base)
        for packet in old.demux(stream):
            if packet.dts is not None and packet.pts is not None:
                packet.pts -= late
                packet.dts -= late
                packet.stream = copy
                new.mux(packet)
    return path


def moving(seconds: int, width: int = 1280, height: int = 720, seed: int = 0) -> Iterator[Any]:
    """Pictures at 25 a second that cost a decoder something: texture that drifts and changes every 4 seconds."""
    draw = np.random.default_rng(seed)
    for second in range(0, seconds, 4):
        coarse = draw.integers(0, 256, (height // 16 + 8, width // 16 + 40, 3), dtype=np.uint8)
        scene = np.repeat(np.repeat(coarse, 16, axis=0), 16, axis=1)
        grain = draw.integers(0, 24, scene.shape, dtype=np.uint8)
        scene = (scene // 2 + grain + 40).astype(np.uint8)
        for n in range(min(4, seconds - second) * 25):
            yield np.ascontiguousarray(scene[n : n + height, 5 * n : 5 * n + width])
