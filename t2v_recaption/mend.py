"""mend: deterministic repairs. What was lost comes back in the user's words; what contradicts or invents goes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from t2v_recaption import fidelity
from t2v_recaption.fidelity.lexicon import excludes, listed
from t2v_recaption.fidelity.report import FactVerdict, Invention, Report, Status
from t2v_recaption.intent.model import Fact, Intent, Kind, Span
from t2v_recaption.language import analyse
from t2v_recaption.statements import finite, opening, phrase, sentence, statements
from t2v_recaption.writers.base import Aspect, Sentence
from t2v_recaption.writers.sentences import split

ASPECTS: dict[Kind, Aspect] = {
    Kind.CAMERA: "camera",
    Kind.STYLE: "style",
    Kind.SETTING: "setting",
    Kind.TIME: "time",
    Kind.WEATHER: "weather",
    Kind.LIGHT: "light",
    Kind.MOOD: "mood",
    Kind.ACTION: "action",
}
"""What a sentence that states a fact of that kind is about; `subject` for the others."""

ROUNDS = 16
"""Faulty sentences mended at most; a text with more is better replaced by the prompt."""

SWAPS = {"left": "right", "right": "left", "above": "below", "below": "above", "front": "behind"}

WEIGHT = {Status.KEPT: 0, Status.WEAKENED: 1, Status.LOST: 1, Status.CONTRADICTED: 3}
"""What a fault costs: saying something wrong is worse than not saying something."""

INVENTED = 2

CARRIERS = (Kind.ACTION, Kind.RELATION, Kind.ORDER)
"""Facts that bring their subjects along when they are put back."""

MANY = 3
"""Lost facts from which on the prompt itself says it better than a sentence for each."""

APART = (Kind.CAMERA, Kind.STYLE, Kind.FORMAT, Kind.TEXT)
"""Facts that are said in a sentence of their own, at the end."""


def mend(
    intent: Intent, sentences: Sequence[Sentence] | str, report: Report, *, leaked: Iterable[str] = ()
) -> tuple[tuple[Sentence, ...], tuple[str, ...]]:
    """Repair a text so that it passes the check. Never raises.

    A sentence without a fault is never changed. Lost facts come back as sentences of their own; a contradiction or an
    invention is corrected in place, cut with its clause, or dropped with its sentence. Where nothing finer works, the
    user's own prompt opens the text as a sentence.

    Args:
        intent: what the user stated.
        sentences: the text, as the sentences of a draft or as one string.
        report: the check's report on it (says which inventions are allowed).
        leaked: as for `fidelity.check`.

    Returns:
        The sentences and what was repaired, in words for people.
    """
    if isinstance(sentences, str):
        sentences = [Sentence(piece, "action", 0.8) for piece in split(sentences)]
    bench = _Bench(intent, list(sentences), report, tuple(leaked))
    bench.remove()
    bench.restate()
    bench.settle()
    return tuple(bench.rows), tuple(bench.repairs)


class _Bench:
    """The text under repair."""

    def __init__(self, intent: Intent, rows: list[Sentence], report: Report, leaked: tuple[str, ...]) -> None:
        self.intent = intent
        self.rows = rows
        self.repairs: list[str] = []
        self._added = 0
        self._mine: list[str] = []
        self._allowed = report.allowed
        self._leaked = leaked or tuple(i.text for i in report.inventions if i.kind is Kind.PHRASE)
        text = _joined(rows)
        self.report = report if report.text == text else self._checked(rows)

    def _checked(self, rows: Sequence[Sentence]) -> Report:
        return fidelity.check(self.intent, _joined(rows), allowed=self._allowed, leaked=self._leaked)

    def _try(self, rows: list[Sentence], note: str, better: Callable[[Report], bool]) -> bool:
        report = self._checked(rows)
        if not better(report):
            return False
        self.rows, self.report = rows, report
        self.repairs.append(note)
        return True

    def _cheaper(self, rows: list[Sentence], note: str) -> bool:
        cost = _cost(self.report)
        return self._try(rows, note, lambda report: _cost(report) < cost)

    # What should not be there

    def remove(self) -> None:
        """Correct, cut or drop whatever contradicts or invents, one fault at a time."""
        for _ in range(ROUNDS):
            fault = next(iter(_faults(self.report)), None)
            if fault is None or fault.span is None:
                return
            index, start = self._row_at(fault.span)
            if index is None or not self._mend_row(index, start, fault):
                return

    def _row_at(self, span: Span) -> tuple[int | None, int]:
        position = 0
        for index, row in enumerate(self.rows):
            if position <= span.start < position + len(row.text) + 1:
                return index, position
            position += len(row.text) + 1
        return None, 0

    def _mend_row(self, index: int, offset: int, fault: FactVerdict | Invention) -> bool:
        row = self.rows[index]
        assert fault.span is not None
        local = Span(fault.span.start - offset, min(fault.span.end - offset, len(row.text)))
        if self._swapped_back(row.text[slice(*local)], fault):
            return True
        for text, note in _rewrites(row.text, local, fault, self.intent):
            rows = [*self.rows[:index], replace(row, text=text), *self.rows[index + 1 :]]
            if self._cheaper(rows, note):
                return True
        rest = [*self.rows[:index], *self.rows[index + 1 :]]
        count = len(_faults(self.report))
        note = f"Dropped “{row.text}”: {fault.reason}"
        return self._try(rest, note, lambda report: len(_faults(report)) < count)

    def _swapped_back(self, said: str, fault: FactVerdict | Invention) -> bool:
        """Where another thing took the place of a stated one, put the stated one back wherever it is named."""
        if not isinstance(fault, FactVerdict) or fault.fact.kind is not Kind.SUBJECT or not said.split():
            return False
        head, own = said.split()[-1], fault.fact.text.split()[-1]
        if head.endswith("s") != own.endswith("s") or len(fault.fact.text.split()) > 1 or own in listed("mass"):
            return False
        word = re.compile(rf"(\b[Aa]n? )?\b{re.escape(head)}\b", re.IGNORECASE)
        rows = [replace(row, text=word.sub(lambda m: _like(m, own), row.text)) for row in self.rows]
        return self._cheaper(rows, f"Changed “{head}” back to “{own}”: {fault.reason}")

    # What should be there

    def restate(self) -> None:
        """Put every lost or weakened fact back, in the order of the prompt; many at once as the prompt itself."""
        self._correct_weakened()
        self._replace_actions()
        failing = [v.fact.kind for v in self.report.failures]
        if sum(kind not in APART for kind in failing) >= MANY or Kind.NAME in failing:
            own = Sentence(opening(self.intent), "prompt", 1.0)
            rest = [row for row in self.rows if row.text.rstrip(".") not in own.text]
            self._cheaper([own, *rest], f"Opened with the prompt: “{own.text}”")
        for fact in sorted(self.intent, key=lambda fact: fact.kind not in CARRIERS):
            verdict = next((v for v in self.report.failures if v.fact.id == fact.id), None)
            if verdict is None or verdict.status is Status.CONTRADICTED:
                continue
            for text in statements(self.intent, fact):
                if self._cheaper(self._with(fact, text), f"Put back “{fact.text}”: “{text}”"):
                    self._added += fact.kind not in (*APART, Kind.ORDER)
                    self._mine.append(text)
                    break

    def _with(self, fact: Fact, text: str) -> list[Sentence]:
        row = Sentence(text, ASPECTS.get(fact.kind, "subject"), 1.0)
        if fact.kind in APART or fact.kind is Kind.ORDER:
            return [*self.rows, row]
        at = min(len(self.rows), 1 + self._added)
        return [*self.rows[:at], row, *self.rows[at:]]

    def _correct_weakened(self) -> None:
        """The user's word in the place of a vaguer one: "an elderly woman" → "a grandmother"."""
        for found in self.report.of_status(Status.WEAKENED):
            if found.span is None or found.fact.kind not in (Kind.SUBJECT, Kind.TEXT, Kind.COUNT):
                continue
            index, offset = self._row_at(found.span)
            if index is None:
                continue
            local = Span(found.span.start - offset, found.span.end - offset)
            text = self.rows[index].text
            for words in _corrections(text[slice(*local)], found.fact, self.intent):
                fixed = _put(text, local, words)
                rows = [*self.rows[:index], replace(self.rows[index], text=fixed), *self.rows[index + 1 :]]
                if self._cheaper(rows, f"Corrected “{text}” to “{fixed}”: {found.reason}"):
                    return self._correct_weakened()
        return None

    def _replace_actions(self) -> None:
        """Where the stated doer does something else to the stated object instead, that sentence goes."""
        for found in self.report.of_status(Status.LOST):
            if found.fact.kind is not Kind.ACTION or found.span is None or not self._instead(found):
                continue
            index, _ = self._row_at(found.span)
            if index is None or self.report.text[slice(*found.span)] not in self.rows[index].text:
                continue
            words = next(statements(self.intent, found.fact), "")
            row = Sentence(words, "prompt", 1.0)
            rows = [*self.rows[:index], row, *self.rows[index + 1 :]]
            fact = found.fact
            note = f"Replaced “{self.rows[index].text}”: {found.reason}"
            if self._try(rows, note, partial(_keeps, fact=fact)):
                return self._replace_actions()
        return None

    def _instead(self, found: FactVerdict) -> bool:
        """Whether what the text says stands in the place of the action: same object, or the two exclude each other."""
        if found.fact.to is not None:
            index, _ = self._row_at(found.span) if found.span else (None, 0)
            return index is not None and self.intent[found.fact.to].value.lower() in self.rows[index].text.lower()
        said = analyse(self.report.text[slice(*found.span)] if found.span else "").tokens
        return any(excludes(token.lemma, found.fact.value, "action", "verb") for token in said)

    # When nothing finer works

    def _drop_spare(self) -> None:
        """Take out what was put back before and is now said by the prompt."""
        for text in self._mine:
            cost = _cost(self.report)
            rows = [row for row in self.rows if row.text != text]
            report = self._checked(rows)
            if _cost(report) <= cost:
                self.rows, self.report, self.repairs = rows, report, _unquoted(self.repairs, text)

    def settle(self) -> None:
        """Open with the user's own prompt; then drop what contradicts it; then say nothing else."""
        if self.report.passed:
            return
        own = Sentence(sentence(self.intent.prompt), "prompt", 1.0)
        note = "Opened with the prompt in the user's own words."
        if own.text not in (row.text for row in self.rows):
            self.rows = [own, *self.rows]
            self.report = self._checked(self.rows)
            self.repairs.append(note)
        self.remove()
        self._drop_spare()
        if not self.report.passed:
            self._try([own], "Kept nothing but the prompt: the rest contradicts it.", lambda report: True)


