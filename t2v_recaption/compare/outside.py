"""Scores that another tool gave: one file an arm, read when the plan is made, compared like every other measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from t2v_recaption.compare import external
from t2v_recaption.compare.arms import file_digest
from t2v_recaption.compare.items import Items
from t2v_recaption.compare.measures import Measure
from t2v_recaption.compare.scores import Score
from t2v_recaption.errors import InvalidInput

NAME = "scores"
READERS = ("vbench", "compbench", "file")


def split_scores(spec: str) -> tuple[str, str, str]:
    """Reader, dimension and file of `vbench:results.json`, `vbench@color:results.json`, or just a .csv or .jsonl.

    Raises:
        InvalidInput: no such reader.
    """
    reader, sign, path = spec.partition(":")
    name, _, dimension = reader.partition("@")
    if not sign or (name not in READERS and Path(spec).exists()):
        return "file", "", spec
    if name not in READERS:
        raise InvalidInput(f"{spec!r} names no reader of scores.", hint=f"There are: {', '.join(READERS)}.")
    return name, dimension, path


def identity(scores: Mapping[str, str]) -> dict[str, Any]:
    """The files and their contents, for the lock."""
    return {arm: {"spec": spec, "sha256": file_digest(Path(split_scores(spec)[2]))} for arm, spec in scores.items()}


def read_scores(spec: str, items: Items) -> list[Score]:
    """The scores of an arm, of the prompts that are compared.

    Raises:
        InvalidInput: the file cannot be read, or has no score of any of the prompts.
    """
    reader, dimension, path = split_scores(spec)
    ids = {item.prompt.strip(): item.id for item in items.items}
    if reader == "vbench":
        found = external.scores_from_vbench(path, dimension=dimension, ids=ids)
    elif reader == "compbench":
        prompts = [item.prompt for item in items.items]
        found = external.scores_from_compbench(path, category=dimension, prompts=prompts, ids=ids)
    else:
        found = [
            replace(score, prompt=ids.get(score.prompt.strip(), score.prompt))
            for score in external.scores_from_file(path)
        ]
    known = {item.id for item in items.items}
    mine = [score for score in found if score.prompt in known]
    if not mine:
        raise InvalidInput(f"{path} has no score of any of the prompts.", hint="It must name them as they are written.")
    there = {score.prompt for score in mine}
    return [*mine, *(Score(item.id, None) for item in items.items if item.id not in there)]


def outside_measure(scores: Mapping[str, Sequence[Score]]) -> Measure:
    """The measure that such scores are: a share where all of them lie between 0 and 1."""
    values = [score.value for some in scores.values() for score in some if score.value is not None]
    share = all(0 <= value <= 1 for value in values)
    return Measure(
        NAME, "scores of another tool", lambda texts: [], (0.0, 1.0) if share else None, unit="" if share else "points"
    )
