"""Does the loop find more than best-of-N? Simulated: a generator and judges whose truth is known.

The generator renders each claim with a probability that depends on how the text says it: not at all, late, in a long
text, once or insistently; some claims it can hardly render however they are put. The judge is right with a settable
sensitivity and specificity. What counts is the *true* share of claims in the clip that is handed over, which the loop
never sees.
"""

from __future__ import annotations

import json
import math
import random
import re
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.prompts import LOOP_PROMPTS
from t2v_recaption import Enhancer
from t2v_recaption.errors import RecaptionError
from t2v_recaption.fidelity.report import Status
from t2v_recaption.generators import ClipRequest
from t2v_recaption.intent.model import Kind
from t2v_recaption.loop.budget import Budget
from t2v_recaption.loop.diagnosis import fact_of
from t2v_recaption.loop.journal import Journal
from t2v_recaption.loop.operators import Workshop
from t2v_recaption.loop.result import LoopResult, best_trial
from t2v_recaption.loop.run import Loop, Rules
from t2v_recaption.loop.trial import Trial
from t2v_recaption.loop.wording import Wording, digest, of_prompt
from t2v_recaption.verify.claims import claims_of
from t2v_recaption.verify.model import (
    ClaimResult,
    ClaimSet,
    ClaimStatus,
    JudgeReliability,
    Rate,
    Verdict,
    Verification,
)

WORDS = re.compile(r"\w+")
FRESH = 1000
"""First of the seeds that no loop gets to."""

FOILS = 4
"""Questions with known answers that a simulated judge is asked about each clip."""


@dataclass(frozen=True)
class World:
    """How the simulated generator works. Log-odds; chosen to be plausible, not fitted to any model."""

    base: float = 1.2
    """Of an average claim that is said at the beginning of a short text."""
    unsaid: float = -3.0
    late: float = -1.2
    """From the first word to the last."""
    long: float = -0.35
    """For each doubling of the text over 40 words."""
    insistence: float = 0.8
    """For each further sentence that names it, twice at most."""
    negated: float = -1.0
    """A thing ruled out in the text itself is drawn more often."""
    difficulty: float = 1.3
    """Standard deviation between claims."""
    luck: float = 1.0
    """Standard deviation between seeds."""
    impossible: float = 0.08
    """Share of claims that are hardly ever rendered."""
    coupled: bool = False
    """Whether one seed draws the same numbers for every text, so that only a change of the odds changes the clip;
    otherwise texts share a seed's luck and no more."""


@dataclass(frozen=True)
class SimulatedGenerator:
    """Renders or drops each claim; the clip is a JSON file with the truth."""

    world: World
    shop: Workshop
    claims: ClaimSet
    run: int

    def identity(self) -> dict[str, Any]:
        """The world and the run."""
        return {"generator": "simulated", "run": self.run}

    def make(self, request: ClipRequest) -> None:
        """Decide each claim and write the truth down."""
        wording, seed = Wording(_sentences(request.prompt), request.negative, "edited"), request.seed
        own = () if self.world.coupled else (wording.key,)
        draws = {claim.id: self._noise("draw", claim.id, seed, *own).random() for claim in self.claims}
        truth = {name: draw < self.chance(wording, name, seed) for name, draw in draws.items()}
        for claim in self.claims:
            truth[claim.id] = truth[claim.id] and all(truth[parent] for parent in claim.parents)
        request.out.write_text(json.dumps(truth))

    def chance(self, wording: Wording, claim_id: str, seed: int) -> float:
        """The probability that one clip shows a claim by itself, its parents being there."""
        world, claim, report = self.world, self.claims[claim_id], self.shop.report(wording)
        if self._noise("impossible", claim_id).random() < world.impossible:
            return 0.02
        odds = world.base + world.difficulty * self._noise("difficulty", claim_id).gauss(0, 1)
        odds += world.luck * self._noise("luck", claim_id, seed).gauss(0, 1)
        odds += world.long * max(0.0, math.log2(max(1, len(wording.text.split())) / 40))
        fact = fact_of(self.shop, claim)
        verdict = next((v for v in report.verdicts if fact is not None and v.fact.id == fact.id), None)
        if fact is None or verdict is None:
            return _share(odds)
        if fact.kind is Kind.NEGATION:
            named = fact.value.lower() in {word.lower() for word in WORDS.findall(wording.text)}
            ruled_out = fact.value.lower() in wording.negative.lower()
            return _share(
                odds + world.negated * named + 0.7 * ruled_out + 0.5 * _strength(wording, "empty clear still")
            )
        if verdict.status in (Status.LOST, Status.CONTRADICTED):
            return _share(odds + world.unsaid)
        odds += world.unsaid / 2 * (verdict.status is Status.WEAKENED)
        place = verdict.span.start / max(1, len(wording.text)) if verdict.span else 0.0
        return _share(odds + world.late * place + world.insistence * min(2, _strength(wording, fact.text) - 1))

    def _noise(self, *what: Any) -> random.Random:
        return random.Random(digest(self.claims.hash, self.run, *what))


