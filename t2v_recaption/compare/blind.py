"""Blind judging by a person: two texts or clips side by side, nothing that tells which arm made which."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from t2v_recaption.compare.design import digest
from t2v_recaption.compare.preference import Preference, Side, summed
from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.pages import page
from t2v_recaption.pages.page import source
from t2v_recaption.records import Record
from t2v_recaption.whole_files import write_whole

KEY = "blind.key.json"
ANSWERS = "answers.jsonl"
RESULT = "result.json"
CHOICES = ("left", "right", "tie")
LARGEST = 200_000_000
"""Bytes of clips in a page that works by itself: browsers give up on much more."""

Choice = Literal["left", "right", "tie"]


@dataclass(frozen=True)
class Pair(Record):
    """One question to a person. What `key` holds is never in the page."""

    number: int
    prompt: str
    left: str
    """A text, or the path of a clip."""
    right: str
    key: Mapping[str, Any]
    """`item`, `position`, `left` and `right` (arms)."""


@dataclass(frozen=True)
class Sheet(Record):
    """All questions in the order in which they are put."""

    id: str
    """Hash of the questions: answers of another sheet are refused."""
    clips: bool
    pairs: tuple[Pair, ...]


def sheet_of(folder: Path, first: str = "", second: str = "") -> Sheet:
    """The questions about two arms of a run (default: the first two), order and sides shuffled.

    Raises:
        InvalidInput: the run has no results yet, or nothing that can be shown side by side.
        UnknownName: no such arm.
    """
    told = _result(folder)
    names = list(told["lock"]["design"]["arms"])
    chosen = list(combinations(names, 2)) if not (first or second) else [_two(names, first, second)]
    clips = told["lock"]["design"]["level"] == "clip"
    found = [pair for row in told["rows"] for two in chosen for pair in _pairs(row, two, clips)]
    if not found:
        raise InvalidInput(f"The run in {folder} has no two different sides to show.", hint="Carry it out first.")
    order = random.Random(f"blind {told['lock']['digest']} {chosen}")
    order.shuffle(found)
    pairs = []
    for number, (item, prompt, position, sides) in enumerate(found, 1):
        (left, shown_left), (right, shown_right) = order.sample(sides, 2)
        key = {"item": item, "position": position, "left": left, "right": right}
        pairs.append(Pair(number, prompt, shown_left, shown_right, key))
    return Sheet(digest([pair.to_dict() for pair in pairs])[:16], clips, tuple(pairs))


def write_key(folder: Path, sheet: Sheet) -> Path:
    """Keep which side is which arm, away from the page."""
    path = folder / KEY
    keys = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    keys[sheet.id] = {str(pair.number): pair.key for pair in sheet.pairs}
    write_whole(path, json.dumps(keys, ensure_ascii=False, indent=1))
    return path


def blind_page(sheet: Sheet, answers: Mapping[int, Choice] | None = None, *, served: bool = False) -> str:
    """The page that shows the questions.

    Args:
        sheet: the questions.
        answers: what was answered before.
        served: clips and answers go through the server that the page came from; otherwise clips are in the page, and
            answers are kept by the browser until they are saved as a file.

    Raises:
        InvalidInput: the clips are too large for one page.
    """
    shown = [_question(pair, clips=sheet.clips, served=served) for pair in sheet.pairs]
    if sum(len(each["left"]) + len(each["right"]) for each in shown) > LARGEST:
        raise InvalidInput("The clips are too large for one page.", hint="Leave --page out, and judge on this machine.")
    return page(
        "blind.html",
        title="Which is better?",
        script=source("blind.js"),
        same_site=served,
        data={
            "sheet": sheet.id,
            "clips": sheet.clips,
            "served": served,
            "pairs": shown,
            "answers": {str(number): choice for number, choice in (answers or {}).items()},
        },
    )


def read_answers(path: Path, sheet: str = "") -> dict[str, dict[int, Choice]]:
    """Answers by sheet and number; the last one of a number counts, and an empty one takes it back.

    Raises:
        InvalidInput: a line that is no answer.
    """
    found: dict[str, dict[int, Choice]] = {}
    if not path.exists():
        return found
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            name, at, choice = str(told["sheet"]), int(told["number"]), told["choice"]
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):
                continue  # torn by a kill
            raise InvalidInput(f"Line {number} of {path} is no answer.", hint="Each is a JSON object.") from error
        some = found.setdefault(name, {})
        if choice in CHOICES:
            some[at] = choice
        else:
            some.pop(at, None)
    return {name: some for name, some in found.items() if not sheet or name == sheet}


def add_answer(folder: Path, sheet: Sheet, number: int, choice: str | None, seconds: float = 0.0) -> None:
    """Append an answer.

    Raises:
        InvalidInput: no such question or choice.
    """
    if not 1 <= number <= len(sheet.pairs) or choice not in (*CHOICES, None):
        raise InvalidInput(f"{choice!r} is no answer to question {number}.", hint=f"Say {', '.join(CHOICES)}.")
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    line = {"sheet": sheet.id, "number": number, "choice": choice, "seconds": round(seconds, 2), "at": at}
    with (folder / ANSWERS).open("a+b") as stream:
        stream.seek(0, 2)
        # After a kill in the middle of a line, the next one must not be lost with it.
        if stream.tell() and not _ends_well(folder / ANSWERS):
            stream.write(b"\n")
        stream.write(json.dumps(line).encode() + b"\n")


def take_in(folder: Path, answers: Path) -> int:
    """Take in the answers that a page saved; how many there were.

    Raises:
        InvalidInput: no answers, or to questions that this run never put.
    """
    found = read_answers(answers)
    known = _keys(folder)
    if not found:
        raise InvalidInput(f"There are no answers in {answers}.")
    for name in found:
        if name not in known:
            raise InvalidInput(f"{answers} answers another page (sheet {name}).", hint="Give the folder of its run.")
    with (folder / ANSWERS).open("a", encoding="utf-8") as stream:
        for name, some in found.items():
            for number, choice in some.items():
                stream.write(json.dumps({"sheet": name, "number": number, "choice": choice}) + "\n")
    return sum(map(len, found.values()))


def person_preferences(folder: Path) -> tuple[Preference, ...]:
    """What a person chose in a run, as far as it was judged; sides were shuffled, so there are no orders to compare."""
    keys = _keys(folder)
    votes: dict[tuple[str, str], list[tuple[str, Side | None]]] = {}
    for name, some in read_answers(folder / ANSWERS).items():
        for number, choice in some.items():
            key = keys.get(name, {}).get(str(number))
            if key is None:
                continue
            first, second = sorted((key["left"], key["right"]))
            side: Side = "tie" if choice == "tie" else "first" if key[choice] == first else "second"
            votes.setdefault((first, second), []).append((key["item"], side))
    return tuple(summed("person", *two, some, None) for two, some in votes.items())


def _keys(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / KEY
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _result(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"There is no result in {folder}: {error}.", hint=f"Carry the comparison out first: t2v ab … --run {folder}"
        ) from error


def _two(names: Sequence[str], first: str, second: str) -> tuple[str, str]:
    one, two = first or next(n for n in names if n != second), second or next(n for n in names if n != first)
    for name in (one, two):
        if name not in names:
            raise UnknownName("arm", name, names)
    return one, two


Found = tuple[str, str, int, list[tuple[str, str]]]


def _pairs(row: Mapping[str, Any], two: tuple[str, str], clips: bool) -> list[Found]:
    cells = [row["cells"].get(name, {}) for name in two]
    if clips:
        shown = [list(cell.get("clips", ())) for cell in cells]
        some = list(zip(*shown, strict=False))
    else:
        some = [(cells[0].get("text", ""), cells[1].get("text", ""))]
    return [
        (row["id"], row["prompt"], position, list(zip(two, sides, strict=True)))
        for position, sides in enumerate(some)
        if all(sides) and sides[0] != sides[1]
    ]


def _question(pair: Pair, *, clips: bool, served: bool) -> dict[str, Any]:
    sides = {"left": pair.left, "right": pair.right}
    if clips:
        sides = {name: f"clip/{pair.number}/{name}" if served else _video(Path(path)) for name, path in sides.items()}
    return {"number": pair.number, "prompt": pair.prompt, **sides}


def _video(path: Path) -> str:
    return f"data:{media_type(path)};base64,{base64.b64encode(path.read_bytes()).decode()}"


def media_type(path: Path) -> str:
    """What a browser is told that a clip is."""
    known = {".webm": "video/webm", ".gif": "image/gif", ".webp": "image/webp", ".mkv": "video/x-matroska"}
    return known.get(path.suffix.lower(), "video/mp4")


def _ends_well(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"
