"""The enhancer that a request describes: the server's own, with the request's options laid over it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from t2v_recaption import targets
from t2v_recaption.enhancer import Enhancer
from t2v_recaption.pipeline import Job
from t2v_recaption.targets import Target
from t2v_recaption.targets.tokens import TokenCounter, counters_for


class Kitchen:
    """Makes enhancers that share one writer, and so one model.

    Args:
        base: the server's own enhancer: what a request leaves open is as there.
    """

    def __init__(self, base: Enhancer) -> None:
        self.base = base
        self._counters: dict[str, Mapping[str, TokenCounter] | None] = {base.target.name: base.setting.counters}

    def enhancer(self, options: Mapping[str, Any], jobs: Sequence[Job]) -> tuple[str, Enhancer]:
        """An enhancer, and a key that is equal for equal settings.

        Raises:
            UnknownName: there is no such target.
            InvalidInput: settings that contradict each other.
        """
        base, given = self.base, dict(options)
        target = targets.load(given.pop("target")) if "target" in given else base.target
        settings = {
            "strength": base.options.strength,
            "language": base.options.language or None,
            "task": _task(jobs) or base.options.task,
            "duration": base.options.duration,
            "keep": base.options.keep,
            "negative": base.setting.negative,
            "attempts": base.attempts,
            "on_failure": base.on_failure,
            **given,
        }
        made = Enhancer(
            target,
            writer=base.writer,
            seed=base.seed,
            judge=base.setting.judge,
            counters=self._counters_for(target),
            **settings,
        )
        return json.dumps([target.name, settings], sort_keys=True), made

    def _counters_for(self, target: Target) -> Mapping[str, TokenCounter] | None:
        if target.name not in self._counters:
            self._counters[target.name] = counters_for(target)
        return self._counters[target.name]


def _task(jobs: Sequence[Job]) -> str:
    """The task that the frames of the first prompt mean; empty where there are none."""
    if jobs[0].last_image is not None:
        return "flf2v"
    return "" if jobs[0].image is None else "i2v"
