"""The texts of every arm: written once, kept, and never written again."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from t2v_recaption.compare.arms import Arm
from t2v_recaption.compare.budget import Budget
from t2v_recaption.compare.design import Design, digest
from t2v_recaption.compare.items import Item
from t2v_recaption.compare.rewrites import read_rewrites
from t2v_recaption.compare.store import Outcome, Store
from t2v_recaption.enhancement import Enhancement
from t2v_recaption.errors import InvalidInput, RecaptionError

CHUNK = 32
"""Prompts that a writer is given at once, and that a kill may cost."""

KIND = "text"

Done = Callable[[str, Outcome], None]
"""Told of each outcome: its kind, and the outcome."""


def text_key(identity: dict[str, Any], item: Item) -> str:
    """The content address of an arm's text for a prompt."""
    return digest([KIND, {k: v for k, v in identity.items() if k not in ("clips", "generate", "seeds")}, item.prompt])


class Texts:
    """The texts of a design.

    Args:
        design: whose arms write.
        store: where texts are kept.
    """

    def __init__(self, design: Design, store: Store) -> None:
        self.design, self.store = design, store
        self.arms = [arm for arm in design.arms if arm.source != "clips"]
        self._keys = {
            (arm.name, item.id): text_key(identity, item)
            for arm in self.arms
            for identity in [arm.identity()]
            for item in design.items.items
        }
        self.notes: list[str] = []

    def outcome(self, arm: str, item: Item) -> Outcome | None:
        """The text of an arm for a prompt; None where none was written yet (or the arm has none)."""
        key = self._keys.get((arm, item.id))
        return None if key is None else self.store.get(key)

    def missing(self, arm: Arm) -> list[Item]:
        """The prompts that an arm has still to write for."""
        return [item for item in self.design.items.items if self.outcome(arm.name, item) is None]

    def write(self, budget: Budget, done: Done = lambda kind, outcome: None) -> None:
        """Write what is missing, arm by arm, so that only one model is in memory."""
        for arm in self.arms:
            left = self.missing(arm)
            if arm.source == "file":
                # Read even if nothing is missing: what the file lacks has to be said every time.
                rewrites = read_rewrites(Path(arm.path), self.design.items, arm.column)
                self.notes += rewrites.notes
                self._keep(arm, left, (_text(rewrites.texts.get(item.id), "the file") for item in left), done)
            elif left and arm.source == "writer":
                self._enhance(arm, left, budget, done)
            elif left:
                write = str if arm.source == "raw" else function_of(arm)
                self._keep(arm, left, (_called(write, item.prompt) for item in left), done)

    def _keep(self, arm: Arm, items: Sequence[Item], outcomes: Iterator[Outcome], done: Done) -> None:
        for item, outcome in zip(items, outcomes, strict=True):
            done(KIND, self.store.put(self._keys[arm.name, item.id], KIND, outcome))

    def _enhance(self, arm: Arm, items: Sequence[Item], budget: Budget, done: Done) -> None:
        paid = arm.writer != "composer"
        with arm.enhancer() as enhancer:
            rest = iter(items)
            while some := list(islice(rest, budget.allowed("text", CHUNK) if paid else CHUNK)):
                began = time.monotonic()
                found = enhancer.batch([item.prompt for item in some])
                each = (time.monotonic() - began) / len(some)
                if paid:
                    budget.spend("text", len(some))
                self._keep(arm, some, (_enhanced(outcome, each) for outcome in found), done)


def function_of(arm: Arm) -> Callable[[str], str]:
    """The function behind an arm.

    Raises:
        InvalidInput: there is no such module or function.
    """
    if arm.function is not None:
        return arm.function
    module, _, name = arm.path.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidInput(
            f"The arm {arm.name!r} cannot be imported from {arm.path!r}: {error}.", hint="Write python:module:function."
        ) from error
    if not callable(found):
        raise InvalidInput(f"{arm.path!r} of the arm {arm.name!r} is no function.")
    function: Callable[[str], str] = found
    return function


def _enhanced(outcome: Any, seconds: float) -> Outcome:
    if not isinstance(outcome, Enhancement):
        return Outcome({}, f"{outcome.message} {outcome.hint}".strip(), seconds)
    told = {
        "text": outcome.caption,
        "negative": outcome.negative,
        "notes": [*outcome.notes, *([f"Fallback: {outcome.fallback}"] if outcome.fallback else [])],
        "provenance": outcome.provenance,
    }
    return Outcome(told, "", seconds)


def _called(function: Callable[[str], str], prompt: str) -> Outcome:
    began = time.monotonic()
    try:
        return _text(function(prompt), "the arm", time.monotonic() - began)
    except RecaptionError as error:
        return Outcome({}, str(error), time.monotonic() - began)
    except Exception as error:  # whatever a user's function does, it costs one text and not the run
        return Outcome({}, f"{type(error).__name__}: {error}", time.monotonic() - began)


def _text(text: Any, who: str, seconds: float = 0.0) -> Outcome:
    if text is None:
        return Outcome({}, f"Missing: {who} has no text for this prompt.", seconds)
    if not isinstance(text, str):
        return Outcome({}, f"{who.capitalize()} gave {type(text).__name__}, not a text.", seconds)
    if not text.strip():
        return Outcome({}, f"Empty: {who} gave no text for this prompt.", seconds)
    return Outcome({"text": text}, "", seconds)
