"""One prompt on its way through the pipeline: prepared, checked, mended, fitted, and made into an Enhancement."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from t2v_recaption import fidelity, intent
from t2v_recaption.enhancement import Enhancement
from t2v_recaption.errors import InvalidInput, NotKept
from t2v_recaption.fidelity.report import Report, Status
from t2v_recaption.intent.model import Fact, Intent, Kind, Span
from t2v_recaption.provenance import provenance
from t2v_recaption.targets import Target
from t2v_recaption.targets.budget import Fit, fit
from t2v_recaption.targets.tokens import TokenCounter
from t2v_recaption.tidy import tidy
from t2v_recaption.writers.base import Draft, Sentence, WriteOptions, Writer, WriteRequest
from t2v_recaption.writers.sentences import joined

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend

LONGEST_PROMPT = 20_000
"""Characters. Longer input is a file given by mistake, not a prompt: no target takes a tenth of it."""

HINT = "Try another seed or model, or let the composer step in with --on-failure compose."


FAULTS = {Status.LOST: 2, Status.WEAKENED: 1, Status.CONTRADICTED: 4, None: 3}
"""What a fault costs when two drafts are compared; None is an invention."""


@dataclass(frozen=True)
class Job:
    """One prompt to enhance, with what belongs to it alone."""

    prompt: str
    seed: int | None = None
    """None: the enhancer's."""
    image: Any = None
    last_image: Any = None


@dataclass(frozen=True)
class Setting:
    """What is the same for all prompts of an enhancer."""

    target: Target
    options: WriteOptions
    negative: str | None
    judge: Backend | None
    counters: Mapping[str, TokenCounter] | None

    @property
    def allowed(self) -> frozenset[Kind]:
        """Inventions that the target wants."""
        wishes = {Kind.CAMERA: self.target.camera, Kind.STYLE: self.target.style}
        return frozenset(kind for kind, wish in wishes.items() if wish != "unwanted")


@dataclass
class Item:
    """A prompt on its way, with the best draft so far."""

    job: Job
    request: WriteRequest
    language: str
    notes: tuple[str, ...] = ()
    translation: str = ""
    draft: Draft = field(default_factory=lambda: Draft(()))
    report: Report | None = None
    attempts: int = 0

    @property
    def improvable(self) -> bool:
        """Whether asking the writer again may help."""
        return self.draft.error is None and not (self.report is not None and self.report.passed)

    def consider(self, draft: Draft, setting: Setting, writer: Writer) -> None:
        """Check a new draft and take it when it is no worse than the one at hand."""
        self.attempts += 1
        draft = replace(draft, sentences=restored(draft.sentences, setting.options.keep))
        failed = draft.error is not None or bool(draft.problem)
        report = None if failed else check(self, draft.text, setting, writer)
        if self.report is None or (report is not None and _faults(report) <= _faults(self.report)):
            self.draft, self.report = draft, report

    def translated(self, text: str, setting: Setting) -> None:
        """From here on the intent is that of the translation."""
        self.translation = text
        self.request = replace(self.request, intent=parse(text, setting.options.keep))


def prepare(job: Job, setting: Setting, seed: int) -> Item:
    """Tidy and parse a prompt and settle the caption's language.

    Raises:
        InvalidInput: the prompt is no text, empty or far too long.
    """
    if not isinstance(job.prompt, str):  # a gap in a table, a list
        raise InvalidInput(
            f"The prompt is no text but {type(job.prompt).__name__}.", hint="Several go to Enhancer.batch, as a list."
        )
    if len(job.prompt) > LONGEST_PROMPT:
        raise InvalidInput(
            f"The prompt has {len(job.prompt):,} characters; at most {LONGEST_PROMPT:,} make sense.",
            hint="For a file of prompts, one a line, use --file.",
        )
    prompt, notes = tidy(job.prompt)
    if not any(character.isalnum() or unicodedata.category(character) == "So" for character in prompt):
        raise InvalidInput("The prompt is empty.", hint="Say in a few words what the video shows.")
    parsed = parse(prompt, setting.options.keep)
    readable = setting.target.languages
    language = setting.options.language or (parsed.language if parsed.language in readable else readable[0])
    request = WriteRequest(parsed, seed if job.seed is None else job.seed, job.image, job.last_image)
    return Item(job, request, language, notes)


