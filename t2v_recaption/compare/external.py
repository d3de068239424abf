"""Scores from elsewhere: result files of VBench, VBench-2.0 and T2V-CompBench, and any CSV or JSON lines.

Each reader gives `Score`s whose `prompt` is the prompt's own words (or the id that `ids` has for them), so that two
arms scored by the same tool can be compared. What a tool could not score is None, never 0.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from t2v_recaption.compare.scores import Score
from t2v_recaption.errors import InvalidInput

PERCENT = frozenset({"imaging_quality"})
"""VBench's dimensions whose values for single videos are 0 to 100 (the mean is divided by 100 afterwards)."""

Ids = Mapping[str, str]
"""Prompt → its id."""


def scores_from_vbench(path: str | Path, *, dimension: str = "", ids: Ids | None = None) -> list[Score]:
    """The scores of single videos in an `…_eval_results.json` of VBench or VBench-2.0.

    The file maps each dimension to [mean, [{video_path, video_results}, …]]; prompt and seed are read from the name
    of the video, `PROMPT-SEED.mp4`. Dimensions become claims and categories.

    Args:
        path: the result file.
        dimension: only this one; empty: all.
        ids: prompt → id; a prompt that is not in it is left as it is.

    Raises:
        InvalidInput: the file cannot be read, has no such dimension, or no results of single videos.
    """
    told = _json(Path(path))
    if not isinstance(told, dict) or (dimension and dimension not in told):
        names = ", ".join(told) if isinstance(told, dict) else "nothing of the kind"
        raise InvalidInput(f"{path} has no results of {dimension or 'VBench'}.", hint=f"It has: {names}.")
    chosen = [dimension] if dimension else list(told)
    return [score for name in chosen for score in _dimension(Path(path), name, told[name], ids or {})]


def _dimension(path: Path, name: str, told: Any, ids: Ids) -> Iterable[Score]:
    videos = told[1] if isinstance(told, list) and len(told) > 1 else None
    if not isinstance(videos, list):
        raise InvalidInput(f"{path} has no results of single videos for {name!r}, only a mean: it cannot be paired.")
    for video in videos:
        if not isinstance(video, dict) or "video_path" not in video:
            raise InvalidInput(f"{path} has a result of {name!r} without a video_path.")
        prompt, seed = _named(str(video["video_path"]))
        value = _number(video.get("video_results"))
        if value is not None and name in PERCENT:
            value /= 100
        yield Score(ids.get(prompt, prompt), value, seed, name, name)


def _named(video: str) -> tuple[str, int]:
    """Prompt and seed from `folder/PROMPT-3.mp4`, whatever system wrote the path."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,4}$", "", re.split(r"[/\\]", video)[-1])
    match = re.fullmatch(r"(.*)-(\d+)", stem, re.S)
    return (match[1], int(match[2])) if match else (stem, 0)


NORMAL: Mapping[str, Callable[[float], float]] = {
    "consistent_attr": lambda x: (x - 1) / 4,
    "object_interactions": lambda x: (x - 1) / 4,
    "action_binding": lambda x: x / 5,
    "dynamic_attr": lambda x: x,
    "numeracy": lambda x: x,
    "spatial": lambda x: x,
    "motion": lambda x: 0.0 if x < 0 else 0.8 * x + 0.2,
}
"""T2V-CompBench: what its scripts make of a video's number before they average it (0 to 1 each)."""

FILES = {
    "consistent_attr_score": "consistent_attr",
    "dynamic_attr_score": "dynamic_attr",
    "action_binding_score": "action_binding",
    "object_interactions_score": "object_interactions",
    "numeracy_video": "numeracy",
    "2dvideo": "spatial",
    "3dvideo": "spatial",
    "score": "motion",
}
"""How its result files end, longest first, and the category."""


