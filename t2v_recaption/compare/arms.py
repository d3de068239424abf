"""Arms: whatever turns a prompt into a text, and what stands for them on the command line and in a plan file.

raw                                    the prompt itself
composer:target=wan2.2,seed=3          a writer with its settings
qwen=chat:model=qwen3:8b,base_url=…    the same under a name of your own
gpt4o=rewrites.txt                     a file of rewrites
mine=python:package.module:function    a function of yours: prompt → text
old=clips/old                          a folder of clips that are there already
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record

Source = Literal["raw", "writer", "file", "function", "clips"]

NAME = re.compile(r"[A-Za-z0-9][\w.+-]{0,39}")
SPEC = re.compile(rf"(?:({NAME.pattern})=)?(.+)", re.DOTALL)
OPTION_BREAK = re.compile(r",(?=[A-Za-z_-]+=)")
SECRET = re.compile(r"(?i)(api.?key|token|secret|password)$")
WITH_PASSWORD = re.compile(r"://[^/@\s]+@")
ANY_ARM = ("clips", "generate", "seeds", "column")
"""Settings that are no writer's."""


@dataclass(frozen=True)
class Arm(Record):
    """One side of a comparison."""

    name: str
    source: Source
    """Where its texts come from; `clips`: nowhere, there are only clips."""
    writer: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the writer: target, seed, template, model …"""
    path: str = ""
    """The file of rewrites, or `module:function`."""
    column: str = ""
    """The column or key of the file that holds the rewrite."""
    clips: str = ""
    """A folder of clips that are there already."""
    generate: str = ""
    """A command of its own that makes its clips."""
    seeds: tuple[int, ...] = ()
    """Seeds of its own; empty: those of the design."""
    function: Callable[[str], str] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise InvalidInput(f"{self.name!r} cannot name an arm.", hint="Use letters, digits, - _ . and +.")

    def identity(self) -> dict[str, Any]:
        """Everything that decides its texts and clips: equal identities, equal arms.

        Raises:
            InvalidInput: its file or function is not there.
            UnknownName: its writer or target is not known.
        """
        found: dict[str, Any] = {"source": self.source}
        if self.source == "writer":
            with self.enhancer() as enhancer:
                found["settings"] = enhancer.settings()
        elif self.source == "file":
            found |= {"sha256": file_digest(Path(self.path)), "column": self.column}
        elif self.source == "function":
            found["function"] = self.path
            if self.function is not None:
                # Two lambdas of one line have the same name, and are two functions.
                found["arm"] = self.name
        return found | {
            key: value
            for key, value in (("clips", self.clips), ("generate", self.generate), ("seeds", list(self.seeds)))
            if value
        }

    def enhancer(self) -> Any:
        """The enhancer behind an arm that is a writer."""
        from t2v_recaption.enhancer import Enhancer

        return Enhancer(writer=self.writer, **_enhancer_options(self.writer, self.settings))

    @classmethod
    def of(cls, name: str, function: Callable[[str], str], **more: Any) -> Arm:
        """An arm that is a Python function: prompt → text. Its name in the plan is where it is defined."""
        named = getattr(function, "__qualname__", type(function).__qualname__)
        where = f"{getattr(function, '__module__', None) or 'builtins'}:{named}"
        return cls(name, "function", path=where, function=function, **more)


def parse_arm(spec: str | Mapping[str, Any], folder: Path = Path()) -> Arm:
    """The arm that a text (see the module) or an entry of a plan file describes.

    Args:
        spec: the text, or a mapping with `name` and the keys of the text form.
        folder: where relative paths start.

    Raises:
        InvalidInput: it says nothing that can be an arm.
    """
    if isinstance(spec, str):
        return _from_text(spec, folder)
    options = dict(spec)
    name = str(options.pop("name", ""))
    kinds = [key for key in ("raw", "writer", "file", "python", "clips") if options.get(key)]
    what = next((key for key in kinds if key != "clips"), "clips" if kinds else "")
    if not what:
        raise InvalidInput(f"The arm {name or dict(spec)!r} says no writer, file, python or clips.")
    value = options.pop(what)
    if what in ("raw", "writer"):
        return _made(name, "raw" if what == "raw" else str(value), options, folder)
    return _made(name, f"{'python:' if what == 'python' else ''}{value}", options, folder)


def check_names(arms: tuple[Arm, ...]) -> None:
    """Two arms or more, each with a name of its own.

    Raises:
        InvalidInput: one arm, or two of the same name.
    """
    if len(arms) < 2:
        raise InvalidInput("A comparison needs two arms.", hint="For example: --arm raw --arm composer")
    seen: set[str] = set()
    for arm in arms:
        if arm.name.lower() in seen:
            raise InvalidInput(f"Two arms are named {arm.name!r}.", hint="Name them: --arm NAME=…")
        seen.add(arm.name.lower())


def file_digest(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        InvalidInput: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", hint="Check the path.") from error


def _from_text(spec: str, folder: Path) -> Arm:
    found = SPEC.fullmatch(spec.strip())
    name, rest = (found[1] or "", found[2]) if found else ("", "")
    if rest and (folder / rest).exists():
        return _made(name, rest, {}, folder)
    if rest.startswith("python:"):
        return _made(name, rest, {}, folder)
    what, sign, options = _split(rest)
    if sign and not options:
        raise InvalidInput(f"The arm {spec!r} ends in a colon.", hint="Write settings as key=value,key=value.")
    return _made(name, what, options_of(options, spec), folder)


def _split(rest: str) -> tuple[str, str, str]:
    """`WHAT:key=value` at the first colon that settings follow (a Windows path has one before)."""
    found = re.search(r":(?=[A-Za-z_-]+=)|:$", rest)
    return (rest[: found.start()], ":", rest[found.end() :]) if found else (rest, "", "")


def options_of(text: str, spec: str) -> dict[str, Any]:
    """`key=value,key=value` with the values read as YAML; `spec` is what an error names.

    Raises:
        InvalidInput: a part without `=`.
    """
    import yaml

    options: dict[str, Any] = {}
    for part in OPTION_BREAK.split(text) if text else ():
        key, sign, value = part.partition("=")
        if not sign:
            raise InvalidInput(f"{part!r} in the arm {spec!r} is not key=value.")
        try:
            options[key.strip().replace("-", "_")] = yaml.safe_load(value)
        except yaml.YAMLError:
            options[key.strip().replace("-", "_")] = value
    return options


def _made(name: str, what: str, options: dict[str, Any], folder: Path) -> Arm:
    from t2v_recaption.registry import WRITERS

    no_secrets(options, name or what)
    common: dict[str, Any] = {
        "column": str(options.pop("column", "")),
        "clips": _path(options.pop("clips", ""), folder),
        "generate": str(options.pop("generate", "")),
        "seeds": read_seeds(options.pop("seeds", ())),
    }
    if what == "raw":
        return _plain(Arm(name or "raw", "raw", **common), options)
    if what.startswith("python:"):
        return _plain(
            Arm(name or what.rpartition(":")[2], "function", path=what.removeprefix("python:"), **common), options
        )
    path = folder / what
    if path.is_dir():
        return _plain(Arm(name or path.name, "clips", **(common | {"clips": str(path)})), options)
    if path.is_file():
        return _plain(Arm(name or path.stem, "file", path=str(path), **common), options)
    if path.suffix.lower() in (".txt", ".csv", ".jsonl") or "/" in what:
        raise InvalidInput(f"There is no file {str(path)!r} for the arm {name or what!r}.", hint="Check the path.")
    WRITERS.entry(what)
    return Arm(name or what, "writer", writer=what, settings=options, **common)


def no_secrets(options: Mapping[str, Any], what: str) -> None:
    """Refuse keys and passwords among options.

    Raises:
        InvalidInput: there is one.
    """
    for key, value in options.items():
        if SECRET.search(key) or WITH_PASSWORD.search(str(value)):
            raise InvalidInput(
                f"{what!r} holds {key!r}: plans and reports would show it.",
                hint="Give keys in the environment (OPENAI_API_KEY).",
            )


def _plain(arm: Arm, options: Mapping[str, Any]) -> Arm:
    if options:
        raise InvalidInput(
            f"The arm {arm.name!r} has no setting {next(iter(options))!r}.",
            hint=f"Only writers have settings; every arm may have {', '.join(ANY_ARM)}.",
        )
    return arm


def _path(value: Any, folder: Path) -> str:
    if not value:
        return ""
    path = folder / str(value)
    if not path.is_dir():
        raise InvalidInput(f"There is no folder of clips {str(path)!r}.", hint="Check the path.")
    return str(path)


def read_seeds(value: Any) -> tuple[int, ...]:
    """Seeds as a plan writes them: a list, `0-3`, `7`, `1 5 9`, or nothing.

    Raises:
        InvalidInput: no whole numbers, or one twice.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if isinstance(value, str):
        found: list[int] = []
        for part in value.replace(",", " ").replace("+", " ").split():
            if not (ends := re.fullmatch(r"(\d+)(?:-(\d+))?", part)):
                raise InvalidInput(f"{part!r} is no seed.", hint="Write 0-3, or 1 5 9.")
            found += range(int(ends[1]), int(ends[2] or ends[1]) + 1)
        value = found
    if not isinstance(value, (list, tuple)) or not all(isinstance(seed, int) for seed in value):
        raise InvalidInput(f"{value!r} are no seeds.", hint="Write whole numbers.")
    if len(set(value)) != len(value):
        raise InvalidInput(f"A seed is there twice in {list(value)}.", hint="The same seed makes the same clip.")
    return tuple(value)


def _enhancer_options(writer: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Sort settings into the enhancer's, the writer's, and the rest, which the backend takes."""
    import inspect

    from t2v_recaption.enhancer import Enhancer
    from t2v_recaption.registry import WRITERS

    ours = set(inspect.signature(Enhancer).parameters) - {"writer", "judge", "counters", "writer_options"}
    theirs = set(inspect.signature(WRITERS.load(writer)).parameters) - {"self", "backend"}
    options = {key: value for key, value in settings.items() if key in ours or key in theirs}
    rest = {key: value for key, value in settings.items() if key not in options}
    cache = rest.pop("cache", True)
    if writer == "composer" and rest:
        raise InvalidInput(
            f"The composer has no setting {next(iter(rest))!r}.",
            hint=f"It has {', '.join(sorted(ours - {'backend'}))}.",
        )
    if isinstance(options.get("keep"), str):
        options["keep"] = [options["keep"]]
    return options if writer == "composer" else options | {"backend_options": rest, "cache": cache}
