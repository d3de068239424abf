"""ClipInfo: what a file says about itself, as far as it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

from t2v_recaption.records import Record


@dataclass(frozen=True)
class ClipInfo(Record):
    """What is known about a clip before its frames are decoded."""

    path: str
    """Where it was read from; empty for frames in memory."""
    container: str
    """FFmpeg's name of the container, or `folder`, `memory`, or the name of an image format."""
    codec: str
    width: int
    """As shown: upright and with square pixels."""
    height: int
    duration: float
    """Seconds from the first frame to the end of the last one; 0 when nothing tells it."""
    fps: float
    """Frames per second, on average; 0 when nothing tells it."""
    frames: int | None = None
    """Number of frames, where it is known without decoding."""
    rotation: int = 0
    """Degrees clockwise by which the stored picture was turned to be upright."""
    sample_aspect: float = 1.0
    """Width of a stored pixel divided by its height."""
    bit_depth: int = 8
    hdr: str = ""
    """`pq` or `hlg` when the brightness is stored for an HDR screen; frames are tone-mapped for an ordinary one."""
    variable_rate: bool | None = None
    """Whether frames are shown for different times; None when nothing tells it."""
    has_audio: bool = False
    warnings: tuple[str, ...] = ()
    """What is wrong with the file, for people."""
