"""Options of the commands that look at clips with a model: which model, which frames, and what the user wishes for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from t2v_recaption.captioners.guidance import Detail, Guidance
from t2v_recaption.cli.options import option, pair
from t2v_recaption.errors import InvalidInput

if TYPE_CHECKING:
    from t2v_recaption.captioners.captioner import Captioner

F = TypeVar("F", bound=Callable[..., Any])

ADVICE = (
    "Name a model that sees: --base-url http://localhost:11434/v1 --model qwen2.5vl:7b for a server (Ollama, vLLM, "
    "llama.cpp …), or --model with a Hugging Face id or a folder to run one here."
)
"""What to do where a model is wanted and none was named."""

OPTIONS = [
    option("--profile", default="generic", show_default=True, metavar="NAME|FILE", help="How the model is asked."),
    option("--backend", metavar="NAME", help="What runs the model: openai, transformers, sharecaptioner, scripted."),
    option("--model", metavar="NAME", help="Vision model: a server's name, hub id or local folder."),
    option("--revision", metavar="COMMIT", help="Pinned revision of a hub model."),
    option("--base-url", metavar="URL", help="Server that speaks the OpenAI protocol."),
    option("--option", multiple=True, metavar="KEY=VALUE", help="Any further backend option (dtype=bfloat16)."),
    option("--sampling", default="", metavar="HOW", help="Frames to see: every:2, uniform:16, scene:3, keyframes."),
    option("--focus", default="", metavar="TEXT", help="What to look at above all."),
    option("--style", default="", metavar="TEXT", help="How to write."),
    option(
        "--detail", type=click.Choice(get_args(Detail)), default="normal", show_default=True, help="How much to say."
    ),
    option("--vocabulary", multiple=True, metavar="WORD", help="A word to use where it fits."),
    option("--language", default="en", show_default=True, metavar="CODE", help="Language to answer in."),
    option("--instruction", default="", metavar="TEXT", help="Anything else that you wish for, in your own words."),
    option("--template", default="", metavar="NAME|FILE", help="Instructions of your own instead (.j2)."),
    option("--schema", metavar="FILE", help="JSON schema that the answer must follow."),
    option("--seed", type=int, default=0, show_default=True, help="Same seed, same words."),
]


def vision_options(command: F) -> F:
    """Decorator: the options above."""
    for decorate in reversed(OPTIONS):
        command = decorate(command)
    return command


@dataclass(frozen=True)
class Vision:
    """Which model is asked how, as given."""

    profile: str
    backend: str | None
    model: str | None
    revision: str | None
    base_url: str | None
    option: tuple[str, ...]
    sampling: str
    focus: str
    style: str
    detail: Detail
    vocabulary: tuple[str, ...]
    language: str
    instruction: str
    template: str
    schema: str | None
    seed: int

    @property
    def names_model(self) -> bool:
        """Whether anything says what is to be asked."""
        known = os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_KEY")
        return bool(self.backend or self.model or self.base_url or known)

    @property
    def backend_options(self) -> dict[str, Any]:
        """What the backend is made with."""
        named = {"model": self.model, "revision": self.revision, "base_url": self.base_url}
        return {key: value for key, value in named.items() if value is not None} | dict(map(pair, self.option))

    @property
    def captioner_options(self) -> dict[str, Any]:
        """What the captioner is made with, besides backend, profile and sampling."""
        guidance = Guidance(
            focus=self.focus,
            style=self.style,
            detail=self.detail,
            vocabulary=self.vocabulary,
            language=self.language,
            wishes=self.instruction,
            schema=read_schema(self.schema),
            template=self.template,
        )
        return {"guidance": guidance, "seed": self.seed}

    def captioner(self) -> Captioner:
        """The captioner that these options describe.

        Raises:
            InvalidInput: no model was named.
        """
        from t2v_recaption.captioners.captioner import Captioner
        from t2v_recaption.captioners.vision import make_vision_backend

        if not self.names_model:
            raise InvalidInput("No model was named.", hint=ADVICE)
        backend = make_vision_backend(self.backend, self.backend_options)
        return Captioner(backend, self.profile, sampling=self.sampling or None, **self.captioner_options)


def read_schema(given: str | None) -> dict[str, Any] | None:
    """A JSON schema from a file, or from the text itself where it begins with `{`.

    Raises:
        InvalidInput: it cannot be read, or is no JSON object.
    """
    if not given:
        return None
    try:
        text = given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8")
        schema = json.loads(text)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The schema {given!r} cannot be read: {error}.", hint="Give a JSON file.") from error
    if not isinstance(schema, dict):
        raise InvalidInput(f"The schema {given!r} is not a JSON object.")
    return schema
