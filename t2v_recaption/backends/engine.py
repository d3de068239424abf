"""A loaded model that answers requests: from messages to tokens, through a decoder, back to replies."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from t2v_recaption.backends.ahead import Ahead
from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.backends.chat_format import NO_TEMPLATE, ChatFormat, MultimodalFormat
from t2v_recaption.backends.checkpoint import NAME, Checkpoint
from t2v_recaption.backends.content import has_visuals
from t2v_recaption.backends.decoding import Decoder, free_memory
from t2v_recaption.backends.encoding import Encoded, Encoder, Shrink
from t2v_recaption.backends.loading import Loaded
from t2v_recaption.backends.prefix import can_share
from t2v_recaption.backends.processors import load_processor, takes_video
from t2v_recaption.backends.sampling import Row
from t2v_recaption.backends.task import Task
from t2v_recaption.backends.transformers import failed
from t2v_recaption.backends.vision import VisionDecoder
from t2v_recaption.errors import BackendError, RecaptionError

if TYPE_CHECKING:
    from t2v_recaption.backends.transformers import TransformersBackend

PREPARED = 1 << 30
"""Bytes of requests encoded ahead (1 GiB)."""


class Engine:
    """Answers batches of requests.

    Args:
        checkpoint: where the model came from.
        loaded: the model.
        settings: the backend, for batch size, template and the like.
    """

    def __init__(self, checkpoint: Checkpoint, loaded: Loaded, settings: TransformersBackend) -> None:
        self._checkpoint, self._settings = checkpoint, settings
        self._loaded: Loaded | None = loaded
        self._format = ChatFormat(
            loaded.tokenizer,
            loaded.tokenizer.all_special_tokens,
            settings.chat_template,
            thinking=settings.thinking,
        )
        self._decoder: Decoder | None = Decoder(
            loaded.model, loaded.tokenizer, loaded.ends, settings.batch_size, share_prefix=settings.share_prefix
        )
        self._vision: VisionDecoder | None = None
        self._encoder: Encoder | None = None
        self._joins = can_share(loaded.model)
        self._making = Lock()
        self._ahead = Ahead(self._fitting, _bytes, PREPARED)

    def prepare(self, request: ChatRequest) -> None:
        """Encode a request that shows something before its turn."""
        if has_visuals(request):
            self._ahead.do(request)

    def reply(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """One reply a request, in order."""
        replies: list[ChatReply | None] = [None] * len(requests)
        kinds = [_special(request) for request in requests]
        if any(kinds) and self._joins:
            kinds = [True] * len(requests)  # all answers grow together, in one loop instead of two
        plain = [number for number, special in enumerate(kinds) if not special]
        special = [number for number, special in enumerate(kinds) if special]
        for number, reply in zip(plain, self._spoken([requests[n] for n in plain]), strict=True):
            replies[number] = reply
        for number, task in zip(special, self._shown([requests[n] for n in special]), strict=True):
            notes = task.encoded.notes if task.encoded is not None else ()
            replies[number] = self._answered(task.row, notes, task.error)
        return [reply for reply in replies if reply is not None]

    def close(self) -> None:
        """Let go of the model and give its memory back."""
        self._loaded, self._decoder, self._vision, self._encoder = None, None, None, None
        del self._format
        free_memory()

    def _spoken(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """The replies to requests of text alone."""
        if requests and self._vision is not None:
            self._vision.forget()  # it may hold as much memory as a whole batch of these
        encoded = [self._try(request) for request in requests]
        good = [each for each in encoded if not isinstance(each, RecaptionError)]
        errors = iter(self._decoder.run([row for row, _ in good]) if good and self._decoder else [])
        return [
            failed(each) if isinstance(each, RecaptionError) else self._answered(*each, next(errors))
            for each in encoded
        ]

    def _shown(self, requests: Sequence[ChatRequest]) -> list[Task]:
        if not requests:
            return []
        if self._vision is None:
            settings = self._settings
            memory = None if settings.memory_gb is None else int(settings.memory_gb * 1e9)
            self._vision = VisionDecoder(
                self._model(), self._encode, settings.batch_size, memory=memory, share=settings.share_prefix
            )
        return self._vision.run(requests)

    def _encode(self, request: ChatRequest, shrink: Shrink | None, most: int | None) -> tuple[Encoded, Shrink]:
        if not has_visuals(request):
            row, notes = self._row(request)
            return Encoded(row.ids, {}, (), 0, 0, notes), Shrink()
        if shrink is not None:
            return self._seeing().encode(request, shrink), shrink
        return self._ahead.take(request) if most is None else self._seeing().fitting(request, most_tokens=most)

    def _fitting(self, request: ChatRequest) -> tuple[Encoded, Shrink]:
        return self._seeing().fitting(request)

    def _try(self, request: ChatRequest) -> tuple[Row, tuple[str, ...]] | RecaptionError:
        try:
            return self._row(request)
        except RecaptionError as error:
            return error

    def _row(self, request: ChatRequest) -> tuple[Row, tuple[str, ...]]:
        """A request of text alone as a row, and notes on what differs from what was asked."""
        loaded = self._model()
        text, notes = self._format.render(request)
        # Chat templates write the special tokens themselves; plain text needs the tokenizer's.
        ids = loaded.tokenizer(text, add_special_tokens=NO_TEMPLATE in notes)["input_ids"]
        room = min(request.max_tokens, loaded.context - len(ids))
        if not ids or room < 1:
            what = f"The prompt has {len(ids)} tokens, and the model takes {loaded.context}."
            raise BackendError(what, hint="Shorten it, or use a model with a longer context.", backend=NAME)
        return Row(ids, request, room), notes

    def _seeing(self) -> Encoder:
        loaded = self._model()
        if not loaded.sees:
            hint = "Use a vision-language model, such as Qwen/Qwen3-VL-4B-Instruct."
            raise BackendError(f"{self._checkpoint.name} takes no images.", hint=hint, backend=NAME)
        with self._making:
            self._encoder = self._encoder or make_encoder(
                self._checkpoint, loaded.model.config, loaded.context, self._settings
            )
            return self._encoder

    def _answered(self, row: Row | None, notes: tuple[str, ...], error: Exception | None) -> ChatReply:
        if error is not None or row is None:
            return failed(error or BackendError("The request was not run.", backend=NAME))
        return ChatReply(
            text=row.text(self._model().tokenizer),
            finish_reason=row.finish_reason,
            prompt_tokens=len(row.ids),
            completion_tokens=len(row.out),
            notes=notes,
            probabilities=row.probabilities,
        )

    def _model(self) -> Loaded:
        if self._loaded is None:
            raise BackendError("The model was closed while it was in use.", backend=NAME)
        return self._loaded


def make_encoder(checkpoint: Checkpoint, config: Any, context: int, settings: TransformersBackend) -> Encoder:
    """The encoder of a vision-language model; needs its files, not its weights.

    Raises:
        MissingDependency: its processor needs a package that is not installed.
        InvalidInput: it comes without a processor, or the chat template cannot be read.
    """
    processor = load_processor(checkpoint, trust_remote_code=settings.load_options.trust_remote_code)
    video = getattr(processor, "video_processor", None) is not None and takes_video(checkpoint.folder)
    special, thinking = processor.tokenizer.all_special_tokens, settings.thinking
    chat_format = MultimodalFormat(processor, special, settings.chat_template, thinking=thinking, video=video)
    return Encoder(processor, chat_format, config, context, video=video)


def _bytes(prepared: tuple[Encoded, Shrink]) -> int:
    return sum(value.nbytes for value in prepared[0].inputs.values() if hasattr(value, "nbytes"))


def _special(request: ChatRequest) -> bool:
    """Whether the request shows the model something or wants more than text."""
    return has_visuals(request) or bool(request.choices) or request.beams > 1
