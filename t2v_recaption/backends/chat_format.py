"""A chat as the model was trained to read it: its own chat template, and what to do where that lacks something."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from t2v_recaption.backends.base import ChatRequest, Message, well_formed
from t2v_recaption.backends.content import is_footage, pieces
from t2v_recaption.errors import InvalidTemplate

NO_TEMPLATE = "the model has no chat template: the messages were joined by blank lines"
NO_SYSTEM = "the model takes no system message: it was put before the first message of the user"


class ChatFormat:
    """Turns requests into text.

    Args:
        renderer: the tokenizer or processor whose `apply_chat_template` is used.
        special: the tokenizer's special tokens, which a message must not contain as such.
        template: a jinja2 template, or the path of one, instead of the model's own.
        thinking: whether a model that can think before it answers is told to.

    Raises:
        InvalidTemplate: the file of the template cannot be read.
    """

    def __init__(self, renderer: Any, special: Sequence[str], template: str | None, *, thinking: bool) -> None:
        self._renderer = renderer
        self._special = sorted((token for token in special if len(token) > 1), key=len, reverse=True)
        self._template = _read(template)
        used = str(self._template or getattr(renderer, "chat_template", None))
        self._options = {"enable_thinking": thinking} if "enable_thinking" in used else {}

    def render(self, request: ChatRequest) -> tuple[str, tuple[str, ...]]:
        """The text that the model is to continue, and notes on what differs from what was asked.

        Raises:
            InvalidTemplate: the chat template does not take these messages.
        """
        if not (self._template or getattr(self._renderer, "chat_template", None)):
            texts = [self.harmless("".join(pieces(message, video=False))) for message in request.messages]
            return "\n\n".join([*(text for text in texts if text), ""]), (NO_TEMPLATE,)
        try:
            return self._apply(request.messages), ()
        except (TemplateError, TypeError, ValueError) as error:
            merged = _without_system(request.messages)
            if merged == list(request.messages):
                raise _broken(error) from error
        try:
            return self._apply(merged), (NO_SYSTEM,)
        except (TemplateError, TypeError, ValueError) as error:
            raise _broken(error) from error

    def harmless(self, text: str) -> str:
        """The text with the model's special tokens broken up: `<|im_end|>` in a prompt must not end the message."""
        text = well_formed(text)
        for token in self._special:
            if token in text:
                text = text.replace(token, f"{token[0]} {token[1:]}")
        return text

    def _apply(self, messages: Sequence[Message]) -> str:
        return str(
            self._renderer.apply_chat_template(
                [self._plain(message) for message in messages],
                chat_template=self._template,
                tokenize=False,
                add_generation_prompt=True,
                **self._options,
            )
        )

    def _plain(self, message: Message) -> dict[str, Any]:
        return {"role": message.role, "content": self.harmless("".join(pieces(message, video=False)))}


class MultimodalFormat(ChatFormat):
    """For processors of vision-language models, whose templates want every content as a list of parts.

    Args:
        video: whether `Footage` goes as a video; otherwise its frames go as images with their times.
    """

    def __init__(self, *given: Any, thinking: bool, video: bool = False) -> None:
        super().__init__(*given, thinking=thinking)
        self._video = video

    def _plain(self, message: Message) -> dict[str, Any]:
        return {"role": message.role, "content": [self._part(part) for part in pieces(message, video=self._video)]}

    def _part(self, part: Any) -> dict[str, str]:
        if isinstance(part, str):
            return {"type": "text", "text": self.harmless(part)}
        return {"type": "video" if is_footage(part) else "image"}


def _without_system(messages: Sequence[Message]) -> list[Message]:
    system = [message for message in messages if message.role == "system"]
    rest = [message for message in messages if message.role != "system"]
    if not system or not rest:
        return list(messages)
    first, instruction = rest[0], "".join(f"{message.text}\n\n" for message in system)
    return [Message(first.role, first.text, parts=(instruction, *first.images, *first.parts)), *rest[1:]]


def _read(template: str | None) -> str | None:
    if template is None or "{" in template or "\n" in template:
        return template
    try:
        return Path(template).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidTemplate(
            f"The chat template {template} cannot be read: {error}.", hint="Check the path."
        ) from error


def _broken(error: Exception) -> InvalidTemplate:
    return InvalidTemplate(
        f"The model's chat template does not take these messages: {error}.", hint="Give another with chat_template."
    )
