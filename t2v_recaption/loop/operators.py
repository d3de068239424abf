"""Operators: the smallest edits that may make a video model show what it left out.

Each takes a wording and the fact that failed, and offers edited sentences, the mildest first. They add words or move
them; what the user said is never changed or dropped. `Workshop.offers` lets only those through that pass the fidelity
check and fit the target's text encoder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from t2v_recaption import fidelity
from t2v_recaption.fidelity.lexicon import FOLDER, sections, words_of
from t2v_recaption.fidelity.report import FactVerdict, Report
from t2v_recaption.intent.model import Fact, Intent, Kind
from t2v_recaption.loop.wording import Edit, Wording
from t2v_recaption.statements import statements
from t2v_recaption.targets.budget import STATED, fit
from t2v_recaption.targets.model import Target
from t2v_recaption.targets.tokens import TokenCounter
from t2v_recaption.writers.base import Sentence

POINTERS = re.compile(r"(he|she|it|they|his|her|its|their|this|that|these|those|then|there|the same|both)\b", re.I)
"""Beginnings that point back to what was said before: such a sentence cannot come first."""

SEVERAL = re.compile(r", (and )?then\b|\b(that|who|which)\b")
"""Clauses that tell more than one thing: insisting that they hold "throughout" or "in every frame" would be wrong."""

Offer = tuple[tuple[Sentence, ...], str, str]
"""Sentences, negative prompt, and what was changed in words."""


@dataclass(frozen=True)
class Workshop:
    """What edits are judged by: the user's intent and the target's limits."""

    intent: Intent
    target: Target
    counters: Mapping[str, TokenCounter] | None = None
    allowed: frozenset[Kind] = frozenset((Kind.CAMERA, Kind.STYLE))
    allow_rephrase: bool = False
    """Whether an edit may say what the prompt says in other words."""
    reports: dict[str, Report] = field(default_factory=dict, repr=False, compare=False)
    """The check of each text so far: edits ask for the same ones again and again."""

    def report(self, wording: Wording) -> Report:
        """What the wording keeps of the intent."""
        text = wording.text
        if text not in self.reports:
            self.reports[text] = fidelity.check(self.intent, text, allowed=self.allowed)
        return self.reports[text]

    def verdict(self, wording: Wording, fact: Fact) -> FactVerdict:
        """What the wording makes of one fact."""
        return next(verdict for verdict in self.report(wording).verdicts if verdict.fact.id == fact.id)

    def offers(self, operator: str, wording: Wording, fact: Fact, claim: str) -> Iterator[Wording]:
        """The edits of one operator that may be used, the mildest first."""
        before = len(self.report(wording).failures)
        for sentences, negative, change in OPERATORS[operator](self, wording, fact):
            edit = Edit(operator, claim, change)
            edited = replace(
                wording,
                sentences=sentences,
                negative=negative,
                origin="edited",
                edits=(*wording.edits, edit),
                parent=wording.key,
            )
            if edited.key != wording.key and self._sound(edited, before):
                yield edited

    def _sound(self, wording: Wording, failures: int) -> bool:
        report = self.report(wording)
        if len(report.failures) > failures or report.forbidden:
            return False
        return not fit(wording.sentences, self.target, self.counters).over


def add(shop: Workshop, wording: Wording, fact: Fact) -> Iterator[Offer]:
    """State the fact in a sentence of its own, right after the opening, where the text does not state it."""
    if shop.verdict(wording, fact).status is fidelity.Status.KEPT and fact.kind is not Kind.NEGATION:
        return
    for text in statements(shop.intent, fact):
        yield _inserted(wording, 1, text, fact), wording.negative, f"Added “{text}”"


def front(shop: Workshop, wording: Wording, fact: Fact) -> Iterator[Offer]:
    """Move the sentence that states the fact to the front, or state it there."""
    index = sentence_of(shop, wording, fact)
    rows = wording.sentences
    if index and not POINTERS.match(rows[index].text):
        moved = (replace(rows[index], importance=STATED), *rows[:index], *rows[index + 1 :])
        yield moved, wording.negative, f"Moved to the front: “{rows[index].text}”"
    for text in statements(shop.intent, fact):
        if not rows[0].text.startswith(text.rstrip(".")):
            yield _inserted(wording, 0, text, fact), wording.negative, f"Put in front: “{text}”"


def strengthen(shop: Workshop, wording: Wording, fact: Fact) -> Iterator[Offer]:
    """Insist on the fact in a sentence behind the one that states it."""
    at = (sentence_of(shop, wording, fact) or 0) + 1
    for text in statements(shop.intent, fact, patterns_file="emphasis.txt"):
        if not SEVERAL.search(text) and all(text != row.text for row in wording.sentences):
            yield _inserted(wording, at, text, fact), wording.negative, f"Insisted: “{text}”"


def split_shots(shop: Workshop, wording: Wording, fact: Fact) -> Iterator[Offer]:
    """Tell two events that follow each other as two parts of the clip."""
    if fact.kind is not Kind.ORDER or not fact.of or not fact.to:
        return
    first, then = (_event(shop.intent, shop.intent[one]) for one in (fact.of, fact.to))
    if not first or not then or first == then:
        return
    text = f"In the first half of the clip, {first} Then, in the second half, {then}"
    yield _inserted(wording, 1, text, fact), wording.negative, f"Told as two parts: “{text}”"


def positive(shop: Workshop, wording: Wording, fact: Fact) -> Iterator[Offer]:
    """Say what is there instead of what must be absent."""
    if fact.kind is not Kind.NEGATION:
        return
    for text in _positives().get(fact.value.lower(), ()):
        if all(text != row.text for row in wording.sentences):
            yield _inserted(wording, 1, text, fact), wording.negative, f"Said what is there instead: “{text}”"


def rule_out(shop: Workshop, wording: Wording, fact: Fact) -> Iterator[Offer]:
    """Put what the clip must not show into the negative prompt, in front."""
    unwanted = _unwanted(fact)
    known = {part.strip().lower() for part in wording.negative.split(",")}
    fresh = [word for word in unwanted if word.lower() not in known]
    if shop.target.negation == "negative" and fresh:
        negative = ", ".join(filter(None, [*fresh, wording.negative]))
        yield wording.sentences, negative, f"Ruled out in the negative prompt: {', '.join(fresh)}"


def drop_detail(shop: Workshop, wording: Wording, fact: Fact) -> Iterator[Offer]:
    """Take out added sentences, the least important first: what was asked for gets more of the model's attention."""
    added = sorted((row.importance, -at) for at, row in enumerate(wording.sentences) if row.importance < STATED)
    for count in dict.fromkeys((1, (len(added) + 1) // 2, len(added))):
        gone = {-at for _, at in added[:count]}
        if gone:
            kept = tuple(row for at, row in enumerate(wording.sentences) if at not in gone)
            said = " ".join(wording.sentences[at].text for at in sorted(gone))
            yield kept, wording.negative, f"Took out added detail: “{said}”"


def rephrase(shop: Workshop, wording: Wording, fact: Fact) -> Iterator[Offer]:
    """Say what the prompt says in one short sentence a fact, the failed one first, instead of in the user's words."""
    rest = tuple(row for row in wording.sentences if row.aspect != "prompt")
    if not shop.allow_rephrase or len(rest) == len(wording.sentences):
        return
    said = replace(wording, sentences=())
    for one in (fact, *shop.intent):
        if shop.verdict(said, one).status is not fidelity.Status.KEPT or (one.id == fact.id and not said.sentences):
            text = next(statements(shop.intent, one), "")
            said = replace(said, sentences=(*said.sentences, Sentence(text, "subject", STATED)))
    yield (*said.sentences, *rest), wording.negative, f"Said in short sentences: “{said.text}”"


Operator = Callable[[Workshop, Wording, Fact], Iterator[Offer]]

OPERATORS: dict[str, Operator] = {
    "add": add,
    "front": front,
    "strengthen": strengthen,
    "split": split_shots,
    "positive": positive,
    "negative": rule_out,
    "drop": drop_detail,
    "rephrase": rephrase,
}


def sentence_of(shop: Workshop, wording: Wording, fact: Fact) -> int | None:
    """Index of the sentence that states the fact; None where none does."""
    span = shop.verdict(wording, fact).span
    if span is None:
        return None
    position = 0
    for index, row in enumerate(wording.sentences):
        position += len(row.text) + 1
        if span.start < position:
            return index
    return None


def _event(intent: Intent, fact: Fact) -> str:
    """One event by itself: "a chef slices an onion, then pours oil" of the pouring is "the chef pours oil"."""
    text = next(statements(intent, fact), "")
    _, then, rest = text.partition("then ")
    doer = next((other for other in intent if other.id == fact.of), None)
    if then and rest and doer is not None:
        named = doer.text.split()[-1].lower() in rest.lower().split()
        text = rest if named else f"the {doer.text.split()[-1]} {rest}"
    return text[:1].lower() + text[1:]


def _inserted(wording: Wording, at: int, text: str, fact: Fact) -> tuple[Sentence, ...]:
    from t2v_recaption.mend import ASPECTS

    row = Sentence(text, ASPECTS.get(fact.kind, "subject"), STATED)
    return (*wording.sentences[:at], row, *wording.sentences[at:])


def _unwanted(fact: Fact) -> list[str]:
    if fact.kind is Kind.NEGATION:
        return [fact.value]
    if fact.kind is Kind.CAMERA and fact.value in ("static", "fixed", "still"):
        return ["camera movement", "shaky camera"]
    if fact.kind is Kind.COUNT and fact.value.isdigit():
        return ["wrong number of objects"]
    if fact.kind is Kind.TEXT:
        return ["misspelled text", "garbled letters"]
    return []


@cache
def _positives() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for section, line in sections((FOLDER / "positives.txt").read_text(encoding="utf-8")):
        for word in words_of(section):
            found.setdefault(word, []).append(line)
    return found
