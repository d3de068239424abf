"""Loop: enhance, generate, verify, diagnose, edit what failed, keep the best, stop in time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from t2v_recaption.enhancement import Enhancement
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.generators import Generator
from t2v_recaption.loop.budget import Budget
from t2v_recaption.loop.diagnosis import Cause, Diagnosis
from t2v_recaption.loop.edits import Edits
from t2v_recaption.loop.journal import Journal, told
from t2v_recaption.loop.operators import Workshop
from t2v_recaption.loop.result import LoopResult, Round, Stop, compared, standing
from t2v_recaption.loop.takes import Event, Takes, Verify
from t2v_recaption.loop.trial import USELESS, informedness, tally
from t2v_recaption.loop.wording import Wording, of_prompt
from t2v_recaption.records import Record
from t2v_recaption.verify.model import ClaimSet

log = logging.getLogger(__name__)

FAILURES = 3
"""Clips in a row that could not be made before the generator is given up."""

CAUTION = 0.2
"""Gain in the share of claims shown that a challenger needs with a judge that knows nothing; in proportion with others
(chosen by `python -m benchmarks loop`)."""


@dataclass(frozen=True)
class Rules(Record):
    """How a loop goes about it."""

    seeds: int = 2
    """Clips of every wording, with the same seeds."""
    seed: int = 0
    """The first of them."""
    scout: int = 4
    """Seeds that the better of caption and prompt is tried on before the first edit; edits go to its best ones."""
    edits: int = 6
    """Claims that one edit round takes on at most."""
    patience: int = 2
    """Edits in a row that do not help before only new seeds are tried."""
    every_seed: bool = False
    """Stop only when every clip of the best wording shows all critical claims, not as soon as one clip does."""


@dataclass
class Loop:
    """One prompt on its way through the loop; `run` does it.

    Args:
        enhancement: the prompt's caption, with its sentences and intent.
        claims: the claims of the original prompt.
        generator: makes the clips.
        verify: judges them.
        workshop: the target's limits.
        journal: the folder; a loop that is run again on it goes on where it was.
        budget: what may be spent.
        rules: how to go about it.
        identity: what decides the verdicts (judges, settings), for the journal's keys.
        on_event: called with what happens, as it happens.
    """

    enhancement: Enhancement
    claims: ClaimSet
    generator: Generator
    verify: Verify
    workshop: Workshop
    journal: Journal
    budget: Budget = field(default_factory=Budget)
    rules: Rules = field(default_factory=Rules)
    identity: Mapping[str, Any] = field(default_factory=dict)
    on_event: Event | None = None

    def __post_init__(self) -> None:
        """Check the claims.

        Raises:
            InvalidInput: there is nothing to check, or no seed.
        """
        if not len(self.claims):
            raise InvalidInput("The prompt holds no claim that a clip could show.", hint="Say what is to be seen.")
        if self.rules.seeds < 1 or self.rules.edits < 1:
            raise InvalidInput("A loop needs at least one seed and one edit a round.")
        self._takes = Takes(
            self.claims, self.generator, self.verify, self.journal, self.budget, self.identity, self.on_event
        )
        self._rounds: list[Round] = []
        self._edits = Edits(self.workshop, self._takes, self.claims, self.rules.edits)
        self._notes: list[str] = []
        self._idle = 0

    # The loop

    def run(self) -> LoopResult:
        """Run until it is done, the budget is spent, or nothing helps any more.

        Raises:
            RecaptionError: not a single clip could be made or judged; its message says why.
        """
        best = self._first_round()
        stop: tuple[Stop, str] | None = None
        while (stop := stop or self._must_stop(best)) is None:
            diagnoses = self._edits.diagnoses(best)
            challenger = self._edits.challenger(best, diagnoses) if self._idle < self.rules.patience else None
            if challenger is not None:
                best = self._round(challenger, best)
            elif self._luck_may_help(diagnoses):
                self._reseed(best)
            else:
                stop = _hopeless(diagnoses)
        return self._result(best, *stop)

    def _first_round(self) -> Wording:
        """The caption and the prompt as typed, on the same seeds."""
        caption = Wording(self.enhancement.sentences, self.enhancement.negative, "enhanced")
        prompt = of_prompt(self.enhancement.prompt, self.workshop.target)
        rivals = list({wording.key: wording for wording in (caption, prompt)}.values())
        for seed in self._seeds(min(self.rules.seeds, self.budget.generations // len(rivals))):
            for wording in rivals:
                if not self._takes.spent.passed(self.budget) or not self._takes.trials:
                    self._takes.make(wording, seed)
        best = caption
        for wording in rivals[1:]:
            best = self._judged(wording, best, 0)
        if not any(trial.clip for trial in self._takes.trials):
            raise RecaptionError(
                f"No clip could be made: {self._takes.trials[0].error}", hint="Run the generator by itself."
            )
        self._scout(best)
        return best

    def _scout(self, best: Wording) -> None:
        """More seeds of it, as long as anybody can tell what they show."""
        while len(self._takes.of(best)) < self.rules.scout and self._must_stop(best) is None:
            if not self._luck_may_help(self._edits.diagnoses(best)):
                return
            self._reseed(best)

    def _round(self, challenger: Wording, best: Wording) -> Wording:
        self._takes.tell("wording", wording=told(challenger))
        for seed in self._arena(best):
            if self._takes.spent.passed(self.budget) or self._beaten(challenger, best):
                break
            self._takes.make(challenger, seed)
        winner = self._judged(challenger, best, len(self._rounds))
        self._idle = 0 if winner is challenger else self._idle + 1
        return winner

    def _judged(self, challenger: Wording, best: Wording, number: int) -> Wording:
        """Whichever of two wordings is kept: the challenger when it shows more and loses nothing critical."""
        ours, theirs = self._takes.of(challenger), self._takes.of(best)
        gain, fixed, broke, lost = compared(ours, theirs, self.claims)
        complete = {trial.seed for trial in ours} >= set(self._arena(best))
        accepted = gain > self._margin() and not lost and complete
        reason = f"{'+' if gain >= 0 else '−'}{abs(gain):.0%} claims shown over the same seeds"
        reason += ", a critical claim lost" if lost else "" if complete else ", given up early"
        round_ = Round(number, challenger.key, best.key, accepted, reason, fixed, broke)
        self._rounds.append(round_)
        self._takes.tell("round", **round_.to_dict())
        return challenger if accepted else best

    def _margin(self) -> float:
        """What a challenger must gain: the more the judges err, the more."""
        return CAUTION * (1 - max(informedness(self._takes.trials).values(), default=1.0))

    def _arena(self, best: Wording) -> list[int]:
        """The seeds that a challenger is compared on: those with which the best wording shows most.

        One clip is handed over in the end, so that what is missing there is what edits are for.
        """
        made = sorted(self._takes.of(best), key=lambda trial: -standing(trial, self.claims))
        return [trial.seed for trial in made[: self.rules.seeds]]

    def _reseed(self, best: Wording) -> None:
        """One more clip of the best wording: what shows with some seeds may show together with another."""
        self._takes.make(best, max(trial.seed for trial in self._takes.of(best)) + 1)

    # Stopping

    def _must_stop(self, best: Wording) -> tuple[Stop, str] | None:
        if self._takes.failed >= FAILURES:
            return (
                Stop.GENERATOR,
                f"The last {self._takes.failed} clips could not be made: {self._takes.trials[-1].error}",
            )
        judges = informedness(self._takes.trials)
        if judges and max(judges.values()) < USELESS:
            names = " and ".join(judges)
            return Stop.JUDGE, f"{names} fails the questions with known answers: its verdicts would lead astray."
        trials = self._takes.of(best)
        shown = [trial.passed for trial in (trials if self.rules.every_seed else self._takes.trials)]
        if all(shown) if self.rules.every_seed else any(shown):
            return Stop.DONE, "A clip shows every critical claim, and none is refuted."
        if limit := self._takes.spent.passed(self.budget):
            return Stop.BUDGET, f"One more clip would pass the limit of {limit}."
        return None

    def _beaten(self, challenger: Wording, best: Wording) -> bool:
        """Whether the challenger cannot win any more, even if all its clips to come were perfect."""
        ours, theirs = self._takes.of(challenger), self._takes.of(best)
        arena = self._arena(best)
        left = len(arena) - len(ours)
        if not ours or left <= 0:
            return False
        theirs = [trial for trial in theirs if trial.seed in arena]
        gain = 0.0
        for claim in self.claims:
            new, old = tally(ours, claim.id), tally(theirs, claim.id).rate
            if old is not None:
                decided = new.supported + new.refuted + left
                gain += claim.weight * ((new.supported + left) / decided - old)
        return gain <= 0

    def _luck_may_help(self, diagnoses: Sequence[Diagnosis]) -> bool:
        """Whether another seed may show what is missing: some clip has shown it, or too few were made to tell."""
        return not diagnoses or any(
            diagnosis.cause is not Cause.LIMIT
            and (diagnosis.cause is not Cause.UNSURE or tally(self._takes.trials, diagnosis.claim.id).rate is not None)
            for diagnosis in diagnoses
        )

    def _seeds(self, count: int) -> list[int]:
        return [self.rules.seed + index for index in range(count)]

    def _result(self, best: Wording, stop: Stop, reason: str) -> LoopResult:
        if best.origin == "prompt":
            self._notes.append("The prompt as typed shows more than its caption: it was gone back to.")
        result = LoopResult(
            prompt=self.enhancement.prompt,
            claims=self.claims,
            wordings=tuple(self._takes.wordings.values()),
            trials=tuple(self._takes.trials),
            rounds=tuple(self._rounds),
            best=best,
            diagnoses=self._edits.diagnoses(best),
            stop=stop,
            reason=reason,
            spent=self._takes.spent,
            notes=tuple(self._notes),
            provenance={
                "generator": self.generator.identity(),
                "verify": self.identity,
                "target": self.workshop.target.name,
                "rules": self.rules.to_dict(),
                "budget": self.budget.to_dict(),
            },
        )
        self._takes.tell("end", stop=stop.value, reason=reason, best=best.key, spent=self._takes.spent.to_dict())
        return result


def _hopeless(diagnoses: Sequence[Diagnosis]) -> tuple[Stop, str]:
    """Why nothing is left to do."""
    limits = [d.claim.text for d in diagnoses if d.cause is Cause.LIMIT]
    if limits:
        return Stop.LIMIT, f"No wording makes this generator show: {' '.join(limits)}"
    unsure = [d for d in diagnoses if d.cause is Cause.UNSURE]
    if unsure and len(unsure) == len(diagnoses):
        return Stop.UNDECIDED, f"{len(unsure)} claims cannot be decided: add a judge, or a better one."
    return Stop.NO_GAIN, "Every edit that may help was tried."
