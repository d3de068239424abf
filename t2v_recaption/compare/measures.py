"""Measures: what a text is scored by, each with its scale and the direction that is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from t2v_recaption import fidelity
from t2v_recaption.compare import text_metrics
from t2v_recaption.compare.items import Item
from t2v_recaption.compare.scores import Score
from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.fidelity.report import Report, Status
from t2v_recaption.intent.model import Intent, Kind
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

    @cached_property
    def measures(self) -> text_metrics.TextMeasures:
        """What can be measured of it without its prompt."""
        return text_metrics.measure_text(self.text, language=self.intent.language)


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
    """Empty for a share, which is shown in percentage points."""
    margin: float | None = None
    """Smallest difference that matters; None: what the design says."""
    of_arm: Callable[[Sequence[Text]], list[list[Score]]] | None = None
    """For what one text cannot tell (phrases that come back): the scores of all texts of an arm, in order."""

    def of(self, texts: Sequence[Text]) -> list[list[Score]]:
        """The scores of all texts of an arm, in order."""
        return self.of_arm(texts) if self.of_arm is not None else [self.scores(text) for text in texts]


def _fidelity(text: Text) -> list[Score]:
    return [
        Score(text.item.id, float(v.status is Status.KEPT), claim=v.fact.id, category=v.fact.kind.value)
        for v in text.report.verdicts
    ]


def _inventions(text: Text) -> list[Score]:
    wishes = {Kind.CAMERA: text.target.camera, Kind.STYLE: text.target.style}
    # What the target was trained on is no fault of the text.
    unasked = [each for each in text.report.inventions if wishes.get(each.kind, "unwanted") == "unwanted"]
    return [Score(text.item.id, float(len(unasked)))]


def _words(text: Text) -> list[Score]:
    return [Score(text.item.id, float(len(text.text.split())))]


def _one(measured: Callable[[Text], float | None]) -> Callable[[Text], list[Score]]:
    return lambda text: [Score(text.item.id, measured(text))]


def _phrases(texts: Sequence[Text]) -> list[list[Score]]:
    found = text_metrics.diversity([t.text for t in texts], [t.intent.prompt for t in texts])
    return [[Score(text.item.id, share)] for text, share in zip(texts, found.phrase_reuse, strict=True)]


def _perplexity(model: str) -> Measure:
    @cache
    def loaded() -> Callable[[str], float | None]:
        from t2v_recaption.compare.perplexity import Perplexity

        return Perplexity(model)

    def measured(text: Text) -> float | None:
        try:
            return loaded()(text.text)
        except InvalidInput:  # longer than the model's context: not scored
            return None

    return Measure(f"perplexity:{model}", f"perplexity under {model}", _one(measured), None, "neither", "points", 1.0)


TEXT_MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("fidelity", "facts of the prompt kept", _fidelity),
        Measure("inventions", "things added that change the clip", _inventions, None, "lower", "things", 0.1),
        Measure("words", "words", _words, None, "neither", "words", 1.0),
        Measure(
            "fits",
            "fits the target's text encoder whole",
            _one(lambda t: float(not text_metrics.token_fit(t.text, t.target).over)),
        ),
        Measure(
            "tokens",
            "tokens in the target's text encoder",
            _one(lambda t: float(text_metrics.token_fit(t.text, t.target).tokens)),
            None,
            "neither",
            "tokens",
            2.0,
        ),
        Measure("concreteness", "what is said that a camera could see", _one(lambda t: t.measures.concreteness)),
        Measure("aspects", "aspects of a video spoken of, of six", _one(lambda t: t.measures.coverage)),
        Measure(
            "readability",
            "Flesch's reading ease",
            _one(lambda t: t.measures.reading_ease),
            None,
            "neither",
            "points",
            5.0,
        ),
        Measure("repeated", "sentences that say the same again", _one(lambda t: t.measures.repeated), better="lower"),
        Measure("phrases", "phrases that other texts have, too", lambda t: [], better="lower", of_arm=_phrases),
    )
}


SHOWN = ("inventions", "words", "fits", "concreteness", "aspects", "repeated", "phrases")
"""Measures that are shown beside the one that decides, unless others are named."""


def text_measure(name: str) -> Measure:
    """The measure of that name; `perplexity:MODEL` takes a model's folder, GGUF file or hub id.

    Raises:
        UnknownName: there is none.
    """
    if name.startswith("perplexity:"):
        return _perplexity(name.removeprefix("perplexity:"))
    if name not in TEXT_MEASURES:
        raise UnknownName("measure", name, TEXT_MEASURES)
    return TEXT_MEASURES[name]
