"""A loaded model that answers requests: from messages to tokens, through a decoder, back to replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.backends.chat_format import NO_TEMPLATE, ChatFormat, MultimodalFormat
from t2v_recaption.backends.checkpoint import NAME, Checkpoint
from t2v_recaption.backends.content import has_visuals
from t2v_recaption.backends.decoding import Decoder, free_memory
from t2v_recaption.backends.loading import Loaded
from t2v_recaption.backends.sampling import Row
from t2v_recaption.backends.transformers import failed
from t2v_recaption.backends.vision import VisionDecoder, load_processor
from t2v_recaption.errors import BackendError, RecaptionError

if TYPE_CHECKING:
    from t2v_recaption.backends.transformers import TransformersBackend


class _Job:
    """A request on its way: its number in the batch, its row, the text it became, and notes for the reply."""

    def __init__(self, number: int, row: Row, text: str, notes: tuple[str, ...]) -> None:
        self.number, self.row, self.text, self.notes = number, row, text, notes


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
        self._vision: tuple[VisionDecoder, ChatFormat] | None = None

    def reply(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """One reply a request, in order."""
        replies: list[ChatReply | None] = [None] * len(requests)
        spoken: list[_Job] = []
        shown: list[_Job] = []
        for number, request in enumerate(requests):
            with_images = has_visuals(request)
            try:
                job = self._job(number, request, with_images=with_images)
                (shown if with_images else spoken).append(job)
            except RecaptionError as error:
                replies[number] = failed(error)
        for job, failure in self._run(spoken, shown):
            replies[job.number] = failed(failure) if failure is not None else self._answered(job)
        return [reply for reply in replies if reply is not None]

    def close(self) -> None:
        """Let go of the model and give its memory back."""
        self._loaded, self._decoder, self._vision = None, None, None
        del self._format
        free_memory()

    def _run(self, spoken: Sequence[_Job], shown: Sequence[_Job]) -> list[tuple[_Job, Exception | None]]:
        errors: list[Exception | None] = []
        if spoken and self._decoder is not None:
            errors += self._decoder.run([job.row for job in spoken])
        if shown and self._vision is not None:
            errors += self._vision[0].run([job.row for job in shown], [job.text for job in shown])
        return list(zip([*spoken, *shown], errors, strict=True))

    def _job(self, number: int, request: ChatRequest, *, with_images: bool) -> _Job:
        loaded = self._model()
        text, notes = (self._vision_format() if with_images else self._format).render(request)
        # Chat templates write the special tokens themselves; plain text needs the tokenizer's.
        ids = loaded.tokenizer(text, add_special_tokens=NO_TEMPLATE in notes)["input_ids"]
        room = min(request.max_tokens, loaded.context - len(ids))
        if not ids or room < 1:
            what = f"The prompt has {len(ids)} tokens, and the model takes {loaded.context}."
            raise BackendError(what, hint="Shorten it, or use a model with a longer context.", backend=NAME)
        return _Job(number, Row(ids, request, room), text, notes)

    def _vision_format(self) -> ChatFormat:
        loaded = self._model()
        if not loaded.sees:
            hint = "Use a vision-language model, such as Qwen/Qwen2.5-VL-3B-Instruct."
            raise BackendError(f"{self._checkpoint.name} takes no images.", hint=hint, backend=NAME)
        if self._vision is None:
            trusted = self._settings.load_options.trust_remote_code
            processor = load_processor(self._checkpoint, trust_remote_code=trusted)
            template, special = self._settings.chat_template, loaded.tokenizer.all_special_tokens
            chat_format = MultimodalFormat(processor, special, template, thinking=self._settings.thinking)
            self._vision = VisionDecoder(loaded, processor, self._settings.batch_size), chat_format
        return self._vision[1]

    def _answered(self, job: _Job) -> ChatReply:
        return ChatReply(
            text=job.row.text(self._model().tokenizer),
            finish_reason=job.row.finish_reason,
            prompt_tokens=len(job.row.ids),
            completion_tokens=len(job.row.out),
            notes=job.notes,
        )

    def _model(self) -> Loaded:
        if self._loaded is None:
            raise BackendError("The model was closed while it was in use.", backend=NAME)
        return self._loaded
