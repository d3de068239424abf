"""From a request with images or video to the inputs of one row: nothing of it is dropped, and it fits the context."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from transformers.video_utils import VideoMetadata

from t2v_recaption.backends.base import ChatRequest, Footage
from t2v_recaption.backends.chat_format import ChatFormat
from t2v_recaption.backends.checkpoint import NAME
from t2v_recaption.backends.content import as_images, footage_note, is_footage, pieces
from t2v_recaption.backends.images import digest, pil_image
from t2v_recaption.errors import BackendError

CLOCK = 1000.0
"""Frames a second of the clock that times of frames are given on, whatever the video's own rate: exact to 1 ms."""
SMALLEST = 1 / 16
"""Images are made smaller to this share of their width and height at most."""
MARGIN = 0.95
TILING = ("do_image_splitting", "crop_to_patches")
"""Settings of image processors that cut images into tiles, and for which an image's own size does not count."""


@dataclass(frozen=True)
class Encoded:
    """One row, ready for the model."""

    ids: list[int]
    """The prompt's tokens, those that stand for images and video included."""
    inputs: dict[str, Any] = field(repr=False)
    """The model's inputs, a batch of one."""
    key: tuple[Any, ...]
    """Equal for rows that show the model the same."""
    seen_at: int
    """Tokens up to the end of the last image or video; 0 without any."""
    visual_tokens: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shrink:
    """How visual inputs are made cheaper."""

    scale: float = 1.0
    """Of width and height."""
    whole: bool = False
    """Images as a whole only, where the model's processor also cuts them into tiles."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What this does, for the reply."""
        tiles = ("images were shown as a whole only, not in tiles, to save tokens",) if self.whole else ()
        sizes = (f"images were made smaller, to {self.scale:.0%} of their width",) if self.scale < 1 else ()
        return (*sizes, *tiles)


FULL = Shrink()


