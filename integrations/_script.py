"""Running other people's scripts as they are: their arguments, their modules, and one call on all ranks."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import os
import runpy
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

from t2v_recaption import InvalidInput, RecaptionError

LONGEST_WAIT = timedelta(hours=24)
"""How long the other ranks wait for the captions: a language model may take its time over a long list."""

_calls = count()


def value_of(arguments: Sequence[str], *names: str) -> str | None:
    """The value of the last option of these names (`--name value` or `--name=value`); None where it is not given."""
    found = None
    for index, argument in enumerate(arguments):
        name, sign, value = argument.partition("=")
        if name in names:
            found = value if sign else next(iter(arguments[index + 1 : index + 2]), None)
    return found


def with_value(arguments: Sequence[str], name: str, value: str) -> list[str]:
    """The arguments with that option, once, at the end; `=` keeps a value that begins with a hyphen a value."""
    return [*without(arguments, name, values=1), f"{name}={value}"]


def without(arguments: Sequence[str], *names: str, values: int = 0) -> list[str]:
    """The arguments without these options and the values that follow each."""
    kept: list[str] = []
    skip = 0
    for argument in arguments:
        name, sign, _ = argument.partition("=")
        if name in names:
            skip = 0 if sign else values
        elif skip:
            skip -= 1
        else:
            kept.append(argument)
    return kept


def script_of(arguments: Sequence[str], example: str, project: str) -> Path:
    """The script that the arguments begin with.

    Raises:
        InvalidInput: they begin with something else, or there is no such file.
    """
    if not arguments or arguments[0].startswith("-"):
        raise InvalidInput(
            "The first argument is not the script to run.",
            hint=f"For example: {example}; options for the enhancer go before a lone --.",
        )
    path = Path(arguments[0])
    if not path.is_file():
        raise InvalidInput(
            f"There is no script {arguments[0]!r} in {Path.cwd()}.",
            hint=f"Run this in the folder of your {project} checkout, or give the whole path.",
        )
    return path


def find_package(name: str, holds: str, project: str, *, near: Path | None = None) -> Path:
    """The folder of a host's package that holds a certain file, without importing it.

    Args:
        name: of the package.
        holds: a file or folder in it by which this project is known.
        project: its name, for people.
        near: a script of it, whose folder is looked in as well.

    Raises:
        InvalidInput: it is not on the path, or another project's package of that name is.
    """
    for folder in {Path.cwd(), (near or Path("here")).resolve().parent}:
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    hint = f"Run this in the folder of your {project} checkout, or put that folder on PYTHONPATH."
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec is not None else []
    if not folders:
        raise InvalidInput(f"The module {name!r} of {project} cannot be imported.", hint=hint)
    for folder in folders:
        if (folder / holds).exists():
            return folder
    raise InvalidInput(f"{folders[0]} is no {project}: it has no {holds}.", hint=hint)


def stand_in(name: str, **names: Any) -> ModuleType:
    """Put a module of these names where `import name` finds it, so that the host's own is never imported."""
    module = ModuleType(name, "A stand-in by t2v_recaption.")
    vars(module).update(names)
    sys.modules[name] = module
    return module


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Run a module as `python -m name arguments…` would."""
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def run_script(path: Path, arguments: Sequence[str], functions: Mapping[str, Callable[..., Any]] | None = None) -> None:
    """Run a script as `python path arguments…` would, with other functions under these names where it defines them.

    Raises:
        InvalidInput: the script defines none of them.
    """
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    if not functions:
        runpy.run_path(str(path), run_name="__main__")
        return
    tree = ast.parse(path.read_bytes(), str(path))
    if not (defined := defined_in(tree) & functions.keys()):
        raise InvalidInput(
            f"{path} defines no {' or '.join(functions)}.", hint="Is it the script of another version of the host?"
        )
    _replace(tree, defined)
    # Its name is the main module's: it asks for that, and what it defines is pickled by that name.
    ours, main = sys.modules["__main__"], ModuleType("__main__")
    vars(main).update({"__file__": str(path)} | {f"_t2v_{name}": functions[name] for name in defined})
    sys.modules["__main__"] = main
    try:
        exec(compile(tree, str(path), "exec"), vars(main))
    finally:
        sys.modules["__main__"] = ours


def defined_in(tree: ast.Module) -> set[str]:
    """The functions that a module defines at its top."""
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _replace(tree: ast.Module, names: set[str]) -> None:
    """After each of these functions, let its name mean ours. In memory: nobody's file is touched."""
    body: list[ast.stmt] = []
    for node in tree.body:
        body.append(node)
        if isinstance(node, ast.FunctionDef) and node.name in names:
            body += ast.parse(f"{node.name} = _t2v_{node.name}").body
    tree.body = body


def on_all_ranks(compute: Callable[[], list[str]], *, repeatable: bool) -> list[str]:
    """What rank 0 computes, on every rank of a torchrun, before or after the script makes its process group.

    Args:
        compute: makes one text for each prompt.
        repeatable: whether every rank would compute the same (true of the composer).

    Raises:
        RecaptionError: rank 0 failed; on every rank.
        InvalidInput: several ranks that no torchrun started, which might compute different texts.
    """
    if int(os.environ.get("WORLD_SIZE") or 1) == 1:
        return compute()
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        if repeatable:
            return compute()
        raise InvalidInput(
            "Several ranks would each ask the language model, and might get different captions.",
            hint="Start them with torchrun, or enhance the prompts first: t2v-enhance --file.",
        )
    dist: Any = importlib.import_module("torch.distributed")
    port = int(os.environ["MASTER_PORT"])
    store = dist.TCPStore(os.environ["MASTER_ADDR"], port, is_master=False, timeout=LONGEST_WAIT)
    key = f"t2v_recaption/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}/{next(_calls)}"
    if os.environ.get("RANK") == "0":
        store.set(key, _answer(compute))
    answer = json.loads(store.get(key))
    if "error" in answer:
        raise RecaptionError(answer["error"], hint=answer["hint"])
    texts: list[str] = answer["texts"]
    return texts


def _answer(compute: Callable[[], list[str]]) -> str:
    try:
        return json.dumps({"texts": compute()})
    except RecaptionError as error:
        return json.dumps({"error": error.message, "hint": error.hint})
