"""Frames in memory, in all the forms in which video models hand them over, as a list of single frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from t2v_recaption.errors import InvalidInput

_CHANNELS = (1, 3, 4)


def to_frames(source: Any) -> list[Any]:
    """A list of single frames (arrays, height x width x channels, or PIL images) of one video.

    Takes arrays and tensors T x H x W x C or T x C x H x W, with a batch axis of length 1 before, grey ones T x H x W,
    lists of PIL images or of arrays, nested lists with one video, and what a diffusers pipeline returns.
    Raises InvalidInput for anything else.
    """
    videos = to_videos(source)
    if len(videos) != 1:
        raise InvalidInput(
            f"There are {len(videos)} videos in what was given as one clip.", hint="Use clips_of(output, fps=…)."
        )
    return videos[0]


def to_videos(source: Any) -> list[list[Any]]:
    """The frames of each video in `source`: like `to_frames` for a batch of any size."""
    source = getattr(source, "frames", source)
    if isinstance(source, Image.Image):
        return [[source]]
    if isinstance(source, (list, tuple)):
        return _from_list(source)
    return _from_array(_as_array(source))


def _from_list(items: Sequence[Any]) -> list[list[Any]]:
    if not items:
        raise InvalidInput("There are no frames in this clip.")
    if all(isinstance(item, Image.Image) for item in items):
        return [list(items)]
    if all(isinstance(item, (list, tuple)) for item in items):
        return [video for item in items for video in _from_list(item)]
    if any(isinstance(item, (Image.Image, list, tuple)) for item in items):
        raise InvalidInput("The frames of a clip must all be of one kind.")
    arrays = [_as_array(item) for item in items]
    if all(a.ndim == 4 for a in arrays):
        return [video for a in arrays for video in _from_array(a)]
    return [[_picture(a) for a in arrays]]


def _from_array(array: Any) -> list[list[Any]]:
    if array.ndim == 5:
        return [video for item in array for video in _from_array(item)]
    if array.ndim == 4:
        return [_frames_of(array)]
    if array.ndim == 3 and array.shape[-1] not in _CHANNELS:
        return [_frames_of(array[..., None])]
    if array.ndim in (2, 3):
        return [[_picture(array)]]
    raise InvalidInput(f"An array of shape {array.shape} is not video.", hint=_SHAPES)


_SHAPES = "Video is frames x height x width x channels (or frames x channels x height x width)."


def _frames_of(array: Any) -> list[Any]:
    if not len(array):
        raise InvalidInput("There are no frames in this clip.")
    if array.shape[-1] not in _CHANNELS and array.shape[1] in _CHANNELS:
        array = np.moveaxis(array, 1, -1)
    if array.shape[-1] not in _CHANNELS:
        raise InvalidInput(f"An array of shape {array.shape} is not video.", hint=_SHAPES)
    return list(_checked(array))


def _picture(array: Any) -> Any:
    if array.ndim == 3 and array.shape[-1] not in _CHANNELS and array.shape[0] in _CHANNELS:
        array = np.moveaxis(array, 0, -1)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] not in _CHANNELS):
        raise InvalidInput(f"An array of shape {array.shape} is not a picture.", hint=_SHAPES)
    return _checked(array)


def _as_array(source: Any) -> Any:
    if hasattr(source, "detach"):  # a torch tensor, perhaps on a GPU, perhaps bfloat16
        source = source.detach().cpu()
        source = (source.float() if source.is_floating_point() else source).numpy()
    try:
        array = np.asarray(source)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{type(source).__name__} is not video.", hint=_SHAPES) from error
    if array.dtype.kind not in "uifb":
        raise InvalidInput(f"{type(source).__name__} is not video.", hint=_SHAPES)
    return array


def _checked(array: Any) -> Any:
    """The array with whole numbers as bytes where they are bytes; raises InvalidInput for values out of range."""
    if array.dtype in (np.uint8, np.uint16, np.bool_) or not array.size:
        return array
    low, high = float(np.nanmin(array)), float(np.nanmax(array))
    if array.dtype.kind == "f":
        if low < -0.01 or high > 1.01:
            raise InvalidInput(f"Frames of floating-point numbers run from 0 to 1, these from {low:g} to {high:g}.")
        return array
    if low < 0 or high > 255:
        raise InvalidInput(f"Frames of whole numbers run from 0 to 255, these from {low:g} to {high:g}.")
    return array.astype(np.uint8)
