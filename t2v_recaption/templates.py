"""The one jinja2 environment: prompt templates from `prompts/templates/`, and the user's own in a sandbox."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2v_recaption.errors import InvalidTemplate, UnknownName

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = files("t2v_recaption.prompts") / "templates"


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import PackageLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("t2v_recaption.prompts", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


@lru_cache(maxsize=64)
def _compiled(text: str) -> Template:
    return _environment().from_string(text)


def render(name: str, /, **variables: Any) -> str:
    """Render the built-in template `name` (or a file of the user's own, when it is a path that ends in .j2 and exists).

    Variables are data: template syntax inside them stays text.

    Raises:
        UnknownName: no such template.
        InvalidTemplate: it does not parse, or needs a variable that is not there.
    """
    return _rendered(source(name), f"The template {name!r}", variables).strip()


def render_text(text: str, /, **variables: Any) -> str:
    """Render a template given as text. Unlike `render`, it keeps white space at both ends.

    Raises:
        InvalidTemplate: it does not parse, or needs a variable that is not there.
    """
    return _rendered(text, "The template", variables)


def _rendered(text: str, what: str, variables: dict[str, Any]) -> str:
    from jinja2 import TemplateError

    try:
        return _compiled(text).render(**variables)
    except TemplateError as error:
        raise InvalidTemplate(
            f"{what} does not render: {error}.", hint="See docs/templates.md for its variables."
        ) from error


def source(name: str) -> str:
    """The text of a template.

    Raises:
        UnknownName: no such template.
        InvalidTemplate: a file that cannot be read.
    """
    path = Path(name)
    try:
        if path.suffix == ".j2" and path.is_file():
            return path.read_text(encoding="utf-8")
        return _packaged(name)
    except FileNotFoundError:
        raise UnknownName("template", name, names()) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidTemplate(f"The template {name!r} cannot be read: {error}.") from error


@lru_cache(maxsize=64)
def _packaged(name: str) -> str:
    return (FOLDER / f"{name}.j2").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all built-in templates, sorted."""
    return tuple(sorted(entry.name.removesuffix(".j2") for entry in FOLDER.iterdir() if entry.name.endswith(".j2")))


def digest(name: str) -> str:
    """A short hash of a template's text, for provenance and cache keys."""
    return hashlib.sha256(source(name).encode()).hexdigest()[:16]
