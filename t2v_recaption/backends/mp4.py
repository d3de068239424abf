"""Frames as an MP4 file in memory, for servers that take video."""

from __future__ import annotations

import io
from fractions import Fraction

from t2v_recaption.backends.base import Footage
from t2v_recaption.backends.images import pil_image
from t2v_recaption.errors import MissingDependency

CLOCK = Fraction(1, 1000)
"""Seconds of a tick: frames keep their times to 1 ms."""
QUALITY = "18"
"""x264's constant rate factor at which one hardly sees a difference."""


def mp4(footage: Footage, longest_side: int) -> bytes:
    """The frames as H.264, each shown at its own time, counted from the first; all as large as the first.

    Args:
        footage: the frames and their times.
        longest_side: larger frames are made smaller, to this many pixels.

    Raises:
        InvalidInput: a frame cannot be read.
        MissingDependency: PyAV or Pillow is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingDependency("Sending video to a server", "av", "video") from error
    images = [pil_image(frame) for frame in footage.frames]
    width, height = _even_size(images[0].size, longest_side)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=_rate(footage.times), options={"crf": QUALITY})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = CLOCK
        for number, (image, time) in enumerate(zip(images, footage.times, strict=True)):
            frame = av.VideoFrame.from_image(image.resize((width, height)))  # type: ignore[no-untyped-call]
            # Two frames of one time would be one: later by at least a tick each.
            frame.pts, frame.time_base = max(round((time - footage.times[0]) / CLOCK), number), CLOCK
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def _rate(times: tuple[float, ...]) -> Fraction:
    length = times[-1] - times[0]
    rate = (len(times) - 1) / length if length > 0 else 1.0
    return Fraction(min(max(rate, 0.01), 1000.0)).limit_denominator(1000)


def _even_size(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """No larger than asked, and of even numbers, which the format needs."""
    scale = min(1.0, longest_side / max(size))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in size)
    return width, height
