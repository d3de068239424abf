"""Ranking: the strength of two or more arms from pairwise choices, ties allowed: Bradley-Terry with Davidson's ties."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from t2v_recaption.compare.exact import Interval
from t2v_recaption.compare.resampling import FEWEST_RESAMPLES, numeric
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PRIOR = 0.5
"""Virtual wins each way that every pair of arms starts with: an arm that never lost has a finite strength."""

STEPS = 50
"""Newton steps at most; it takes 5 to 8."""


@dataclass(frozen=True)
class Choice(Record):
    """One pairwise choice by a judge or a person."""

    prompt: str
    first: str
    second: str
    """The two arms."""
    chosen: Literal["first", "second", "tie"]
    weight: float = 1.0
    """0.5 for each of two choices that together are one vote (the same pair shown in both orders)."""


@dataclass(frozen=True)
class Rank(Record):
    """One arm in a ranking."""

    arm: str
    strength: float
    """Natural logarithm; all strengths add up to 0. A lead of 1.1 means that 3 of 4 decided choices are won."""
    interval: Interval
    """Of the strength, by resampling prompts."""
    best: float
    """Share of the resamples in which this arm is first; arms that are first together share them."""


@dataclass(frozen=True)
class Ranking(Record):
    """Arms, strongest first."""

    ranks: tuple[Rank, ...]
    ties: float
    """Davidson's tie parameter: between equal arms a share of ties / (2 + ties) of the choices is tied."""
    leads: Mapping[str, Interval]
    """`A over B` → interval of A's lead in strength, for each pair, the stronger first."""
    prompts: int
    choices: int


def rank(
    choices: Iterable[Choice], *, resamples: int = 2000, seed: int = 0, level: float = 0.95, prior: float = PRIOR
) -> Ranking:
    """Rank arms by the model of Davidson (1970): P(i beats j) : P(j beats i) : P(tie) = a_i : a_j : ties √(a_i a_j).

    The likelihood is concave; Newton's method finds its maximum. Intervals come from resampling prompts, because
    choices on one prompt hang together.

    Args:
        choices: any number a prompt; not every pair needs to have been shown.
        resamples: at least 2,000.
        seed: of the resampling.
        level: of confidence.
        prior: virtual wins each way, and virtual ties, of every pair of arms; 0 gives the plain maximum likelihood,
            which is infinite for an arm that never lost.

    Raises:
        InvalidInput: no choices, an arm against itself, too few resamples.
        MissingDependency: numpy is not installed.
    """
    found = list(choices)
    _check(found, resamples)
    np = numeric()
    arms = sorted({arm for choice in found for arm in (choice.first, choice.second)})
    table = _table(found, arms)
    start = _fit(table.sum(axis=0)[None], len(arms), prior)[0]
    rng = np.random.Generator(np.random.PCG64(seed))
    n = len(table)
    drawn = rng.multinomial(n, np.full(n, 1 / n), resamples) @ table.reshape(n, -1)
    fitted = _fit(drawn.reshape(resamples, -1, 3), len(arms), prior)
    strengths = fitted[:, :-1]
    order = sorted(range(len(arms)), key=lambda i: (-start[i], arms[i]))
    lead = strengths >= strengths.max(axis=1, keepdims=True) - 1e-6
    first = (lead / lead.sum(axis=1, keepdims=True)).mean(axis=0)
    ranks = tuple(Rank(arms[i], float(start[i]), _interval(strengths[:, i], level), float(first[i])) for i in order)
    leads = {
        f"{arms[i]} over {arms[j]}": _interval(strengths[:, i] - strengths[:, j], level)
        for i, j in combinations(order, 2)
    }
    return Ranking(ranks, float(math.exp(start[-1])), leads, n, len(found))


