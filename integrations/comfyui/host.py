"""What the nodes need of the running ComfyUI: its images as pictures, and its memory management."""

from __future__ import annotations

import sys
from typing import Any

from t2v_recaption import Backend, MissingDependency


def frame(image: Any) -> Any:
    """The first picture of ComfyUI's IMAGE (batch, height, width, channels; 0 to 1) as a PIL image; None stays None.

    Raises:
        MissingDependency: Pillow is not installed (ComfyUI itself needs it).
    """
    if image is None:
        return None
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependency("Looking at frames", "pillow", "vision") from error
    return Image.fromarray(image[0].clamp(0, 1).mul(255).round().byte().cpu().numpy())


def clip(images: Any, video: Any, fps: float) -> Any:
    """A clip of ComfyUI's IMAGE (a batch of frames, 0 to 1) or VIDEO.

    Raises:
        MissingDependency: a package that reads video is not installed.
    """
    from t2v_recaption.video import Clip

    if images is not None:
        return Clip(images, fps=fps)
    source = video.get_stream_source() if hasattr(video, "get_stream_source") else None
    if source is None:
        parts = video.get_components()
        return Clip(parts.images, fps=float(parts.frame_rate))
    return Clip(source.getvalue() if hasattr(source, "getvalue") else source)


def make_room(backend: Backend) -> None:
    """Have ComfyUI move its models off the accelerator before a language model is loaded beside them."""
    management = sys.modules.get("comfy.model_management")
    if management is None or backend.name == "openai":
        return
    management.unload_all_models()
    management.soft_empty_cache()
