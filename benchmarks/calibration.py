"""Whether the statistics of an A/B hold what they say: `python -m benchmarks calibration`.

A simulated generator whose true claim probabilities are known: every claim of every prompt has its own difficulty,
every prompt favours one arm or the other by chance, every clip has good or bad luck. Printed: false alarms where
neither arm is better on the whole, coverage of the interval, and, over differences of all sizes, how often each verdict
is right.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from t2v_recaption.compare.comparison import Comparison, compare
from t2v_recaption.compare.exact import sign_test
from t2v_recaption.compare.resampling import bootstrap
from t2v_recaption.compare.scores import Score
from t2v_recaption.compare.suites import load_suite
from t2v_recaption.compare.verdicts import Call, Settings

Floats = NDArray[np.float64]

FOLLOWED = 500
"""Inconclusive runs that are run again with as many more prompts as they said."""

MOST = 1000
"""Prompts of such a run at most."""

OWN = Path(__file__).parent / "suites" / "own.jsonl"


@dataclass(frozen=True)
class Generator:
    """The random effects, as standard deviations in logits."""

    ease: float = 1.0
    """Mean ease of a claim: a pass rate of about 0.68."""
    prompts: float = 1.0
    claims: float = 1.0
    taste: float = 0.8
    """How much a prompt favours one arm over the other, whatever the arms are on the whole."""
    luck: float = 0.8
    """How much clips of the same prompt and arm differ."""

    def run(self, rng: np.random.Generator, prompts: int, claims: int, seeds: int, shift: float) -> tuple[Floats, ...]:
        """Outcomes of both arms, prompts × seeds × claims, 0 or 1; `shift` is the second arm's lead in logits."""
        base = rng.normal(self.ease, self.prompts, (prompts, 1, 1)) + rng.normal(0, self.claims, (prompts, 1, claims))
        arms = []
        for lead in (-shift / 2, shift / 2):
            taste = rng.normal(lead, self.taste / math.sqrt(2), (prompts, 1, 1))
            luck = rng.normal(0, self.luck, (prompts, seeds, 1))
            chance = 1 / (1 + np.exp(-(base + taste + luck)))
            arms.append((rng.random((prompts, seeds, claims)) < chance).astype(float))
        return tuple(arms)

    def truth(self, shift: float) -> float:
        """The true difference in pass rate, by numerical integration over all effects at once."""
        spread = math.sqrt(self.prompts**2 + self.claims**2 + self.taste**2 / 2 + self.luck**2)
        steps = np.linspace(-6, 6, 2001)
        weights = np.exp(-(steps**2) / 2)
        rates = [
            float(np.sum(weights / (1 + np.exp(-(self.ease + lead + spread * steps)))) / np.sum(weights))
            for lead in (-shift / 2, shift / 2)
        ]
        return rates[1] - rates[0]


def scores(outcomes: Floats) -> list[Score]:
    """Outcomes as scores."""
    return [
        Score(f"p{k}", value, s, f"c{c}")
        for k, clips in enumerate(outcomes.tolist())
        for s, clip in enumerate(clips)
        for c, value in enumerate(clip)
    ]


def run_once(generator: Generator, rng: np.random.Generator, size: tuple[int, int, int], shift: float) -> Comparison:
    """One whole A/B of the simulated generator."""
    first, second = generator.run(rng, *size, shift)
    settings = Settings(resamples=2000, seed=int(rng.integers(2**31)))
    return compare(scores(first), scores(second), settings=settings)


