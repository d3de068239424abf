"""States: what a prompt says of its subject, made visible: right in every number, filmable, bringing in nobody."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest

from t2v_recaption import fidelity, intent
from t2v_recaption.knowledge import FOLDER, ROOTS
from t2v_recaption.writers.composer.grammar import capital
from t2v_recaption.writers.composer.notation import Reference, compile_fragment, realise

KEYS = {"state", "words", "of", "sentences"}
OF = (ROOTS - {"group", "body part"}) | {"place"}
SLOTS = {"they", "them", "their", "themselves", "name"}
WORDS = (9, 24)  # of a sentence's text, with `{name}` as two words
SURFACE = re.compile(r"[a-z0-9]+(?:[ '-][a-z0-9]+)*")
TOKEN = re.compile(
    r"\{(\w+)\}|\[[^\[\]|{}<>]+\|[^\[\]|{}<>]+\]|<[^<>|{}\[\]]+\|[^<>|{}\[\]]+>|\([^()/{}]+(?:/[^()/{}]+)+\)"
)
EMPTY = re.compile(
    r"\b(?:stunning|majestic|picturesque|breathtaking|serene|tranquil|vibrant|lush|mesmeri[sz]ing|nestled|testament"
    r"|sense of|as if|as though|something|captivating|beautiful|lovely|gorgeous|atmosphere|ambiance|cinematic|seems?"
    r"|somehow|camera|lens|or)\b",
    re.IGNORECASE,
)
NAMES = {
    "person": "woman",
    "animal": "dog",
    "vehicle": "car",
    "food": "bread",
    "plant": "tree",
    "building": "house",
    "object": "chair",
    "landform": "hill",
    "water": "lake",
    "sky": "sky",
    "creature": "dragon",
    "place": "street",
    "substance": "honey",
}
ONE = Reference("the model", "it", False)
FORMS = {
    "one": ONE,
    "many": ONE._replace(name="the two models", pronoun="they", plural=True),
    "singular they": ONE._replace(pronoun="they"),
}


class _First:
    def pick(self, key: str, options: tuple[str, ...]) -> str:
        return options[0]


class Line(NamedTuple):
    where: str
    source: str
    entry: dict[str, Any]


@cache
def states() -> list[tuple[str, dict[str, Any]]]:
    lines = (FOLDER / "states.jsonl").read_text(encoding="utf-8").splitlines()
    return [(f"states.jsonl:{number}", json.loads(line)) for number, line in enumerate(lines, 1) if line.strip()]


def sentences() -> Iterator[Line]:
    for where, entry in states():
        yield from (Line(f"{where} {entry['state']!r}", source, entry) for source in entry["sentences"])


def text(source: str, who: Reference = ONE) -> str:
    return capital(realise(compile_fragment(source), who, _First(), "k"))  # type: ignore[arg-type]


def test_schema(expect) -> None:
    faults = []
    for where, entry in states():
        faults += [f"{where} has the keys {sorted(entry)}"] if set(entry) != KEYS else []
        faults += [f"{where} of: no root {root!r}" for root in set(entry["of"]) - OF]
        faults += [f"{where} words: {word!r}" for word in entry["words"] if not SURFACE.fullmatch(word)]
        faults += [f"{where} needs {key!r}" for key in KEYS if not entry[key]]
        if not 4 <= len(entry["sentences"]) <= 6:
            faults.append(f"{where} has {len(entry['sentences'])} sentences, not four to six")
        for key in ("words", "of"):
            faults += [f"{where} {key}: {item!r} twice" for item, count in Counter(entry[key]).items() if count > 1]
    expect(faults)


def test_a_word_means_one_state_of_a_root(expect) -> None:
    meant: dict[tuple[str, str], str] = {}
    faults = []
    for where, entry in states():
        for key in ((word, root) for word in entry["words"] for root in entry["of"]):
            if key in meant:
                faults.append(f"{where} {entry['state']!r}: {key} is {meant[key]} already")
            meant[key] = f"{where} {entry['state']!r}"
    expect(faults)


def test_sentences(expect) -> None:
    faults = []
    for line in sentences():
        slots = {slot.lower() for slot in re.findall(r"\{(\w+)\}", line.source)}
        faults += [f"{line.where} slot {slot!r}" for slot in slots - SLOTS]
        if re.search(r"[\[\]{}<>|]", TOKEN.sub("x", line.source)):
            faults.append(f"{line.where} notation: {line.source}")
        for form, who in FORMS.items():
            said = text(line.source, who)
            if not WORDS[0] <= len(text(line.source).split()) <= WORDS[1]:
                faults.append(f"{line.where} has {len(said.split())} words: {said}")
            if not said.endswith(".") or re.search(r"\s\s|\s[.,;:]|[.!?;:,]{2}|[.!?] |^\s", said):
                faults.append(f"{line.where} {form} marks: {said}")
            if re.search(r"\b(\w+) \1\b", said):
                faults.append(f"{line.where} {form} doubled word: {said}")
        if EMPTY.search(line.source):
            faults.append(f"{line.where} says nothing to film, praises, or leaves it open: {line.source}")
    expect(faults)


def test_verbs_agree(expect) -> None:
    """A verb after `{they}` stands in `<…|…>`, one after `{name}` in `[…|…]`."""
    faults = []
    for line in sentences():
        for pattern in (
            r"\{[Tt]hey\} (?:\w+ly )?\[\w+\|\w+\]",
            r"\{[Tt]hey\} (?:is|has|was|\w+[^su]s)\b",
            r"^\{[Nn]ame\} (?:\w+ly )?(?:is|has|was|\w{2,}[^su]s)\b",
            r"\{[Nn]ame\} (?:\w+ly )?<",
        ):
            faults += [f"{line.where} ({found}): {line.source}" for found in re.findall(pattern, line.source)]
    expect(faults)


def test_nobody_is_brought_in(expect) -> None:
    """For no root a state is written for do its sentences add a subject to a prompt that states it."""
    faults = []
    for where, entry in states():
        for root in entry["of"]:
            prompt = f"a {NAMES[root]}, {entry['state']}"
            who = Reference(f"the {NAMES[root]}", "it", False)
            for source in entry["sentences"]:
                report = fidelity.check(intent.parse(prompt), f"{capital(prompt)}. {text(source, who)}")
                faults += [f"{where} ({prompt}): {item.reason} in: {source}" for item in report.inventions]
    expect(faults)


def test_no_sentence_comes_twice() -> None:
    counted = Counter(line.source for line in sentences())
    assert [sentence for sentence, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("state", ["snow-covered", "wet", "abandoned", "rusty", "happy", "sliced", "floating on water"])
def test_common_states_are_there(state: str) -> None:
    assert any(entry["state"] == state for _, entry in states())
