"""What a model's files tell before its weights are loaded: what it takes, and what a request costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import transformers

from t2v_recaption.backends.base import ChatRequest, Estimate
from t2v_recaption.backends.budget import Costs
from t2v_recaption.backends.chat_format import NO_TEMPLATE, ChatFormat
from t2v_recaption.backends.checkpoint import NAME, Checkpoint
from t2v_recaption.backends.content import has_visuals
from t2v_recaption.backends.encoding import Encoder
from t2v_recaption.backends.engine import make_encoder
from t2v_recaption.backends.loading import context_of, number_format, pick_device
from t2v_recaption.backends.processors import takes_video
from t2v_recaption.errors import BackendError, InvalidInput

if TYPE_CHECKING:
    from t2v_recaption.backends.transformers import TransformersBackend


class Planner:
    """Estimates requests for one model.

    Args:
        checkpoint: the model's files.
        settings: the backend, for its options.

    Raises:
        InvalidInput: the model's configuration cannot be read.
    """

    def __init__(self, checkpoint: Checkpoint, settings: TransformersBackend) -> None:
        self._checkpoint, self._settings = checkpoint, settings
        self.video = not checkpoint.gguf_file and takes_video(checkpoint.folder)
        self._encoder: Encoder | None = None
        self._config, self._tokenizer = self._read()

    def estimate(self, request: ChatRequest) -> Estimate:
        """Tokens, exactly, and bytes, about."""
        context, costs = context_of(self._config), self._costs()
        if not has_visuals(request):
            length = self._length(request)
            room = max(0, min(request.max_tokens, context - length))
            return Estimate(length, 0, context, costs.row(length, room, 0))
        encoded, shrink = self._seeing(context).fitting(request)
        pixels = sum(value.numel() for name, value in encoded.inputs.items() if name.startswith("pixel_values"))
        room = min(request.max_tokens, context - len(encoded.ids))
        memory = costs.row(len(encoded.ids), room, pixels)
        return Estimate(len(encoded.ids), encoded.visual_tokens, context, memory, shrink.notes)

    def _seeing(self, context: int) -> Encoder:
        if getattr(self._config, "vision_config", None) is None:
            raise BackendError(f"{self._checkpoint.name} takes no images.", backend=NAME)
        if self._encoder is None:
            self._encoder = make_encoder(self._checkpoint, self._config, context, self._settings)
        return self._encoder

    def _length(self, request: ChatRequest) -> int:
        settings, special = self._settings, self._tokenizer.all_special_tokens
        chat_format = ChatFormat(self._tokenizer, special, settings.chat_template, thinking=settings.thinking)
        text, notes = chat_format.render(request)
        return len(self._tokenizer(text, add_special_tokens=NO_TEMPLATE in notes)["input_ids"])

    def _costs(self) -> Costs:
        options = self._settings.load_options
        dtype = number_format(options.dtype, pick_device(options.device), self._checkpoint)
        stored = getattr(self._config, "dtype", None) or torch.float32
        return Costs(self._config, stored if dtype == "auto" else dtype)

    def _read(self) -> tuple[Any, Any]:
        source = {"gguf_file": self._checkpoint.gguf_file} if self._checkpoint.gguf_file else {}
        trusted = self._settings.load_options.trust_remote_code
        options = {**source, "local_files_only": True, "trust_remote_code": trusted}
        try:
            config = transformers.AutoConfig.from_pretrained(self._checkpoint.folder, **options)
            return config, transformers.AutoTokenizer.from_pretrained(self._checkpoint.folder, **options)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:300]
            raise InvalidInput(f"The model {self._checkpoint.name} cannot be read: {reason}") from error
