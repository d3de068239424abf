"""Budget: how much may still be made and paid for, and what a run is going to cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.records import Record

Step = Literal["text", "clip", "check", "judgement"]
"""What costs: a text by a model, a clip, the check of a clip by models, an answer of a judge about two sides."""

STEPS: tuple[Step, ...] = ("text", "clip", "check", "judgement")


class BudgetSpent(RecaptionError):
    """The run has come to a limit that the user set; everything made so far is kept."""


@dataclass(frozen=True)
class Limits(Record):
    """What may be made in one go."""

    max_cost: float | None = None
    """Money, in the currency of the prices."""
    max_generations: int | None = None
    """Clips."""
    prices: dict[Step, float] = field(default_factory=dict)
    """Of one step, where known."""

    def __post_init__(self) -> None:
        if self.max_cost is not None and not any(self.prices.values()):
            raise InvalidInput(
                "--max-cost needs to know what something costs.",
                hint="Give --price clip=0.05, text=0.002, check=0.01 or judgement=0.001 (of one each).",
            )
        for name, price in self.prices.items():
            if name not in STEPS or not price >= 0:
                raise InvalidInput(f"{name}={price} is no price.", hint=f"Write one of {', '.join(STEPS)}=0.05.")


class Budget:
    """Counts what is made and says how much more is allowed."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.made: dict[Step, int] = dict.fromkeys(STEPS, 0)

    @property
    def cost(self) -> float:
        """Money spent in this go, as far as prices are known."""
        return sum(self.limits.prices.get(step, 0.0) * count for step, count in self.made.items())

    def allowed(self, step: Step, wanted: int = 1) -> int:
        """How many of `wanted` more steps may be made.

        Raises:
            BudgetSpent: none.
        """
        left, price = wanted, self.limits.prices.get(step, 0.0)
        if step == "clip" and self.limits.max_generations is not None:
            left = min(left, self.limits.max_generations - self.made["clip"])
        if self.limits.max_cost is not None and price:
            left = min(left, int((self.limits.max_cost - self.cost) / price + 1e-9))
        if left < 1:
            raise BudgetSpent(f"Stopped at the limit: {self._spent()}.", hint="The same command goes on from here.")
        return left

    def spend(self, step: Step, count: int = 1) -> None:
        """Count steps that were made."""
        self.made[step] += count

    def _spent(self) -> str:
        made = [f"{count} {step}s made" for step, count in self.made.items() if count]
        money = f", {self.cost:.2f} spent" if self.limits.prices else ""
        return (", ".join(made) or "nothing made") + money


@dataclass(frozen=True)
class Estimate(Record):
    """What is left to do of one kind."""

    step: str
    total: int
    done: int
    seconds: float | None
    """For what is left, going by what was done in this run; None where nothing was."""
    cost: float | None
    """Of what is left; None where the price is not known."""

    @property
    def left(self) -> int:
        """How many are still to be made."""
        return self.total - self.done
