"""A model's processor: what turns chat, images and video into the model's inputs, with or without torchvision.

transformers reads images with Pillow where torchvision is missing, but its video processors need torchvision, and a
processor that has one then does not load at all. Here it loads without its part for video; frames go as images.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import transformers
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
from transformers.utils import is_torchvision_available

from t2v_recaption.backends.checkpoint import Checkpoint
from t2v_recaption.errors import InvalidInput, MissingDependency


def load_processor(checkpoint: Checkpoint, *, trust_remote_code: bool) -> Any:
    """The model's processor; without its part for video where torchvision is not installed.

    Raises:
        MissingDependency: the processor needs a package that is not installed.
        InvalidInput: the model comes without one.
    """
    try:
        processor = _load(checkpoint.folder, trust_remote_code=trust_remote_code)
    except ImportError as error:
        said = str(error).lower()
        package = next((name for name in ("num2words", "torchvision") if name in said), "pillow")
        raise MissingDependency(f"The image processor of {checkpoint.name}", package, "vision") from error
    except (OSError, ValueError) as error:
        hint = "Its folder needs preprocessor_config.json."
        raise InvalidInput(f"{checkpoint.name} has no image processor.", hint=hint) from error
    processor.tokenizer.padding_side = "left"
    return processor


def takes_video(folder: Path) -> bool:
    """Whether the model in this folder takes video here; reads its configuration only.

    False for code that comes with a model: it would have to be run to know.
    """
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError):
        return False
    return is_torchvision_available() and _has_video_part(_kind(config))


def _load(folder: Path, *, trust_remote_code: bool) -> Any:
    options = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    if not is_torchvision_available():
        kind = _kind(transformers.AutoConfig.from_pretrained(folder, **options))
        if _has_video_part(kind):
            return _image_only(kind).from_pretrained(folder, local_files_only=True)
    return transformers.AutoProcessor.from_pretrained(folder, **options)


def _kind(config: Any) -> Any:
    return PROCESSOR_MAPPING.get(type(config), None)


def _has_video_part(kind: Any) -> bool:
    return kind is not None and kind.get_attributes()[-1] == "video_processor"


def _image_only(kind: Any) -> Any:
    """The processor's class without its part for video."""

    class ImageOnly(kind):  # type: ignore[misc]  # untyped
        @classmethod
        def get_attributes(cls) -> list[str]:
            names: list[str] = kind.get_attributes()
            return names[:-1]

        @classmethod
        def from_args_and_dict(cls, args: Any, processor_dict: dict[str, Any], **given: Any) -> Any:
            known = {key: value for key, value in processor_dict.items() if key != "video_processor"}
            made = super().from_args_and_dict([*args, None], known, **given)
            # SmolVLM's asks its video processor how it samples even where there is no video.
            made.video_processor = SimpleNamespace(num_frames=None, fps=None)
            return made

    ImageOnly.__name__ = kind.__name__
    return ImageOnly
