"""Budget: what a loop may spend, what it has spent, and what it would spend at most."""

from __future__ import annotations

from dataclasses import dataclass, replace

from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record


@dataclass(frozen=True)
class Budget(Record):
    """Limits of a loop. None is no limit; the loop stops before it would pass one."""

    generations: int = 12
    judge_calls: int | None = None
    seconds: float | None = None
    money: float | None = None
    per_generation: float = 0.0
    """Money for one clip."""
    per_judge_call: float = 0.0

    def __post_init__(self) -> None:
        """Refuse limits that allow nothing.

        Raises:
            InvalidInput: fewer than two generations, or a negative limit.
        """
        if self.generations < 2:
            raise InvalidInput(
                f"A loop needs at least 2 generations, not {self.generations}.",
                hint="One for the prompt as typed and one for the caption.",
            )
        limits = (self.judge_calls, self.seconds, self.money, self.per_generation, self.per_judge_call)
        if any(limit is not None and limit < 0 for limit in limits):
            raise InvalidInput("A limit of a budget cannot be negative.")


@dataclass(frozen=True)
class Spent(Record):
    """What was spent; clips of an earlier run that were found again cost nothing."""

    generations: int = 0
    judge_calls: int = 0
    seconds: float = 0.0
    money: float = 0.0

    def plus(self, *, generations: int = 0, judge_calls: int = 0, seconds: float = 0.0, budget: Budget) -> Spent:
        """The sum, with its money."""
        money = generations * budget.per_generation + judge_calls * budget.per_judge_call
        return replace(
            self,
            generations=self.generations + generations,
            judge_calls=self.judge_calls + judge_calls,
            seconds=self.seconds + seconds,
            money=self.money + money,
        )

    def passed(self, budget: Budget) -> str:
        """Which limit one more clip would pass, in words; empty when there is room."""
        clips = max(1, self.generations)
        limits = (
            ("generations", self.generations + 1, budget.generations),
            ("judge calls", self.judge_calls + self.judge_calls / clips, budget.judge_calls),
            ("seconds", self.seconds + self.seconds / clips, budget.seconds),
            ("money", self.money + self.money / clips if self.money else budget.per_generation, budget.money),
        )
        return next((name for name, then, limit in limits if limit is not None and then > limit), "")
