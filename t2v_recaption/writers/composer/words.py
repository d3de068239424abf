"""The composer's own word lists, read from `prompts/knowledge/composer.json` on first use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from t2v_recaption import prompts


@dataclass(frozen=True)
class Words:
    """`composer.json`, with the lists that are asked for membership as sets."""

    posture: dict[str, list[tuple[str, str]]]
    fills: list[tuple[str, str]]
    show: dict[str, list[str]]
    shot: dict[str, list[str]]
    hands: list[str]
    no_hands: frozenset[str]
    surfaces: frozenset[str]
    bare: frozenset[str]
    mass: frozenset[str]
    capital: frozenset[str]
    names: frozenset[str]
    unique: frozenset[str]
    collective: frozenset[str]
    the_of: frozenset[str]
    kin: frozenset[str]
    in_s: frozenset[str]
    upper: frozenset[str]
    an: frozenset[str]
    a: frozenset[str]
    links: dict[str, list[str]]
    beats: dict[str, list[list[str]]]
    no_subject: frozenset[str]
    cooked: frozenset[str]
    pieces: frozenset[str]
    food_places: list[str]
    kitchenware: frozenset[str]
    ambiguous: frozenset[str]
    human: frozenset[str]
    groups: frozenset[str]
    weak_verbs: frozenset[str]
    posed: frozenset[str]
    travel: frozenset[str]
    people: frozenset[str]
    body: frozenset[str]
    lifeless: frozenset[str]
    gender: dict[str, list[str]]
    neutral_places: list[str]
    ridden: frozenset[str]
    growing_places: list[str]
    window_places: list[str]
    backdrop: dict[str, list[str]]
    lens: dict[str, Any]
    lights: dict[str, list[str]]
    light_tags: dict[str, list[str]]
    moves: dict[str, list[str]]
    airborne: frozenset[str]
    luminous: frozenset[str]
    materials: frozenset[str]
    undressed: frozenset[str]
    shades: frozenset[str]
    contrary: dict[str, list[str]]
    against: dict[str, list[str]]
    filming: frozenset[str]
    contexts: dict[str, frozenset[str]]


@lru_cache(maxsize=1)
def words() -> Words:
    """The word lists."""
    path = Path(prompts.__file__).parent / "knowledge" / "composer.json"
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    data.pop("about")
    for name in (
        "no_hands",
        "surfaces",
        "bare",
        "mass",
        "capital",
        "names",
        "unique",
        "collective",
        "the_of",
        "kin",
        "in_s",
        "no_subject",
        "cooked",
        "pieces",
        "human",
        "groups",
        "weak_verbs",
        "posed",
        "travel",
        "people",
        "body",
        "lifeless",
        "kitchenware",
        "ambiguous",
        "upper",
        "an",
        "a",
        "airborne",
        "luminous",
        "materials",
        "undressed",
        "shades",
        "ridden",
        "filming",
    ):
        data[name] = frozenset(data[name])
    data["contexts"] = {name: frozenset(signs) for name, signs in data["contexts"].items()}
    return Words(**data)
