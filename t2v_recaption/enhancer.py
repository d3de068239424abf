"""Enhancer: prompt → intent → writer → check → ask again → mend → fit. What leaves has passed the check."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

from t2v_recaption import fidelity, intent, targets
from t2v_recaption.backends.base import Backend
from t2v_recaption.enhancement import Enhancement, Failure, Outcome
from t2v_recaption.errors import InvalidInput, NotKept, RecaptionError
from t2v_recaption.fidelity.report import Report
from t2v_recaption.intent.model import Fact, Intent, Kind, Span
from t2v_recaption.mend import mend
from t2v_recaption.provenance import package_version, provenance
from t2v_recaption.targets import Target
from t2v_recaption.targets.budget import Fit, fit
from t2v_recaption.targets.tokens import TokenCounter
from t2v_recaption.tidy import tidy
from t2v_recaption.writers import make_writer
from t2v_recaption.writers.base import Draft, Revision, Strength, WriteOptions, Writer, WriteRequest

OnFailure = Literal["raise", "compose"]

CHUNK = 64
"""Prompts that are written together: enough for a full batch on a GPU, few enough to show progress."""

LONGEST_PROMPT = 20_000
"""Characters. Longer input is a file given by mistake, not a prompt: no target takes a tenth of it."""


HINT = "Try another seed or model, or let the composer step in with --on-failure compose."


@dataclass(frozen=True)
class Job:
    """One prompt to enhance, with what belongs to it alone."""

    prompt: str
    seed: int | None = None
    """None: the enhancer's."""
    image: Any = None
    last_image: Any = None


@dataclass
class _Item:
    """A prompt on its way through the pipeline."""

    job: Job
    request: WriteRequest
    language: str
    notes: tuple[str, ...] = ()
    translation: str = ""
    draft: Draft = field(default_factory=lambda: Draft(()))
    report: Report | None = None
    attempts: int = 0

    @property
    def passed(self) -> bool:
        return self.report is not None and self.report.passed

    @property
    def improvable(self) -> bool:
        """Whether asking the writer again may help."""
        return self.draft.error is None and not self.passed

    def consider(self, draft: Draft, report: Report | None) -> None:
        """Take the new draft when it is no worse than the one at hand."""
        self.attempts += 1
        better = report is not None and (self.report is None or _faults(report) <= _faults(self.report))
        if better or self.report is None:
            self.draft, self.report = draft, report


