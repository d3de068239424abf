"""Verdicts: short constructors for `FactVerdict`, so that the rules read as rules."""

from __future__ import annotations

from t2v_recaption.fidelity.report import FactVerdict, Status
from t2v_recaption.intent.model import Fact, Span


def kept(fact: Fact, span: Span | None, reason: str = "") -> FactVerdict:
    """The text keeps the fact."""
    return FactVerdict(fact, Status.KEPT, span, reason or f"The text says {_quoted(fact)}.")


def weakened(fact: Fact, span: Span | None, reason: str) -> FactVerdict:
    """The text is vaguer than the prompt."""
    return FactVerdict(fact, Status.WEAKENED, span, reason)


def lost(fact: Fact, reason: str = "", span: Span | None = None) -> FactVerdict:
    """The text does not say it."""
    return FactVerdict(fact, Status.LOST, span, reason or f"Nothing in the text says {_quoted(fact)}.")


def contradicted(fact: Fact, span: Span | None, reason: str) -> FactVerdict:
    """The text says something that excludes it."""
    return FactVerdict(fact, Status.CONTRADICTED, span, reason)


def _quoted(fact: Fact) -> str:
    return f"“{fact.text}”"