def false_alarms(prompts: int, claims: int, seeds: int, runs: int, seed: int) -> dict[str, float]:
    """How often each test finds a difference where there is none, at a nominal 5 %."""
    rng, generator = np.random.default_rng([seed, prompts]), Generator()
    found: Counter[str] = Counter()
    for _ in range(runs):
        first, second = generator.run(rng, prompts, claims, seeds, 0.0)
        settings = Settings(resamples=2000, seed=int(rng.integers(2**31)))
        told = compare(scores(first), scores(second), settings=settings)
        assert told.interval is not None
        found["a verdict for one arm"] += told.verdict.call in (Call.FIRST, Call.SECOND)
        found["sign-flip p"] += told.p < 0.05
        found["interval (symmetric bootstrap-t)"] += not told.interval.holds(0)
        for method in ("percentile", "bca"):
            other = bootstrap(told.data.differences, resamples=2000, seed=settings.seed, method=method)
            assert other is not None
            found[f"interval ({method})"] += not other.holds(0)
        found["unpaired z over claims"] += abs(_z(first, second)) > NormalDist().inv_cdf(0.975)
        better, worse = int(np.sum(second > first)), int(np.sum(second < first))
        found["McNemar over claims"] += sign_test(better, worse) < 0.05
    return {name: count / runs for name, count in found.items()}


def _z(first: Floats, second: Floats) -> float:
    a, b = first.mean(), second.mean()
    return float((b - a) / math.sqrt((a * (1 - a) + b * (1 - b)) / first.size))


def verdicts(prompts: int, claims: int, seeds: int, runs: int, seed: int, leads: float = 0.5) -> dict[str, Any]:
    """How often each verdict is right, over true differences of all sizes (leads drawn from a normal distribution)."""
    rng, generator = np.random.default_rng([seed, prompts, 1]), Generator()
    said: Counter[str] = Counter()
    right: Counter[str] = Counter()
    covered, missed, real = 0, 0, 0
    lefts: list[bool] = []
    for _ in range(runs):
        shift = float(rng.normal(0, leads))
        true = generator.truth(shift)
        told = run_once(generator, rng, (prompts, claims, seeds), shift)
        assert told.interval is not None
        call, margin = told.verdict.call, told.settings.margin
        name = "one arm is better" if call in (Call.FIRST, Call.SECOND) else call.value
        said[name] += 1
        right[name] += {
            Call.FIRST: true < 0,
            Call.SECOND: true > 0,
            Call.SAME: abs(true) < margin,
            Call.INCONCLUSIVE: True,
        }[call]
        covered += told.interval.holds(true)
        real += abs(true) >= margin
        missed += abs(true) >= margin and name != "one arm is better"
        if call is Call.INCONCLUSIVE and told.verdict.more is not None and len(lefts) < FOLLOWED:
            size = (min(MOST, prompts + told.verdict.more), claims, seeds)
            lefts.append(run_once(generator, rng, size, shift).verdict.call is not Call.INCONCLUSIVE)
    return {
        "said": {name: count / runs for name, count in said.items()},
        "right": {name: right[name] / count for name, count in said.items() if name != "inconclusive"},
        "coverage": covered / runs,
        "found_of_real": 1 - missed / real if real else None,
        "settled_by_more": fmean(lefts) if lefts else None,
        "settled_asked": len(lefts),
    }


def suite_verdicts(path: Path, seeds: int, runs: int, seed: int, unscored: float = 0.04) -> dict[str, Any]:
    """The same with the prompts and claims of a suite: as many claims as each has, weights, and some left unscored."""
    prompts = [(each.id, list(each.claims)) for each in load_suite("claims", path).prompts if each.claims]
    rng, generator, most = np.random.default_rng([seed, 2]), Generator(), max(len(claims) for _, claims in prompts)
    said: Counter[str] = Counter()
    wrong, covered, stands = 0, 0, 0
    for _ in range(runs):
        shift = float(rng.normal(0, 0.5))
        true = generator.truth(shift)
        arms = [
            [
                Score(prompt, None if rng.random() < unscored else outcomes[k, s, c], s, claim.id, "", claim.weight)
                for k, (prompt, claims) in enumerate(prompts)
                for s in range(seeds)
                for c, claim in enumerate(claims)
            ]
            for outcomes in generator.run(rng, len(prompts), most, seeds, shift)
        ]
        told = compare(*arms, settings=Settings(resamples=2000, seed=int(rng.integers(2**31))))
        assert told.interval is not None
        assert told.worst is not None
        said[told.verdict.call.value] += 1
        right = {Call.FIRST: true < 0, Call.SECOND: true > 0, Call.SAME: abs(true) < told.settings.margin}
        wrong += not right.get(told.verdict.call, True)
        covered += told.interval.holds(true)
        stands += told.worst.stands(told.verdict.call)
    decided = runs - said["inconclusive"]
    return {
        "prompts": len(prompts),
        "claims": sum(len(claims) for _, claims in prompts),
        "decided": decided / runs,
        "right": 1 - wrong / decided if decided else None,
        "coverage": covered / runs,
        "stands_in_the_worst_case": stands / runs,
    }


