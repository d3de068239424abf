"""The lock file: design and frozen claims, written before anything is made; a changed plan does not go unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from t2v_recaption.compare.design import Design, digest, order_digest
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record
from t2v_recaption.whole_files import write_whole

NAME = "ab.lock.json"
CLAIMS = "claims.jsonl"
FORMAT = 1
SHOWN = 6
"""Changes that a message lists."""


@dataclass(frozen=True)
class Lock(Record):
    """What was fixed, and when."""

    digest: str
    """Of the design and the claims."""
    made: str
    """UTC, ISO 8601."""
    claims_hash: str
    order: str
    """Hash of the order in which clips are made."""
    design: Mapping[str, Any]
    replaced: tuple[Mapping[str, Any], ...] = ()
    """Earlier plans of the same folder: `digest`, `made`, `until` and the `changes` that replaced each."""
    format: int = FORMAT


def fix(
    folder: Path, design: Design, claims: str, *, more: Mapping[str, Any] | None = None, new_plan: bool = False
) -> Lock:
    """Write the lock file of a run, or make sure that the run is still the one that it was.

    Args:
        folder: of the run.
        design: what is planned now.
        claims: the frozen claims, as JSON lines.
        more: what else decides the result: a generator that is no command.
        new_plan: replace a plan that differs; what it said stays on record.

    Raises:
        InvalidInput: the folder was made by another plan, and `new_plan` is not set.
    """
    path = folder / NAME
    plain = json.loads(json.dumps(design.plain() | dict(more or {}), default=str))
    claims_hash = digest(claims)
    found = digest([plain, claims_hash])
    old = read(folder)
    if old is not None and old.digest == found:
        return old
    lock = Lock(found, _now(), claims_hash, order_digest(design), plain)
    if old is not None:
        told = changes(old.design, plain) or ["the claims of the prompts"]
        if not new_plan:
            raise InvalidInput(
                f"The run in {folder} was planned otherwise: {_some(told)}.",
                hint="Repeat the first command, give another --run, or say --new-plan: the report will tell of it.",
            )
        ended = {"digest": old.digest, "made": old.made, "until": lock.made, "changes": told}
        lock = Lock(found, lock.made, claims_hash, lock.order, plain, (*old.replaced, ended))
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / CLAIMS, claims)
    write_whole(path, lock.to_json(indent=1) + "\n")
    return lock


def read(folder: Path) -> Lock | None:
    """The lock of a run; None where there is none.

    Raises:
        InvalidInput: it is not a lock file that this version can read.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}")
        return Lock(**(found | {"replaced": tuple(found["replaced"])}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{path} is no lock file of this version: {error}.", hint="Give another --run.") from error


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs between two designs, one short sentence each."""
    told = []
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if before != after:
            told += list(_differences(key, before, after))
    return told


def _differences(key: str, before: Any, after: Any) -> Iterator[str]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield f"{key} was {_short(before)} and is {_short(after)}"
    elif key == "prompts":
        gone, come = len(before.keys() - after.keys()), len(after.keys() - before.keys())
        other = sum(before[name] != after[name] for name in before.keys() & after.keys())
        yield f"prompts: {come} more, {gone} fewer, {other} other"
    else:
        for name in dict.fromkeys([*before, *after]):
            if name not in after:
                yield f"{key}: {name} is gone"
            elif name not in before:
                yield f"{key}: {name} is new"
            elif before[name] != after[name]:
                yield from _differences(f"{key}: {name}", before[name], after[name])


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"


def _some(told: list[str]) -> str:
    more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
