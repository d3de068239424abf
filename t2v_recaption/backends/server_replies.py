"""Asking a server that speaks OpenAI's protocol, request by request, and reading what it answers."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from t2v_recaption.backends.base import ChatReply, ChatRequest, well_formed
from t2v_recaption.backends.server_errors import NAME, is_hopeless
from t2v_recaption.backends.server_probabilities import read_probabilities
from t2v_recaption.errors import BackendError, RecaptionError

log = logging.getLogger(__name__)


class Asked(Protocol):
    """The backend, as far as it is needed here."""

    @property
    def model(self) -> str:
        """The model's name on the server."""

    def ask(self, request: ChatRequest) -> ChatReply:
        """The reply to one request; raises what goes wrong."""

    def failure(self, error: Exception) -> BackendError:
        """An error as ours."""


class Requests:
    """The requests of one `generate` call; remembers a failure that all of them would meet."""

    def __init__(self, backend: Asked) -> None:
        self._backend = backend
        self._hopeless: BackendError | None = None
        self._answered = False

    def reply(self, request: ChatRequest) -> ChatReply:
        """The reply, with `error` set when it failed; raises nothing that an `Exception` can be."""
        if self._hopeless is not None:
            return self._failed(self._hopeless)
        try:
            reply = self._ask(request)
        except RecaptionError as error:
            return self._failed(_as_backend_error(error))
        except Exception as error:
            failure = self._backend.failure(error)
            if is_hopeless(error) and not self._answered:
                self._hopeless = failure
            return self._failed(failure)
        self._answered = True
        return reply

    def _ask(self, request: ChatRequest) -> ChatReply:
        try:
            return self._backend.ask(request)
        except (BackendError, ValueError) as error:
            # A broken answer from a server that works: proxies and overloaded servers give one now and then.
            if isinstance(error, BackendError) and not error.retryable:
                raise
            log.info("The server's answer was broken (%s); asking once more.", error)
            return self._backend.ask(request)

    def _failed(self, error: BackendError) -> ChatReply:
        return ChatReply("", model=self._backend.model, finish_reason="error", error=error)


def read_reply(completion: Any, request: ChatRequest, model: str, notes: tuple[str, ...]) -> ChatReply:
    """What the server answered, as a reply. Raises BackendError when it is no answer."""
    choices: Any = getattr(completion, "choices", None)
    message = getattr(choices[0], "message", None) if choices else None
    if message is None:
        what = "an empty answer" if hasattr(completion, "choices") else "something that is no chat completion"
        raise BackendError(f"The server sent {what}.", hint="Try again.", retryable=True, backend=NAME)
    usage, content = getattr(completion, "usage", None), getattr(message, "content", None)
    text = content if isinstance(content, str) else ""
    if not text and (reasoned := _reasoning(message)):
        notes = (*notes, f"the model only thought ({len(reasoned)} characters) and said nothing: raise max_tokens")
    if request.beams > len(choices) and not any("use_beam_search" in note for note in notes):
        notes = (*notes, "the server made no beam search: it gave fewer answers than beams")
    found, about = read_probabilities(choices[0], request.choices)
    return ChatReply(
        text=well_formed(text),
        model=getattr(completion, "model", None) or model,
        finish_reason=getattr(choices[0], "finish_reason", None) or "stop",
        prompt_tokens=getattr(usage, "prompt_tokens", None),
        completion_tokens=getattr(usage, "completion_tokens", None),
        notes=(*notes, *about),
        probabilities=found,
    )


def _reasoning(message: Any) -> str:
    fields = (getattr(message, name, None) for name in ("reasoning_content", "reasoning"))
    return next((field for field in fields if isinstance(field, str)), "")


def _as_backend_error(error: RecaptionError) -> BackendError:
    if isinstance(error, BackendError):
        return error
    return BackendError(error.message, hint=error.hint, backend=NAME)
