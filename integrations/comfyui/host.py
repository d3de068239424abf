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


def make_room(backend: Backend) -> None:
    """Have ComfyUI move its models off the accelerator before a language model is loaded beside them."""
    management = sys.modules.get("comfy.model_management")
    if management is None or backend.name == "openai":
        return
    management.unload_all_models()
    management.soft_empty_cache()
