"""Reads target files: one YAML a video model, found by name or alias, or a path of the user's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from t2v_recaption import prompts
from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.targets.model import Encoder, Target, Words

FOLDER = Path(prompts.__file__).parent / "targets"


LISTS = ("sources", "aliases", "tasks", "languages", "order", "rules", "rules_i2v")
"""Keys that hold lists of text."""


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all built-in targets, sorted."""
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in FOLDER.iterdir() if entry.name.endswith(".yaml")))


@lru_cache(maxsize=1)
def aliases() -> dict[str, str]:
    """Every alias of every built-in target → its name."""
    return {alias: name for name in names() for alias in load(name).aliases}


def load(name: str) -> Target:
    """The target of that name, alias, or path to a YAML file.

    Raises:
        UnknownName: no such target; the nearest names are offered.
        InvalidInput: the file cannot be read or does not describe a target.
    """
    if name.endswith((".yaml", ".yml")):
        return load_file(Path(name))
    key = re.sub(r"[\s_]+", "-", name.strip().lower())
    if key in names():
        return _load_builtin(key)
    if key in aliases():
        return _load_builtin(aliases()[key])
    raise UnknownName("target", name, {*names(), *aliases()})


@cache
def _load_builtin(name: str) -> Target:
    return _read((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), name)


def load_file(path: Path) -> Target:
    """A target from a YAML file of the user's own (same keys as the built-in ones).

    Raises:
        InvalidInput: the file cannot be read or does not describe a target.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The target file {path} cannot be read: {error}.", hint="Check the path.") from error
    return _read(text, path.stem)


def _read(text: str, name: str) -> Target:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        data = yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        raise InvalidInput(f"The target {name!r} is not valid YAML: {error}.") from error
    if not isinstance(data, Mapping):
        raise InvalidInput(f"The target {name!r} is not a YAML mapping.", hint="See prompts/targets/generic.yaml.")
    return _build({"name": name, **data})


def _build(data: Mapping[str, Any]) -> Target:
    known = {field.name for field in fields(Target)}
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    if unknown := sorted(values.keys() - known):
        raise InvalidInput(
            f"The target {data['name']!r} has unknown keys: {', '.join(unknown)}.",
            hint=f"Known keys: {', '.join(sorted(known))}.",
        )
    for key in LISTS:
        if not all(isinstance(item, str) for item in values.get(key, ())):
            raise InvalidInput(
                f"The target {data['name']!r} has something else than text under {key}.",
                hint="Put quotes around a line that contains a colon.",
            )
    try:
        values["encoders"] = tuple(Encoder(**encoder) for encoder in data["encoders"])
        for key in ("words", "words_i2v"):
            if values.get(key) is not None:
                values[key] = Words(**values[key])
        return Target(**values)
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"The target {data['name']!r} is incomplete: {error}.") from error
