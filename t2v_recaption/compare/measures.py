"""Measures: what a text is scored by, each with its scale and the direction that is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from t2v_recaption import fidelity
from t2v_recaption.compare.items import Item
from t2v_recaption.compare.scores import Score
from t2v_recaption.errors import UnknownName
from t2v_recaption.fidelity.report import Report, Status
from t2v_recaption.intent.model import Intent
from t2v_recaption.targets.model import Target


@dataclass(frozen=True)
class Text:
    """One text to be scored."""

    item: Item
    intent: Intent
    text: str
    target: Target

    @cached_property
    def report(self) -> Report:
        """What it keeps of the prompt and what it adds."""
        return fidelity.check(self.intent, self.text)


@dataclass(frozen=True)
class Measure:
    """One way to score a text."""

    name: str
    title: str
    scores: Callable[[Text], list[Score]]
    """The scores of one text; their `prompt` is the item's id. A text that cannot be scored has a value of None."""
    scale: tuple[float, float] | None = (0.0, 1.0)
    better: Literal["higher", "lower", "neither"] = "higher"
    unit: str = ""
    """Empty for a share, which is shown in points of a percent."""
    margin: float | None = None
    """Smallest difference that matters; None: what the design says."""


def _fidelity(text: Text) -> list[Score]:
    return [
        Score(text.item.id, float(v.status is Status.KEPT), claim=v.fact.id, category=v.fact.kind.value)
        for v in text.report.verdicts
    ]


def _inventions(text: Text) -> list[Score]:
    return [Score(text.item.id, float(len(text.report.inventions)))]


def _words(text: Text) -> list[Score]:
    return [Score(text.item.id, float(len(text.text.split())))]


TEXT_MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("fidelity", "facts of the prompt kept", _fidelity),
        Measure("inventions", "things added that change the clip", _inventions, None, "lower", "things", 0.1),
        Measure("words", "words", _words, None, "neither", "words", 1.0),
    )
}


def text_measure(name: str) -> Measure:
    """The measure of that name.

    Raises:
        UnknownName: there is none.
    """
    if name not in TEXT_MEASURES:
        raise UnknownName("measure", name, TEXT_MEASURES)
    return TEXT_MEASURES[name]
