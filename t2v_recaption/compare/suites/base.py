"""What a suite is, and how one is found: a name, a path, a loader of its own for each format."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.records import Record, to_plain
from t2v_recaption.verify.model import Claim, ClaimSet

LOADERS: Mapping[str, str] = {
    "claims": "hand_written",
    "compbench": "compbench",
    "dsg": "dsg",
    "file": "plain",
    "genai-bench": "genai_bench",
    "vbench": "vbench",
    "vbench2": "vbench",
}
"""Suite → the module of this folder that reads it."""


@dataclass(frozen=True)
class SuitePrompt(Record):
    """One prompt of a suite."""

    id: str
    prompt: str
    stratum: str = ""
    """The group that results are also given for: the suite's first dimension, category or skill of the prompt."""
    tags: tuple[str, ...] = ()
    """All dimensions, categories or skills of the prompt."""
    claims: ClaimSet | None = None
    """What a clip must show, where the suite says so; None: claims are to be made from the prompt."""
    videos: tuple[str, ...] = ()
    """The file names under which the suite's own scripts look for the prompt's videos; empty: they do not care."""


@dataclass(frozen=True)
class Suite(Record):
    """A suite as read from disk."""

    name: str
    prompts: tuple[SuitePrompt, ...]
    source: str
    """The file that was read."""
    naming: str = ""
    """How the suite's own scripts find videos, in words."""
    notes: tuple[str, ...] = ()
    """What a user must know about the files: prompts that are there twice, rows that could not be used."""

    @property
    def claims(self) -> dict[str, ClaimSet]:
        """Prompt id → its claims, for the prompts that have them."""
        return {each.id: each.claims for each in self.prompts if each.claims is not None}

    @property
    def strata(self) -> dict[str, int]:
        """Stratum → number of prompts."""
        found: dict[str, int] = {}
        for each in self.prompts:
            found[each.stratum] = found.get(each.stratum, 0) + 1
        return found


class Loader(Protocol):
    """A module that reads a suite."""

    def load(self, name: str, path: Path) -> Suite:
        """The suite in that file or folder."""


def load_suite(name: str, path: str | Path) -> Suite:
    """Read a suite from disk.

    Args:
        name: `vbench`, `vbench2`, `compbench`, `dsg`, `genai-bench`, `claims` or `file`.
        path: its file, or the folder (the checked out repository) that holds it.

    Raises:
        UnknownName: no suite of that name.
        InvalidInput: the file is not there (the message names it) or is not what the suite's files look like.
    """
    if name not in LOADERS:
        raise UnknownName("suite", name, LOADERS)
    module: Any = importlib.import_module(f"t2v_recaption.compare.suites.{LOADERS[name]}")
    loader: Loader = module
    return loader.load(name, Path(path))


def write_prompts(suite: Suite, path: Path) -> None:
    """Write a suite as JSON lines with `id`, `stratum`, `prompt`, `videos` and `claims`, as `claims` reads them back.

    Raises:
        InvalidInput: the file cannot be written.
    """
    rows = ({**_plain(each), "claims": _claims(each)} for each in suite.prompts)
    try:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.", hint="Choose another place.") from error


def _plain(each: SuitePrompt) -> dict[str, Any]:
    return {"id": each.id, "stratum": each.stratum, "prompt": each.prompt, "videos": list(each.videos)}


def _claims(each: SuitePrompt) -> list[dict[str, Any]]:
    return [to_plain(claim) for claim in each.claims] if each.claims is not None else []


def find(path: Path, places: Sequence[str], what: str) -> Path:
    """The suite's file: the path itself, or the first of the places below it that is there.

    Raises:
        InvalidInput: none is; the message names what was looked for.
    """
    if path.is_file():
        return path
    for place in places:
        if (path / place).is_file():
            return path / place
    wanted = " or ".join(places)
    if not path.exists():
        raise InvalidInput(f"There is no file or folder {str(path)!r}.", hint=f"{what} is read from {wanted}.")
    raise InvalidInput(
        f"{path} does not hold {what}: it has no {wanted}.",
        hint="Give the folder of the suite's repository, or the file itself. Nothing is downloaded.",
    )


def read_json(path: Path) -> Any:
    """A JSON file.

    Raises:
        InvalidInput: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path} cannot be read as JSON: {error}.", hint="Is it the suite's own file?") from error


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, trailing blank ones left out.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", hint="It must be UTF-8 text.") from error


def claim_set(prompt: str, claims: Sequence[Claim], made_by: str) -> ClaimSet:
    """Claims of a suite as a set with its hash."""
    from t2v_recaption.verify.claims import hash_of

    return ClaimSet(prompt, tuple(claims), hash_of(prompt, tuple(claims)), made_by)


def not_like(path: Path, suite: str, why: str) -> InvalidInput:
    """The error for a file that is not what the suite's files look like."""
    return InvalidInput(f"{path} is not a file of {suite}: {why}.", hint="Give the file that comes with the suite.")
