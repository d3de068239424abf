"""What entries say of each other holds: parents, places, doers, objects, opposites, tags, names."""

from __future__ import annotations

from collections import defaultdict

import pytest

from t2v_recaption.knowledge import ROOTS, roots
from t2v_recaption.language.lexicon import lexicon, sections

PLACE_ROOTS = {"indoor", "outdoor", "water", "sky", "space", "underwater", "abstract"}
SHARED: dict[str, set[str]] = {
    "subjects": set(),
    "places": set(),
    "styles": set(),
    "light": set(),
    "times": set(),
    "weather": set(),
    "moods": set(),
    "camera": set(),
}
"""Words that two entries of one folder may have in common: the name wins over `also`, `also` over `kinds`."""


def _words(rows, folder: str, *keys: str) -> set[str]:
    return {
        word.lower()
        for row in rows(folder)
        for key in keys
        for word in ([row.entry[key]] if isinstance(row.entry.get(key), str) else row.entry.get(key, ()))
    }


@pytest.mark.parametrize(("folder", "ends"), [("subjects", ROOTS), ("places", PLACE_ROOTS)])
def test_chains_end_in_a_root(folder: str, ends, rows, expect) -> None:
    parents = {row.entry["name"]: row.entry.get("is") for row in rows(folder)}
    faults = []
    for row in rows(folder):
        seen, name = [], row.entry["name"]
        while name and name not in seen and (parents.get(name) or name not in ends):
            seen.append(name)
            name = parents.get(name)
        if name not in ends:
            faults.append(f"{row.where}: {' → '.join([*seen, str(name)])}")
    expect(faults)


def test_parents_have_entries(rows, expect) -> None:
    names = {folder: _words(rows, folder, "name") for folder in ("subjects", "places")}
    expect(
        [
            f"{row.where} {row.entry['name']!r} is {row.entry['is']!r}, which has no entry"
            for folder in names
            for row in rows(folder)
            if row.entry.get("is") and row.entry["is"] not in names[folder] | (ROOTS if folder == "subjects" else set())
        ]
    )


@pytest.mark.parametrize("folder", ["subjects", "actions"])
def test_places_exist(folder: str, rows, expect) -> None:
    known = _words(rows, "places", "name", "also")
    expect(
        [
            f"{row.where} {row.entry['name']!r}: place {place!r} has no entry"
            for row in rows(folder)
            for place in row.entry.get("places", ())
            if place.lower() not in known
        ]
    )


def test_doers_exist(rows, expect) -> None:
    """They name an entry: the composer compares them with the names along a subject's chain."""
    known = _words(rows, "subjects", "name", "also", "kinds") | ROOTS | _words(rows, "places", "name", "also")
    expect(_unknown(rows, "by", known))


def test_things_that_are_objects_exist(rows, expect) -> None:
    """What can be touched has an entry; a song, a game or a waltz needs none."""
    known = _words(rows, "subjects", "name", "also", "kinds") | ROOTS | _words(rows, "places", "name", "also")
    known |= set(sections("nouns.txt")["event"]) | {"weight", "weights"}
    faults = []
    for fault in _unknown(rows, "objects", known):
        word = lexicon().look_up(fault.rsplit("'", 2)[-2].rpartition(" ")[2])
        if (word.root in ROOTS - {"group"} or word.root in ("clothing", "tool")) and word.noun not in GAMES:
            faults.append(fault)
    expect(faults)


GAMES = {"football", "volleyball", "polo", "game", "chess", "billiard", "snooker", "dart"}
"""Games that are called by the name of a thing."""


def _unknown(rows, key: str, known: set[str]) -> list[str]:
    return [
        f"{row.where} {row.entry['name']!r}: {key} '{name}'"
        for row in rows("actions")
        for name in row.entry.get(key, ())
        if name.lower() not in known and name.lower().removesuffix("s") not in known
    ]


def test_sounds_are_of_something(rows, expect) -> None:
    known = _words(rows, "subjects", "name", "also", "kinds") | _words(rows, "places", "name", "also") | ROOTS | {"any"}
    known |= (
        _words(rows, "actions", "name", "verb", "also")
        | _words(rows, "tags", "tag")
        | _words(rows, "weather", "name", "also")
    )
    expect(
        [f"{row.where}: {name!r}" for row in rows("sounds") for name in row.entry["of"] if name.lower() not in known]
    )


