"""Every sentence of the knowledge is English, whatever its subject is: one, several, or one called "they"."""

from __future__ import annotations

import re

import pytest

from t2v_recaption.writers.composer.grammar import article, plural_of, third_person

FILES = ("subjects", "actions", "places", "light", "camera", "styles", "times", "weather", "moods", "sounds")
SHORTEST, LONGEST = 6, 30
DOUBLED = re.compile(r"\b(\w+)[ ,]+\1\b", re.IGNORECASE)
MEANT_TWICE = {"that", "had", "side", "step", "beat", "then", "layer"}
ARTICLE = re.compile(r"\b(an?) ([\w'-]+)")
IRREGULAR = {
    ("is", "are"),
    ("has", "have"),
    ("does", "do"),
    ("was", "were"),
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("hoof", "hooves"),
    ("its", "their"),
    ("this", "these"),
    ("that", "those"),
    ("a", ""),
    ("goes", "go"),
}


@pytest.mark.parametrize("folder", FILES)
def test_is_a_sentence(folder: str, lines, rendered, word_pattern, expect) -> None:
    faults = []
    for line in lines(folder):
        for form, text in rendered(line.source):
            for fault in _faults(text, word_pattern):
                faults.append(f"{line.where}\n    {form}, {fault}: {text}")
                break
    expect(faults)


def _faults(text: str, word_pattern) -> list[str]:
    found = []
    if not text[:1].isupper() and not text[:1].isdigit():
        found.append("no capital")
    if not text.endswith(".") or text.endswith(".."):
        found.append("no full stop")
    if re.search(r"\s\s|\s[.,;:]|[.!?;:,]{2}|^\s|\s$", text):
        found.append("spaces or marks")
    if re.search(r"[.!?] ", text):
        found.append("two sentences")
    if not SHORTEST <= len(word_pattern.findall(text)) <= LONGEST:
        found.append(f"{len(word_pattern.findall(text))} words")
    found += [f"“{word}” twice" for word in DOUBLED.findall(text) if word.lower() not in MEANT_TWICE]
    found += [f"“{a} {word}”" for a, word in ARTICLE.findall(text) if len(word) > 1 and article(word) != a]
    return found


@pytest.mark.parametrize("folder", FILES)
def test_brackets_agree(folder: str, lines, expect) -> None:
    """Each bracket holds a form and its counterpart, the singular first."""
    faults = []
    for line in lines(folder):
        for one, many in re.findall(r"[<\[]([^<>\[\]|]*)\|([^<>\[\]|]*)[>\]]", line.source):
            if not _counterparts(one, many):
                faults.append(f"{line.where}  ({one}|{many})")
        faults += [
            f"{line.where}  (<{one}|{many}>)"
            for one, many in re.findall(r"<(\w+)\|(\w+)>", line.source)
            if not _verbs(one, many)
        ]
    expect(faults)


def _counterparts(one: str, many: str) -> bool:
    ones, others = ([word for word in text.split(" ") if word not in ("a", "an", "matching")] for text in (one, many))
    pairs = list(zip(ones, others, strict=False))
    return len(ones) == len(others) and all(a == b or _verbs(a, b) or _nouns(a, b) for a, b in pairs)


def _verbs(one: str, many: str) -> bool:
    return third_person(many) == one or (one, many) in IRREGULAR or (many.endswith("z") and one == f"{many}zes")


def _nouns(one: str, many: str) -> bool:
    return (
        plural_of(one) == many
        or (one, many) in IRREGULAR
        or (one.endswith(("f", "fe")) and many.endswith("ves"))
        or f"{one}es" == many
    )


@pytest.mark.parametrize("folder", FILES)
def test_verbs_agree_with_they(folder: str, lines, expect) -> None:
    """A verb after `{they}` stands in `<…|…>`: in square brackets it would be wrong for one person called "they"."""
    faults = []
    for line in lines(folder):
        if line.row.entry.get("is") == "group" or line.row.entry.get("name") in ("crowd", "group"):
            continue
        faults += [
            f"{line.where}  ({found})" for found in re.findall(r"\{[Tt]hey\} (?:\w+ly )?\[\w+\|\w+\]", line.source)
        ]
        faults += [
            f"{line.where}  ({found})" for found in re.findall(r"\{[Tt]hey\} (?:is|has|was|\w+[^su]s)\b", line.source)
        ]
    expect(faults)


@pytest.mark.parametrize("folder", ["subjects", "actions"])
def test_parts_agree_with_their_verbs(folder: str, lines, word_list, expect) -> None:
    """`{Their} [tail|tails] [swings|swing]`: both or neither."""
    faults, common = [], frozenset(word_list("verb"))
    for line in lines(folder):
        for part, one, many in re.findall(r"\{[Tt]heir\} (\w+) \[([a-z]+s)\|([a-z]+)\]", line.source):
            if not part.endswith("s") and part not in ("feet", "teeth", "antennae") and not many.startswith(one):
                faults.append(f"{line.where}  ({part} [{one}|{many}])")
        for part, verb in re.findall(
            r"(?:^|[,;] |\band )\{[Tt]heir\} (?:\w+ )?\[(\w+)\|\w+\] (\w+)\b(?!\|)", line.source
        ):
            if verb in common:
                faults.append(f"{line.where}  ({part} {verb})")
    expect(faults)
