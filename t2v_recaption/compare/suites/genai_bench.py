"""GenAI-Bench: 1,600 prompts (527 or 800 of them for video) with skills.

Format read in linzhiqiu/t2v_metrics at 6ecb74f (2026-06-05): `genai_video.json` (or `genai_image.json`) maps a number
of five digits to {prompt, models: {model: [ratings]}}; `genai_skills.json` maps a skill to the numbers of its prompts.
A model's videos lie in a folder of its name: `MODEL/00000.mp4`.
"""

from __future__ import annotations

from pathlib import Path

from t2v_recaption.compare.suites.base import Suite, SuitePrompt, find, not_like, read_json

PLACES = ("genai_video.json", "genai_image.json")

GROUPS = frozenset({"basic", "advanced", "all", "overall"})
"""Skills that are groups of other skills: never the stratum of a prompt."""


def load(name: str, path: Path) -> Suite:
    """Read GenAI-Bench; the stratum is the first skill that is no group of skills.

    Raises:
        InvalidInput: the file is not there, or does not look like it.
    """
    file = find(path, PLACES, "GenAI-Bench")
    rows = read_json(file)
    if not isinstance(rows, dict) or not all(
        isinstance(r, dict) and isinstance(r.get("prompt"), str) for r in rows.values()
    ):
        raise not_like(file, "GenAI-Bench", "it does not map numbers to entries with a prompt")
    skills, notes = _skills(file.with_name("genai_skills.json"))
    prompts = []
    for number, row in rows.items():
        tags = tuple(skills.get(number, ()))
        stratum = next((tag for tag in tags if tag not in GROUPS), "")
        prompts.append(SuitePrompt(number, row["prompt"].strip(), stratum, tags, None, (f"{number}.mp4",)))
    return Suite(name, tuple(prompts), str(file), "MODEL/NUMBER.mp4, the number with five digits", notes)


def _skills(file: Path) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    if not file.is_file():
        return {}, (f"There is no {file.name} beside it: prompts have no skills.",)
    found: dict[str, list[str]] = {}
    told = read_json(file)
    if not isinstance(told, dict):
        raise not_like(file, "GenAI-Bench", "it does not map skills to numbers")
    for skill, numbers in told.items():
        for number in numbers:
            found.setdefault(f"{int(number):05d}", []).append(skill)
    return found, ()
