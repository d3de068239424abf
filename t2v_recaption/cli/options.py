"""The options of `t2v-enhance`, and the enhancer that they describe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from t2v_recaption.enhancer import Enhancer
from t2v_recaption.errors import InvalidInput

F = TypeVar("F", bound=Callable[..., Any])


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """A click option with an environment variable `T2V_<NAME>`."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    settings.setdefault("envvar", "T2V_" + long.removeprefix("--").upper().replace("-", "_"))
    settings.setdefault("show_envvar", False)
    return click.option(*names, **settings)


@dataclass(frozen=True)
class Settings:
    """What the user asked for, as given."""

    target: str
    writer: str
    backend: str | None
    model: str | None
    revision: str | None
    base_url: str | None
    option: tuple[str, ...]
    template: str | None
    seed: int
    strength: str
    language: str | None
    keep: tuple[str, ...]
    negative: str | None
    task: str | None
    duration: float | None
    attempts: int
    on_failure: str
    tokenizer: str | None
    no_cache: bool
    image: Path | None = None
    last_image: Path | None = None

    def enhancer(self) -> Enhancer:
        """The enhancer that these settings describe."""
        from t2v_recaption.targets import load
        from t2v_recaption.targets.tokens import counters_for

        target = load(self.target)
        self._say_unread()
        return Enhancer(
            target,
            writer=self.chosen_writer,
            backend=self.backend,
            strength=self.strength,  # type: ignore[arg-type]
            language=self.language,
            task=self.task or self._task_of_images(),
            duration=self.duration,
            keep=self.keep,
            negative=self.negative,
            seed=self.seed,
            attempts=self.attempts,
            on_failure=self.on_failure,  # type: ignore[arg-type]
            counters=counters_for(target, self.tokenizer),
            **self._writer_options(),
        )

    @property
    def chosen_writer(self) -> str:
        """The writer: the one named, else `chat` when anything about a model was said, else the composer."""
        wants_model = self.backend or self.model or self.base_url
        return self.writer or ("chat" if wants_model else "composer")

    def _task_of_images(self) -> str:
        if self.last_image is not None:
            return "flf2v"
        return "t2v" if self.image is None else "i2v"

    def _say_unread(self) -> None:
        """Say which options go to a language model where none was asked for."""
        given = {"--template": self.template, "--option": self.option, "--revision": self.revision}
        unread = [name for name, value in given.items() if value]
        if unread and not self.writer and self.chosen_writer == "composer":
            click.echo(
                f"Note: {' and '.join(unread)} changed nothing: no model was named (--model, --base-url, --backend).",
                err=True,
            )

    def _writer_options(self) -> dict[str, Any]:
        if self.chosen_writer == "composer":
            return {}
        named = {"model": self.model, "revision": self.revision, "base_url": self.base_url}
        backend = {key: value for key, value in named.items() if value is not None} | dict(map(pair, self.option))
        return {"backend_options": backend, "template": self.template, "cache": not self.no_cache}


def pair(text: str) -> tuple[str, Any]:
    """`KEY=VALUE` with the value read as YAML (true, 4, [a, b]).

    Raises:
        InvalidInput: there is no `=`.
    """
    import yaml

    key, sign, value = text.partition("=")
    if not sign:
        raise InvalidInput(f"--option {text!r} is not KEY=VALUE.", hint="For example: --option dtype=bfloat16")
    try:
        return key.strip().replace("-", "_"), yaml.safe_load(value)
    except yaml.YAMLError:
        return key.strip().replace("-", "_"), value


FILE = click.Path(path_type=Path, dir_okay=False)
IMAGE = click.Path(path_type=Path, dir_okay=False, exists=True, readable=True)

OPTIONS = [
    option("--target", default="generic", metavar="NAME", show_default=True, help="Video model (t2v targets)."),
    option("--writer", default="", metavar="NAME", help="composer (default, no model), chat, sharecaptioner."),
    option("--backend", metavar="NAME", help="What runs the model: openai, transformers, scripted."),
    option("--model", metavar="NAME", help="Model name, hub id, local folder or GGUF file."),
    option("--revision", metavar="COMMIT", help="Pinned revision of a hub model."),
    option("--base-url", metavar="URL", help="Server that speaks the OpenAI protocol."),
    option("--option", multiple=True, metavar="KEY=VALUE", help="Any further backend option (dtype=bfloat16)."),
    option("--template", metavar="NAME|FILE", help="Prompt template for the chat writer."),
    option("--seed", type=int, default=0, show_default=True, help="Same seed, same words."),
    option(
        "--strength",
        type=click.Choice(["light", "normal", "rich"]),
        default="normal",
        show_default=True,
        help="How much to add.",
    ),
    option(
        "--language", metavar="CODE", help="Language of the caption (default: the prompt's, if the target reads it)."
    ),
    option("--keep", multiple=True, metavar="TEXT", help="Must stay letter by letter (trigger words, names)."),
    option("--negative", metavar="TEXT", help="Your own negative prompt; what the prompt rules out is added."),
    option("--task", type=click.Choice(["t2v", "i2v", "flf2v"]), help="Default: what --image and --last-image say."),
    option("--duration", type=float, metavar="SECONDS", help="Length of the clip."),
    option("--attempts", type=click.IntRange(0, 10), default=2, show_default=True, help="How often to ask again."),
    option(
        "--on-failure",
        type=click.Choice(["raise", "compose"]),
        default="raise",
        show_default=True,
        help="When the model's text cannot be made to keep everything: fail, or use the composer.",
    ),
    option("--tokenizer", metavar="FOLDER", help="Folder with the target's tokenizer, for exact token counts."),
    option("--no-cache", is_flag=True, help="Ask the model even if it has answered the same question before."),
]


def enhancer_options(command: F) -> F:
    """Decorator: the options above."""
    for decorate in reversed(OPTIONS):
        command = decorate(command)
    return command
