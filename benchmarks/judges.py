"""Judges with known faults: how often the probes of `t2v verify` find them out, and how often they wrong a good one.

Every judge is simulated: of yes-or-no questions it answers a share rightly (`sensitivity` of what is so, `specificity`
of what is not), and of open questions the mean of both. The questions, probes and rules are the real ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from t2v_recaption import claims_of, measure
from t2v_recaption.backends.base import ChatRequest
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.verify import ClaimStatus
from t2v_recaption.verify.frames import Look
from t2v_recaption.verify.judge import judge_clip
from t2v_recaption.verify.model import Claim, ClaimSet
from t2v_recaption.verify.probes import probes_for
from t2v_recaption.video import Clip, Frame

JUDGES = {
    "right 99 %": (0.99, 0.99),
    "right 95 %": (0.95, 0.95),
    "right 85 %": (0.85, 0.85),
    "likes yes": (0.95, 0.60),
    "likes yes much": (0.97, 0.30),
    "always yes": (1.0, 0.0),
    "always no": (0.0, 1.0),
    "coin": (0.5, 0.5),
}
"""Name → sensitivity and specificity."""

PROMPTS = (
    "a red car on the left of a blue truck, the camera pans right",
    "two dogs run on a beach at sunset",
    "an old man in a green coat feeds pigeons, no children",
    "a woman pours tea into a white cup",
    "three yellow ducks swim behind a boat",
    "a cat sleeps on a sofa",
    "a boy jumps over a puddle and then falls",
    "close-up of a purple flower in the rain",
)


@dataclass(frozen=True)
class Found:
    """What became of one judge over all clips."""

    unreliable: float
    decided: float
    """Share of claims that its counting verdicts decide."""
    right: float | None
    """Share of those that are right; None where none is decided."""


def answerer(
    claims: ClaimSet, truth: dict[str, bool], sensitivity: float, specificity: float, rng: random.Random
) -> Callable[[ChatRequest], str]:
    """A judge's answers about a clip on which each claim is true or not."""
    of = {claim.question: claim for claim in claims}

    def answer(request: ChatRequest) -> str:
        question = request.messages[-1].text.splitlines()[0]
        claim = of.get(question)
        if claim is None:
            so = question.startswith(("Can anything", "Is the video in colour", "Is there much"))
            if question.startswith("Is this so"):
                so = False
            return _yes(so, sensitivity, specificity, rng)
        if claim.form == "yes_no":
            return _yes(truth[claim.id] == (claim.expected == "yes"), sensitivity, specificity, rng)
        right = rng.random() < (sensitivity + specificity) / 2
        return claim.expected if truth[claim.id] == right else _wrong(claim)

    return answer


def _yes(so: bool, sensitivity: float, specificity: float, rng: random.Random) -> str:
    return "Yes" if (rng.random() < sensitivity if so else rng.random() >= specificity) else "No"


def _wrong(claim: Claim) -> str:
    return {"count": "7", "colour": "turquoise" if claim.expected == "orange" else "black", "words": "None",
            "order": "b" if claim.expected == "a" else "a"}.get(claim.form, "neither")  # fmt: skip


def simulate(sensitivity: float, specificity: float, clips: int, foils: int, seed: int) -> Found:
    """Let one judge look at many clips, on each of which two thirds of the claims are true."""
    rng = random.Random(seed)
    tiles = np.kron(np.random.default_rng(0).integers(0, 255, (9, 16, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    measured = measure(Clip([tiles] * 8, fps=8))
    look = Look(tuple(Frame(n, n / 8, tiles) for n in range(8)), (0.0, 1.0))
    unreliable = decided = right = asked = 0
    for number in range(clips):
        claims = claims_of(PROMPTS[number % len(PROMPTS)])
        truth = {claim.id: rng.random() < 2 / 3 for claim in claims}
        judge = ScriptedBackend(answerer(claims, truth, sensitivity, specificity, rng))
        probes = probes_for(claims, measured, foils=foils, seed=str(number))
        found = judge_clip("judge", judge, look, claims, probes)
        unreliable += not found.reliability.reliable
        counting = [v for v in found.verdicts if v.counts and v.status.decided]
        asked += len(found.verdicts)
        decided += len(counting)
        right += sum((v.status is ClaimStatus.SUPPORTED) == truth[v.claim] for v in counting)
    return Found(unreliable / clips, decided / asked, right / decided if decided else None)


@click.command()
@click.option("--clips", default=200, show_default=True, help="Simulated clips a judge.")
@click.option("--foils", default=6, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Write the table there, too.")
def main(clips: int, foils: int, seed: int, output: Path | None) -> None:
    """Simulated judges with known faults."""
    lines = ["| judge | sensitivity | specificity | called unreliable | claims decided | of these right |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for name, (sensitivity, specificity) in JUDGES.items():
        found = simulate(sensitivity, specificity, clips, foils, seed)
        right = "-" if found.right is None else f"{found.right:.0%}"
        lines.append(f"| {name} | {sensitivity:.0%} | {specificity:.0%} | {found.unreliable:.0%} of clips | "
                     f"{found.decided:.0%} | {right} |")  # fmt: skip
    text = "\n".join(lines)
    click.echo(text)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
