"""Generating from images: the model's own processor and `generate`, one batch at a time, without prefix sharing.

The images come before the text, so the prompts of a batch have little in common; and how a vision model counts
positions is its own affair, which its `generate` knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import transformers
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
from transformers.utils import is_torchvision_available

from t2v_recaption.backends.checkpoint import NAME, Checkpoint
from t2v_recaption.backends.content import pieces
from t2v_recaption.backends.decoding import ran_out_of_memory
from t2v_recaption.backends.images import pil_image
from t2v_recaption.backends.loading import Loaded
from t2v_recaption.backends.sampling import Row, choose
from t2v_recaption.errors import BackendError, InvalidInput, MissingDependency, RecaptionError


def load_processor(checkpoint: Checkpoint, *, trust_remote_code: bool) -> Any:
    """The model's processor; without its part for video where torchvision is not installed.

    Raises:
        MissingDependency: the processor needs a package that is not installed.
        InvalidInput: the model comes without one.
    """
    try:
        processor = _processor(checkpoint.folder, trust_remote_code=trust_remote_code)
    except ImportError as error:
        said = str(error)
        package = next((name for name in ("num2words", "torchvision") if name in said.lower()), "pillow")
        raise MissingDependency(f"The image processor of {checkpoint.name}", package, "vision") from error
    except (OSError, ValueError) as error:
        hint = "Its folder needs preprocessor_config.json."
        raise InvalidInput(f"{checkpoint.name} has no image processor.", hint=hint) from error
    processor.tokenizer.padding_side = "left"
    return processor


def _processor(folder: Path, *, trust_remote_code: bool) -> Any:
    options = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    if not is_torchvision_available():
        config = transformers.AutoConfig.from_pretrained(folder, **options)
        kind = PROCESSOR_MAPPING.get(type(config), None)
        if kind is not None and kind.get_attributes()[-1] == "video_processor":
            return _image_only(kind).from_pretrained(folder, local_files_only=True)
    return transformers.AutoProcessor.from_pretrained(folder, **options)


def _image_only(kind: Any) -> Any:
    """The processor without its part for video, which is all that needs torchvision."""

    class ImageOnly(kind):  # type: ignore[misc]  # untyped
        @classmethod
        def get_attributes(cls) -> list[str]:
            names: list[str] = kind.get_attributes()
            return names[:-1]

        @classmethod
        def from_args_and_dict(cls, args: Any, processor_dict: dict[str, Any], **given: Any) -> Any:
            known = {key: value for key, value in processor_dict.items() if key != "video_processor"}
            # SmolVLM's asks its video processor how it samples even where there is no video.
            made = super().from_args_and_dict([*args, None], known, **given)
            made.video_processor = SimpleNamespace(num_frames=None, fps=None)
            return made

    ImageOnly.__name__ = kind.__name__
    return ImageOnly


class VisionDecoder:
    """Runs rows with images.

    Args:
        loaded: the model.
        processor: its processor.
        batch_size: rows that run together at most; halved when memory runs out, for good.
    """

    def __init__(self, loaded: Loaded, processor: Any, batch_size: int) -> None:
        self._loaded, self._processor = loaded, processor
        self.batch_size = batch_size

    def run(self, rows: Sequence[Row], texts: Sequence[str]) -> list[Exception | None]:
        """Generate for all rows; gives the error of each row that could not be run."""
        errors: list[Exception | None] = []
        while len(errors) < len(rows):
            some = slice(len(errors), len(errors) + self.batch_size)
            errors += self._attempt(rows[some], texts[some])
        return errors

    def _attempt(self, rows: Sequence[Row], texts: Sequence[str]) -> list[Exception | None]:
        """One batch; nothing when it must be tried again with fewer rows."""
        try:
            failed = ran_out_of_memory(lambda: self._batch(rows, texts))
        except (RecaptionError, ValueError, IndexError, RuntimeError) as error:
            if len(rows) > 1:  # one bad image must not take the others with it
                return [self._attempt([row], [text])[0] for row, text in zip(rows, texts, strict=True)]
            return [error]
        if not failed:
            return [None] * len(rows)
        if len(rows) == 1:
            return [MemoryError("one request is too large")]
        self.batch_size = max(1, len(rows) // 2)
        return []

    def _batch(self, rows: Sequence[Row], texts: Sequence[str]) -> None:
        for row in rows:
            row.restart()
        inputs = self._inputs(rows, texts)
        width = inputs["input_ids"].shape[1]
        with torch.inference_mode():
            output = self._loaded.model.generate(
                **inputs,
                do_sample=False,
                repetition_penalty=1.0,
                eos_token_id=sorted(self._loaded.ends) or None,
                max_new_tokens=max(row.room for row in rows),
                logits_processor=transformers.LogitsProcessorList([_Chooser(rows)]),
                stopping_criteria=transformers.StoppingCriteriaList([_Stopper(rows, self._loaded)]),
                pad_token_id=self._pad(),
            )
        assert output.shape[1] > width

    def _inputs(self, rows: Sequence[Row], texts: Sequence[str]) -> Any:
        images = [[pil_image(image) for image in _images(row)] for row in rows]
        inputs = self._processor(
            text=list(texts), images=images, return_tensors="pt", padding=True, add_special_tokens=False
        )
        if not any(key.startswith("pixel_values") for key in inputs):
            # Some processors leave out what they cannot read, and the model then describes nothing.
            raise BackendError("The model's processor ignored the images.", backend=NAME)
        for row, mask in zip(rows, inputs["attention_mask"], strict=True):
            row.ids = [0] * int(mask.sum())
        return inputs.to(self._loaded.model.device, dtype=self._loaded.model.dtype)

    def _pad(self) -> int:
        tokenizer = self._loaded.tokenizer
        return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(self._loaded.ends, default=0))


def _images(row: Row) -> list[Any]:
    parts = [part for message in row.request.messages for part in pieces(message, video=False)]
    return [part for part in parts if not isinstance(part, str)]


class _Chooser(transformers.LogitsProcessor):  # type: ignore[misc]  # untyped
    """Leaves only the token that the row's own seed chose, so that `generate` need not sample."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        chosen = torch.tensor(choose(scores, self._rows), device=scores.device).unsqueeze(-1)
        return torch.full_like(scores, -torch.inf).scatter(1, chosen, 0.0)


class _Stopper(transformers.StoppingCriteria):  # type: ignore[misc]  # untyped
    """Tells the rows what was generated, and `generate` which of them have ended."""

    def __init__(self, rows: Sequence[Row], loaded: Loaded) -> None:
        self._rows, self._loaded = rows, loaded

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        for row, token in zip(self._rows, input_ids[:, -1].tolist(), strict=True):
            if not row.finish_reason:
                row.accept(token, self._loaded.ends, self._loaded.tokenizer)
        return torch.tensor([bool(row.finish_reason) for row in self._rows], device=input_ids.device)
