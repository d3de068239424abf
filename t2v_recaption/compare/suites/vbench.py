"""VBench and VBench-2.0: prompts with their dimensions from the suite's full_info.json, or a plain list of prompts.

Format read in Vchitect/VBench at 45e79ec (2026-03-23): `vbench/VBench_full_info.json` and
`VBench-2.0/vbench2/VBench2_full_info.json` are lists of {prompt_en, dimension: […], auxiliary_info}. Both find a
video by its original prompt: `PROMPT-0.mp4` … `PROMPT-4.mp4` (VBench-2.0: 0 to 2, the prompt cut to 180 characters).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from t2v_recaption.compare.suites.base import Suite, SuitePrompt, claim_set, find, not_like, read_json, read_lines
from t2v_recaption.errors import InvalidInput
from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.model import Claim, Window

PLACES = {
    "vbench": ("vbench/VBench_full_info.json", "VBench_full_info.json", "prompts/all_dimension.txt"),
    "vbench2": (
        "VBench-2.0/vbench2/VBench2_full_info.json",
        "vbench2/VBench2_full_info.json",
        "VBench2_full_info.json",
        "prompts/VBench2_full_text.txt",
    ),
}

QUESTIONS = re.compile(r"\s*\(yes or no\)\s*$", re.I)

SIDES = {
    "on the left of": ("left", "to the left or to the right of"),
    "on the right of": ("right", "to the left or to the right of"),
    "on the top of": ("above", "above or below"),
    "on the bottom of": ("below", "above or below"),
}

MOVES = {
    "zoom_in": "zooms in",
    "zoom_out": "zooms out",
    "tilt_up": "tilts up",
    "tilt_down": "tilts down",
    "pan_left": "pans left",
    "pan_right": "pans right",
    "static": "stands still",
    "orbits": "moves around the subject",
}


def load(name: str, path: Path) -> Suite:
    """Read VBench (`vbench`) or VBench-2.0 (`vbench2`).

    Raises:
        InvalidInput: the suite's file is not there, or does not look like it.
    """
    title = "VBench" if name == "vbench" else "VBench-2.0"
    file = find(path, PLACES[name], title)
    rows = _rows(file, title)
    prompts, notes = [], []
    merged: dict[str, dict[str, Any]] = {}
    for row in rows:
        old = merged.setdefault(row["prompt_en"], {"dimensions": {}, "info": []})
        if old["dimensions"] and set(row["dimension"]) <= set(old["dimensions"]):
            notes.append(f"The prompt {row['prompt_en']!r} is listed twice for {', '.join(row['dimension'])}.")
        old["dimensions"] |= dict.fromkeys(row["dimension"])
        old["info"].append((row["dimension"], row.get("auxiliary_info")))
    for number, (prompt, told) in enumerate(merged.items(), 1):
        prompts.append(_prompt(name, number, prompt, told))
    naming = f"PROMPT-N.mp4 by the original prompt, N from 0{'; the prompt cut to 180 characters' * (name != 'vbench')}"
    return Suite(name, tuple(prompts), str(file), naming, tuple(dict.fromkeys(notes)))


def _rows(file: Path, title: str) -> list[dict[str, Any]]:
    if file.suffix == ".txt":
        return [{"prompt_en": line.strip(), "dimension": []} for line in read_lines(file) if line.strip()]
    rows = read_json(file)
    if not isinstance(rows, list) or not rows:
        raise not_like(file, title, "it is not a list of prompts")
    for number, row in enumerate(rows, 1):
        if not (
            isinstance(row, dict) and isinstance(row.get("prompt_en"), str) and isinstance(row.get("dimension"), list)
        ):
            raise not_like(file, title, f"entry {number} has no prompt_en and dimension")
    return rows


def _prompt(name: str, number: int, prompt: str, told: Mapping[str, Any]) -> SuitePrompt:
    tags = tuple(told["dimensions"])
    claims = [
        claim
        for dimensions, info in told["info"]
        for dimension in dimensions
        for claim in _claims(name, dimension, info, prompt)
    ]
    numbered = [Claim(**{**claim, "id": f"c{n}"}) for n, claim in enumerate(claims, 1)]
    return SuitePrompt(
        f"{name}-{number:04}",
        prompt,
        tags[0] if tags else "",
        tags,
        claim_set(prompt, numbered, name) if numbered else None,
        _videos(name, prompt, tags),
    )


def _videos(name: str, prompt: str, tags: tuple[str, ...]) -> tuple[str, ...]:
    """The names by which the suite looks for videos; empty where no file can have such a name."""
    from t2v_recaption.integrations.vbench import SUITES, video_name

    suite = SUITES[name]
    dimension, more = suite.more
    try:
        return tuple(video_name(prompt, i, suite) for i in range(more if dimension in tags else suite.samples))
    except InvalidInput:
        return ()


def _claims(name: str, dimension: str, info: Any, prompt: str) -> Iterator[dict[str, Any]]:
    """What the suite itself checks of that prompt, as claims; nothing where it checks no content."""
    if name == "vbench":
        yield from _vbench(dimension, (info or {}).get(dimension) if isinstance(info, dict) else None)
    elif dimension == "Camera_Motion" and info in MOVES:
        text = f"The camera {MOVES[info]}."
        yield _claim(Kind.CAMERA, text, f"Is it so that the camera {MOVES[info]}?", checker="either")
    elif isinstance(info, list):
        yield from _vbench2(dimension, [str(each) for each in info])


def _vbench(dimension: str, info: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(info, dict):
        return
    if dimension in ("object_class", "multiple_objects"):
        for thing in str(info.get("object", "")).split(" and "):
            yield _claim(Kind.SUBJECT, f"There is a {thing}.", f"Is there a {thing}?")
    elif dimension == "color":
        colour = str(info.get("color", ""))
        yield _claim(
            Kind.ATTRIBUTE, f"The main thing is {colour}.", "What colour is the main thing?", colour, form="colour"
        )
    elif dimension == "spatial_relationship":
        told = info.get("spatial_relationship", {})
        a, b, side = (str(told.get(key, "")) for key in ("object_a", "object_b", "relationship"))
        expected, offered = SIDES.get(side, ("", ""))
        if expected:
            yield _claim(Kind.SUBJECT, f"There is a {a}.", f"Is there a {a}?")
            yield _claim(Kind.SUBJECT, f"There is a {b}.", f"Is there a {b}?")
            text = f"The {a} is {side} the {b}."
            yield _claim(Kind.RELATION, text, f"Is the {a} {offered} the {b}?", expected, form="direction")


def _vbench2(dimension: str, told: list[str]) -> Iterator[dict[str, Any]]:
    if dimension == "Motion_Order_Understanding" and len(told) == 2:
        first, second = told
        a, b = sorted(told)
        question = f"Which happens first: {a}, or {b}?"
        yield _claim(Kind.ORDER, f"First {first}, then {second}.", question, first, form="order")
    elif dimension in ("Complex_Plot", "Complex_Landscape"):
        for event in told:
            yield _claim(Kind.ACTION, event, f"Does the video show this? {event}")
    elif told and all(QUESTIONS.search(each) for each in told):
        for question in (QUESTIONS.sub("", each) for each in told):
            kind = (
                Kind.RELATION if "Spatial" in dimension else Kind.ATTRIBUTE if "Attribute" in dimension else Kind.ACTION
            )
            yield _claim(kind, f"The answer to “{question}” is yes.", question, window=_window(question))


def _window(question: str) -> Window:
    start = question.lower()
    return (
        Window(0.0, 0.4)
        if start.startswith("initially")
        else Window(0.6, 1.0)
        if start.startswith("finally")
        else Window()
    )


def _claim(kind: Kind, text: str, question: str, expected: str = "yes", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "text": text, "question": question, "expected": expected, **more}
