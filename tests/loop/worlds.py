"""Generators and judges whose truth is known, for the loop's tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from t2v_recaption import Enhancer
from t2v_recaption.generators import ClipRequest, GenerationError
from t2v_recaption.loop.budget import Budget
from t2v_recaption.loop.journal import Journal
from t2v_recaption.loop.operators import Workshop
from t2v_recaption.loop.run import Loop, Rules
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

ENHANCER = Enhancer("wan2.2")

Shows = Callable[[str, str, str, int], bool]
"""Claim text, generated text, negative prompt and seed → whether the clip shows the claim."""


@dataclass
class World:
    """A generator that shows what a rule says; its clips are JSON files."""

    claims: ClaimSet
    shows: Shows
    fails: frozenset[int] = frozenset()
    """Numbers of the generations that fail."""
    made: list[tuple[str, str, int]] = field(default_factory=list)

    def identity(self) -> dict[str, Any]:
        return {"generator": "world"}

    def make(self, request: ClipRequest) -> None:
        self.made.append((request.prompt, request.negative, request.seed))
        if len(self.made) - 1 in self.fails:
            raise GenerationError("out of memory")
        shown = {c.id: self.shows(c.text, request.prompt, request.negative, request.seed) for c in self.claims}
        request.out.write_text(json.dumps(shown), encoding="utf-8")


def honest(clip: Path, claims: ClaimSet) -> Verification:
    """A judge that is always right."""
    truth = json.loads(clip.read_text(encoding="utf-8"))
    return told(
        {claim.id: ClaimStatus.SUPPORTED if truth[claim.id] else ClaimStatus.REFUTED for claim in claims}, claims
    )


def yes_man(clip: Path, claims: ClaimSet) -> Verification:
    """A judge that says yes to everything, foils included."""
    probes = JudgeReliability("yes-man", True, "", Rate(4, 4, 0, 1), Rate(0, 4, 0, 1))
    return told(dict.fromkeys((claim.id for claim in claims), ClaimStatus.SUPPORTED), claims, judges=(probes,))


def told(statuses: dict[str, ClaimStatus], claims: ClaimSet, *, judges: Any = ()) -> Verification:
    """The verification that holds these statuses, each given by one judge."""
    verdicts = {name: Verdict(name, status, "judge", "the judge") for name, status in statuses.items()}
    results = tuple(ClaimResult(c, statuses[c.id], 0.9, "", (verdicts[c.id],)) for c in claims)
    decided = [r for r in results if r.status.decided]
    share = sum(r.status is ClaimStatus.SUPPORTED for r in decided) / len(decided) if decided else None
    return Verification({}, claims.prompt, claims.hash, results, share, 1.0, judges=judges)


def loop_of(
    prompt: str, shows: Shows, folder: Path, *, judge: Any = honest, budget: Budget | None = None, **options: Any
) -> tuple[Loop, World]:
    """A loop over a prompt in such a world."""
    enhancement, claims = ENHANCER(prompt), claims_of(prompt)
    world = World(claims, shows, options.pop("fails", frozenset()))
    rules, on_event = Rules(**options), None
    shop = Workshop(enhancement.intent, ENHANCER.target)
    loop = Loop(
        enhancement,
        claims,
        world,
        judge,
        shop,
        Journal(folder),
        budget or Budget(),
        rules,
        {"judge": judge.__name__},
        on_event,
    )
    return loop, world


def says(text: str, words: str) -> bool:
    """Whether a text has all these words."""
    return set(words.split()) <= {word.lower() for word in re.findall(r"\w+", text)}
