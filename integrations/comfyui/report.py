"""What was kept, repaired and counted, and what a clip shows, as text that a node can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from t2v_recaption import Enhancement, Status, Verification


def report_text(outcome: Enhancement, notes: Sequence[str] = ()) -> str:
    """The report of an enhancement, one finding a line."""
    return "\n".join([*_summary(outcome), *_facts(outcome), *_rest(outcome, notes)])


def _summary(outcome: Enhancement) -> Iterator[str]:
    verdicts = outcome.report.verdicts
    kept = len(outcome.report.of_status(Status.KEPT))
    yield f"Kept {kept} of {len(verdicts)} facts."
    yield f"Written by {outcome.writer} for {outcome.target}, seed {outcome.seed}."
    if outcome.fallback:
        yield f"Fallback: the composer wrote this, because: {outcome.fallback}"


def _facts(outcome: Enhancement) -> Iterator[str]:
    for verdict in outcome.report.verdicts:
        shown = "" if verdict.span is None else outcome.caption[verdict.span.start : verdict.span.end]
        yield f"{verdict.status.value}: {verdict.fact.kind.value} {verdict.fact.text!r} → {shown or verdict.reason}"
    for invention in outcome.report.inventions:
        yield f"added: {invention.kind.value} {invention.text!r}"


def _rest(outcome: Enhancement, notes: Sequence[str]) -> Iterator[str]:
    yield from (f"repaired: {repair}" for repair in outcome.repairs)
    yield from (f"note: {note}" for note in (*outcome.notes, *notes))
    for count in outcome.fit.counts:
        how = count.encoder if count.exact else f"{count.encoder}, estimate"
        yield f"tokens: {count.tokens} of {count.limit} ({how})"


def verification_text(found: Verification) -> str:
    """A verification, one claim a line."""
    score = "nothing was decided" if found.score is None else f"score {found.score:.2f}"
    lines = [f"{score}, coverage {found.coverage:.0%}"]
    for result in found:
        sure = f" ({result.confidence:.0%})" if result.status.decided else ""
        lines.append(f"{result.status.value.replace('_', ' ')}{sure}: {result.claim.text} → {result.reason}")
    trust = (f"{'' if one.reliable else 'unreliable '}judge {one.judge}: {one.reason}" for one in found.judges)
    return "\n".join([*lines, *trust, *(f"note: {note}" for note in found.notes)])
