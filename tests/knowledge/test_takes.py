"""Takes: one continuous shot each, written whole: grammatical in every number, filmable, and bringing in nobody."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from t2v_recaption import fidelity, intent
from t2v_recaption.knowledge import FOLDER
from t2v_recaption.writers.composer.grammar import capital
from t2v_recaption.writers.composer.library import library
from t2v_recaption.writers.composer.notation import Reference, compile_fragment, realise

FILES = sorted((FOLDER / "takes").glob("*.jsonl"))
KEYS = {
    "action": {"verb", "particle", "also", "objects", "by", "needs", "takes"},
    "subject": {"subject", "also", "with", "wear", "needs", "takes"},
    "place": {"place", "also", "needs", "takes"},
    "above": {"above", "also", "takes"},
}
TAKE = {"place", "time", "wear", "motion", "setting", "camera"}
SLOTS = {"they", "them", "their", "themselves", "name", "obj"}
TIMES = {"day", "dawn", "dusk", "night"}
CONTEXTS = {"home", "office", "city", "nature", "beach", "snow", "sport", "evening", "kitchen", "any"}
TOKEN = re.compile(
    r"\{(\w+)\}|\[[^\[\]|{}<>]+\|[^\[\]|{}<>]+\]|<[^<>|{}\[\]]+\|[^<>|{}\[\]]+>|\([^()/{}]+(?:/[^()/{}]+)+\)"
)
MOVES = re.compile(
    r"\b(?:pans?|panning|tilts?|zooms?|zooming|dolly|dollies|tracks|tracking|orbits?|pushes in|pulls back|crane shot"
    r"|follows|following|glides|drifts)\b"
)
EMPTY = re.compile(
    r"\b(?:stunning|majestic|picturesque|breathtaking|serene|tranquil|vibrant|lush|mesmeri[sz]ing|nestled|testament"
    r"|sense of|as if|as though|something|captivating|beautiful|atmosphere|ambiance|cinematic|seems?|somehow)\b",
    re.IGNORECASE,
)
UNDECIDED = re.compile(r"\bor\b", re.IGNORECASE)
ONE = Reference("the model", "it", False, "the ball", "the beach")
FORMS = {"one": ONE, "many": ONE._replace(name="the two models", pronoun="they", plural=True)}
LENGTHS = {"motion": (7, 34), "setting": (10, 38), "camera": (7, 28)}


class _First:
    def pick(self, key: str, options: tuple[str, ...]) -> str:
        return options[0]


class Line(NamedTuple):
    where: str
    field: str
    source: str
    group: dict[str, Any]


@cache
def groups(path: Path) -> list[tuple[str, dict[str, Any]]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(f"{path.name}:{number}", json.loads(line)) for number, line in enumerate(lines, 1) if line.strip()]


def sentences(path: Path) -> Iterator[Line]:
    for where, group in groups(path):
        for at, take in enumerate(group.get("takes", ())):
            for field in ("motion", "setting", "camera"):
                value = take.get(field, ())
                for source in [value] if isinstance(value, str) else value:
                    yield Line(f"{where} take {at + 1}", field, source, group)


def phrases(path: Path) -> Iterator[Line]:
    for where, group in groups(path):
        for source in group.get("with", ()):
            yield Line(where, "with", source, group)
        worn = group.get("wear", {})
        for value in worn.values():
            yield from (Line(where, "wear", source, group) for source in value)
        for take in group.get("takes", ()):
            yield from (Line(where, "wear", source, group) for source in take.get("wear", ()))


def kind(group: dict[str, Any]) -> str:
    return "action" if "verb" in group else next(name for name in ("subject", "place", "above") if name in group)


def text(source: str, who: Reference = ONE) -> str:
    return capital(realise(compile_fragment(source), who, _First(), "k"))  # type: ignore[arg-type]


def expect(faults: list[str]) -> None:
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(dict.fromkeys(faults))


def each_file(test):
    return pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)(test)


@each_file
def test_schema(path: Path) -> None:
    faults, known = [], library()
    for where, group in groups(path):
        shape = kind(group)
        faults += [f"{where} unknown key {key!r}" for key in set(group) - KEYS[shape]]
        faults += [f"{where} missing {key!r}" for key in {"takes", shape if shape != "action" else "verb"} - set(group)]
        if shape == "action" and not group.get("by"):
            faults.append(f"{where} needs 'by'")
        if shape == "subject" and known.subject(group["subject"]) is None:
            faults.append(f"{where} no subject {group['subject']!r}")
        if shape == "place" and known.place(group["place"], exact=True) is None:
            faults.append(f"{where} no place {group['place']!r}")
        faults += [f"{where} wear: unknown context {key!r}" for key in set(group.get("wear", {})) - CONTEXTS]
        for at, take in enumerate(group.get("takes", ()), 1):
            faults += [f"{where} take {at} unknown key {key!r}" for key in set(take) - TAKE]
            faults += [
                f"{where} take {at} missing {key!r}"
                for key in {"motion", "setting" if shape == "above" else "camera"} - set(take)
            ]
            if "place" in take and known.place(take["place"], exact=True) is None:
                faults.append(f"{where} take {at} no place entry {take['place']!r}")
            if "time" in take and take["time"] not in TIMES:
                faults.append(f"{where} take {at} time {take['time']!r}")
            if "setting" in take and not take.get("place") and shape == "action":
                faults.append(f"{where} take {at} has a setting without a place")
            if not isinstance(take.get("motion"), list) or not 1 <= len(take["motion"]) <= 3:
                faults.append(f"{where} take {at} motion: a list of two or three sentences")
    expect(faults)


@each_file
def test_sentences(path: Path) -> None:
    faults = []
    for line in sentences(path):
        found = set(re.findall(r"\{(\w+)\}", line.source))
        allowed = SLOTS if kind(line.group) == "action" else SLOTS - {"obj"}
        faults += [f"{line.where} {line.field}: slot {slot!r}" for slot in {s.lower() for s in found} - allowed]
        if re.search(r"[\[\]{}<>|]", TOKEN.sub("x", line.source)):
            faults.append(f"{line.where} notation: {line.source}")
        for form, who in FORMS.items():
            said = text(line.source, who)
            low, high = LENGTHS[line.field]
            words = len(said.split())
            if not low <= words <= high:
                faults.append(f"{line.where} {line.field} has {words} words ({low}-{high}): {said}")
            if not said.endswith(".") or re.search(r"\s\s|\s[.,;:]|[.!?;:,]{2}|[.!?] |^\s", said):
                faults.append(f"{line.where} {form} marks: {said}")
            if re.search(r"\b(\w+) \1\b", said):
                faults.append(f"{line.where} {form} doubled word: {said}")
        if EMPTY.search(line.source) or UNDECIDED.search(line.source):
            faults.append(f"{line.where} says nothing to film, praises, or leaves it open: {line.source}")
        if line.field == "camera" and MOVES.search(line.source):
            faults.append(f"{line.where} the camera must not move: {line.source}")
    expect(faults)


@each_file
def test_phrases(path: Path) -> None:
    faults = []
    for line in phrases(path):
        for who in FORMS.values():
            said = realise(compile_fragment(line.source), who, _First(), "k")  # type: ignore[arg-type]
            if said.endswith(".") or not said[:1].islower() or not 3 <= len(said.split()) <= 22:
                faults.append(f"{line.where} {line.field}, a phrase of 3 to 22 words: {said}")
        if re.search(r"[\[\]{}<>|]", TOKEN.sub("x", line.source)) or EMPTY.search(line.source):
            faults.append(f"{line.where} {line.field}: {line.source}")
        if line.field == "wear" and not re.match(r"(?:in|with|barefoot in|bare-chested in)\b", line.source):
            faults.append(f"{line.where} wear begins with 'in' or 'with': {line.source}")
    expect(faults)


@each_file
def test_verbs_agree(path: Path) -> None:
    """A verb after `{they}` stands in `<…|…>`: in square brackets it is wrong for one person called "they"."""
    faults = []
    for line in sentences(path):
        for pattern in (
            r"\{[Tt]hey\} (?:\w+ly )?\[\w+\|\w+\]",
            r"\{[Tt]hey\} (?:is|has|was|\w+[^su]s)\b",
            r"\{[Nn]ame\} (?:\w+ly )?(?:is|has|was|\w{2,}[^su]s)\b(?! of)",
            r"\{[Nn]ame\} (?:\w+ly )?<",
        ):
            faults += [f"{line.where}  ({found}): {line.source}" for found in re.findall(pattern, line.source)]
    expect(faults)


@each_file
def test_nobody_is_brought_in(path: Path) -> None:
    faults = []
    for where, group in groups(path):
        prompt = _prompt(group)
        parsed = intent.parse(prompt)
        for at, take in enumerate(group.get("takes", ()), 1):
            parts = [*take["motion"], *(take[key] for key in ("setting", "camera") if key in take)]
            who = _reference(group)
            said = " ".join(text(part, who) for part in parts)
            report = fidelity.check(parsed, f"{capital(prompt)}. {said}")
            faults += [f"{where} take {at} ({prompt}): {item.reason} in: {said}" for item in report.inventions]
    expect(faults)


def _prompt(group: dict[str, Any]) -> str:
    if "subject" in group:
        return f"a {group['subject']}"
    if "place" in group:
        return f"a {group['place']}"
    if "above" in group:
        return f"drone view of a {group['above']}"
    thing = f" the {group['objects'][0]}" if group.get("objects") else ""
    verb = "hold" if group["verb"] == "*" else group["verb"]
    ing = f"{verb[:-1] if verb.endswith('e') and not verb.endswith(('ee', 'ye', 'oe')) else verb}ing"
    with_ = f" with a {group['needs'][0]}" if group.get("needs") else ""
    return f"a {group['by'][0]} {ing}{' ' + group['particle'] if group.get('particle') else ''}{thing}{with_}"


def _reference(group: dict[str, Any]) -> Reference:
    name = group.get("subject") or group.get("place") or group.get("above") or group["by"][0]
    obj = f"the {group['objects'][0]}" if group.get("objects") else "the ball"
    return Reference(f"the {name}", "it", False, obj, "the place")


def test_no_sentence_comes_twice() -> None:
    counted = Counter(line.source for path in FILES for line in sentences(path))
    assert [sentence for sentence, count in counted.items() if count > 1] == []