class Encoder:
    """Encodes requests for one model.

    Args:
        processor: the model's processor.
        chat_format: writes the prompt's text; decides with `video` whether `Footage` goes as video.
        config: the model's configuration.
        context: tokens that the model can look at, prompt and answer together.
        video: whether the model takes video.
    """

    def __init__(self, processor: Any, chat_format: ChatFormat, config: Any, context: int, *, video: bool) -> None:
        self._processor, self._format = processor, chat_format
        self._context, self._video, self._mixes = context, video, True
        self._visual_ids = _visual_ids(config)
        self._images = _Remembering(processor.image_processor)
        processor.image_processor = self._images
        if video:
            self._videos = _Remembering(processor.video_processor)
            # SmolVLM's puts video where images go, and leaves out the images.
            self._mixes = "pixel_values" not in processor.video_processor.model_input_names
            processor.video_processor = self._videos

    def fitting(self, request: ChatRequest, *, most_tokens: int | None = None) -> tuple[Encoded, Shrink]:
        """The request with images as large as they are, or as large as the context (or `most_tokens`) allows.

        Raises:
            BackendError: it does not fit, the model's processor leaves out what it is shown, or it fails.
            InvalidInput: an image cannot be read.
            InvalidTemplate: the chat template does not take these messages.
        """
        answer = min(request.max_tokens, self._context // 2)
        most = min(self._context - answer, most_tokens or self._context)
        shrink, encoded = FULL, self.encode(request)
        while len(encoded.ids) > most:
            smaller = self._smaller(shrink, encoded, most)
            if smaller is None:
                break
            shrink, encoded = smaller, self.encode(request, smaller)
        if len(encoded.ids) >= self._context:
            raise self._too_long(encoded)
        return encoded, shrink

    def encode(self, request: ChatRequest, shrink: Shrink = FULL) -> Encoded:
        """The request with its images made smaller in this way; raises as `fitting` does."""
        mixed = () if self._mixes else self._mixed(request)
        request = as_images(request) if mixed else request
        text, notes = self._format.render(request)
        shown = [part for m in request.messages for part in pieces(m, video=self._video) if not isinstance(part, str)]
        self._check_text(text, shown)
        key = (shrink, *(_key(part) for part in shown))
        inputs = self._process(text, shown, shrink, key)
        ids = inputs["input_ids"][0].tolist()
        visual = [number for number, token in enumerate(ids) if token in self._visual_ids]
        self._check_inputs(inputs, shown, visual)
        notes = (*notes, *mixed, *(() if self._video else footage_note(request)), *shrink.notes)
        return Encoded(ids, inputs, key, max(visual, default=-1) + 1, len(visual), notes)

    def _process(self, text: str, shown: Sequence[Any], shrink: Shrink, key: tuple[Any, ...]) -> dict[str, Any]:
        stills = [_resized(pil_image(part), shrink.scale) for part in shown if not is_footage(part)]
        footage = [part for part in shown if is_footage(part)]
        given: dict[str, Any] = {"text": [text], "return_tensors": "pt", "add_special_tokens": False}
        if stills:
            self._images.key = key
            given["images"] = [stills]
            if shrink.whole:
                given["images_kwargs"] = {name: False for name in TILING if hasattr(self._images, name)}
        if footage:
            self._videos.key = key
            given["videos"] = [_frames(part, shrink.scale) for part in footage]
            given["videos_kwargs"] = {"do_sample_frames": False, "video_metadata": [metadata(p) for p in footage]}
        return dict(self._processor(**given))

    def _mixed(self, request: ChatRequest) -> tuple[str, ...]:
        """A note where a request shows video and images to a model that takes only one of them at a time."""
        shown = [part for m in request.messages for part in pieces(m, video=True) if not isinstance(part, str)]
        mixed = len(set(map(is_footage, shown))) == 2
        return footage_note(request, "the model takes images or video, not both") if mixed else ()

    def _smaller(self, shrink: Shrink, encoded: Encoded, most: int) -> Shrink | None:
        """A way to need fewer tokens than this one, or None."""
        if not encoded.visual_tokens:
            return None
        if not shrink.whole and any(getattr(self._images, name, False) is True for name in TILING):
            return replace(shrink, whole=True)
        wanted = most - (len(encoded.ids) - encoded.visual_tokens)
        share = MARGIN * math.sqrt(max(wanted, 1) / encoded.visual_tokens)
        scale = shrink.scale * min(share, MARGIN)
        return replace(shrink, scale=scale) if scale >= SMALLEST else None

    def _check_text(self, text: str, shown: Sequence[Any]) -> None:
        """Whether the chat template wrote down every image and video: some know only one, or none."""
        marks = [getattr(self._processor, name, None) for name in ("boi_token", "image_token")]
        images = max((text.count(mark) for mark in marks if isinstance(mark, str)), default=None)
        wanted = sum(not is_footage(part) for part in shown)
        if images is not None and images != wanted:
            raise _ignored(f"The model's chat template has room for {images} of {wanted} images.")
        mark, videos = getattr(self._processor, "video_token", None), sum(map(is_footage, shown))
        if videos and isinstance(mark, str) and text.count(mark) != videos:
            raise _ignored(f"The model's chat template has room for {text.count(mark)} of {videos} videos.")

    def _check_inputs(self, inputs: dict[str, Any], shown: Sequence[Any], visual: Sequence[int]) -> None:
        """Whether the processor passed on what it was given: some leave out video without a word."""
        if not shown:
            return
        arrived = any(name.startswith("pixel_values") for name in inputs)
        if not arrived or (self._visual_ids and not visual):
            kind = "video" if all(map(is_footage, shown)) else "images"
            raise _ignored(f"The model's processor ignored the {kind}.")

    def _too_long(self, encoded: Encoded) -> BackendError:
        what = f"The prompt has {len(encoded.ids)} tokens, {encoded.visual_tokens} of them for what is seen"
        hint = "Give fewer or smaller images, or use a model with a longer context."
        return BackendError(f"{what}, and the model takes {self._context}.", hint=hint, backend=NAME)


class _Remembering(threading.local):
    """An image or video processor that keeps its last result: many questions are asked about the same frames.

    Each thread has its own `key` and result.
    """

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self.key: tuple[Any, ...] = ()
        self._last: tuple[Any, Any] = ((), None)

    def __call__(self, *given: Any, **options: Any) -> Any:
        kept = (self.key, repr(options))
        if self._last[0] != kept:
            self._last = kept, self._processor(*given, **options)
        return _copied(self._last[1])

    def __reduce__(self) -> Any:  # processors copy what they hold when they are written down
        return type(self), (self._processor,)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_processor" not in self.__dict__:  # while it is copied or unpickled
            raise AttributeError(name)
        return getattr(self._processor, name)


def metadata(footage: Footage) -> Any:
    """The video's times as transformers takes them: each frame at its own time, evenly spaced or not."""
    numbers = [round(time * CLOCK) for time in footage.times]
    steps = max(len(numbers) - 1, 1)
    # From the first frame to the end of the last one, as if the last were shown as long as the others on average.
    length = (numbers[-1] - numbers[0]) * (steps + 1) / steps if len(numbers) > 1 else CLOCK
    total = max(round(length), 1)
    return VideoMetadata(total_num_frames=total, fps=CLOCK, duration=total / CLOCK, frames_indices=numbers)


def _frames(footage: Footage, scale: float) -> torch.Tensor:
    """The frames as one array, `[frames, 3, height, width]`, all as large as the first."""
    import numpy as np

    images = [pil_image(frame) for frame in footage.frames]
    first = _resized(images[0], scale)
    same = [image if image.size == first.size else image.resize(first.size) for image in images]
    return torch.from_numpy(np.stack([np.asarray(image) for image in same])).permute(0, 3, 1, 2)


def _resized(image: Any, scale: float) -> Any:
    if scale >= 1:
        return image
    from PIL import Image

    size = tuple(max(1, round(side * scale)) for side in image.size)
    return image.resize(size, Image.Resampling.LANCZOS)


def _visual_ids(config: Any) -> frozenset[int]:
    names = ("image_token_id", "image_token_index", "video_token_id", "video_token_index")
    ids = (getattr(config, name, None) for name in names)
    return frozenset(token for token in ids if isinstance(token, int))


def _key(part: Any) -> Any:
    if is_footage(part):
        return tuple(map(digest, part.frames)), tuple(part.times)
    return digest(part)


def _copied(result: Any) -> Any:
    """A copy that its reader may take things out of."""
    return type(result)(dict(result))


def _ignored(message: str) -> BackendError:
    return BackendError(message, hint="Use another vision-language model, or another chat template.", backend=NAME)
