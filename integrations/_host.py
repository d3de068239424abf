"""HostEnhancer: an enhancer as other people's scripts need it. Whole batches or nothing, and one line a caption."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from t2v_recaption import Enhancement, Enhancer, Failure, InvalidInput, Job, RecaptionError, Target
from t2v_recaption.integrations._manifest import record, text_of, write_manifest
from t2v_recaption.integrations._outcomes import changed, is_same
from t2v_recaption.integrations._script import on_all_ranks

HINT = "Use a language model (--base-url, --model), another --language, or --original-on-failure."
MOST_NAMED = 3
"""Failed prompts that an error tells of; it counts the others."""


class HostEnhancer:
    """Enhances for a script whose prompts go straight to a video model.

    A batch comes back whole or not at all, a prompt that came back as it went in counts as failed, and what a prompt
    rules out stays in the caption: hardly any of these scripts lets a caption's negative prompt through.

    Args:
        enhancer: decides target, writer and settings; its task and language follow each call.
        manifest: a JSON Lines file that each enhancement is appended to, with its original prompt.
        unload: free the writer's model after each call, so that its memory is back before the video model needs it.
        original_on_failure: use the user's own words for a prompt that cannot be enhanced, and say so, instead of
            failing for all of them.
        task: `i2v` for a host that always starts from a frame (default: what each call's images say).
        stream: where a line about each caption goes (default: standard error).
    """

    def __init__(
        self,
        enhancer: Enhancer,
        *,
        manifest: Path | None = None,
        unload: bool = True,
        original_on_failure: bool = False,
        task: str = "t2v",
        stream: TextIO | None = None,
    ) -> None:
        self.enhancer = enhancer
        self.manifest = manifest
        self.unload = unload
        self.original_on_failure = original_on_failure
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
            RecaptionError: one of them could not be enhanced (unless `original_on_failure`); none comes back.
        """
        missing = [job for job in jobs if _key(job) not in self._prepared]
        made = iter(self._lines(missing, language) if missing else ())
        return [self._prepared[_key(job)] if _key(job) in self._prepared else next(made) for job in jobs]

    def prepare(self, jobs: Sequence[Job]) -> list[str]:
        """Enhance everything that a script will ask for, before its models are loaded, once for all ranks.

        Raises:
            RecaptionError: one of them could not be enhanced; then none counts as prepared.
        """
        if not jobs:
            return []
        repeatable = self.enhancer.writer.name == "composer"
        texts = on_all_ranks(lambda: self._lines(jobs), repeatable=repeatable)
        self._prepared |= {_key(job): text for job, text in zip(jobs, texts, strict=True)}
        return texts

    def enhance(self, jobs: Sequence[Job], *, language: str | None = None) -> list[Enhancement]:
        """One enhancement a job, in order.

        Raises:
            RecaptionError: one of them could not be enhanced: which, and why.
        """
        done = _all_or_nothing(self._outcomes(jobs, language))
        self._report(done)
        return done

    def outcomes(self, jobs: Sequence[Job], *, language: str | None = None) -> list[Enhancement | Failure]:
        """Like `enhance`, but with `original_on_failure` a failure stands where one is.

        Raises:
            RecaptionError: one of them could not be enhanced (unless `original_on_failure`).
        """
        if not self.original_on_failure:
            return list(self.enhance(jobs, language=language))
        found = self._outcomes(jobs, language)
        self._report(found)
        return found

    def variant(self, task: str, language: str | None = None) -> Enhancer:
        """The same enhancer, with the same writer, for another task and language."""
        return self.enhancer.adapted(self.target, task=task, language=language)

    def _lines(self, jobs: Sequence[Job], language: str | None = None) -> list[str]:
        return [text_of(outcome) for outcome in self.outcomes(jobs, language=language)]

    def _outcomes(self, jobs: Sequence[Job], language: str | None) -> list[Enhancement | Failure]:
        outcomes: dict[int, Enhancement | Failure] = {}
        try:
            for task in dict.fromkeys(map(self._task, jobs)):
                group = [index for index, job in enumerate(jobs) if self._task(job) == task]
                found = self.variant(task, language).batch(jobs[index] for index in group)
                outcomes |= zip(group, found, strict=True)
        finally:
            if self.unload:
                self.enhancer.close()
        return [changed(outcomes[index], self.target, HINT) for index in range(len(jobs))]

    def _task(self, job: Job) -> str:
        wanted = ["flf2v"] if job.last_image is not None else []
        wanted += ["i2v"] if job.image is not None else [self.task]
        return next((task for task in wanted if task in self.target.tasks), "t2v")

    def _report(self, done: Sequence[Enhancement | Failure]) -> None:
        if self.manifest is not None:
            write_manifest(self.manifest, map(record, done), append=True)
        stream = self.stream or sys.stderr
        for found in done:
            if isinstance(found, Failure):
                lines = [f"{found.prompt!r} goes to the video model as it is: {found.message}"]
            else:
                news = "is a caption already; nothing was added" if is_same(found) else f"→ {found.caption!r}"
                lines = [f"{found.prompt!r} {news}", found.fallback, *found.notes, *found.repairs]
            print("\n".join(f"t2v_recaption: {line}" for line in lines if line), file=stream)


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


def _key(job: Job) -> tuple[str, str | int]:
    """What a prepared caption is found by; a picture that is no path is found by being the same object."""
    image = job.image
    return job.prompt, str(image) if image is None or isinstance(image, (str, Path)) else id(image)


def _all_or_nothing(done: Sequence[Enhancement | Failure]) -> list[Enhancement]:
    failures = [(number, outcome) for number, outcome in enumerate(done, 1) if isinstance(outcome, Failure)]
    if not failures:
        return [outcome for outcome in done if isinstance(outcome, Enhancement)]
    if len(done) == 1:
        raise failures[0][1].exception
    told = [f"prompt {number} ({failure.prompt!r}): {failure.message}" for number, failure in failures[:MOST_NAMED]]
    raise RecaptionError(
        f"{len(failures)} of {len(done)} prompts could not be enhanced, so none goes to the video model: "
        + " ".join(told),
        hint="Change or remove them, or let them go as they are with --original-on-failure.",
    )
