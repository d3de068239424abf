"""Features of frames to compare them by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from t2v_recaption.video.frame import Frame


def encoder(feature: str) -> Callable[[Frame], Any]:
    """A function from a frame to a vector of length 1; two vectors' product is the similarity of two frames."""
    return thumbnail


def thumbnail(frame: Frame) -> Any:
    """The picture in 24 x 24 pixels."""
    small = cv2.resize(frame.pixels, (24, 24), interpolation=cv2.INTER_AREA).astype(np.float32).ravel() - 128
    return small / max(1e-6, float(np.linalg.norm(small)))
