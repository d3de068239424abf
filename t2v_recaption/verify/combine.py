"""Combining: what several routes say of a claim becomes one result; results become a score with its coverage.

The rules, in order; errors and unreliable judges have no say in any of them:

1. A measurement that is sure (`SURE` or more) decides.
2. Judges vote, one vote each; the majority of those that decide wins, a tie is undetermined.
3. A less sure measurement decides where no judge does; where it and the judges disagree, the claim is undetermined.
4. A caption decides where neither of the others does. It never overrules them.
5. Where all who could have told failed, the claim is an error; otherwise it is undetermined.

A claim is disputed when verdicts that count, of any route, say different things; it is then half as sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from t2v_recaption.verify.claims import ancestors
from t2v_recaption.verify.model import Claim, ClaimResult, ClaimStatus, Evidence, Verdict

SURE = 0.75
"""Confidence from which on a measurement decides alone."""


def combined(claims: Sequence[Claim], verdicts: Iterable[Verdict]) -> tuple[ClaimResult, ...]:
    """One result a claim, in order; claims about things that are not there are not applicable."""
    of: dict[str, list[Verdict]] = {claim.id: [] for claim in claims}
    for verdict in verdicts:
        of[verdict.claim].append(verdict)
    return orphaned([result_of(claim, of[claim.id]) for claim in claims])


def result_of(claim: Claim, verdicts: Sequence[Verdict]) -> ClaimResult:
    """What all routes together make of one claim."""
    counting = [v for v in verdicts if v.counts and v.status.decided]
    winners = _winners(counting)
    disputed = len({v.status for v in counting}) > 1
    if not winners:
        return _undecided(claim, verdicts, disputed)
    best = max(winners, key=lambda v: v.confidence)
    share = len(winners) / len([v for v in counting if v.route == best.route])
    confidence = sum(v.confidence for v in winners) / len(winners) * share
    return ClaimResult(
        claim,
        best.status,
        confidence * (0.5 if disputed and share == 1.0 else 1.0),
        best.reason,
        tuple(verdicts),
        disputed,
        best.evidence,
    )


def _winners(counting: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that decide, all of one status; none where nobody does."""
    measured = [v for v in counting if v.route == "measurement"]
    sure = [v for v in measured if v.confidence >= SURE]
    if sure:
        return _majority(sure)
    judges = [v for v in counting if v.route == "judge"]
    if not judges:
        return _majority(measured or [v for v in counting if v.route == "captioner"])
    voted = _majority(judges)
    if measured and voted and any(v.status is not voted[0].status for v in measured):
        return []
    return voted


def _majority(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts of the status that more of them have; none at a tie."""
    yes = [v for v in verdicts if v.status is ClaimStatus.SUPPORTED]
    no = [v for v in verdicts if v.status is ClaimStatus.REFUTED]
    return [] if len(yes) == len(no) else max(yes, no, key=len)


def _undecided(claim: Claim, verdicts: Sequence[Verdict], disputed: bool) -> ClaimResult:
    told = [v for v in verdicts if v.status is not ClaimStatus.ERROR and v.counts]
    failed = [v for v in verdicts if v.status is ClaimStatus.ERROR]
    status = ClaimStatus.ERROR if failed and not told else ClaimStatus.UNDETERMINED
    evidence = next((v.evidence for v in told if v.evidence.observation), Evidence())
    return ClaimResult(claim, status, 0.0, _why(claim, verdicts, disputed), tuple(verdicts), disputed, evidence)


def _why(claim: Claim, verdicts: Sequence[Verdict], disputed: bool) -> str:
    if disputed:
        return "Those who looked disagree."
    failed = [v.reason for v in verdicts if v.status is ClaimStatus.ERROR]
    if failed and len(failed) == len(verdicts):
        return failed[0]
    if any(not v.counts for v in verdicts) and not any(v.counts and v.reason for v in verdicts):
        return "Only a judge that was found unreliable spoke."
    reason = next((v.reason for v in verdicts if v.counts and v.reason), "")
    if reason:
        return reason
    if claim.checker == "none":
        return "What is heard cannot be seen."
    return "Only a model can tell." if claim.checker in ("judge", "either") else "Nobody looked."


def orphaned(results: Sequence[ClaimResult]) -> tuple[ClaimResult, ...]:
    """The results, those of claims with a refuted ancestor as not applicable."""
    parents = {r.claim.id: r.claim.parents for r in results}
    refuted = {r.claim.id: r.claim for r in results if r.status is ClaimStatus.REFUTED}
    done = []
    for result in results:
        gone = sorted(
            (ancestors(result.claim.id, parents) - {result.claim.id}) & set(refuted), key=lambda i: int(i[1:])
        )
        if gone:
            reason = f"It depends on what is not so: {refuted[gone[0]].text}"
            result = replace(result, status=ClaimStatus.NOT_APPLICABLE, confidence=0.0, reason=reason)
        done.append(result)
    return tuple(done)


def score(results: Sequence[ClaimResult]) -> tuple[float | None, float]:
    """The weighted share of supported claims among the decided ones, and of decided ones among those that apply."""
    decided = sum(r.claim.weight for r in results if r.status.decided)
    supported = sum(r.claim.weight for r in results if r.status is ClaimStatus.SUPPORTED)
    apply = sum(r.claim.weight for r in results if r.status is not ClaimStatus.NOT_APPLICABLE)
    return (supported / decided if decided else None), (decided / apply if apply else 0.0)
