"""Captions for the arguments of a pipeline's call: all of them or an error, and none that says nothing new."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from t2v_recaption import Enhancement, Enhancer, Failure, InvalidInput, Job, Target
from t2v_recaption.integrations._outcomes import changed
from t2v_recaption.integrations.diffusers.call import Call
from t2v_recaption.integrations.diffusers.glyphs import with_straight_quotes
from t2v_recaption.integrations.diffusers.random_state import untouched
from t2v_recaption.integrations.diffusers.recognition import recognise
from t2v_recaption.integrations.diffusers.short import short_of
from t2v_recaption.integrations.diffusers.tokens import measured

HINT = "Use a language model (writer='chat'), or write the prompt in English."
LOG = logging.getLogger(__name__)

Offload = Literal["keep", "unload"]
OWN_ENHANCERS = ("enable_prompt_enhancement", "expand_prompts")
"""Arguments that switch on the enhancer of a pipeline's own."""


@dataclass(frozen=True)
class Captions:
    """What a pipeline is to be called with."""

    outcomes: tuple[Enhancement | Failure, ...]
    """One a prompt, in order; failures only where `partial` allowed them."""
    prompts: tuple[str, ...]
    """The captions; a prompt that failed stands as it was typed."""
    negatives: tuple[str, ...]
    shorts: tuple[str, ...]
    """For the pipeline's companion encoder (CLIP's 77 tokens); empty strings where it has none."""


@dataclass
class Captioner:
    """Makes captions for the calls of pipelines.

    Args:
        enhancer: decides writer, backend and settings; its target counts unless it is the generic one.
        target: name, path or `Target` that beats both the enhancer's and the recognised one.
        offload: `unload` frees the writer's model after each call, before the video model runs.
        partial: let prompts that could not be enhanced through as they were typed.
    """

    enhancer: Enhancer
    target: Target | None = None
    offload: Offload = "keep"
    partial: bool = False

    def __call__(self, pipe: Any, prompts: Sequence[str], call: Call) -> Captions:
        """Captions for one call of a pipeline.

        Raises:
            InvalidInput: the pipeline cannot be given captions, or its own enhancer is on as well.
            RecaptionError: a prompt could not be enhanced (without `partial`).
        """
        _refuse_two(call.arguments)
        enhancer = self._enhancer(pipe, call)
        try:
            with untouched():
                task = enhancer.options.task
                outcomes = enhancer.batch(Job(p, None, *call.frames(i, task)) for i, p in enumerate(prompts))
        finally:
            if self.offload == "unload":
                self.enhancer.close()
        family = recognise(pipe).family
        settled = [changed(outcome, enhancer.target, HINT) for outcome in outcomes]
        if family.glyphs:
            settled = [with_straight_quotes(o, enhancer) if isinstance(o, Enhancement) else o for o in settled]
        return self._captions(settled, enhancer)

    def _enhancer(self, pipe: Any, call: Call) -> Enhancer:
        """The enhancer for this call: the pipeline's target, its limits and its tokenizers."""
        known = recognise(pipe)
        given = self.enhancer.target
        base = self.target or (given if given.name != "generic" else Enhancer(known.target).target)
        target, counters = measured(base, known.family, pipe, call.arguments)
        if target.negation == "negative" and not call.takes_negative:
            # The words that rule something out would be lost: they stay in the caption.
            target = replace(target, negation="text")
        return self.enhancer.adapted(
            target,
            task=call.task(target, self.enhancer.options.task),
            duration=self.enhancer.options.duration or call.duration,
            counters={**(self.enhancer.setting.counters or {}), **counters},
        )

    def _captions(self, outcomes: Sequence[Enhancement | Failure], enhancer: Enhancer) -> Captions:
        failures = [(number, o) for number, o in enumerate(outcomes, 1) if isinstance(o, Failure)]
        if failures and not self.partial:
            _raise(failures, len(outcomes))
        for number, failure in failures:
            LOG.warning("Prompt %d goes to the pipeline as it was typed: %s", number, failure.message)
        default = enhancer.target.negative if enhancer.setting.negative is None else enhancer.setting.negative
        done = [o if isinstance(o, Enhancement) else None for o in outcomes]
        return Captions(
            tuple(outcomes),
            tuple(found.caption if found else outcome.prompt for found, outcome in zip(done, outcomes, strict=True)),
            tuple(found.negative if found else default for found in done),
            tuple(short_of(outcome, enhancer) for outcome in outcomes),
        )


def captions_for(pipe: Any, prompt: str | Sequence[str], enhancer: Enhancer | None = None, **options: Any) -> Captions:
    """Captions for a pipeline without running it: for `encode_prompt`, or to look at them first.

    Args:
        pipe: a pipeline of diffusers; its weights are not touched.
        prompt: one or several.
        enhancer: an `Enhancer`; default: one made of `options`.
        options: `target`, `offload` and `partial` (see `enhance_pipeline`), arguments of the pipeline's call that
            matter (`max_sequence_length`, `image`, `negative_prompt` …), and options of `Enhancer`.

    Raises:
        InvalidInput: the pipeline takes no prompt, or an option makes no sense.
        RecaptionError: a prompt could not be enhanced (without `partial`).
    """
    names = set(inspect.signature(type(pipe).__call__).parameters) - {"self", "prompt", "kwargs"}
    names -= set(inspect.signature(Enhancer).parameters)  # `strength` is both's: here it is the enhancer's
    given = {name: options.pop(name) for name in names & options.keys()}
    call = Call.of(pipe, {"prompt": prompt, **given})
    prompts = [prompt] if isinstance(prompt, str) else list(prompt)
    return captioner(enhancer, **options)(pipe, prompts, call)


def captioner(
    enhancer: Enhancer | None,
    *,
    target: str | Target | None = None,
    offload: Offload = "keep",
    partial: bool = False,
    **options: Any,
) -> Captioner:
    """A captioner from what a user gives.

    Raises:
        InvalidInput: an enhancer and options for one, something else than an enhancer, an unknown `offload`.
        UnknownName: no such target, writer or backend.
    """
    if offload not in ("keep", "unload"):
        raise InvalidInput(f"Unknown offload {offload!r}.", hint="Use keep or unload.")
    if enhancer is not None and options:
        raise InvalidInput(
            f"An enhancer and options for one ({', '.join(options)}) were given.",
            hint="Give the options to the enhancer.",
        )
    if enhancer is not None and not isinstance(enhancer, Enhancer):
        raise InvalidInput(f"{enhancer!r} is not an enhancer.", hint="Give a t2v_recaption.Enhancer.")
    chosen = Enhancer(target).target if isinstance(target, str) else target
    return Captioner(enhancer or Enhancer(**options), chosen, offload, partial)


def _refuse_two(arguments: Mapping[str, Any]) -> None:
    for name in OWN_ENHANCERS:
        if arguments.get(name):
            raise InvalidInput(
                f"{name}={arguments[name]!r} would enhance the caption a second time.",
                hint=f"Leave {name} out, or undo this one with restore_pipeline(pipe).",
            )


def _raise(failures: Iterable[tuple[int, Failure]], count: int) -> None:
    number, failure = next(iter(failures))
    error = failure.exception
    if count > 1:
        error.message = f"Prompt {number} of {count} ({failure.prompt!r}), so the pipeline did not run: {error.message}"
    raise error
