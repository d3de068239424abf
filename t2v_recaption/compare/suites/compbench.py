"""T2V-CompBench: seven categories of compositional prompts.

Format read in KaiyueSun98/T2V-CompBench: `meta_data/CATEGORY.json` is a list of {prompt, …} with what its scorers look
for; `prompts/N_CATEGORY.txt` has the prompts alone. Videos lie in one folder a category and are found by their order:
`0001.mp4`, `0002.mp4` …
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from t2v_recaption.compare.suites.base import Suite, SuitePrompt, claim_set, not_like, read_json, read_lines
from t2v_recaption.errors import InvalidInput
from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.model import Claim, Window

CATEGORIES = {
    "consistent_attribute_binding": ("1_consistent_attr", "consistent_attr"),
    "dynamic_attribute_binding": ("2_dynamic_attr", "dynamic_attr"),
    "spatial_relationships": ("3_spatial_relationship", "spatial_relationships"),
    "motion_binding": ("4_motion_binding", "motion_binding"),
    "action_binding": ("5_action_binding", "action_binding"),
    "object_interactions": ("6_interaction", "interaction"),
    "generative_numeracy": ("7_numeracy", "generative_numeracy"),
}
"""Category → its file of prompts, and the folder in which its videos are looked for."""

SIDES = {
    "left": "to the left or to the right of",
    "right": "to the left or to the right of",
    "above": "above or below",
    "below": "above or below",
    "in front of": "in front of or behind",
    "behind": "in front of or behind",
}


def load(name: str, path: Path) -> Suite:
    """Read T2V-CompBench: its repository, or one of its files of a category.

    Raises:
        InvalidInput: no file of any category is there, or one does not look like it.
    """
    files = _files(path)
    if not files:
        wanted = f"meta_data/{next(iter(CATEGORIES))}.json"
        raise InvalidInput(
            f"{path} does not hold T2V-CompBench: there is no {wanted} (or prompts/1_consistent_attr.txt).",
            hint="Give the folder of its repository, or one of its files. Nothing is downloaded.",
        )
    prompts = [each for category, file in files for each in _category(category, file)]
    absent = [category for category in CATEGORIES if category not in {c for c, _ in files}]
    notes = (f"Not there: {', '.join(absent)}.",) if absent and path.is_dir() else ()
    return Suite(name, tuple(prompts), str(path), "FOLDER_OF_CATEGORY/0001.mp4 … in the order of the prompts", notes)


def _files(path: Path) -> list[tuple[str, Path]]:
    if path.is_file():
        known = {stem: category for category, (stem, _) in CATEGORIES.items()} | {c: c for c in CATEGORIES}
        if path.stem not in known:
            raise InvalidInput(
                f"{path.name!r} is no file of T2V-CompBench.", hint=f"It has: {', '.join(sorted(known))}."
            )
        return [(known[path.stem], path)]
    found = []
    for category, (stem, _) in CATEGORIES.items():
        for place in (path / "meta_data" / f"{category}.json", path / "prompts" / f"{stem}.txt"):
            if place.is_file():
                found.append((category, place))
                break
    return found


def _category(category: str, file: Path) -> Iterator[SuitePrompt]:
    rows: Any = read_json(file) if file.suffix == ".json" else [{"prompt": line} for line in read_lines(file)]
    if not isinstance(rows, list) or not all(isinstance(r, dict) and isinstance(r.get("prompt"), str) for r in rows):
        raise not_like(file, "T2V-CompBench", "it is not a list of entries with a prompt")
    folder = CATEGORIES[category][1]
    for number, row in enumerate(rows, 1):
        claims = [Claim(id=f"c{n}", **each) for n, each in enumerate(_MAKERS[category](row), 1)]
        yield SuitePrompt(
            f"{category}-{number:04}",
            row["prompt"].strip(),
            category,
            (category,),
            claim_set(row["prompt"], claims, "compbench") if claims else None,
            (f"{folder}/{number:04}.mp4",),
        )


Made = Iterator[dict[str, Any]]


def _attributes(row: dict[str, Any]) -> Made:
    for phrase in _split(row.get("phrases"), ";"):
        yield _claim(Kind.ATTRIBUTE, f"There is {phrase}.", f"Is there {phrase} in the video?")


def _changes(row: dict[str, Any]) -> Made:
    for key, window, when in (("state 0", (0.0, 0.4), "beginning"), ("state 1", (0.6, 1.0), "end")):
        if state := str(row.get(key, "")).strip():
            text = f"At the {when}: {state}."
            yield _claim(
                Kind.ATTRIBUTE, text, f"Does the {when} of the video show {_low(state)}?", window=Window(*window)
            )


def _sides(row: dict[str, Any]) -> Made:
    a, b, side = (str(row.get(key, "")).strip() for key in ("object_1", "object_2", "spatial"))
    if not (a and b and side):
        return
    for thing in (a, b):
        yield _claim(Kind.SUBJECT, f"There is a {thing}.", f"Is there a {thing}?")
    offered = SIDES.get(side)
    question = f"Is the {a} {offered} the {b}?" if offered else f"Is the {a} {side} the {b}?"
    expected, form = (side.removesuffix(" of"), "direction") if offered else ("yes", "yes_no")
    yield _claim(Kind.RELATION, f"The {a} is {side} the {b}.", question, expected, form=form, parents=("c1", "c2"))


def _motions(row: dict[str, Any]) -> Made:
    for n in (1, 2):
        thing, way = (str(row.get(f"{key}_{n}", "")).strip() for key in ("object", "d"))
        if thing and way:
            offered = "left or right" if way in ("left", "right") else "up or down"
            question = f"In which direction does the {thing} move: {offered}?"
            yield _claim(Kind.ACTION, f"The {thing} moves {way}.", question, way, form="direction")


def _actions(row: dict[str, Any]) -> Made:
    count = 0
    for key in sorted(key for key in row if key.startswith("phrase_")):
        parents: tuple[str, ...] = ()
        for place, phrase in enumerate(row[key]):
            said = str(phrase).strip().rstrip("?")
            kind, text = (Kind.SUBJECT, f"There is {said}.") if place == 0 else (Kind.ACTION, f"{said.capitalize()}.")
            yield _claim(kind, text, f"Does the video show this: {said}?", parents=parents)
            count += 1
            parents = (f"c{count}",) if place == 0 else parents


def _numbers(row: dict[str, Any]) -> Made:
    for thing, number in zip(_split(row.get("objects"), ","), _split(row.get("numbers"), ","), strict=False):
        text = f"The number of {thing}s is {number}."
        yield _claim(Kind.COUNT, text, f"How many {thing}s are in the video?", number, form="count")


def _nothing(row: dict[str, Any]) -> Made:
    yield from ()


_MAKERS: dict[str, Callable[[dict[str, Any]], Made]] = {
    "consistent_attribute_binding": _attributes,
    "dynamic_attribute_binding": _changes,
    "spatial_relationships": _sides,
    "motion_binding": _motions,
    "action_binding": _actions,
    "object_interactions": _nothing,
    "generative_numeracy": _numbers,
}


def _claim(kind: Kind, text: str, question: str, expected: str = "yes", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "text": text, "question": question, "expected": expected, **more}


def _split(text: Any, sign: str) -> list[str]:
    return [piece.strip() for piece in str(text or "").split(sign) if piece.strip()]


def _low(text: str) -> str:
    return text[:1].lower() + text[1:]
