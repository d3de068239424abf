"""Intent: a prompt taken apart into what the user stated, each with its place in the prompt."""

from t2v_recaption.intent.model import Fact, Intent, Kind, Span
from t2v_recaption.intent.parser import parse

__all__ = ["Fact", "Intent", "Kind", "Span", "parse"]