def test_tags_are_known(rows, expect) -> None:
    known, faults = _words(rows, "tags", "tag"), []
    for folder in ("places", "camera", "styles", "light", "times", "weather", "moods", "tags"):
        for row in rows(folder):
            for key in ("tags", "excludes", "implies"):
                faults += [f"{row.where} {key}: {tag!r}" for tag in row.entry.get(key, ()) if tag.lower() not in known]
    expect(faults)


def test_tags_exclude_each_other(rows, expect) -> None:
    bars = {row.entry["tag"]: set(row.entry["excludes"]) for row in rows("tags")}
    expect(
        [
            f"{row.where}: {row.entry['tag']!r} excludes {other!r}, but not the other way"
            for row in rows("tags")
            for other in row.entry["excludes"]
            if row.entry["tag"] not in bars.get(other, ())
        ]
    )


def test_tags_do_not_exclude_what_they_imply(rows, expect) -> None:
    tags = {row.entry["tag"]: row.entry for row in rows("tags")}

    def closure(tag: str) -> set[str]:
        found, todo = set(), [tag]
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                todo += tags[one]["implies"] if one in tags else []
        return found

    expect(
        [
            f"{row.where}: {tag!r} implies and excludes {', '.join(sorted(both))}"
            for row in rows("tags")
            for tag in [row.entry["tag"]]
            if (
                both := closure(tag)
                & {other for name in closure(tag) if name in tags for other in tags[name]["excludes"]}
            )
        ]
    )


def test_opposites_are_mutual(rows, expect) -> None:
    opposite = {row.entry["name"]: row.entry.get("opposite") for row in rows("camera")}
    expect(
        [
            f"{name!r} ↔ {other!r} ↔ {opposite.get(other)!r}"
            for name, other in opposite.items()
            if other and opposite.get(other) != name
        ]
    )


@pytest.mark.parametrize("folder", sorted(SHARED))
def test_a_word_means_one_entry(folder: str, rows, expect) -> None:
    owners: dict[str, list[str]] = defaultdict(list)
    for row in rows(folder):
        for word in {row.entry["name"], *row.entry.get("also", ()), *row.entry.get("kinds", ())}:
            owners[word.lower()].append(f"{row.where} {row.entry['name']!r}")
    expect(
        [
            f"{word!r}: {', '.join(found)}"
            for word, found in owners.items()
            if len(found) > 1 and word not in SHARED[folder]
        ]
    )


def test_an_action_for_the_same_doers_and_objects_is_there_once(rows, expect) -> None:
    owners: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in rows("actions"):
        entry = row.entry
        key = (entry["name"], *sorted(entry.get("by", ())), "/", *sorted(entry.get("objects", ())))
        owners[key].append(row.where)
    expect([f"{key[0]!r}: {', '.join(found)}" for key, found in owners.items() if len(found) > 1])


def test_a_name_beats_a_kind(rows) -> None:
    """Whatever else lists the word: it is what the entry of that name is."""
    found = roots()
    chains = {row.entry["name"]: row.entry.get("is") for row in rows("subjects")}
    for name in chains:
        end = name
        while end not in ROOTS and chains.get(end):
            end = chains[end]
        assert found[name] == end


def test_places_are_found_by_their_lemma(rows, expect) -> None:
    """The composer asks for "dune", never for "dunes": a plural among the words of a place needs its singular."""
    index = {
        word: row.entry["name"] for row in rows("places") for word in (row.entry["name"], *row.entry.get("also", ()))
    }
    faults = []
    for word, name in index.items():
        singular = lexicon().look_up(word.rpartition(" ")[2]).noun
        found = f"{word.rpartition(' ')[0]} {singular}".strip()
        if " " not in word and singular and found != word and index.get(found) is None and word not in UNREACHABLE:
            faults.append(f"{name!r}: {word!r} without {found!r}")
    expect(faults)


UNREACHABLE = {"steps", "falls"}
"""Their singular means something else."""
