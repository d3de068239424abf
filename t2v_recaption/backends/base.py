"""The backend interface: a backend answers batches of chat requests with a language or vision-language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from t2v_recaption.errors import BackendError, InvalidInput
from t2v_recaption.records import Record

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Footage(Record):
    """Frames that belong together as one video, for models with native video input."""

    frames: tuple[Any, ...] = field(repr=False)
    """Images, in order: paths, PIL images, arrays (height x width x 3, uint8, RGB) or encoded bytes."""
    times: tuple[float, ...]
    """Seconds of each frame, counted from the start of the video, never falling."""

    def __post_init__(self) -> None:
        if len(self.frames) != len(self.times) or not self.frames:
            raise InvalidInput(f"Footage needs a time for each frame: {len(self.frames)} and {len(self.times)}.")
        if any(later < earlier for earlier, later in zip(self.times, self.times[1:], strict=False)):
            raise InvalidInput("The times of footage fall: its frames are out of order.")


@dataclass(frozen=True)
class Message(Record):
    """One turn of a chat: images, then `parts`, then the text."""

    role: Role
    text: str
    images: tuple[Any, ...] = field(default=(), repr=False)
    """Images that come first: paths, PIL images, arrays (height x width x 3, uint8, RGB) or encoded bytes."""
    parts: tuple[Any, ...] = field(default=(), repr=False)
    """What comes between: strings, images and `Footage` in the order in which the model shall see them. An image that
    is a path must be a `Path` here: a string is text."""

    @property
    def content(self) -> tuple[Any, ...]:
        """Everything in order: a string is text, `Footage` a video, anything else an image.

        Texts in a row are joined as they are, without a space or line break between them.
        """
        first = (Path(image) if isinstance(image, str) else image for image in self.images)
        return (*first, *self.parts, *((self.text,) if self.text else ()))


@dataclass(frozen=True)
class ChatRequest(Record):
    """One question to a model, with everything that decides the answer."""

    messages: tuple[Message, ...]
    seed: int = 0
    temperature: float = 0.7
    """0 means greedy decoding."""
    top_p: float = 0.95
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    """JSON schema that the answer must follow, where the backend offers it (`supports_schema`)."""
    beams: int = 1
    """Beam search with so many beams (and no sampling), where the backend offers it (`supports_beams`)."""
    choices: tuple[str, ...] = ()
    """Answers whose probabilities are wanted (`ChatReply.probabilities`), like `("Yes", "No")`."""


@dataclass(frozen=True)
class ChatReply(Record):
    """One answer. `error` is set, and `text` empty, when this request failed."""

    text: str
    model: str = ""
    finish_reason: str = "stop"
    """`stop`, `length` (cut at max_tokens) or whatever the server said."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    notes: tuple[str, ...] = ()
    """What differed from what was asked, for people: the server took no seed, the model has no chat template …"""
    probabilities: dict[str, float] | None = None
    """How probable each of the request's `choices` is as the answer's beginning, not rescaled to a sum of 1: what is
    missing from 1 is the probability of everything else. None where the backend cannot tell (`supports_choices`)."""
    error: BackendError | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Estimate(Record):
    """What a request takes, before it is sent."""

    prompt_tokens: int
    """Tokens of the prompt, those for images and video included."""
    visual_tokens: int
    """Tokens that stand for images and video."""
    context: int
    """Tokens that the model can look at, prompt and answer together."""
    memory: int
    """Bytes beside the model's weights, about."""
    notes: tuple[str, ...] = ()
    """What would be changed to make it fit (`ChatReply.notes`)."""


class Backend:
    """Base of all backends. Cheap to construct, loads on first use, `close()` frees the memory."""

    name: str = ""
    accepts_images: bool = False
    accepts_video: bool = False
    """Whether the model takes `Footage` as video; where it does not, frames go as images with their times."""
    supports_schema: bool = False
    supports_choices: bool = False
    supports_beams: bool = False
    needs_key: bool = False
    key_env_var: str = ""

    def generate(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """One reply a request, in order; a failed request has `error` set and never loses the others.

        Raises:
            InvalidInput: a setting of the backend cannot be used (no such folder, no weights, no key).
            MissingDependency: a package that the backend needs is not installed.
            BackendError: the model cannot be loaded at all.
        """
        raise NotImplementedError

    def prepare(self, request: ChatRequest) -> None:
        """Do ahead what this very object, given to `generate` soon, needs before the model runs.

        May be called from other threads while the model answers; changes no answer, and raises nothing that `generate`
        would not say of the request.
        """

    def estimate(self, request: ChatRequest) -> Estimate | None:
        """What the request takes; None where the backend cannot tell. May read the model's files, not its weights."""
        return None

    def identity(self) -> dict[str, Any]:
        """What decides the answers besides the request (model, revision, dtype …), for cache keys."""
        return {"backend": self.name}

    def close(self) -> None:
        """Free the model's memory or the connections. Safe to call twice; the backend loads again when used again."""

    def __enter__(self) -> Backend:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def well_formed(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced: no model or server takes them."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
