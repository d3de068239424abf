"""Names of backends and writers: which class answers to a name, what it needs, imported on first use.

Built-in names are in the two tables below. Other packages add theirs by entry points:

    [project.entry-points."t2v_recaption.backends"]
    mine = "my_package.backend:MyBackend"

A built-in name wins over an entry point of the same name, so no installed package can take over `openai`.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from t2v_recaption.errors import InvalidInput, MissingDependency, UnknownName
from t2v_recaption.records import Record

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend
    from t2v_recaption.writers.base import Writer

T = TypeVar("T")


@dataclass(frozen=True)
class Entry(Record):
    """One name: where its class is and what must be installed for it."""

    path: str
    """`module:Class`."""
    summary: str
    packages: tuple[str, ...] = ()
    """Import names of the packages it needs beyond the light base install."""
    extra: str = ""
    """The extra that installs them."""
    needs: str = ""
    """What else it needs, for people: a running server, a model folder."""
    sees: str = ""
    """What it can be shown besides text, for people."""
    source: str = ""
    """The distribution that provides it; empty for our own."""


@dataclass(frozen=True)
class Description(Record):
    """What there is to know about a name without importing its class."""

    name: str
    summary: str
    needs: str
    installed: bool
    missing: tuple[str, ...]
    """Packages that are not installed."""
    install: str
    """The command that installs what is missing; empty when nothing is."""
    source: str
    sees: str = ""


class Registry(Generic[T]):
    """A table of names for classes of one kind.

    Args:
        kind: the word for one of them, for messages.
        group: the entry point group that other packages use.
        entries: the built-in names.
    """

    def __init__(self, kind: str, group: str, entries: Mapping[str, Entry]) -> None:
        self.kind = kind
        self.group = group
        self._builtin = dict(entries)

    def entries(self) -> dict[str, Entry]:
        """All names with their entries, built-in ones first."""
        others = {name: entry for name, entry in self._plugins().items() if name not in self._builtin}
        return {**self._builtin, **others}

    def names(self) -> list[str]:
        """All names, built-in ones first."""
        return list(self.entries())

    def entry(self, name: str) -> Entry:
        """The entry of a name.

        Raises:
            UnknownName: there is none; the nearest names are offered.
        """
        if name in self._builtin:
            return self._builtin[name]
        entries = self.entries()
        if name not in entries:
            raise UnknownName(self.kind, name, entries)
        return entries[name]

    def load(self, name: str) -> type[T]:
        """The class of a name.

        Raises:
            UnknownName: no such name.
            MissingDependency: a package that it needs is not installed.
        """
        entry = self.entry(name)
        for package in _missing(entry):
            raise MissingDependency(f"The {self.kind} {name!r}", package, entry.extra)
        module, _, attribute = entry.path.partition(":")
        try:
            found: type[T] = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if entry.source or (error.name or "").startswith("t2v_recaption"):
                raise self._broken(name, entry, error) from error
            raise MissingDependency(f"The {self.kind} {name!r}", error.name or "?", entry.extra or "all") from error
        except (ImportError, AttributeError) as error:
            raise self._broken(name, entry, error) from error
        return found

    def create(self, name: str, **options: Any) -> T:
        """An instance of the class of a name.

        Raises:
            UnknownName: no such name.
            MissingDependency: a package that it needs is not installed.
            InvalidInput: it has no option of that name, or one without which it cannot be made is missing.
        """
        found = self.load(name)
        try:
            inspect.signature(found).bind(**options)
        except TypeError as error:
            known = ", ".join(p for p in inspect.signature(found).parameters if p != "self") or "none"
            raise InvalidInput(
                f"The {self.kind} {name!r} cannot be made: {error}.", hint=f"Its options are: {known}."
            ) from error
        return found(**options)

    def describe(self) -> list[Description]:
        """What each name needs and whether it is installed; nothing is imported for it."""
        return [self._description(name, entry) for name, entry in self.entries().items()]

    def _description(self, name: str, entry: Entry) -> Description:
        missing = tuple(_missing(entry))
        install = f"python -m pip install 't2v-recaption[{entry.extra}]'" if missing else ""
        return Description(name, entry.summary, entry.needs, not missing, missing, install, entry.source, entry.sees)

    def _plugins(self) -> dict[str, Entry]:
        # Reading every installed package's entry points takes tens of milliseconds: only for names that are not ours.
        from importlib.metadata import entry_points

        found = {}
        for point in entry_points(group=self.group):
            source = point.dist.name if point.dist else "another package"
            found[point.name] = Entry(path=point.value, summary=f"from {source}", source=source)
        return found

    def _broken(self, name: str, entry: Entry, error: Exception) -> InvalidInput:
        who = f"the package {entry.source!r}" if entry.source else "this installation"
        return InvalidInput(
            f"The {self.kind} {name!r} cannot be imported from {entry.path}: {error}.", hint=f"Update or repair {who}."
        )


def _missing(entry: Entry) -> list[str]:
    return [package for package in entry.packages if not _installed(package)]


def _installed(package: str) -> bool:
    if package in sys.modules:
        return sys.modules[package] is not None
    return importlib.util.find_spec(package) is not None


BACKENDS: Registry[Backend] = Registry(
    "backend",
    "t2v_recaption.backends",
    {
        "openai": Entry(
            path="t2v_recaption.backends.openai:OpenAIBackend",
            summary="any OpenAI-compatible server: vLLM, SGLang, Ollama, llama.cpp, LM Studio, hosted ones",
            packages=("openai",),
            extra="all",
            needs="a running server (--base-url) or an API key in OPENAI_API_KEY",
            sees="images; video with the option video=true, where the server takes it",
        ),
        "transformers": Entry(
            path="t2v_recaption.backends.transformers:TransformersBackend",
            summary="a model in this process: a local folder, a GGUF file or a Hugging Face id",
            packages=("torch", "transformers"),
            extra="local",
            needs="memory for the model; by default it downloads Qwen/Qwen3-4B-Instruct-2507 (8 GB) once, and where it "
            "is to see, Qwen/Qwen3-VL-4B-Instruct (9 GB)",
            sees="images with any vision-language model; video where the model takes it and torchvision is installed",
        ),
        "sharecaptioner": Entry(
            path="t2v_recaption.backends.sharecaptioner.backend:ShareCaptionerBackend",
            summary="the original ShareCaptioner-Video, in a process with an environment of its own",
            packages=("PIL",),
            extra="video",
            needs="t2v backends install sharecaptioner, a GPU with 20 GB, and your yes to the code that comes with it",
            sees="images",
        ),
        "scripted": Entry(
            path="t2v_recaption.backends.scripted:ScriptedBackend",
            summary="answers from a list, a function or a file, for tests and demonstrations",
            needs="the answers",
            sees="images and video, without looking",
        ),
    },
)

WRITERS: Registry[Writer] = Registry(
    "writer",
    "t2v_recaption.writers",
    {
        "composer": Entry(
            path="t2v_recaption.writers.composer:Composer",
            summary="built in: composes from a knowledge base, no model, no download",
        ),
        "chat": Entry(
            path="t2v_recaption.writers.chat:ChatWriter",
            summary="any language or vision-language model, instructed and checked",
            needs="a backend",
        ),
        "sharecaptioner": Entry(
            path="t2v_recaption.writers.sharecaptioner:ShareCaptionerWriter",
            summary="the prompt re-captioning role of ShareCaptioner-Video, for that model behind a backend",
            needs="a backend that serves ShareCaptioner-Video",
        ),
    },
)


def describe() -> dict[str, list[Description]]:
    """Everything with a name: `{"backends": […], "writers": […]}`."""
    return {"backends": BACKENDS.describe(), "writers": WRITERS.describe()}
