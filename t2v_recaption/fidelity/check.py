"""check: what a text keeps of an intent. Rules only, no model, the same answer every time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from t2v_recaption.fidelity import events, exact, places, terms, things
from t2v_recaption.fidelity.inventions import inventions
from t2v_recaption.fidelity.match import Match
from t2v_recaption.fidelity.report import FactVerdict, Report, Status
from t2v_recaption.fidelity.scene import Scene
from t2v_recaption.intent.model import Fact, Intent, Kind, Span

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend

Rule = Callable[[Match, Fact], FactVerdict]

RULES: Mapping[Kind, Rule] = {
    Kind.SUBJECT: things.subject,
    Kind.COUNT: things.count,
    Kind.ATTRIBUTE: things.attribute,
    Kind.ACTION: events.action,
    Kind.RELATION: places.relation,
    Kind.SETTING: places.setting,
    Kind.TIME: terms.time,
    Kind.WEATHER: terms.weather,
    Kind.LIGHT: terms.loose,
    Kind.MOOD: terms.loose,
    Kind.CAMERA: terms.camera,
    Kind.STYLE: terms.style,
    Kind.TEXT: exact.text,
    Kind.NAME: exact.name,
    Kind.ORDER: events.order,
    Kind.NEGATION: exact.negation,
    Kind.FORMAT: terms.loose,
    Kind.PHRASE: exact.phrase,
}


def check(
    intent: Intent,
    text: str,
    *,
    allowed: frozenset[Kind] = frozenset(),
    judge: Backend | None = None,
    leaked: Iterable[str] = (),
) -> Report:
    """Compare a text with an intent, fact by fact, and list what it invents. Never raises.

    Args:
        intent: what the user stated.
        text: the caption, or any other text that should say the same.
        allowed: kinds of invention that are welcome (a target that wants camera words allows `camera`).
        judge: a language model that may accept a paraphrase the rules do not recognise. It is asked only about facts
            that are lost or weakened; a verdict that it changes carries its name. If it fails, the rules stand.
        leaked: details of a writer's instructions (few-shot examples) that must not show up in the text.
    """
    match = Match(intent, scene_of(text))
    whole = verbatim(intent.prompt, text)
    verdicts = tuple(_with_prompt(verdict(match, fact), whole) for fact in intent)
    told = [v.span for v in verdicts if v.fact.kind is Kind.SUBJECT and v.status is not Status.KEPT and v.span]
    found = tuple(
        i
        for i in inventions(match, leaked)
        if (whole is None or not _within(i.span, whole)) and not (i.kind is Kind.SUBJECT and i.span in told)
    )
    report = Report(text, verdicts, found, frozenset(allowed))
    if judge is not None and report.failures:
        from t2v_recaption.fidelity.judge import overrule

        return overrule(intent, report, judge)
    return report


@lru_cache(maxsize=16)
def scene_of(text: str) -> Scene:
    """The same text is checked by the writer, the pipeline and after the repairs."""
    return Scene(text)


def verdict(match: Match, fact: Fact) -> FactVerdict:
    """What the text makes of one fact."""
    if fact.negated and fact.kind is not Kind.NEGATION:
        return exact.negation(match, fact)
    return RULES[fact.kind](match, fact)


def verbatim(prompt: str, text: str) -> Span | None:
    """Where the text has the whole prompt, word for word: there it states whatever the prompt states.

    Capitals, white space and the full stop at the end may differ.
    """
    wanted = " ".join(prompt.split()).rstrip(" .,;:")
    if not wanted:
        return None
    start = text.find(wanted)
    if start < 0 and len(text.lower()) == len(text):
        start = text.lower().find(wanted.lower())
    if start < 0:  # only the first letter may have changed where lower case has another length
        start = text.find(wanted[1:]) - 1 if len(wanted) > 3 else -1
    return Span(start, start + len(wanted)) if start >= 0 else None


def _within(span: Span | None, outer: Span) -> bool:
    return span is None or (outer.start <= span.start and span.end <= outer.end)


def _with_prompt(found: FactVerdict, whole: Span | None) -> FactVerdict:
    """Where the text has the prompt word for word, only another place of the text can go against a fact."""
    if whole is None or found.status is Status.KEPT:
        return found
    if found.status is Status.CONTRADICTED and not _within(found.span, whole):
        return found
    return replace(found, status=Status.KEPT, span=whole, reason="The text has the prompt word for word.")
