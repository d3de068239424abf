"""Report: what a text keeps of an intent, fact by fact, and what it invents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from t2v_recaption.intent.model import Fact, Kind, Span
from t2v_recaption.records import Record


class Status(str, Enum):
    """What became of a fact in the text."""

    KEPT = "kept"
    WEAKENED = "weakened"
    """Still there, but vaguer than stated ("several" for "three", "moves" for "zooms in")."""
    LOST = "lost"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class FactVerdict(Record):
    """What the text makes of one fact."""

    fact: Fact
    status: Status
    span: Span | None
    """Where in the text it shows (what keeps it, or what contradicts it)."""
    reason: str
    """One short sentence for people: why this status."""
    by: str = "rules"
    """Who says so: `rules`, or the name of the judge backend."""


@dataclass(frozen=True)
class Invention(Record):
    """Something in the text that nobody asked for and that changes the clip."""

    kind: Kind
    text: str
    span: Span
    reason: str


@dataclass(frozen=True)
class Report(Record):
    """The result of `t2v_recaption.fidelity.check`."""

    text: str
    verdicts: tuple[FactVerdict, ...]
    inventions: tuple[Invention, ...] = ()
    allowed: frozenset[Kind] = frozenset()
    """Kinds of invention that the caller asked for (a target that wants camera words allows `camera`)."""

    @property
    def passed(self) -> bool:
        """True when nothing is lost, weakened or contradicted and nothing forbidden is invented."""
        return not self.failures and not self.forbidden

    @property
    def failures(self) -> tuple[FactVerdict, ...]:
        """The verdicts that are not `kept`."""
        return tuple(v for v in self.verdicts if v.status is not Status.KEPT)

    @property
    def forbidden(self) -> tuple[Invention, ...]:
        """The inventions of kinds that were not allowed."""
        return tuple(i for i in self.inventions if i.kind not in self.allowed)

    @property
    def keep_rate(self) -> float:
        """Share of facts kept, 0 to 1 (1 for an intent without facts)."""
        return 1.0 if not self.verdicts else sum(v.status is Status.KEPT for v in self.verdicts) / len(self.verdicts)

    def of_status(self, status: Status) -> tuple[FactVerdict, ...]:
        """The verdicts of one status."""
        return tuple(v for v in self.verdicts if v.status is status)
