"""Every line of the knowledge parses, has the fields its folder asks for, and uses only the notation that there is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from t2v_recaption.knowledge import ROOTS

WORD = (str,)
LIST = (list,)
SCHEMA: dict[str, dict[str, tuple[type, ...]]] = {
    "subjects": {
        "name": WORD,
        "plural": WORD,
        "is": WORD,
        "also": LIST,
        "kinds": LIST,
        "pronoun": WORD,
        "scale": WORD,
        "places": LIST,
        "mass": (bool,),
        "look": LIST,
        "move": LIST,
        "still": LIST,
        "wear": LIST,
    },
    "actions": {
        "name": WORD,
        "verb": WORD,
        "particle": WORD,
        "also": LIST,
        "objects": LIST,
        "by": LIST,
        "beats": LIST,
        "manner": LIST,
        "places": LIST,
        "scale": WORD,
        "indoor": (bool,),
    },
    "places": {
        "name": WORD,
        "also": LIST,
        "is": WORD,
        "in": WORD,
        "tags": LIST,
        "foreground": LIST,
        "background": LIST,
        "life": LIST,
        "light": (dict,),
        "times": LIST,
    },
    "camera": {
        "name": WORD,
        "also": LIST,
        "category": WORD,
        "direction": WORD,
        "opposite": WORD,
        "tags": LIST,
        "phrase": WORD,
        "sentences": LIST,
    },
    "styles": {
        "name": WORD,
        "also": LIST,
        "category": WORD,
        "medium": (bool,),
        "tags": LIST,
        "phrase": WORD,
        "sentences": LIST,
        "excludes": LIST,
    },
    "light": {"name": WORD, "also": LIST, "tags": LIST, "of": LIST, "sentences": LIST},
    "times": {"name": WORD, "also": LIST, "tags": LIST, "sentences": LIST},
    "weather": {"name": WORD, "also": LIST, "tags": LIST, "sentences": LIST},
    "moods": {"name": WORD, "also": LIST, "tags": LIST, "sentences": LIST},
    "sounds": {"name": WORD, "of": LIST, "sentences": LIST},
    "tags": {"tag": WORD, "words": LIST, "excludes": LIST, "implies": LIST},
}
REQUIRED = {
    "subjects": ("name", "is", "pronoun", "scale", "places", "look", "move", "still"),
    "actions": ("name", "verb", "by", "beats"),
    "places": ("name", "in", "tags", "foreground", "background", "life", "light", "times"),
    "camera": ("name", "category", "phrase", "sentences"),
    "styles": ("name", "category", "medium", "phrase", "sentences"),
    "light": ("name", "tags", "sentences"),
    "times": ("name", "tags", "sentences"),
    "weather": ("name", "tags", "sentences"),
    "moods": ("name", "tags", "sentences"),
    "sounds": ("name", "of", "sentences"),
    "tags": ("tag", "words", "excludes", "implies"),
}
AT_LEAST = {
    "subjects": {"look": 4, "move": 3, "still": 2},
    "places": {"foreground": 4, "background": 4, "life": 4},
    "camera": {"sentences": 4},
    "styles": {"sentences": 4},
    "light": {"sentences": 4},
    "times": {"sentences": 4},
    "weather": {"sentences": 4},
    "moods": {"sentences": 4},
    "sounds": {"sentences": 2},
}
ONE_OF = {
    "pronoun": {"it", "she", "he", "they"},
    "scale": {"tiny", "small", "medium", "human", "large", "huge", "vast"},
}
CAMERA_CATEGORIES = {"size", "angle", "movement", "lens", "speed", "framing"}
TIMES = {"day", "dawn", "dusk", "night"}
SLOTS = {
    "subjects": {"they", "them", "their", "themselves", "name"},
    "actions": {"they", "them", "their", "themselves", "name", "obj"},
    "places": {"place", "name"},
}
SCENE_SLOTS = {"name", "place", "they", "them", "their", "size", "angle"}
TOKEN = re.compile(
    r"\{(\w+)\}|\[[^\[\]|{}<>]+\|[^\[\]|{}<>]+\]|<[^<>|{}\[\]]+\|[^<>|{}\[\]]+>|\([^()/{}]+(?:/[^()/{}]+)+\)"
)
FILES = tuple(SCHEMA)
WITH_SENTENCES = tuple(name for name in FILES if name != "tags")


@pytest.mark.parametrize("folder", FILES)
def test_fields(folder: str, rows, expect) -> None:
    schema, faults = SCHEMA[folder], []
    for row in rows(folder):
        faults += [f"{row.where}: field {key!r} is unknown" for key in row.entry if key not in schema]
        faults += [
            f"{row.where}: field {key!r} is missing" for key in _required(row.entry, folder) if key not in row.entry
        ]
        faults += [
            f"{row.where}: field {key!r} is a {type(value).__name__}"
            for key, value in row.entry.items()
            if key in schema and not isinstance(value, schema[key])
        ]
    expect(faults)


def _required(entry: dict[str, Any], folder: str) -> tuple[str, ...]:
    """Roots are nothing more general, and a profession without places of its own takes neutral ones."""
    spared = {"places"} if "wear" in entry else set()
    spared |= {"is"} if entry.get("name") in ROOTS else set()
    return tuple(key for key in REQUIRED[folder] if not (folder == "subjects" and key in spared))


@pytest.mark.parametrize("folder", FILES)
def test_lists_hold_words(folder: str, rows, expect) -> None:
    faults = []
    for row in rows(folder):
        for key, value in row.entry.items():
            if isinstance(value, list) and key != "beats":
                faults += [
                    f"{row.where} {key}: {item!r}"
                    for item in value
                    if not isinstance(item, str) or item.strip() != item or not item
                ]
                faults += [
                    f"{row.where} {key}: {item!r} twice"
                    for item in value
                    if isinstance(item, str) and value.count(item) > 1
                ]
    expect(faults)


@pytest.mark.parametrize("folder", sorted(AT_LEAST))
def test_enough_sentences(folder: str, rows, expect) -> None:
    expect(
        [
            f"{row.where} {row.entry['name']!r}: {len(row.entry.get(key, ()))} of {count} sentences in {key!r}"
            for row in rows(folder)
            for key, count in AT_LEAST[folder].items()
            if len(row.entry.get(key, ())) < count
        ]
    )


def test_closed_values(rows, expect) -> None:
    faults = [
        f"{row.where}: {key} is {row.entry[key]!r}"
        for folder in FILES
        for row in rows(folder)
        for key, known in ONE_OF.items()
        if key in row.entry and row.entry[key] not in known
    ]
    faults += [
        f"{row.where}: category {row.entry['category']!r}"
        for row in rows("camera")
        if row.entry["category"] not in CAMERA_CATEGORIES
    ]
    expect(faults)


def test_beats_are_triples(rows, expect) -> None:
    faults = []
    for row in rows("actions"):
        beats = row.entry["beats"]
        if len(beats) < 3:
            faults.append(f"{row.where} {row.entry['name']!r}: {len(beats)} of 3 triples")
        faults += [
            f"{row.where}: no triple: {triple}" for triple in beats if not isinstance(triple, list) or len(triple) != 3
        ]
    expect(faults)


def test_places_have_light_by_time(rows, expect) -> None:
    faults = []
    for row in rows("places"):
        light, name = row.entry["light"], row.entry["name"]
        faults += [f"{row.where} {name!r}: time {time!r} is unknown" for time in {*light, *row.entry["times"]} - TIMES]
        faults += [f"{row.where} {name!r}: no light for {time!r}" for time in row.entry["times"] if time not in light]
        faults += [
            f"{row.where} {name!r}: {len(found)} of 2 sentences for {time!r}"
            for time, found in light.items()
            if len(found) < 2
        ]
    expect(faults)


@pytest.mark.parametrize("folder", WITH_SENTENCES)
def test_notation(folder: str, lines, expect) -> None:
    slots, faults = SLOTS.get(folder, SCENE_SLOTS), []
    for line in lines(folder):
        faults += [
            f"{line.where}  ({{{slot}}})" for slot in TOKEN.findall(line.source) if slot and slot.lower() not in slots
        ]
        if re.search(r"[{}\[\]<>|()/\\*_#]", TOKEN.sub("x", line.source)):
            faults.append(f"{line.where}  (stray sign)")
    expect(faults)


@pytest.mark.parametrize(("folder", "count"), [("subjects", 600), ("actions", 300), ("places", 250), ("styles", 80)])
def test_as_many_as_promised(folder: str, count: int, rows) -> None:
    assert len(rows(folder)) >= count


def test_as_many_camera_movements_as_promised(rows) -> None:
    assert sum(row.entry["category"] == "movement" for row in rows("camera")) >= 40
