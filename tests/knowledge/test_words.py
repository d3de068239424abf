"""What the sentences of the knowledge say can be filmed, is true of any instance, and brings in nobody."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from t2v_recaption.language import analyse
from t2v_recaption.language.lexicon import sections

FILES = ("subjects", "actions", "places", "light", "camera", "styles", "times", "weather", "moods", "sounds")
EMPTY = re.compile(
    r"\b(?:mesmeri[sz]\w+|stunning\w*|captivat\w+|testament|sense of|as if|as though|breathtaking\w*|awe-?inspiring|majestic\w*|"
    r"enchanting|ethereal|otherworldly|timeless|whimsical\w*|serene|serenity|tapestry of|symphony of|dance of|ballet of|masterpiece|"
    r"evok\w+|evocative|conjur\w+ (?:up|a sense)|invit(?:es|ing) (?:the )?(?:viewer|us|you)|creating a|adding to|adds to|"
    r"atmosphere|ambiance|ambience|seems? to (?:whisper|tell|say)|story|stories|memory of|memories|magic of|soul|beautiful\w*|gorgeous\w*|"
    r"amazing\w*|incredib\w+|perfection|vibe|unforgettable|wonder of|nature's|mother nature|effortless\w*|like a (?:dream|poem|song))\b",
    re.IGNORECASE,
)
CINEMATIC = re.compile(r"\bcinematic\w*\b", re.IGNORECASE)
COLOURS = frozenset(sections("adjectives.txt")["colour"]) - {
    # Words that mean something else at least as often: metals, plants, minerals and what things are made of.
    "rust", "ash", "slate", "jet", "pearl", "rose", "sage", "mint", "lemon", "lime", "olive", "plum", "peach", "salmon", "coral", "cream",
    "chocolate", "chestnut", "ginger", "charcoal", "mustard", "honey", "amber", "ivory", "copper", "bronze", "gold", "iridescent", "sandy",
    "platinum", "ruby", "emerald", "sapphire", "jade", "tan", "blush", "neon",
}  # fmt: skip
AGES = {"young", "old", "elderly", "aged", "teenage", "ancient", "youthful", "middle-aged", "brand-new", "antique", "vintage"}
GIANTS = {"huge", "giant", "gigantic", "enormous", "massive", "colossal", "immense", "mammoth", "humongous", "mega", "titanic", "miniature"}
SAID_BY_NAME = {
    # Entries whose name says it already.
    "old person", "old man", "old woman", "grandmother", "grandfather", "baby", "toddler", "polar bear", "snow", "zebra", "panda",
}
DOERS = {"person", "animal", "vehicle", "creature"}
NO_DOERS = {
    # Words that the lexicon takes for people, animals or vehicles, and that mean something else in these sentences.
    "band", "fan", "tick", "streamer", "crane", "tank", "drone", "swallow", "vessel", "carriage", "barnacle", "snake", "model",
}  # fmt: skip


@pytest.mark.parametrize("folder", FILES)
def test_nothing_empty(folder: str, lines, expect) -> None:
    faults = []
    for line in lines(folder):
        faults += [f"{line.where}  ({word})" for word in EMPTY.findall(line.source)]
        if folder not in ("styles", "camera"):
            faults += [f"{line.where}  ({word})" for word in CINEMATIC.findall(line.source)]
    expect(faults)


@pytest.mark.parametrize("folder", ["subjects", "actions", "places"])
def test_nothing_is_left_undecided(folder: str, lines, expect) -> None:
    """ "Leaves or dust blow past" cannot be filmed: one of them does. Free variation decides: `(Leaves/Petals)`."""
    expect([line.where for line in lines(folder) if re.search(r"\bor\b", LOOSE.sub("", line.source))])


LOOSE = re.compile(r"\b(?:two or three|three or four|three or four times|or so|or two|or down|or falls|or slowing|or makes)\b|without [\w ]* or |no [\w ]* or ", re.IGNORECASE)
"""Where "or" decides nothing: small numbers, and what does not happen."""


def test_subjects_have_no_colour_of_their_own(lines, word_pattern, expect) -> None:
    """The user may want a blue strawberry: what is said of every strawberry must not contradict it."""
    faults = []
    for line in lines("subjects"):
        if line.field == "wear" or line.row.entry["name"] in SAID_BY_NAME:
            continue
        words = {word.lower() for word in word_pattern.findall(line.source)}
        faults += [f"{line.where}  ({word})" for word in sorted(words & (COLOURS | AGES | GIANTS))]
    expect(faults)


def test_no_sentence_is_there_twice(lines, expect) -> None:
    owners: dict[str, list[str]] = defaultdict(list)
    for folder in FILES:
        for line in lines(folder):
            owners[re.sub(r"\W+", " ", line.source.lower()).strip()].append(f"{line.row.where} {line.field}")
    expect([f"{source}: {', '.join(found)}" for source, found in owners.items() if len(found) > 1])


@pytest.mark.parametrize("folder", ["places", "light", "times", "weather", "sounds"])
def test_places_bring_in_nobody(folder: str, lines, rendered, expect) -> None:
    """No person, animal or vehicle does anything in a sentence about the surroundings."""
    faults = []
    for line in lines(folder):
        analysis = analyse(rendered(line.source)[0][1])
        for verb in analysis.verbs:
            for index in verb.agents:
                noun = analysis.nouns[index]
                if noun.root in DOERS and noun.core not in NO_DOERS and not noun.pronoun:
                    faults.append(f"{line.where}  ({noun.core})")
    expect(faults)