def _unquoted(notes: list[str], text: str) -> list[str]:
    return [note for note in notes if not note.endswith(f"“{text}”")]


def _joined(rows: Sequence[Sentence]) -> str:
    return " ".join(row.text for row in rows)


def _faults(report: Report) -> list[FactVerdict | Invention]:
    """What is wrong in the text itself, and where."""
    wrong = [v for v in report.of_status(Status.CONTRADICTED) if v.span is not None]
    return [*wrong, *report.forbidden]


def _keeps(report: Report, fact: Fact) -> bool:
    return any(v.fact.id == fact.id and v.status is Status.KEPT for v in report.verdicts)


def _cost(report: Report) -> int:
    return sum(WEIGHT[v.status] for v in report.verdicts) + INVENTED * len(report.forbidden)


def _like(match: re.Match[str], word: str) -> str:
    """The word with the article and capital that the replaced one had."""
    article, old = match.group(1) or "", match.group()[len(match.group(1) or "") :]
    if article:
        article = f"{article[0]}{'n' if word[:1].lower() in 'aeiou' else ''} "
    return article + (word.capitalize() if old[:1].isupper() else word)


def _put(text: str, span: Span, words: str) -> str:
    """The text with other words in that place, capital and article adjusted."""
    words = words[:1].upper() + words[1:] if text[span.start : span.start + 1].isupper() else words
    return _article(text[: span.start], words) + words + text[span.end :]


