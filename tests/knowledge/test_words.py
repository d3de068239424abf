"""What the sentences of the knowledge say can be filmed, is true of any instance, and brings in nobody."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from t2v_recaption.language import analyse
from t2v_recaption.language.lexicon import sections

FILES = ("subjects", "actions", "places", "light", "camera", "styles", "times", "weather", "moods", "sounds")
CINEMATIC = re.compile(r"\bcinematic\w*\b", re.IGNORECASE)
SAID_BY_NAME = {
    # Entries whose name says it already.
    "old person",
    "old man",
    "old woman",
    "grandmother",
    "grandfather",
    "baby",
    "toddler",
    "polar bear",
    "snow",
    "zebra",
    "panda",
}
DOERS = {"person", "animal", "vehicle", "creature"}


@pytest.mark.parametrize("folder", FILES)
def test_nothing_empty(folder: str, lines, word_list, expect) -> None:
    empty, faults = re.compile(rf"\b(?:{'|'.join(word_list('empty'))})\b", re.IGNORECASE), []
    for line in lines(folder):
        faults += [f"{line.where}  ({word})" for word in empty.findall(line.source)]
        if folder not in ("styles", "camera"):
            faults += [f"{line.where}  ({word})" for word in CINEMATIC.findall(line.source)]
    expect(faults)


@pytest.mark.parametrize("folder", ["subjects", "actions", "places"])
def test_nothing_is_left_undecided(folder: str, lines, expect) -> None:
    """ "Leaves or dust blow past" cannot be filmed: one of them does. Free variation decides: `(Leaves/Petals)`."""
    expect([line.where for line in lines(folder) if re.search(r"\bor\b", LOOSE.sub("", line.source))])


LOOSE = re.compile(
    r"\b(?:two or three|three or four|or so|or two|or down|or falls|or slowing|or makes)\b|(?:without|no) [\w ]* or ",
    re.IGNORECASE,
)
"""Where "or" decides nothing: small numbers, and what does not happen."""


def test_subjects_have_no_colour_of_their_own(lines, word_pattern, word_list, expect) -> None:
    """The user may want a blue strawberry: what is said of every strawberry must not contradict it."""
    barred = set(sections("adjectives.txt")["colour"]) - set(word_list("no colour"))
    barred |= {*word_list("age"), *word_list("giant")}
    faults = []
    for line in lines("subjects"):
        if line.field == "wear" or line.row.entry["name"] in SAID_BY_NAME:
            continue
        words = {word.lower() for word in word_pattern.findall(line.source)}
        faults += [f"{line.where}  ({word})" for word in sorted(words & barred)]
    expect(faults)


def test_no_sentence_is_there_twice(lines, expect) -> None:
    owners: dict[str, list[str]] = defaultdict(list)
    for folder in FILES:
        for line in lines(folder):
            owners[re.sub(r"\W+", " ", line.source.lower()).strip()].append(f"{line.row.where} {line.field}")
    expect([f"{source}: {', '.join(found)}" for source, found in owners.items() if len(found) > 1])


@pytest.mark.parametrize("folder", ["places", "light", "times", "weather", "sounds"])
def test_places_bring_in_nobody(folder: str, lines, rendered, word_list, expect) -> None:
    """No person, animal or vehicle does anything in a sentence about the surroundings."""
    spared, faults = set(word_list("no doer")), []
    for line in lines(folder):
        analysis = analyse(rendered(line.source)[0][1])
        for verb in analysis.verbs:
            for index in verb.agents:
                noun = analysis.nouns[index]
                if noun.root in DOERS and noun.core not in spared and not noun.pronoun:
                    faults.append(f"{line.where}  ({noun.core})")
    expect(faults)
