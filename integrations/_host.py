"""HostEnhancer: an enhancer as other people's scripts need it. Whole batches or nothing, and one line a caption."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from t2v_recaption import Enhancement, Enhancer, Failure, InvalidInput, Job, NotKept, RecaptionError, Target
from t2v_recaption.integrations._script import on_all_ranks

MOST_NAMED = 3
"""Failed prompts that an error tells of; it counts the others."""


class HostEnhancer:
    """Enhances for a script whose prompts go straight to a video model.

    A batch comes back whole or not at all, a prompt that came back as it went in is an error, and what a prompt rules
    out stays in the caption: hardly any of these scripts lets a caption's negative prompt through.

    Args:
        enhancer: decides target, writer and settings; its task and language follow each call.
        manifest: a JSON Lines file that each enhancement is appended to, with its original prompt.
        unload: free the writer's model after each call, so that its memory is back before the video model needs it.
        task: `i2v` for a host that always starts from a frame (default: what each call's images say).
        stream: where a line about each caption goes (default: standard error).
    """

    def __init__(
        self,
        enhancer: Enhancer,
        *,
        manifest: Path | None = None,
        unload: bool = True,
        task: str = "t2v",
        stream: TextIO | None = None,
    ) -> None:
        self.enhancer = enhancer
        self.manifest = manifest
        self.unload = unload
        self.task = task if enhancer.options.task == "t2v" else enhancer.options.task
        self.stream = stream
        self.target = replace(enhancer.target, negation="text")
        self._prepared: dict[tuple[str, str | int], str] = {}

    @property
    def sees_images(self) -> bool:
        """Whether first and last frames are looked at."""
        return bool(getattr(getattr(self.enhancer.writer, "backend", None), "accepts_images", False))

    def __call__(
        self,
        prompt: str,
        *,
        seed: int | None = None,
        image: Any = None,
        last_image: Any = None,
        language: str | None = None,
    ) -> Enhancement:
        """Enhance one prompt.

        Raises:
            RecaptionError: it could not be enhanced, or came back as it went in.
        """
        return self.enhance([Job(prompt, seed, image, last_image)], language=language)[0]

    def caption(self, prompt: str, *, language: str | None = None, **inputs: Any) -> str:
        """The caption alone, as one line; inputs are those of a `Job`. What was prepared is only looked up."""
        return self.captions([Job(prompt, **inputs)], language=language)[0]

    def captions(self, jobs: Sequence[Job], *, language: str | None = None) -> list[str]:
        """One line a job, in order; what was prepared is only looked up.

        Raises:
            RecaptionError: one of them could not be enhanced; none comes back.
        """
        missing = [job for job in jobs if _key(job) not in self._prepared]
        made = iter(self.enhance(missing, language=language) if missing else ())
        return [self._prepared.get(_key(job)) or one_line(next(made).caption) for job in jobs]

    def prepare(self, jobs: Sequence[Job]) -> list[str]:
        """Enhance everything that a script will ask for, before its models are loaded, once for all ranks.

        Raises:
            RecaptionError: one of them could not be enhanced; then none counts as prepared.
        """
        if not jobs:
            return []
        repeatable = self.enhancer.writer.name == "composer"
        texts = on_all_ranks(lambda: [one_line(found.caption) for found in self.enhance(jobs)], repeatable=repeatable)
        self._prepared |= {_key(job): text for job, text in zip(jobs, texts, strict=True)}
        return texts

    def enhance(self, jobs: Sequence[Job], *, language: str | None = None) -> list[Enhancement]:
        """One enhancement a job, in order.

        Raises:
            RecaptionError: one of them could not be enhanced: which, and why.
        """
        outcomes: dict[int, Enhancement | Failure] = {}
        try:
            for task in dict.fromkeys(map(self._task, jobs)):
                group = [index for index, job in enumerate(jobs) if self._task(job) == task]
                outcomes |= zip(group, self.variant(task, language).batch(jobs[index] for index in group), strict=True)
        finally:
            if self.unload:
                self.enhancer.close()
        done = _all_or_nothing([outcomes[index] for index in range(len(jobs))], self.target)
        self._report(done)
        return done

    def variant(self, task: str, language: str | None = None) -> Enhancer:
        """The same enhancer, with the same writer, for another task and language."""
        given = self.enhancer
        return Enhancer(
            self.target,
            writer=given.writer,
            strength=given.options.strength,
            language=language or given.options.language or None,
            task=task,
            duration=given.options.duration,
            keep=given.options.keep,
            negative=given.setting.negative,
            seed=given.seed,
            attempts=given.attempts,
            on_failure=given.on_failure,
            judge=given.setting.judge,
            counters=given.setting.counters,
        )

    def _task(self, job: Job) -> str:
        wanted = ["flf2v"] if job.last_image is not None else []
        wanted += ["i2v"] if job.image is not None else [self.task]
        return next((task for task in wanted if task in self.target.tasks), "t2v")

    def _report(self, done: Sequence[Enhancement]) -> None:
        if self.manifest is not None:
            write_manifest(self.manifest, map(record, done), append=True)
        stream = self.stream or sys.stderr
        for found in done:
            print(f"t2v_recaption: {found.prompt!r} → {found.caption!r}", file=stream)
            for note in (*((found.fallback,) if found.fallback else ()), *found.notes, *found.repairs):
                print(f"t2v_recaption: {note}", file=stream)


def host_enhancer(
    target: str | Target,
    enhancer: Enhancer | HostEnhancer | None,
    options: Mapping[str, Any],
    **settings: Any,
) -> HostEnhancer:
    """The host enhancer that a caller means: one of theirs, or a new one from the options of `Enhancer`.

    Raises:
        InvalidInput: both were given.
    """
    if enhancer is None:
        return HostEnhancer(Enhancer(target, **options), **settings)
    if options:
        raise InvalidInput("Give an enhancer or options for one, not both.")
    return enhancer if isinstance(enhancer, HostEnhancer) else HostEnhancer(enhancer, **settings)


def one_line(text: str) -> str:
    """The text without anything that a script could take for the end of a line."""
    return " ".join(text.split())


def record(found: Enhancement) -> dict[str, Any]:
    """What a manifest keeps of an enhancement."""
    full = found.to_dict()
    names = ("prompt", "caption", "negative", "short", "target", "task", "language", "writer", "seed", "fallback")
    return {name: full[name] for name in (*names, "repairs", "notes", "provenance")}


def write_manifest(path: Path, records: Any, *, append: bool = False) -> None:
    """Write JSON Lines, one object a video or caption.

    Raises:
        InvalidInput: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if append else "w", encoding="utf-8", errors="replace", newline="\n") as stream:
            stream.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in records)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.", hint="Choose another place.") from error