def _rewrites(text: str, span: Span, fault: FactVerdict | Invention, intent: Intent) -> Iterator[tuple[str, str]]:
    """The sentence without the fault: corrected word by word, else without its clause."""
    if isinstance(fault, FactVerdict):
        if fault.fact.kind is Kind.RELATION and {"left", "right"} <= {*re.findall(r"\w+", text.lower())}:
            fixed = re.sub(r"\b(left|right)\b", lambda m: SWAPS[m.group()], text)
            yield fixed, f"Corrected “{text}” to “{fixed}”: {fault.reason}"
        for words in _corrections(text[slice(*span)], fault.fact, intent):
            fixed = _put(text, span, words)
            yield fixed, f"Corrected “{text}” to “{fixed}”: {fault.reason}"
    if cut := _without_clause(text, span):
        yield cut, f"Cut “{text}” to “{cut}”: {fault.reason}"


def _corrections(said: str, fact: Fact, intent: Intent) -> Iterator[str]:
    """The user's words for the wrong ones, where they are of the same form."""
    if fact.kind in (Kind.ATTRIBUTE, Kind.TIME):
        yield " ".join(fact.text.split())
    elif fact.kind is Kind.NAME:
        yield from difflib.get_close_matches(said, fact.text.split(), n=1, cutoff=0.0)
    elif fact.kind is Kind.SUBJECT and " " not in fact.value and said.endswith("s") == fact.text.endswith("s"):
        yield (
            re.sub(r"^(a|an|one) ", "the ", phrase(intent, fact))
            if said[:4].lower() == "the "
            else phrase(intent, fact)
        )
    elif fact.kind is Kind.TEXT:
        yield fact.value
    elif fact.kind is Kind.COUNT:
        head, _, rest = said.partition(" ")
        if head.lower() not in ("a", "an", "one", "the") and fact.value != "1":
            yield f"{fact.text} {rest}".strip()
    elif fact.kind is Kind.CAMERA and fact.category == "movement":
        if (camera := re.match(r"(camera )?\w+s\b", said)) is not None:
            yield f"{camera.group(1) or ''}{finite(fact)}"
    elif fact.kind in (Kind.CAMERA, Kind.STYLE, Kind.WEATHER):
        yield " ".join(fact.text.split())
    elif fact.kind is Kind.RELATION:
        for wrong, right in SWAPS.items():
            if wrong in said.lower().split():
                yield " ".join(right if word.lower() == wrong else word for word in said.split())


def _article(before: str, words: str) -> str:
    """The text before a replaced word, with "a" or "an" as that word needs it."""
    head, _, last = before.rstrip().rpartition(" ")
    if before.endswith(" ") and last.lower() in ("a", "an"):
        fitting = "an" if words[:1].lower() in "aeiou" else "a"
        last = fitting.capitalize() if last[0].isupper() else fitting
        return f"{head} {last} ".lstrip()
    return before


def _without_clause(text: str, span: Span) -> str:
    """The sentence up to the clause that holds the span; "" where nothing that can stand alone comes before it."""
    start = max(text.rfind(", ", 0, span.start), text.rfind("; ", 0, span.start))
    first = text.split(" ", 1)[0].lower().strip(",")
    if start <= 0 or first in listed("opener") or first.endswith("ly"):
        return ""
    left = text[:start] + (text[-1:] if text[-1:] in ".!?" else "")
    return left if any(verb.form != "ing" for verb in analyse(left).verbs) else ""
