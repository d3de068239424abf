"""Edits: which claims fail and why, and the next wording that may mend them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from t2v_recaption.loop.diagnosis import Diagnosis, diagnose, fact_of
from t2v_recaption.loop.operators import Workshop
from t2v_recaption.loop.takes import Takes
from t2v_recaption.loop.trial import tally
from t2v_recaption.loop.wording import Wording
from t2v_recaption.verify.model import ClaimSet


class Edits:
    """Offers each edit for each claim once.

    Args:
        workshop: makes the edits.
        takes: the clips so far.
        claims: what they are held against.
        most: claims that one wording takes on at most.
    """

    def __init__(self, workshop: Workshop, takes: Takes, claims: ClaimSet, most: int) -> None:
        self._workshop, self._takes, self._claims, self._most = workshop, takes, claims, most
        self._tried: set[tuple[str, str]] = set()

    def diagnoses(self, best: Wording) -> tuple[Diagnosis, ...]:
        """Why each claim fails that the clips of the best wording do not show."""
        return diagnose(
            self._workshop, best, self._takes.of(best), self._claims, tried=self._tried, ignored=self._ignored()
        )

    def _ignored(self) -> dict[str, int]:
        """By claim, how many clips refute it though their wording states it."""
        counts: Counter[str] = Counter()
        for wording in self._takes.wordings.values():
            stated = {
                verdict.fact.id for verdict in self._workshop.report(wording).verdicts if verdict.status == "kept"
            }
            for claim in self._claims:
                fact = fact_of(self._workshop, claim)
                if fact is not None and fact.id in stated:
                    counts[claim.id] += tally(self._takes.of(wording), claim.id).refuted
        return dict(counts)

    def challenger(self, best: Wording, diagnoses: Sequence[Diagnosis]) -> Wording | None:
        """The best wording with the next edit for each of the worst claims; None when no edit is left."""
        wording, edited = best, 0
        for diagnosis in diagnoses:
            found = self._edited(wording, diagnosis) if edited < self._most else None
            wording, edited = (found, edited + 1) if found is not None else (wording, edited)
        return wording if edited else None

    def _edited(self, wording: Wording, diagnosis: Diagnosis) -> Wording | None:
        fact = fact_of(self._workshop, diagnosis.claim)
        for name in diagnosis.remedies if fact is not None else ():
            assert fact is not None
            self._tried.add((diagnosis.claim.id, name))
            for offer in self._workshop.offers(name, wording, fact, diagnosis.claim.id):
                if offer.key not in self._takes.wordings:
                    return offer
        return None