def _key(job: Job) -> tuple[str, str | int]:
    """What a prepared caption is found by; a picture that is no path is found by being the same object."""
    image = job.image
    return job.prompt, str(image) if image is None or isinstance(image, (str, Path)) else id(image)


def _all_or_nothing(outcomes: Sequence[Enhancement | Failure], target: Target) -> list[Enhancement]:
    done = [_changed(outcome, target) for outcome in outcomes]
    failures = [(number, outcome) for number, outcome in enumerate(done, 1) if isinstance(outcome, Failure)]
    if not failures:
        return [outcome for outcome in done if isinstance(outcome, Enhancement)]
    if len(done) == 1:
        raise failures[0][1].exception
    told = [f"prompt {number} ({failure.prompt!r}): {failure.message}" for number, failure in failures[:MOST_NAMED]]
    raise RecaptionError(
        f"{len(failures)} of {len(done)} prompts could not be enhanced, so none goes to the video model: "
        + " ".join(told),
        hint=failures[0][1].hint,
    )


def _changed(outcome: Enhancement | Failure, target: Target) -> Enhancement | Failure:
    """A failure instead of an enhancement that changed nothing, unless the prompt is a whole caption already."""
    if isinstance(outcome, Failure) or _letters(outcome.caption) != _letters(outcome.prompt):
        return outcome
    if len(outcome.prompt.split()) >= target.words.low:
        return outcome
    reason = " ".join(outcome.notes)
    error = NotKept(
        f"The {outcome.writer} writer left the prompt as it is. {reason}".strip(),
        hint="Use a language model (--base-url, --model), or another --language.",
        report=outcome.report,
        text=outcome.caption,
    )
    return Failure.of(outcome.prompt, error)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
