"""The first and last frame that a pipeline's call brings, as images that an enhancer can look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIRST = ("image", "cond_image")
"""Arguments that hold the frame to start from."""


def first_and_last(arguments: Mapping[str, Any]) -> tuple[Any, Any]:
    """What the call gives as first and last frame, each None where it gives none."""
    first = next((arguments[name] for name in FIRST if arguments.get(name) is not None), None)
    conditions = arguments.get("conditions")
    if first is None and conditions is not None:
        return _of_conditions(conditions if isinstance(conditions, list) else [conditions])
    return first, arguments.get("last_image")


def _of_conditions(conditions: list[Any]) -> tuple[Any, Any]:
    """LTX: conditions at frame 0, and at the last one (index -1)."""
    placed = [(getattr(c, "frame_index", getattr(c, "index", 0)), _image(c)) for c in conditions]
    first = next((image for index, image in placed if index == 0), None)
    last = next((image for index, image in placed if index == -1), None)
    return first, last


def _image(condition: Any) -> Any:
    """A condition's image, or the first frame of its clip."""
    found = getattr(condition, "image", None)
    if found is None:
        found = getattr(condition, "video", None)
    if found is None:
        found = getattr(condition, "frames", None)
    return found[0] if isinstance(found, list) and found else found


def as_image(frame: Any) -> Any:
    """A path, bytes or PIL image as it is; a tensor or array (values 0 to 1, or -1 to 1) as a PIL image."""
    if frame is None or not hasattr(frame, "shape"):
        return frame
    import numpy
    from PIL import Image

    values = numpy.asarray(frame.detach().float().cpu() if hasattr(frame, "detach") else frame)
    while values.ndim > 3:
        values = values[0]
    if values.ndim == 3 and values.shape[0] in (1, 3) and values.shape[-1] not in (1, 3):
        values = values.transpose(1, 2, 0)  # torch puts the channels first
    if values.dtype != numpy.uint8:
        values = (values + 1) / 2 if values.min() < 0 else values
        values = (values.clip(0, 1) * 255).round().astype(numpy.uint8)
    return Image.fromarray(values.squeeze())
