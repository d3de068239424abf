"""The scripted backend: answers from a list, a function or a file, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest
from t2v_recaption.errors import BackendError, InvalidInput

Answer = str | Mapping[str, float] | ChatReply | Exception | None
Answers = Iterable[Answer] | Callable[[ChatRequest], Answer] | Path


class ScriptedBackend(Backend):
    """A backend without a model, for tests, demonstrations and replays.

    Args:
        answers: a list (one answer a request, in order), a function of the request, or the `Path` of a file: one
            answer a line, or JSON lines when its name ends in `.jsonl` (a string, or an object with the fields of
            `ChatReply`).
            An answer is a text, a mapping from choices to their probabilities (its text is then the likeliest), a
            whole `ChatReply`, or an exception, which becomes that reply's `error`. A text that begins with one of the
            request's `choices` gives that choice the probability 1 and the others 0.
        model: the path of such a file as a string, for the command line, when `answers` is not given.
        fail_at: numbers of the requests, counted from 0 over the backend's life, that fail with `failure`.
        failure: the error that they fail with.
        accepts_video: whether to say that `Footage` goes as a video.

    Raises:
        InvalidInput: no answers were given, or the file cannot be read.
    """

    name = "scripted"
    accepts_images = True
    supports_schema = True
    supports_choices = True
    supports_beams = True

    def __init__(
        self,
        answers: Answers | None = None,
        *,
        model: str | None = None,
        fail_at: Iterable[int] = (),
        failure: BackendError | None = None,
        accepts_video: bool = False,
    ) -> None:
        if answers is None and model is None:
            raise InvalidInput("The scripted backend has no answers.", hint="Name a file with one answer a line.")
        source: Any = Path(model) if answers is None and model is not None else answers
        listed = read_answers(source) if isinstance(source, Path) else source
        self._script: Any = listed if callable(listed) else list(listed)
        self._fail_at = frozenset(fail_at)
        self._failure = failure or BackendError("This failure was scripted.", backend=self.name, retryable=True)
        self._lock = Lock()
        self._given = 0
        self.model = model or "scripted"
        self.accepts_video = accepts_video
        self.history: list[ChatRequest] = []
        """Every request so far, in order."""
        self.closed = 0
        """How often `close` was called."""

    def generate(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """One scripted reply a request.

        Raises:
            BackendError: the list of answers has come to its end.
        """
        with self._lock:
            return [self._reply(request) for request in requests]

    def identity(self) -> dict[str, Any]:
        """The backend's name and the file of answers, where there is one."""
        return {"backend": self.name, "model": self.model}

    def close(self) -> None:
        """Count the call; there is nothing to free."""
        self.closed += 1

    def _reply(self, request: ChatRequest) -> ChatReply:
        number = len(self.history)
        self.history.append(request)
        if number in self._fail_at:
            return self._as_reply(self._failure, request)
        try:
            return self._as_reply(self._answer(request), request)
        except BackendError as error:
            if callable(self._script):
                return self._as_reply(error, request)
            raise

    def _answer(self, request: ChatRequest) -> Answer:
        if callable(self._script):
            answer: Answer = self._script(request)
            return answer
        if self._given >= len(self._script):
            raise BackendError(
                f"The script has ended: it holds {len(self._script)} answers.",
                hint="Add answers, or use a function, which never ends.",
                backend=self.name,
            )
        self._given += 1
        listed: Answer = self._script[self._given - 1]
        return listed

    def _as_reply(self, answer: Answer, request: ChatRequest) -> ChatReply:
        if isinstance(answer, ChatReply):
            return answer
        if isinstance(answer, BackendError):
            return ChatReply("", model=self.model, finish_reason="error", error=answer)
        if isinstance(answer, Exception):
            return self._as_reply(BackendError(f"{type(answer).__name__}: {answer}", backend=self.name), request)
        if isinstance(answer, Mapping):
            likeliest = max(answer, key=lambda choice: answer[choice], default="")
            return ChatReply(likeliest, model=self.model, probabilities=dict(answer))
        return ChatReply(answer or "", model=self.model, probabilities=_certain(answer or "", request.choices))


def _certain(text: str, choices: Sequence[str]) -> dict[str, float] | None:
    """Probabilities of an answer that could not have been another one."""
    begun = [choice for choice in choices if text.strip().lower().startswith(choice.lower())]
    said = max(begun, key=len, default=None)
    return {choice: float(choice == said) for choice in choices} if choices else None


def read_answers(path: Path) -> list[Answer]:
    """The answers in a file: one a line, or JSON lines when the name ends in `.jsonl`.

    Raises:
        InvalidInput: the file cannot be read, is not UTF-8, or a line is not the JSON it should be.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The answers in {path} cannot be read: {error}.", hint="Check the path.") from error
    if lines and not lines[-1]:
        lines.pop()
    if path.suffix != ".jsonl":
        return list(lines)
    return [_from_json(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]


def _from_json(line: str, path: Path, number: int) -> Answer:
    try:
        value = json.loads(line)
        if isinstance(value, dict):
            error = value.pop("error", None)
            return ChatReply(**{"text": "", **value, "error": BackendError(str(error)) if error else None})
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"Line {number} of {path} is not an answer: {error}.") from error
    if not isinstance(value, str):
        raise InvalidInput(f"Line {number} of {path} is neither a string nor an object.")
    return value