class Enhancer:
    """Turns prompts into captions for one target with one writer.

    Args:
        target: name, alias, path of a YAML file, or a `Target`.
        writer: `composer` (built in, no model), `chat`, `sharecaptioner`, another installed one, or a `Writer`.
        backend: for writers that need a model: a name (`transformers`, `openai`, `scripted`, …) or a `Backend`.
        strength: how much to add: `light`, `normal` or `rich`.
        language: ISO 639-1 code of the caption; None keeps the prompt's where the target reads it.
        task: `t2v`, `i2v` or `flf2v`.
        duration: seconds of the clip, where known.
        keep: strings that must stay letter by letter wherever a prompt has them.
        negative: your own negative prompt; what a prompt rules out is added to it. None: the target's default.
        seed: same seed, same words.
        attempts: how often a writer that can revise is asked again, at most.
        on_failure: `raise`, or `compose` to let the composer step in (the result says so).
        judge: a backend that may accept paraphrases which the rules do not recognise.
        counters: real tokenizers by encoder name (see `t2v_recaption.targets.tokens`).
        writer_options: passed on to the writer (chat: `template`, `temperature`, …).

    Raises:
        UnknownName: no such target, writer or backend.
        MissingDependency: the writer or backend needs a package that is not installed.
        InvalidInput: settings that contradict each other.
    """

    def __init__(
        self,
        target: str | Target = "generic",
        *,
        writer: str | Writer = "composer",
        backend: str | Backend | None = None,
        strength: Strength = "normal",
        language: str | None = None,
        task: str = "t2v",
        duration: float | None = None,
        keep: Sequence[str] = (),
        negative: str | None = None,
        seed: int = 0,
        attempts: int = 2,
        on_failure: OnFailure = "raise",
        judge: Backend | None = None,
        counters: Mapping[str, TokenCounter] | None = None,
        **writer_options: Any,
    ) -> None:
        self.target = targets.load(target) if isinstance(target, str) else target
        self.writer = make_writer(writer, backend=backend, **writer_options) if isinstance(writer, str) else writer
        self.options = WriteOptions(strength, language or "", task, duration, tuple(keep))
        self.negative = negative
        self.seed = seed
        self.attempts = attempts
        self.on_failure = on_failure
        self.judge = judge
        self.counters = counters
        self._composer: Writer | None = None
        self._validate()

    def __call__(
        self, prompt: str, *, seed: int | None = None, image: Any = None, last_image: Any = None
    ) -> Enhancement:
        """Enhance one prompt.

        Raises:
            InvalidInput: the prompt is empty or far too long.
            NotKept: no caption could be made that keeps everything (with `on_failure="raise"`).
            BackendError: the model failed (with `on_failure="raise"`).
        """
        outcome = self._run([Job(prompt, seed, image, last_image)])[0]
        if isinstance(outcome, Failure):
            raise outcome.exception
        return outcome

    def candidates(self, prompt: str, count: int, **inputs: Any) -> list[Enhancement]:
        """`count` different captions: seeds `seed`, `seed + 1`, …"""
        return [self(prompt, seed=self.seed + index, **inputs) for index in range(count)]

    def batch(self, prompts: Iterable[str | Job]) -> list[Outcome]:
        """Enhance many prompts: one outcome each, in order. A failed one is a `Failure` and never loses the others."""
        return list(self.stream(prompts))

    def stream(self, prompts: Iterable[str | Job], *, chunk: int = CHUNK) -> Iterator[Outcome]:
        """Like `batch`, but lazy: takes `chunk` prompts at a time, so memory stays flat however many there are."""
        jobs = (job if isinstance(job, Job) else Job(job) for job in prompts)
        while some := list(islice(jobs, chunk)):
            yield from self._run(some)

    def settings(self) -> dict[str, Any]:
        """Everything but the prompt that decides a caption: equal settings, equal captions."""
        return {
            "version": package_version(),
            "target": self.target.to_dict(),
            "writer": self.writer.identity(),
            "options": self.options.to_dict(),
            "negative": self.negative,
            "seed": self.seed,
            "attempts": self.attempts,
            "on_failure": self.on_failure,
            "judge": None if self.judge is None else self.judge.identity(),
            "counters": sorted(counter.name for counter in (self.counters or {}).values()),
        }

    def close(self) -> None:
        """Free the writer's and the judge's models. The enhancer can be used again: they load again."""
        self.writer.close()
        if self.judge is not None:
            self.judge.close()

    def __enter__(self) -> Enhancer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _validate(self) -> None:
        if self.options.strength not in ("light", "normal", "rich"):
            raise InvalidInput(f"Unknown strength {self.options.strength!r}.", hint="Use light, normal or rich.")
        if self.on_failure not in ("raise", "compose"):
            raise InvalidInput(f"Unknown on_failure {self.on_failure!r}.", hint="Use raise or compose.")
        if self.options.task not in self.target.tasks:
            raise InvalidInput(
                f"{self.target.title} does not do {self.options.task!r}.",
                hint=f"It does: {', '.join(self.target.tasks)}.",
            )
        if self.options.duration is not None and not 0 < self.options.duration < 3600:
            raise InvalidInput(f"A clip of {self.options.duration} seconds is not possible.", hint="Give seconds.")

    def _run(self, jobs: Sequence[Job]) -> list[Outcome]:
        outcomes: list[Outcome | None] = [None] * len(jobs)
        items: dict[int, _Item] = {}
        for index, job in enumerate(jobs):
            try:
                items[index] = self._prepare(job)
            except RecaptionError as error:
                outcomes[index] = Failure.of(job.prompt, error)
        self._translate(list(items.values()))
        self._write(list(items.values()))
        for index, item in items.items():
            try:
                outcomes[index] = self._finish(item)
            except RecaptionError as error:
                outcomes[index] = Failure.of(item.job.prompt, error)
        return [outcome for outcome in outcomes if outcome is not None]

    def _prepare(self, job: Job) -> _Item:
        if len(job.prompt) > LONGEST_PROMPT:
            raise InvalidInput(
                f"The prompt has {len(job.prompt):,} characters; at most {LONGEST_PROMPT:,} make sense.",
                hint="For a file of prompts, one a line, use --file.",
            )
        prompt, notes = tidy(job.prompt)
        if not any(character.isalnum() or unicodedata.category(character) == "So" for character in prompt):
            raise InvalidInput("The prompt is empty.", hint="Say in a few words what the video shows.")
        parsed = _with_kept(intent.parse(prompt), self.options.keep)
        language = self.options.language
        if not language:
            readable = parsed.language in self.target.languages
            language = parsed.language if readable else self.target.languages[0]
        seed = self.seed if job.seed is None else job.seed
        return _Item(job, WriteRequest(parsed, seed, job.image, job.last_image), language, notes)

    def _translate(self, items: Sequence[_Item]) -> None:
        """Have prompts translated that are not in the caption's language, where the writer can."""
        foreign = [item for item in items if item.request.intent.language != item.language]
        if not foreign or not self.writer.translates:
            return
        for language in {item.language for item in foreign}:
            group = [item for item in foreign if item.language == language]
            translations = self.writer.translate([item.request.intent.prompt for item in group], language)
            for item, translation in zip(group, translations, strict=True):
                if isinstance(translation, RecaptionError):
                    item.draft = Draft((), error=translation)
                    continue
                item.translation = translation
                parsed = _with_kept(intent.parse(translation), self.options.keep)
                item.request = replace(item.request, intent=parsed)

    def _write(self, items: Sequence[_Item]) -> None:
        for language in dict.fromkeys(item.language for item in items):
            group = [item for item in items if item.language == language and item.draft.error is None]
            options = replace(self.options, language=language)
            drafts = self.writer.write([item.request for item in group], self.target, options)
            for item, draft in zip(group, drafts, strict=True):
                item.consider(draft, self._check(item, draft))
            for _ in range(self.attempts if self.writer.revises else 0):
                if not (failing := [item for item in group if item.improvable]):
                    break
                self._revise(failing, options)

    def _revise(self, items: Sequence[_Item], options: WriteOptions) -> None:
        revisions = [Revision(item.request, item.draft, item.report) for item in items]
        drafts = self.writer.revise(revisions, self.target, options)
        for item, draft in zip(items, drafts, strict=True):
            item.consider(draft, self._check(item, draft))

    def _check(self, item: _Item, draft: Draft) -> Report | None:
        if draft.error is not None or draft.problem:
            return None
        return self._report(item, draft.text)

    def _report(self, item: _Item, text: str) -> Report:
        parsed, leaked = item.request.intent, self.writer.leaks
        return fidelity.check(parsed, text, allowed=self._allowed(), judge=self.judge, leaked=leaked)

    def _allowed(self) -> frozenset[Kind]:
        wishes = {Kind.CAMERA: self.target.camera, Kind.STYLE: self.target.style}
        return frozenset(kind for kind, wish in wishes.items() if wish != "unwanted")

    def _finish(self, item: _Item) -> Enhancement:
        try:
            return self._settle(item, self.writer)
        except RecaptionError as error:
            if self.on_failure == "raise" or self.writer.name == "composer":
                raise
            self._composer = self._composer or make_writer("composer")
            options = replace(self.options, language=item.language)
            draft = self._composer.write([item.request], self.target, options)[0]
            attempts = item.attempts
            spare = replace(item, draft=draft, report=self._check(item, draft))
            return replace(self._settle(spare, self._composer), fallback=error.message, attempts=attempts)

    def _settle(self, item: _Item, writer: Writer) -> Enhancement:
        """Mend and fit a written draft; check again after each.

        Raises:
            NotKept: it still does not keep everything.
        """
        if item.draft.error is not None:
            raise item.draft.error
        if item.report is None:
            raise NotKept(f"The model wrote no caption. {item.draft.problem}", hint=HINT, text=item.draft.rejected)
        sentences, report, repairs = item.draft.sentences, item.report, ()
        if not report.passed:
            sentences, repairs = mend(item.request.intent, sentences, report)
        fitted = fit(sentences, self.target, self.counters)
        caption = " ".join(sentence.text for sentence in fitted.sentences)
        if caption != report.text:
            report = self._report(item, caption)
        if not report.passed:
            raise _not_kept(report)
        return Enhancement(
            prompt=item.job.prompt,
            caption=caption,
            negative=self._negative(item.draft),
            short=fitted.short,
            target=self.target.name,
            task=self.options.task,
            language=item.language,
            writer=writer.name,
            seed=item.request.seed,
            intent=item.request.intent,
            report=report,
            fit=fitted,
            repairs=tuple(repairs),
            notes=(*item.notes, *item.draft.notes, *_length_notes(fitted, self.target)),
            attempts=item.attempts,
            translation=item.translation,
            provenance=provenance(self.target, self.options, item.draft),
        )

    def _negative(self, draft: Draft) -> str:
        base = self.target.negative if self.negative is None else self.negative
        parts = [part.strip() for part in f"{draft.negative}, {base}".split(",")]
        return ", ".join(dict.fromkeys(part for part in parts if part))


def enhance(prompt: str, target: str | Target = "generic", **options: Any) -> Enhancement:
    """Enhance one prompt; see `Enhancer` for the options and errors.

    >>> print(enhance("a cat playing the piano", target="wan2.2").caption)  # doctest: +SKIP
    """
    inputs = {name: options.pop(name) for name in ("image", "last_image") if name in options}
    with Enhancer(target, **options) as enhancer:
        return enhancer(prompt, **inputs)


def _faults(report: Report) -> int:
    return len(report.failures) + len(report.forbidden)


def _with_kept(parsed: Intent, keep: Sequence[str]) -> Intent:
    """The intent with one exact fact for each string of `keep` that the prompt contains."""
    found = [(text, parsed.prompt.find(text)) for text in keep if text and text in parsed.prompt]
    extra = tuple(
        Fact(f"k{number}", Kind.NAME, text, text, (Span(start, start + len(text)),), category="kept")
        for number, (text, start) in enumerate(found, 1)
    )
    return replace(parsed, facts=parsed.facts + extra) if extra else parsed


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
