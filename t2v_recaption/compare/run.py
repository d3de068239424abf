"""run_ab: a comparison from plan to verdict, resumable after a kill at any point, with nothing made twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from t2v_recaption.compare import lock as locks
from t2v_recaption.compare.analysis import analysed
from t2v_recaption.compare.asking import Shown, judge_pairs, missing, pairs_of
from t2v_recaption.compare.blind import RESULT
from t2v_recaption.compare.budget import STEPS, Budget, BudgetSpent, Estimate, Limits, Step
from t2v_recaption.compare.checks import Checks, Verifier
from t2v_recaption.compare.clips import Clips
from t2v_recaption.compare.design import Design
from t2v_recaption.compare.freeze import Frozen
from t2v_recaption.compare.resampling import numeric
from t2v_recaption.compare.result import Result
from t2v_recaption.compare.retest import ChoiceRetest, ClaimRetest, Retest
from t2v_recaption.compare.store import NAME as STORE
from t2v_recaption.compare.store import Outcome, Store, only_process
from t2v_recaption.compare.texts import Texts
from t2v_recaption.compare.verifying import DesignVerifier
from t2v_recaption.errors import InvalidInput
from t2v_recaption.generators import as_generator
from t2v_recaption.whole_files import write_whole

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend
    from t2v_recaption.compare.items import Item
    from t2v_recaption.verify.model import ClaimSet


class Watcher(Protocol):
    """Told how a run goes on."""

    def start(self, step: str, total: int) -> None:
        """A step begins: `total` things are still to be done."""

    def done(self, step: str, outcome: Outcome) -> None:
        """One of them is done and kept."""


class Silent:
    """A watcher that says nothing."""

    def start(self, step: str, total: int) -> None:
        """Say nothing."""

    def done(self, step: str, outcome: Outcome) -> None:
        """Say nothing."""


class Run:
    """A comparison in its folder.

    Args:
        design: what is planned.
        folder: where the lock file, the clips and all outcomes go.
        claims: hand-written claims by prompt id; others are made from the original prompts by rules.
        generator: makes clips: a function, a diffusers pipeline, a command; default: the design's command.
        verifier: holds a clip against claims; default: `t2v_recaption.verify` as the design's `checks` say.
        judge: a model that is asked which side is better.
        limits: money and clips that this go may cost.
        timeout: seconds for one clip of a command.
        jobs: clips that are made at once; what makes them must stand that.
        new_plan: replace a plan that differs from the one the folder was made by.
        retry: try again what failed.
        retest: how many questions and clips a judge is given again, to see how often it answers otherwise.

    Raises:
        InvalidInput: the design cannot be carried out, or the folder was made by another plan.
    """

    def __init__(
        self,
        design: Design,
        folder: Path,
        *,
        claims: Mapping[str, ClaimSet] | None = None,
        generator: Any = None,
        verifier: Verifier | None = None,
        judge: Backend | None = None,
        limits: Limits | None = None,
        timeout: float = 3600.0,
        jobs: int = 1,
        new_plan: bool = False,
        retry: bool = False,
        retest: int = 0,
    ) -> None:
        self.design, self.folder, self.judge, self.retry = design, folder, judge, retry
        self.retest = retest
        self.new_plan = new_plan
        self.frozen = Frozen(design, claims)
        self.budget = Budget(limits)
        self._generator = None if generator is None else as_generator(generator)
        if jobs < 1:
            raise InvalidInput(f"{jobs} clips at once are not possible.")
        self._timeout, self._jobs = timeout, jobs
        self._verifier = verifier or DesignVerifier(design.checks)

    def go(self, watcher: Watcher | None = None) -> Result:
        """Do what is missing and say what was found.

        Raises:
            InvalidInput: another process works on the run, or the plan differs.
            MissingDependency: numpy is not installed.
            RecaptionError: the disk is full; what was made is kept.
        """
        numeric()  # says now, and not after hours of work, that a package is missing
        with only_process(self.folder), Store(self.folder) as store:
            self._open(store)
            parts = {"generator": self._generator, "judge": self.judge}
            more = {name: part.identity() for name, part in parts.items() if part is not None}
            lines = self.frozen.lines()
            lock = locks.fix(self.folder, self.design, lines, more=more, new_plan=self.new_plan)
            if self.retry:
                store.forget_errors()
            stopped = self._work(watcher or Silent())
            result = analysed(self, lock, store, stopped)
            write_whole(self.folder / RESULT, result.to_json() + "\n")
            return result

    def estimate(self) -> tuple[Estimate, ...]:
        """What is left to be made, for how much time and money. Nothing is made, and no lock is written."""
        with TemporaryDirectory() as spare:
            folder = self.folder if (self.folder / STORE).exists() else Path(spare)
            return self._estimates(folder)

    def _estimates(self, folder: Path) -> tuple[Estimate, ...]:
        with Store(folder) as store:
            self._open(store)
            arms = [a for a in self.texts.arms if a.source == "writer"]
            written = sum(len(self.texts.missing(arm)) for arm in arms)
            text = self._estimated("text", len(arms) * len(self.design.items.items), written, store)
            free = not any(self.texts.missing(arm) for arm in arms if arm.writer != "composer")
            found = [replace(text, cost=0.0) if free else text]
            if self.clips is not None:
                left = len(self.clips.left())
                found.append(self._estimated("clip", left + store.count("clip"), left, store))
                total = len(self.clips.jobs)
                check = self._estimated("check", total, total - store.count("check"), store)
                found.append(check if self._asks_models else replace(check, cost=0.0))
            if self.judge is not None:
                total = self._answers()
                found.append(self._estimated("judgement", total, total - store.count("judgement"), store))
            return tuple(found)

    def pairs(self) -> list[Shown]:
        """Every two sides that can be shown to a judge."""
        seeds = len(self.design.seeds) if self.design.level == "clip" else 1
        arms = [arm.name for arm in self.design.arms]
        return pairs_of(self.design.items.items, arms, self._side, seeds=seeds, level=self.design.level)

    def _open(self, store: Store) -> None:
        self.texts = Texts(self.design, store)
        self.clips: Clips | None = None
        self.checks: Checks | None = None
        if self.design.level == "clip":
            self.clips = Clips(
                self.design,
                self.folder,
                store,
                self.texts,
                generator=self._generator,
                timeout=self._timeout,
                jobs=self._jobs,
            )
            self.checks = Checks(self.design, self.frozen, self.clips, store, self._verifier)
        self._store = store

    def _work(self, watcher: Watcher) -> str:
        """Do every step; why it stopped early, or nothing."""
        try:
            watcher.start("text", sum(len(self.texts.missing(arm)) for arm in self.texts.arms))
            self.texts.write(self.budget, watcher.done)
            if self.clips is not None and self.checks is not None:
                watcher.start("clip", len(self.clips.left()))
                self.clips.make(self.budget, watcher.done)
                watcher.start("check", len(self.checks.left()))
                self.checks.check(self.budget, watcher.done)
            if self.judge is not None:
                pairs = self.pairs()
                watcher.start("judgement", missing(pairs, self.judge, self._store))
                judge_pairs(pairs, self.judge, self._store, self.budget, watcher.done)
            self._ask_again(watcher)
        except BudgetSpent as stop:
            return f"{stop.message} {stop.hint}"
        return ""

    def _ask_again(self, watcher: Watcher) -> None:
        again = self._again()
        watcher.start("retest", sum(len(each.left()) for each in again))
        for each in again:
            each.go(self.budget, watcher.done)

    def _again(self) -> list[ChoiceRetest | ClaimRetest]:
        """What judges are asked again."""
        found: list[ChoiceRetest | ClaimRetest] = []
        if self.retest and self.checks is not None:
            found.append(ClaimRetest(self.checks, self._store, self.retest, self.design.order_seed))
        if self.retest and self.judge is not None:
            found.append(ChoiceRetest(self.pairs(), self.judge, self._store, self.retest, self.design.order_seed))
        return found

    def retested(self) -> tuple[Retest, ...]:
        """How often each judge that was asked again answered otherwise."""
        return tuple(told for each in self._again() for told in each.found())

    @property
    def _asks_models(self) -> bool:
        """Whether checking a clip may cost money."""
        checks = self.design.checks
        return not isinstance(self._verifier, DesignVerifier) or bool(checks.get("judge") or checks.get("captioner"))

    def _side(self, arm: str, item: Item, position: int) -> object:
        if self.clips is None:
            found = self.texts.outcome(arm, item)
            return found.value["text"] if found is not None and found.ok else None
        clip = self.clips.outcome(self.clips.job(arm, item.id, position))
        return (str(self.clips.file(clip)), clip.value["sha256"]) if clip is not None and clip.ok else None

    def _answers(self) -> int:
        arms, seeds = len(self.design.arms), len(self.design.seeds) if self.design.level == "clip" else 1
        return arms * (arms - 1) * len(self.design.items.items) * seeds

    def _estimated(self, kind: str, total: int, left: int, store: Store) -> Estimate:
        each = store.seconds(kind)
        step: Step | None = kind if kind in STEPS else None
        price = self.budget.limits.prices.get(step) if step else 0.0
        left = max(0, left)
        at_once = self._jobs if kind == "clip" else 1
        seconds = 0.0 if not left else None if each is None else each * -(-left // at_once)
        cost = 0.0 if not left else None if price is None else price * left
        return Estimate(kind, total, total - left, seconds, cost)


def run_ab(design: Design, folder: Path | str, *, watcher: Watcher | None = None, **options: object) -> Result:
    """Carry out a comparison in a folder, going on where an earlier call stopped; see `Run` for the options.

    >>> run_ab(Design(items, (Arm("raw", "raw"), parse_arm("composer"))), "my.ab").comparisons[0].verdict.text
    """
    return Run(design, Path(folder), **options).go(watcher)  # type: ignore[arg-type]