@dataclass(frozen=True)
class SimulatedJudge:
    """Reads the truth and reports it with errors."""

    sensitivity: float
    specificity: float
    unsure: float = 0.05

    def __call__(self, clip: Path, claims: ClaimSet) -> Verification:
        """Judge one clip."""
        truth = json.loads(clip.read_text())
        noise = random.Random(digest(clip.stem, self.sensitivity, self.specificity))
        reliability = self._probed(noise)
        results = tuple(self._result(claim, truth[claim.id], noise, reliability.reliable) for claim in claims)
        decided = [r for r in results if r.status.decided]
        total = sum(r.claim.weight for r in decided)
        good = sum(r.claim.weight for r in decided if r.status is ClaimStatus.SUPPORTED)
        return Verification(
            clip={"id": clip.stem},
            prompt=claims.prompt,
            claims_hash=claims.hash,
            results=results,
            score=good / total if total else None,
            coverage=total / sum(r.claim.weight for r in results),
            judges=(reliability,),
        )

    def _result(self, claim: Any, true: bool, noise: random.Random, reliable: bool) -> ClaimResult:
        yes = noise.random() < (self.sensitivity if true else 1 - self.specificity)
        status = ClaimStatus.SUPPORTED if yes else ClaimStatus.REFUTED
        if noise.random() < self.unsure or not reliable:
            status = ClaimStatus.UNDETERMINED
        verdict = Verdict(claim.id, status, "judge", "simulated", 0.9 if status.decided else 0.0)
        return ClaimResult(claim, status, verdict.confidence, "", (verdict,))

    def _probed(self, noise: random.Random) -> JudgeReliability:
        right = sum(noise.random() < self.specificity for _ in range(FOILS))
        seen = sum(noise.random() < self.sensitivity for _ in range(FOILS))
        fine = right * 2 > FOILS and seen * 2 > FOILS
        return JudgeReliability("simulated", fine, "", Rate(seen, FOILS, 0, 1), Rate(right, FOILS, 0, 1))


@dataclass(frozen=True)
class Case:
    """One prompt in one simulated world."""

    enhancement: Any
    claims: ClaimSet
    shop: Workshop
    generator: SimulatedGenerator


def cases(prompts: Sequence[str], world: World, runs: int, first: int = 0) -> Iterator[Case]:
    """Every prompt in several worlds with other difficulties and luck, from world number `first` on."""
    enhancer = Enhancer("wan2.2")
    for prompt in prompts:
        enhancement, claims = enhancer(prompt), claims_of(prompt)
        if not len(claims):
            continue
        for run in range(first, first + runs):
            shop = Workshop(enhancement.intent, enhancer.target)
            yield Case(enhancement, claims, shop, SimulatedGenerator(world, shop, claims, run))


def looped(case: Case, judge: SimulatedJudge, generations: int, folder: Path) -> LoopResult:
    """The loop on one case."""
    return Loop(
        case.enhancement,
        case.claims,
        case.generator,
        judge,
        case.shop,
        Journal(folder),
        Budget(generations),
        Rules(),
    ).run()


def best_of(case: Case, wording: Wording, judge: SimulatedJudge, count: int, folder: Path) -> Trial | None:
    """The best of so many seeds of one text, by the judge; like the loop, it stops at a clip that passes."""
    trials: list[Trial] = []
    for seed in range(count):
        clip = folder / f"{wording.key}-{seed}.json"
        case.generator.make(ClipRequest(wording.text, seed, clip, wording.negative))
        trials.append(Trial.of(wording.key, seed, clip, judge(clip, case.claims)))
        if trials[-1].passed:
            break
    return best_trial(trials, case.claims)


def true_share(trial: Trial | None, claims: ClaimSet) -> float:
    """The weighted share of claims that the clip really shows."""
    truth = json.loads(Path(trial.clip).read_text()) if trial is not None else {}
    return sum(c.weight for c in claims if truth.get(c.id)) / sum(c.weight for c in claims)


