"""write_clip: frames into an MP4 file that plays everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av

from t2v_recaption.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CRF = "12"
"""x264 quality: visually lossless, so that what is judged is what was generated."""


def write_clip(path: Path, frames: Iterable[NDArray[np.uint8]], *, fps: float) -> None:
    """Write frames as H.264 in MP4, one at a time.

    Args:
        path: the file to write; replaced when it is there.
        frames: arrays of height x width x 3, uint8, RGB, all of one size. An odd last row or column is doubled, since
            H.264 in its usual form has even sizes only.
        fps: frames per second.

    Raises:
        InvalidInput: there are no frames, or fps is not positive.
    """
    if not fps > 0:
        raise InvalidInput(f"A clip cannot have {fps} frames a second.")
    count = 0
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.options = {"crf": CRF, "preset": "veryfast"}
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            even = _even(pixels)
            if not count:
                stream.height, stream.width = even.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
            count += 1
        if count:
            container.mux(stream.encode())
    if not count:
        path.unlink(missing_ok=True)
        raise InvalidInput("A clip needs at least one frame.")


def _even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import numpy as np

    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
