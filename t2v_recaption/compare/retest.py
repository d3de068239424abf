"""Retest: a judge is asked some of its questions again, past every cache, to see how often it answers otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from t2v_recaption.cache import uncached
from t2v_recaption.compare.asking import Shown, answer_of, ask, questions
from t2v_recaption.compare.budget import Budget
from t2v_recaption.compare.checks import Checks
from t2v_recaption.compare.design import Job, digest
from t2v_recaption.compare.reliability import FlipRate, flip_rate
from t2v_recaption.compare.store import Outcome, Store
from t2v_recaption.records import Record

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend

KIND = "retest"
What = Literal["choices", "claims"]


@dataclass(frozen=True)
class Retest(Record):
    """How often a judge that was asked again answered otherwise."""

    by: str
    """The judge."""
    what: What
    """`choices` between two sides, or `claims` of clips."""
    flips: FlipRate

    @property
    def text(self) -> str:
        """One sentence for people."""
        f = self.flips
        sure = f" [{f.interval.low:.0%}, {f.interval.high:.0%}]" if f.interval else ""
        told = (
            f"{self.by}, asked again about {f.items} {self.what}, answered {f.flipped} otherwise ({f.rate:.0%}{sure})"
        )
        if self.what == "claims" and f.flipped:
            told += f": such errors would leave {f.attenuation:.0%} of a true difference"
        return f"{told}."


class ChoiceRetest:
    """Asks again about choices between two sides.

    Args:
        pairs: everything that was judged.
        judge: the model.
        store: where first and second answers are kept.
        count: how many questions are asked again; drawn by `seed`.
        seed: of the drawing.
    """

    def __init__(self, pairs: Sequence[Shown], judge: Backend, store: Store, count: int, seed: int) -> None:
        self.judge, self.store = judge, store
        asked = {answer_of(judge, *question): question for question in questions(pairs)}
        self._drawn = {key: asked[key] for key in _drawn(asked, count, seed)}

    def left(self) -> list[str]:
        """The questions that are still to be asked again."""
        return [key for key in self._drawn if _answered(self.store, key) and self.store.get(_again(key)) is None]

    def go(self, budget: Budget, done: Callable[[str, Outcome], None]) -> None:
        """Ask what is left; each answer is kept at once."""
        for key in self.left():
            budget.allowed("judgement")
            (outcome,) = ask(uncached(self.judge), [self._drawn[key]])
            budget.spend("judgement")
            done(KIND, self.store.put(_again(key), KIND, outcome))

    def found(self) -> Iterator[Retest]:
        """The flip rate, where anything was asked again."""
        answers = {}
        for key in self._drawn:
            two = [self.store.get(name) for name in (key, _again(key))]
            if all(two):
                answers[key] = [outcome.value.get("better") for outcome in two if outcome is not None]
        if answers:
            yield Retest(str(self.judge.identity().get("model") or self.judge.name), "choices", flip_rate(answers))


class ClaimRetest:
    """Has clips checked again, and compares what the judges said of their claims.

    Args:
        checks: everything that was checked.
        store: where first and second checks are kept.
        count: how many clips are checked again; drawn by `seed`.
        seed: of the drawing.
    """

    def __init__(self, checks: Checks, store: Store, count: int, seed: int) -> None:
        self.checks, self.store = checks, store
        jobs: dict[str, Job] = {}
        for job in checks.clips.jobs:
            if (key := checks.key(job)) is not None:
                jobs.setdefault(key, job)
        self._drawn = {key: jobs[key] for key in _drawn(jobs, count, seed)}

    def left(self) -> list[str]:
        """The checks that are still to be done again."""
        return [key for key in self._drawn if self._judged(key) and self.store.get(_again(key)) is None]

    def go(self, budget: Budget, done: Callable[[str, Outcome], None]) -> None:
        """Check again what is left; each is kept at once."""
        for key in self.left():
            budget.allowed("check")
            outcome = self.checks.checked_again(self._drawn[key])
            budget.spend("check")
            done(KIND, self.store.put(_again(key), KIND, outcome))

    def found(self) -> Iterator[Retest]:
        """The flip rate of each judge that was asked again."""
        by_judge: dict[str, dict[str, list[Hashable]]] = {}
        for key in self._drawn:
            first, second = self._judged(key), self._judged(_again(key))
            for judge in first.keys() & second.keys():
                for claim in first[judge].keys() & second[judge].keys():
                    two: list[Hashable] = [first[judge][claim], second[judge][claim]]
                    by_judge.setdefault(judge, {})[f"{key} {claim}"] = two
        for judge, answers in sorted(by_judge.items()):
            yield Retest(judge, "claims", flip_rate(answers))

    def _judged(self, key: str) -> dict[str, dict[str, str]]:
        """Judge → claim → what it said; empty for a check that failed or had no judge."""
        outcome = self.store.get(key)
        told: Any = {} if outcome is None else outcome.value.get("judged", {})
        return dict(told)


def _drawn(keys: Mapping[str, object], count: int, seed: int) -> list[str]:
    """Some keys, the same ones every time."""
    listed = sorted(keys)
    return random.Random(f"retest {seed}").sample(listed, min(count, len(listed)))


def _again(key: str) -> str:
    return digest([KIND, key])


def _answered(store: Store, key: str) -> bool:
    outcome = store.get(key)
    return outcome is not None and outcome.ok
