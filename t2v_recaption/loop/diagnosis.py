"""Diagnosis: why a claim is not shown, and which edits may help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from t2v_recaption.fidelity.report import Status
from t2v_recaption.intent.model import Fact, Kind
from t2v_recaption.loop.operators import Workshop
from t2v_recaption.loop.trial import Tally, Trial, tally
from t2v_recaption.loop.wording import Wording
from t2v_recaption.records import Record
from t2v_recaption.verify.model import Claim, ClaimSet

LATE = 0.5
"""A fact first stated behind this share of the text is said weakly: text encoders and models weigh the end less."""

PATIENCE = 8
"""Clips that ignore a claim, stated in every wording tried, before the generator is taken to be unable to show it."""


class Cause(str, Enum):
    """Why a claim fails."""

    NEVER_SAID = "never said"
    SAID_WEAKLY = "said weakly"
    IGNORED = "said and ignored"
    CHANCE = "shown with some seeds only"
    LIMIT = "generator limit"
    UNSURE = "judge unsure"


REMEDIES: dict[Cause, tuple[str, ...]] = {
    Cause.NEVER_SAID: ("add", "front"),
    Cause.SAID_WEAKLY: ("front", "add", "strengthen", "drop"),
    Cause.IGNORED: ("strengthen", "front", "drop", "negative"),
    Cause.CHANCE: ("strengthen", "front"),
}

SPECIAL: dict[Kind, tuple[str, ...]] = {
    Kind.NEGATION: ("positive", "negative", "drop"),
    Kind.ORDER: ("split", "strengthen", "drop"),
    Kind.TEXT: ("strengthen", "front", "negative", "drop"),
}
"""Kinds of facts that want edits of their own, whatever the cause."""


@dataclass(frozen=True)
class Diagnosis(Record):
    """What is wrong with one claim in one wording."""

    claim: Claim
    cause: Cause
    reason: str
    """One sentence for people."""
    tally: Tally
    remedies: tuple[str, ...] = ()
    """Operators that may help and were not tried yet for this claim, in order."""

    @property
    def open(self) -> bool:
        """Whether an edit may help."""
        return bool(self.remedies)


def diagnose(
    shop: Workshop,
    wording: Wording,
    trials: Sequence[Trial],
    claims: ClaimSet,
    *,
    tried: Iterable[tuple[str, str]] = (),
    ignored: dict[str, int] | None = None,
) -> tuple[Diagnosis, ...]:
    """Why the failing claims of a wording fail, critical ones first.

    Args:
        shop: the intent and the target's limits.
        wording: the text that the clips were made from.
        trials: its clips.
        claims: all claims of the prompt.
        tried: `(claim id, operator)` pairs that did not help before.
        ignored: by claim, how many clips of any wording refuted it.
    """
    rates = {claim.id: tally(trials, claim.id) for claim in claims}
    failing = [claim for claim in claims if _fails(rates[claim.id]) and not _waits(claim, rates)]
    failing.sort(key=lambda claim: (-claim.weight, tally(trials, claim.id).rate or 0.0))
    done = frozenset(tried)
    return tuple(_diagnosis(shop, wording, claim, tally(trials, claim.id), done, ignored or {}) for claim in failing)


def _fails(counts: Tally) -> bool:
    return counts.rate is None or counts.rate < 1.0


def _waits(claim: Claim, rates: dict[str, Tally]) -> bool:
    """Whether a claim it rests on fails as often: "red" cannot be repaired before the ball is there."""
    own = rates[claim.id].rate
    parents = [rates[parent].rate for parent in claim.parents if parent in rates]
    return own is not None and any(rate is not None and rate < 1.0 and rate <= own for rate in parents)


def _diagnosis(
    shop: Workshop,
    wording: Wording,
    claim: Claim,
    counts: Tally,
    tried: frozenset[tuple[str, str]],
    ignored: dict[str, int],
) -> Diagnosis:
    cause, reason = _cause(shop, wording, claim, counts)
    fact = fact_of(shop, claim)
    if cause not in REMEDIES or fact is None:
        return Diagnosis(claim, cause, reason, counts)
    wanted = SPECIAL.get(fact.kind, REMEDIES[cause]) + (("rephrase",) if shop.allow_rephrase else ())
    left = tuple(name for name in wanted if (claim.id, name) not in tried)
    if cause is Cause.CHANCE:
        return Diagnosis(claim, cause, reason, counts, left)
    if not left or (cause is Cause.IGNORED and ignored.get(claim.id, 0) >= PATIENCE and len(left) < len(wanted)):
        clips = ignored.get(claim.id, counts.refuted)
        return Diagnosis(
            claim, Cause.LIMIT, f"{clips} clips in all wordings tried do not show it: this generator cannot.", counts
        )
    return Diagnosis(claim, cause, reason, counts, left)


def _cause(shop: Workshop, wording: Wording, claim: Claim, counts: Tally) -> tuple[Cause, str]:
    if counts.rate is None:
        return Cause.UNSURE, "No judge or measurement could tell."
    if counts.rate > 0:
        return Cause.CHANCE, f"{counts.supported} of {counts.supported + counts.refuted} clips show it."
    fact = fact_of(shop, claim)
    if fact is None:
        return Cause.IGNORED, f"None of {counts.refuted} clips shows it."
    verdict = shop.verdict(wording, fact)
    if verdict.status in (Status.LOST, Status.CONTRADICTED):
        return Cause.NEVER_SAID, f"The text does not say it. {verdict.reason}".strip()
    if verdict.status is Status.WEAKENED:
        return Cause.SAID_WEAKLY, f"The text says it only vaguely. {verdict.reason}".strip()
    if verdict.span is not None and verdict.span.start > LATE * len(wording.text):
        return Cause.SAID_WEAKLY, "The text says it late."
    return Cause.IGNORED, f"The text says it, and none of {counts.refuted} clips shows it."


def fact_of(shop: Workshop, claim: Claim) -> Fact | None:
    """The fact of the intent that a claim is about; the most telling one where it covers several."""
    known = {fact.id: fact for fact in shop.intent}
    facts = [known[name] for name in claim.facts if name in known]
    return next((fact for fact in facts if fact.kind is claim.kind), facts[0] if facts else None)
