"""Probes: questions with a known answer, mixed in among the claims, and what they say about a judge.

Three kinds. *Foils* ask for things that are not there. *Controls* are true of this clip, by what was measured on it.
*Opposites* exclude what a claim says: whoever agrees with both contradicts itself, whichever is true.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from t2v_recaption.fidelity.lexicon import FOLDER, keeps, sections
from t2v_recaption.verify.answers import Answer, says_yes
from t2v_recaption.verify.colours import base_colours, contradicts
from t2v_recaption.verify.compare import options
from t2v_recaption.verify.model import WHOLE, Claim, ClaimSet, ClaimStatus, JudgeReliability, Probe, Rate, Window
from t2v_recaption.verify.picture import MOVES
from t2v_recaption.verify.wording import article, capital

if TYPE_CHECKING:
    from t2v_recaption.video.measurements import Measurements

LEAST_SPECIFICITY = 2 / 3
"""Share of false probes that a judge must call false. `python -m benchmarks judges` shows what it finds out."""

LEAST_SENSITIVITY = 2 / 3
"""Share of true probes that a judge must call true."""

PLENTY, TRACE = 0.25, 0.002
"""Shares of the picture from which on a colour is surely there, and below which it surely is not."""

Z95 = 1.959964


@dataclass(frozen=True)
class Question:
    """A probe before it is asked."""

    kind: Literal["foil", "control", "opposite"]
    question: str
    expected: str
    claim: str = ""
    window: Window = WHOLE


def probes_for(claims: ClaimSet, measured: Measurements | None, *, foils: int, seed: str) -> tuple[Question, ...]:
    """The probes for one clip, the same for the same claims and seed.

    Args:
        claims: what is going to be asked.
        measured: what was measured on the clip; without it there are fewer controls.
        foils: how many things to ask for that are not there; 0 asks no probes at all.
        seed: what chooses among the things.
    """
    if foils < 1:
        return ()
    absent = [
        Question("foil", f"Is there {article(thing)} in the video?", "no") for thing in _absent(claims, foils, seed)
    ]
    return (*absent, *_controls(measured), *_opposites(claims)[: max(1, foils // 2)])


@cache
def _things() -> tuple[str, ...]:
    return tuple(line for _, line in sections((FOLDER / "foils.txt").read_text(encoding="utf-8")))


def _absent(claims: ClaimSet, count: int, seed: str) -> list[str]:
    """Things that the prompt does not speak of, in an order that the seed decides."""
    said = f" {claims.prompt.lower()} "
    nouns = {claim.value.lower() for claim in claims}
    free = [
        thing
        for thing in _things()
        if not any(word in said for word in thing.split() if len(word) > 3)
        and not any(keeps(thing, noun, "noun") or keeps(noun, thing, "noun") for noun in nouns)
    ]
    return sorted(free, key=lambda thing: hashlib.sha256(f"{seed}{thing}".encode()).digest())[:count]


def _controls(measured: Measurements | None) -> list[Question]:
    """What is surely so, and surely not so, by the colours of the picture."""
    colours = measured.colours if measured is not None else None
    light = measured.light if measured is not None else None
    found: list[Question] = []
    if colours is not None and colours.black_and_white.value is not None:
        grey = colours.black_and_white.value
        found.append(Question("control", f"Is the video in {'black and white' if grey else 'colour'}?", "yes"))
    if colours is not None and colours.black_and_white.value is False:
        there = {share.name: share.share for share in colours.shares}
        strong = [n for n, s in there.items() if s >= PLENTY and n not in ("black", "white", "grey", "brown")]
        found += [Question("control", f"Is there much {name} in the picture?", "yes") for name in strong[:1]]
        missing = [n for n in ("purple", "pink", "green", "blue", "yellow", "red") if there.get(n, 0.0) <= TRACE]
        found += [Question("foil", f"Is most of the picture {name}?", "no") for name in missing[:1]]
    if light is not None and light.low < 0.9 and light.high > 0.1 and light.high - light.low > 0.15:
        found.append(Question("control", "Can anything be made out in the picture?", "yes"))
        found.append(Question("foil", "Is the picture completely white from beginning to end?", "no"))
    return found


def _opposites(claims: Iterable[Claim]) -> list[Question]:
    """For claims with an open answer: whether it is another one, asked with yes or no."""
    found = []
    for claim in claims:
        other = _other(claim)
        if other and claim.expected in claim.text.replace("in front of", "in front"):
            text = claim.text.rstrip(".")
            flipped = text.replace(claim.expected, other, 1) if claim.expected != "in front" else text.replace(
                "in front of", "behind", 1)  # fmt: skip
            question = f"Is this so: {flipped[:1].lower()}{flipped[1:]}?"
            found.append(Question("opposite", capital(question), "no", claim.id, claim.window))
    return found


def _other(claim: Claim) -> str:
    """Another answer than the expected one, which excludes it."""
    if claim.form == "direction" and not any(claim.expected in pair for pair in MOVES.values()):
        return next((option for option in options(claim) if option != claim.expected), "")
    if claim.form == "colour":
        known = base_colours(claim.expected)
        return next((c for c in ("green", "purple", "red", "blue") if known and contradicts(c, claim.expected)), "")
    return ""


def answered(probe: Question, answer: Answer | None, claimed: ClaimStatus | None) -> Probe:
    """A probe with its answer; `claimed` is what the same judge said of the claim that an opposite belongs to."""
    yes = says_yes(answer) if answer is not None else None
    right = None if yes is None else yes == (probe.expected == "yes")
    if probe.kind == "opposite" and claimed is not ClaimStatus.SUPPORTED:
        right = None  # it did not agree with the claim, so it may agree with the opposite
    return Probe(probe.kind, probe.question, probe.expected, answer.said if answer else "", right, probe.claim)


def reliability(judge: str, probes: Sequence[Probe], *, failures: int, asked: int) -> JudgeReliability:
    """How far a judge can be trusted, by its answers to the probes.

    It is unreliable when it agrees with what is not there (two foils and more than a third of them), denies what is
    there (two controls and more than a third of them), contradicts itself twice, or leaves more than half unanswered.
    """
    false = [p for p in probes if p.kind == "foil" and p.right is not None]
    true = [p for p in probes if p.kind == "control" and p.right is not None]
    contradictions = sum(p.kind == "opposite" and p.right is False for p in probes)
    specificity = rate(sum(p.right is True for p in false), len(false))
    sensitivity = rate(sum(p.right is True for p in true), len(true))
    reason = _fault(specificity, sensitivity, contradictions, failures, asked)
    reliable = not reason
    if reliable:
        reason = "It passed the probes." if false or true else "It was asked no probes, or answered none: nobody knows."
    return JudgeReliability(judge, reliable, reason, sensitivity, specificity, contradictions, failures, tuple(probes))


def _fault(specificity: Rate, sensitivity: Rate, contradictions: int, failures: int, asked: int) -> str:
    if (wrong := _too_many(specificity, LEAST_SPECIFICITY)) > 0:
        return f"It says yes to {wrong} of {specificity.asked} things that are not so."
    if (wrong := _too_many(sensitivity, LEAST_SENSITIVITY)) > 0:
        return f"It says no to {wrong} of {sensitivity.asked} things that are so."
    if contradictions >= 2:
        return f"It contradicts itself {contradictions} times."
    if asked >= 2 and failures > asked / 2:
        return f"It gave no usable answer to {failures} of {asked} questions."
    return ""


def _too_many(found: Rate, least: float) -> int:
    """How many answers are wrong, where they are more than one and too large a share; one slip condemns nobody."""
    wrong = found.asked - found.right
    return wrong if wrong >= 2 and found.right < least * found.asked else 0


def pooled(judges: Iterable[JudgeReliability]) -> JudgeReliability | None:
    """The probes of one judge on several clips together."""
    every = list(judges)
    if not every:
        return None
    probes = [probe for one in every for probe in one.probes]
    failures = sum(one.failures for one in every)
    return reliability(every[0].judge, probes, failures=failures, asked=max(2 * failures, len(probes)))


def rate(right: int, asked: int) -> Rate:
    """A share with its 95 % Wilson interval (Wilson 1927); 0 to 1 when nothing was asked."""
    if not asked:
        return Rate(0, 0, 0.0, 1.0)
    share, z2 = right / asked, Z95 * Z95
    centre = (share + z2 / (2 * asked)) / (1 + z2 / asked)
    half = Z95 * math.sqrt(share * (1 - share) / asked + z2 / (4 * asked * asked)) / (1 + z2 / asked)
    return Rate(right, asked, max(0.0, centre - half), min(1.0, centre + half))