@click.command()
@click.option("--suite", is_flag=True, help="Only the run on the prompts and claims of benchmarks/suites/own.jsonl.")
@click.option("--runs", default=2000, show_default=True, help="Simulated A/Bs for each number of prompts.")
@click.option("--prompts", default="20,50,100", show_default=True, help="Numbers of prompts.")
@click.option("--claims", default=8, show_default=True, help="Claims a prompt.")
@click.option("--seeds", default=2, show_default=True, help="Clips a prompt and arm.")
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(suite: bool, runs: int, prompts: str, claims: int, seeds: int, seed: int, as_json: bool) -> None:
    """Simulate A/Bs whose truth is known, and count how often the statistics are right."""
    if suite:
        found = suite_verdicts(OWN, seeds, runs, seed)
        click.echo("\n".join(f"{name:26} {value:.4g}" for name, value in found.items()))
        return
    sizes = [int(some) for some in prompts.split(",")]
    alarms, calls = {}, {}
    for size in sizes:
        alarms[size] = false_alarms(size, claims, seeds, runs, seed)
        calls[size] = verdicts(size, claims, seeds, runs, seed)
        click.echo(f"{size} prompts done", err=True)
    if as_json:
        told = {"runs": runs, "generator": asdict(Generator()), "false_alarms": alarms, "verdicts": calls}
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"{runs} A/Bs each, {claims} claims x {seeds} seeds, Monte Carlo error of 5 %: {_error(runs):.1%}\n")
    click.echo(_alarms_table(alarms))
    click.echo(_verdicts_table(calls))


def _error(runs: int) -> float:
    return math.sqrt(0.05 * 0.95 / runs)


def _alarms_table(alarms: dict[int, dict[str, float]]) -> str:
    lines = [f"{'False alarms at a nominal 5 %':36}" + "".join(f"{size:>8}" for size in alarms)]
    names = next(iter(alarms.values()))
    lines += [f"{name:36}" + "".join(f"{rates[name]:8.1%}" for rates in alarms.values()) for name in names]
    return "\n".join([*lines, ""])


def _verdicts_table(calls: dict[int, dict[str, Any]]) -> str:
    rows: list[tuple[str, list[float | None]]] = []
    for name in ("one arm is better", "same", "inconclusive"):
        rows.append((f"said: {name}", [each["said"].get(name, 0.0) for each in calls.values()]))
        if name != "inconclusive":
            rows.append(("  and right", [each["right"].get(name) for each in calls.values()]))
    rows.append(("differences of the margin or more found", [each["found_of_real"] for each in calls.values()]))
    rows.append(("coverage of the 95 % interval", [each["coverage"] for each in calls.values()]))
    rows.append(("settled after as many more as it said", [each["settled_by_more"] for each in calls.values()]))
    lines = [f"{'Verdicts, differences of all sizes':40}" + "".join(f"{size:>8}" for size in calls)]
    return "\n".join([*lines, *(name.ljust(40) + "".join(map(_cell, cells)) for name, cells in rows)])


def _cell(value: float | None) -> str:
    return f"{value:8.1%}" if value is not None else f"{'-':>8}"