def scores_from_compbench(
    path: str | Path, *, category: str = "", prompts: Iterable[str] = (), ids: Ids | None = None
) -> list[Score]:
    """The scores of single videos in a result CSV of T2V-CompBench, brought to 0 … 1 as its own scripts do.

    Args:
        path: `MODEL_consistent_attr_score.csv`, `MODEL_numeracy_video.csv`, `MODEL_2dvideo.csv`, `MODEL_score.csv` …
        category: of `NORMAL`; empty: by the name of the file.
        prompts: those of the category in their order, for the files that name a video by its number only.
        ids: prompt → id; a prompt that is not in it is left as it is.

    Raises:
        InvalidInput: the file cannot be read, is of no known category, or names a video that no prompt belongs to.
    """
    file = Path(path)
    kind = category or next((name for end, name in FILES.items() if file.stem.endswith(end)), "")
    if kind not in NORMAL:
        raise InvalidInput(f"{file.name!r} is of no known category.", hint=f"Name one: {', '.join(NORMAL)}.")
    rows = _rows(file)
    header, listed = [name.strip().lower() for name in rows[0]], list(prompts)
    named = header.index("prompt") if "prompt" in header else -1
    found = []
    for row in rows[1:]:
        if not row or row[0].strip().startswith("score:"):
            continue  # the mean, which its scripts append
        prompt = row[named] if named >= 0 else _by_number(file, row[0], listed)
        raw = _number(row[-1])
        found.append(Score((ids or {}).get(prompt, prompt), None if raw is None else NORMAL[kind](raw), 0, "", kind))
    return found


def _by_number(file: Path, video: str, prompts: list[str]) -> str:
    match = re.search(r"(\d+)(?:\.\w+)?$", video.strip())
    if not prompts:
        return video.strip()
    if not match or not 1 <= int(match[1]) <= len(prompts):
        raise InvalidInput(f"{file} names the video {video!r}; there are {len(prompts)} prompts.", hint="Count from 1.")
    return prompts[int(match[1]) - 1]


def scores_from_file(path: str | Path, *, value: str = "value") -> list[Score]:
    """Scores of any scorer: a .csv or .jsonl with `prompt`, `value` and, where there are, `seed`, `claim`, `category`.

    An empty value, `null`, `nan` or anything that is no number is a score that could not be given.

    Raises:
        InvalidInput: the file cannot be read, or has no such columns.
    """
    file = Path(path)
    if file.suffix.lower() == ".jsonl":
        rows = [_row(file, n, line) for n, line in enumerate(_text(file).splitlines(), 1) if line.strip()]
    else:
        table = _rows(file)
        rows = [dict(zip(table[0], each, strict=False)) for each in table[1:] if any(each)]
    for number, row in enumerate(rows, 1):
        if "prompt" not in row or value not in row:
            raise InvalidInput(f"Row {number} of {file} has no 'prompt' or no {value!r}.", hint=f"It has: {list(row)}.")
    return [
        Score(
            str(row["prompt"]),
            _number(row[value]),
            int(_number(row.get("seed")) or 0),
            str(row.get("claim") or ""),
            str(row.get("category") or ""),
        )
        for row in rows
    ]


def _row(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InvalidInput(f"Line {number} of {file} is not valid JSON: {error}.") from error
    if not isinstance(row, dict):
        raise InvalidInput(f"Line {number} of {file} is no object.")
    return row


def _number(value: Any) -> float | None:
    """A finite number; None for everything else ("bad reply", empty, NaN)."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", hint="Check the path.") from error


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except ValueError as error:
        raise InvalidInput(f"{path} is not valid JSON: {error}.") from error


def _rows(path: Path) -> list[list[str]]:
    try:
        rows = [row for row in csv.reader(_text(path).splitlines(keepends=True)) if row]
    except csv.Error as error:
        raise InvalidInput(f"{path} is not a valid CSV file: {error}.") from error
    if len(rows) < 2:
        raise InvalidInput(f"{path} has no rows.")
    return rows