def fresh_share(case: Case, wording: Wording, folder: Path) -> float:
    """The true share that a clip of a wording shows on the average, over seeds that nobody has tried."""
    shares = []
    for seed in range(FRESH, FRESH + 8):
        clip = folder / f"fresh-{wording.key}-{seed}.json"
        case.generator.make(ClipRequest(wording.text, seed, clip, wording.negative))
        truth = json.loads(clip.read_text())
        shares.append(sum(c.weight for c in case.claims if truth[c.id]) / sum(c.weight for c in case.claims))
    return statistics.fmean(shares)


def _strength(wording: Wording, words: str) -> int:
    wanted = {word.lower() for word in WORDS.findall(words) if len(word) > 2}
    return sum(bool(wanted & {word.lower() for word in WORDS.findall(row.text)}) for row in wording.sentences)


def _sentences(text: str) -> Any:
    from t2v_recaption.writers.base import Sentence
    from t2v_recaption.writers.sentences import split

    return tuple(Sentence(piece, "action", 1.0) for piece in split(text))


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def _mean(values: Sequence[float]) -> str:
    """Mean and its standard error over prompts and runs."""
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):+.1%} ± {1.96 * error:.1%}"


WEAK = {"base": 0.2, "late": -2.4, "long": -0.7}

JUDGES = {
    "perfect": SimulatedJudge(1.0, 1.0, 0.0),
    "good (0.95, 0.90)": SimulatedJudge(0.95, 0.90),
    "noisy (0.85, 0.75)": SimulatedJudge(0.85, 0.75),
    "says yes (0.98, 0.30)": SimulatedJudge(0.98, 0.30),
}


@click.command()
@click.option("--runs", default=6, show_default=True, help="Simulated worlds for each prompt.")
@click.option("--generations", default=12, show_default=True)
@click.option("--judge", "only", type=click.Choice([*JUDGES]), help="This judge only.")
@click.option("--prompts", "count", default=len(LOOP_PROMPTS), show_default=True, help="How many prompts.")
@click.option(
    "--coupled", is_flag=True, help="One seed draws the same numbers for every text, as real noise partly does."
)
@click.option("--weak", is_flag=True, help="A weaker generator: less is shown, and the end of a long text counts less.")
@click.option("--first", default=0, show_default=True, help="Number of the first world: others than those tuned on.")
def main(runs: int, generations: int, count: int, only: str | None, coupled: bool, weak: bool, first: int) -> None:
    """The loop against best-of-N with the same number of clips, by the true share of claims shown."""
    kind = f"{' (coupled)' if coupled else ''}{' (weak)' if weak else ''}"
    click.echo(f"{count} prompts x {runs} worlds{kind} from {first}, at most {generations} clips each")
    world = World(coupled=coupled, **(WEAK if weak else {}))
    heads = f"{'judge':24}{'loop':>8}{'best-of-N':>11}{'prompt N':>10}   loop less best-of-N"
    click.echo(f"{heads}   new seeds            clips  stopped")
    for name, judge in JUDGES.items():
        if only not in (None, name):
            continue
        _line(name, judge, cases(LOOP_PROMPTS[:count], world, runs, first), generations)


def _line(name: str, judge: SimulatedJudge, some: Iterator[Case], generations: int) -> None:
    ours, theirs, raw, better, clips, stops = [], [], [], [], [], []
    for case in some:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            try:
                result = looped(case, judge, generations, place / "loop")
            except RecaptionError:
                continue
            caption = Wording(case.enhancement.sentences, case.enhancement.negative, "enhanced")
            prompt = of_prompt(case.enhancement.prompt, case.shop.target)
            ours.append(true_share(result.best_trial, case.claims))
            theirs.append(true_share(best_of(case, caption, judge, generations, place), case.claims))
            raw.append(true_share(best_of(case, prompt, judge, generations, place), case.claims))
            better.append(fresh_share(case, result.best, place) - fresh_share(case, caption, place))
            clips.append(result.spent.generations)
            stops.append(result.stop.name.lower())
    gains = [a - b for a, b in zip(ours, theirs, strict=True)]
    means = [statistics.fmean(values) for values in (ours, theirs, raw)]
    ends = ", ".join(f"{stop} {stops.count(stop) / len(stops):.0%}" for stop in sorted(set(stops)))
    shares = "".join(f"{mean:{width}.1%}" for mean, width in zip(means, (8, 11, 10), strict=True))
    click.echo(f"{name:24}{shares}   {_mean(gains):20}  {_mean(better):17}{statistics.fmean(clips):6.1f}  {ends}")
