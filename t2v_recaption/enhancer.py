"""Enhancer: prompt → intent → writer → check → ask again → mend → fit. What leaves has passed the check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from t2v_recaption import __version__, targets
from t2v_recaption.collector import fewer_collections
from t2v_recaption.enhancement import Enhancement, Failure, Outcome
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.pipeline import Item, Job, Setting, prepare, settle
from t2v_recaption.targets import Target
from t2v_recaption.targets.tokens import TokenCounter
from t2v_recaption.writers import make_writer
from t2v_recaption.writers.base import Draft, Revision, Strength, WriteOptions, Writer

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend

OnFailure = Literal["raise", "compose"]

CHUNK = 64
"""Prompts that are written together: enough for a full batch on a GPU, few enough to show progress."""


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
        self.setting = Setting(self.target, self.options, negative, judge, counters)
        self.seed = seed
        self.attempts = attempts
        self.on_failure = on_failure
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
            with fewer_collections():
                outcomes = self._run(some)
            yield from outcomes

    def adapted(
        self,
        target: str | Target | None = None,
        *,
        task: str | None = None,
        language: str | None = None,
        duration: float | None = None,
        counters: Mapping[str, TokenCounter] | None = None,
    ) -> Enhancer:
        """The same enhancer for another target, task, language, clip length or tokenizers (default: its own).

        Both share the writer: a model is loaded once, and closing one closes both.

        Raises:
            UnknownName: no such target.
            InvalidInput: the target does not do the task.
        """
        return Enhancer(
            self.target if target is None else target,
            writer=self.writer,
            strength=self.options.strength,
            language=language or self.options.language or None,
            task=task or self.options.task,
            duration=self.options.duration if duration is None else duration,
            keep=self.options.keep,
            negative=self.setting.negative,
            seed=self.seed,
            attempts=self.attempts,
            on_failure=self.on_failure,
            judge=self.setting.judge,
            counters=self.setting.counters if counters is None else counters,
        )

    def settings(self) -> dict[str, Any]:
        """Everything but the prompt that decides a caption: equal settings, equal captions."""
        return {
            "version": __version__,
            "target": self.target.to_dict(),
            "writer": self.writer.identity(),
            "options": self.options.to_dict(),
            "negative": self.setting.negative,
            "seed": self.seed,
            "attempts": self.attempts,
            "on_failure": self.on_failure,
            "judge": None if self.setting.judge is None else self.setting.judge.identity(),
            "counters": sorted(counter.name for counter in (self.setting.counters or {}).values()),
        }

    def close(self) -> None:
        """Free the writer's and the judge's models. The enhancer can be used again: they load again."""
        self.writer.close()
        if self.setting.judge is not None:
            self.setting.judge.close()

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
        items: dict[int, Item] = {}
        for index, job in enumerate(jobs):
            try:
                items[index] = prepare(job, self.setting, self.seed)
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

    def _translate(self, items: Sequence[Item]) -> None:
        """Have prompts translated that are not in the caption's language, where the writer can."""
        foreign = [item for item in items if item.request.intent.language != item.language]
        if not foreign or not self.writer.translates:
            return
        for language in dict.fromkeys(item.language for item in foreign):
            group = [item for item in foreign if item.language == language]
            texts = self.writer.translate([item.request.intent.prompt for item in group], language)
            for item, text in zip(group, texts, strict=True):
                if isinstance(text, RecaptionError):
                    item.draft = Draft((), error=text)
                else:
                    item.translated(text, self.setting)

    def _write(self, items: Sequence[Item]) -> None:
        for language in dict.fromkeys(item.language for item in items):
            group = [item for item in items if item.language == language and item.draft.error is None]
            options = replace(self.options, language=language)
            drafts = self.writer.write([item.request for item in group], self.target, options)
            self._consider(group, drafts)
            for _ in range(self.attempts if self.writer.revises else 0):
                if not (failing := [item for item in group if item.improvable]):
                    break
                revisions = [Revision(item.request, item.draft, item.report) for item in failing]
                self._consider(failing, self.writer.revise(revisions, self.target, options))

    def _consider(self, items: Sequence[Item], drafts: Sequence[Draft]) -> None:
        for item, draft in zip(items, drafts, strict=True):
            item.consider(draft, self.setting, self.writer)

    def _finish(self, item: Item) -> Enhancement:
        try:
            return settle(item, self.setting, self.writer)
        except RecaptionError as error:
            if self.on_failure == "raise" or self.writer.name == "composer":
                raise
            return replace(self._composed(item), fallback=error.message, attempts=item.attempts)

    def _composed(self, item: Item) -> Enhancement:
        self._composer = self._composer or make_writer("composer")
        options = replace(self.options, language=item.language)
        spare = Item(item.job, item.request, item.language, item.notes, item.translation)
        draft = self._composer.write([item.request], self.target, options)[0]
        spare.consider(draft, self.setting, self._composer)
        return settle(spare, self.setting, self._composer)


def enhance(prompt: str, target: str | Target = "generic", **options: Any) -> Enhancement:
    """Enhance one prompt; see `Enhancer` for the options and errors.

    >>> enhance("a cat playing the piano", target="wan2.2").report.passed
    True
    """
    inputs = {name: options.pop(name) for name in ("image", "last_image") if name in options}
    with Enhancer(target, **options) as enhancer:
        return enhancer(prompt, **inputs)