def parse(prompt: str, keep: Sequence[str]) -> Intent:
    """The intent of a prompt, with one exact fact more for each string of `keep` that it contains."""
    parsed = intent.parse(prompt)
    found = [(text, prompt.find(text)) for text in keep if text and text in prompt]
    extra = tuple(
        Fact(f"k{number}", Kind.NAME, text, text, (Span(start, start + len(text)),), category="kept")
        for number, (text, start) in enumerate(found, 1)
    )
    return replace(parsed, facts=parsed.facts + extra) if extra else parsed


def restored(sentences: Sequence[Sentence], keep: Sequence[str]) -> tuple[Sentence, ...]:
    """The sentences with every string of `keep` in the user's own letters, a capital at the beginning included."""
    changed = tuple(sentences)
    for text in filter(None, keep):
        exact = re.compile(re.escape(text), re.IGNORECASE)
        changed = tuple(replace(s, text=exact.sub(lambda _, text=text: text, s.text)) for s in changed)  # type: ignore[misc]
    return changed


def check(item: Item, text: str, setting: Setting, writer: Writer) -> Report:
    """The fidelity report of a text for an item."""
    parsed = item.request.intent
    return fidelity.check(parsed, text, allowed=setting.allowed, judge=setting.judge, leaked=writer.leaks)


def settle(item: Item, setting: Setting, writer: Writer) -> Enhancement:
    """Mend and fit the item's draft, checking again after each.

    Raises:
        BackendError: the model had failed.
        NotKept: it wrote no caption, or one that cannot be made to keep everything.
    """
    if item.draft.error is not None:
        raise item.draft.error
    if item.report is None:
        raise NotKept(f"The model wrote no caption. {item.draft.problem}", hint=HINT, text=item.draft.rejected)
    sentences, report, repairs = item.draft.sentences, item.report, tuple[str, ...]()
    if not report.passed:
        from t2v_recaption.mend import mend  # only texts with faults need it

        sentences, repairs = mend(item.request.intent, sentences, report, leaked=writer.leaks)
        sentences = restored(sentences, setting.options.keep)
    fitted = fit(sentences, setting.target, setting.counters)
    caption = joined([sentence.text for sentence in fitted.sentences])
    if caption != report.text:
        report = check(item, caption, setting, writer)
    if not report.passed:
        raise _not_kept(report)
    return Enhancement(
        prompt=item.job.prompt,
        caption=caption,
        negative=_negative(item.draft.negative, setting),
        short=fitted.short,
        target=setting.target.name,
        task=setting.options.task,
        language=item.language,
        writer=writer.name,
        seed=item.request.seed,
        intent=item.request.intent,
        report=report,
        fit=fitted,
        repairs=repairs,
        notes=(*item.notes, *item.draft.notes, *_image_notes(item, writer), *_length_notes(fitted, setting.target)),
        attempts=item.attempts,
        translation=item.translation,
        provenance=provenance(setting.target, setting.options, item.draft),
    )


def _image_notes(item: Item, writer: Writer) -> tuple[str, ...]:
    if writer.name != "composer" or (item.job.image is None and item.job.last_image is None):
        return ()
    return ("The composer does not look at images: it wrote of motion from the words alone.",)


def _negative(ruled_out: str, setting: Setting) -> str:
    base = setting.target.negative if setting.negative is None else setting.negative
    parts = [part.strip() for part in f"{ruled_out}, {base}".split(",")]
    return ", ".join(dict.fromkeys(part for part in parts if part))


def _faults(report: Report) -> int:
    """How bad a report is: saying something wrong is worse than adding something, and that worse than leaving out."""
    return sum(FAULTS[verdict.status] for verdict in report.failures) + FAULTS[None] * len(report.forbidden)


def _not_kept(report: Report) -> NotKept:
    reasons = [verdict.reason for verdict in report.failures] + [invention.reason for invention in report.forbidden]
    return NotKept(
        f"No caption keeps everything the prompt says: {' '.join(reasons[:3])}",
        hint=HINT,
        report=report,
        text=report.text,
    )


def _length_notes(fitted: Fit, target: Target) -> tuple[str, ...]:
    over = [count for count in fitted.counts if count.over]
    if over:
        worst = max(over, key=lambda count: count.tokens - count.limit)
        about = "" if worst.exact else "about "
        return (
            f"What the prompt states takes {about}{worst.tokens} tokens, {target.title}'s {worst.encoder} "
            f"takes {worst.limit}: the end will be cut.",
        )
    if fitted.dropped:
        return (f"{len(fitted.dropped)} added sentence(s) were dropped to fit {target.title}'s text encoder.",)
    return ()
