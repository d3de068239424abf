"""Takes: the clips of a loop, made, judged, paid for and written down."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from t2v_recaption.errors import MissingDependency, RecaptionError
from t2v_recaption.generators import ClipRequest, Generator
from t2v_recaption.loop.budget import Budget, Spent
from t2v_recaption.loop.journal import Journal
from t2v_recaption.loop.trial import Trial
from t2v_recaption.loop.wording import Wording, digest
from t2v_recaption.verify.model import ClaimSet, Verification

log = logging.getLogger(__name__)

Verify = Callable[[Path, ClaimSet], Verification]
"""Holds a clip against claims. Raises `RecaptionError` when it cannot be done at all."""

Event = Callable[[str, dict[str, Any]], None]
"""Told what happened, and its facts."""


@dataclass
class Takes:
    """All clips that a loop has seen, and what they cost.

    Args:
        claims: what clips are held against.
        generator: makes them.
        verify: judges them.
        journal: keeps them.
        budget: says what a judge's call costs.
        identity: what decides the verdicts, for the journal's keys.
        on_event: called with what happens, as it happens.
    """

    claims: ClaimSet
    generator: Generator
    verify: Verify
    journal: Journal
    budget: Budget
    identity: Mapping[str, Any]
    on_event: Event | None
    trials: list[Trial] = field(default_factory=list)
    wordings: dict[str, Wording] = field(default_factory=dict)
    """By their keys, in the order in which they were first tried."""
    spent: Spent = field(default_factory=Spent)
    failed: int = 0
    """Clips in a row that could not be made."""

    def make(self, wording: Wording, seed: int) -> None:
        """One clip, made and judged, or found in the journal."""
        self.wordings.setdefault(wording.key, wording)
        clip_key = digest(wording.key, seed, self.generator.identity())[:20]
        key = digest(clip_key, self.claims.hash, self.identity)[:20]
        trial = self.journal.trial(key)
        if trial is None:
            trial = self._fresh(wording, seed, clip_key)
            if trial.clip:
                self.journal.keep(key, trial)
        self.failed = 0 if trial.clip else self.failed + 1
        self.trials.append(trial)
        self.spent = self.spent.plus(
            generations=1, judge_calls=trial.judge_calls, seconds=trial.seconds, budget=self.budget
        )
        self.tell("trial", **trial.to_dict())

    def _fresh(self, wording: Wording, seed: int, key: str) -> Trial:
        began = time.monotonic()
        try:
            clip = self.journal.clip(
                key,
                lambda out: self.generator.make(ClipRequest(wording.text, seed, out, wording.negative, wording.key)),
            )
            found = self.verify(clip, self.claims)
        except MissingDependency:
            raise  # no clip could be judged
        except RecaptionError as error:
            log.warning("No clip of seed %s: %s", seed, error)
            return Trial(wording.key, seed, seconds=time.monotonic() - began, error=str(error))
        return Trial.of(wording.key, seed, clip, found, seconds=time.monotonic() - began)

    def of(self, wording: Wording) -> list[Trial]:
        """The clips of a wording, in the order in which they were made."""
        return [trial for trial in self.trials if trial.wording == wording.key]

    def tell(self, event: str, **facts: Any) -> None:
        """Write down what happened, and say it to whoever listens."""
        self.journal.tell(event, **facts)
        if self.on_event is not None:
            self.on_event(event, facts)