def choices_from(values: Mapping[str, Mapping[str, float]], *, tie: float = 0.0) -> list[Choice]:
    """Pairwise choices from scores: the arm with the higher score wins the prompt.

    Args:
        values: arm → prompt → score. Prompts that one of two arms lacks give no choice between them.
        tie: scores that differ by at most this much are a tie.
    """
    found = []
    for (first, one), (second, two) in combinations(values.items(), 2):
        for prompt in one:
            if prompt in two:
                apart = two[prompt] - one[prompt]
                chosen: Literal["first", "second", "tie"] = "second" if apart > 0 else "first"
                found.append(Choice(prompt, first, second, "tie" if abs(apart) <= tie + 1e-12 else chosen))
    return found


def _check(choices: Sequence[Choice], resamples: int) -> None:
    if resamples < FEWEST_RESAMPLES:
        raise InvalidInput(f"{resamples} resamples are too few.", hint=f"Use at least {FEWEST_RESAMPLES}.")
    if not choices:
        raise InvalidInput("There are no choices to rank by.")
    for choice in choices:
        if choice.first == choice.second:
            raise InvalidInput(f"Arm {choice.first!r} was compared with itself on prompt {choice.prompt!r}.")
        if choice.chosen not in ("first", "second", "tie"):
            raise InvalidInput(f"{choice.chosen!r} is no choice.", hint="Say first, second or tie.")
        if not (math.isfinite(choice.weight) and choice.weight > 0):
            raise InvalidInput(f"A choice with weight {choice.weight} counts for nothing.")


def _table(choices: Sequence[Choice], arms: Sequence[str]) -> Floats:
    """Prompt × pair of arms × (wins of the earlier arm, wins of the later one, ties)."""
    np = numeric()
    pairs = {pair: at for at, pair in enumerate(combinations(arms, 2))}
    prompts = {prompt: at for at, prompt in enumerate(sorted({choice.prompt for choice in choices}))}
    table: Floats = np.zeros((len(prompts), len(pairs), 3))
    for choice in choices:
        pair = tuple(sorted((choice.first, choice.second)))
        winner = {"first": choice.first, "second": choice.second}.get(choice.chosen)
        column = 2 if winner is None else pair.index(winner)
        table[prompts[choice.prompt], pairs[pair[0], pair[1]], column] += choice.weight
    return table


def _fit(counts: Floats, arms: int, prior: float) -> Floats:
    """Log strengths and log tie parameter of each table of counts: rows × pairs × 3 → rows × (arms + 1)."""
    np = numeric()
    design = _design(arms)
    told = counts + prior
    total = told.sum(axis=2)
    free = design.shape[2]
    at = np.zeros((len(counts), free))
    for _ in range(STEPS):
        scores = np.einsum("pcf,rf->rpc", design, at)
        chances = np.exp(scores - scores.max(axis=2, keepdims=True))
        chances /= chances.sum(axis=2, keepdims=True)
        mean = np.einsum("rpc,pcf->rpf", chances, design)
        slope = np.einsum("rpc,pcf->rf", told - total[..., None] * chances, design)
        square = np.einsum("rpc,pcf,pcg->rpfg", chances, design, design) - np.einsum("rpf,rpg->rpfg", mean, mean)
        curve = np.einsum("rp,rpfg->rfg", total, square) + 1e-9 * np.eye(free)
        step = np.linalg.solve(curve, slope[..., None])[..., 0]
        at = at + np.clip(step, -1.5, 1.5)
        if float(np.abs(step).max()) < 1e-9:
            break
    strengths = np.concatenate([at[:, :-1], np.zeros((len(at), 1))], axis=1)
    strengths -= strengths.mean(axis=1, keepdims=True)
    result: Floats = np.concatenate([strengths, at[:, -1:]], axis=1)
    return result


def _design(arms: int) -> Floats:
    """Pair × outcome × parameter: the last arm is held at 0, the last parameter is that of ties."""
    np = numeric()
    pairs = list(combinations(range(arms), 2))
    design: Floats = np.zeros((len(pairs), 3, arms + 1))
    for row, (i, j) in enumerate(pairs):
        design[row, 0, i] = design[row, 1, j] = 1
        design[row, 2, [i, j]] = 0.5
        design[row, 2, arms] = 1
    free: Floats = np.delete(design, arms - 1, axis=2)
    return free


def _interval(drawn: Floats, level: float) -> Interval:
    np = numeric()
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)
