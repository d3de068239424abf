"""Facts as short strings, for tables that people can read."""

from __future__ import annotations

from t2v_recaption.intent import Fact, Intent, Kind

OF_THE_PICTURE = frozenset((Kind.CAMERA, Kind.STYLE, Kind.TIME, Kind.WEATHER, Kind.LIGHT, Kind.MOOD))
"""Kinds whose values and extent come from the knowledge files, which grow: compared by kind alone."""


def mnemonic(intent: Intent, fact: Fact) -> str:
    """`action play of=cat to=piano`"""
    name = _name(fact)
    of = f" of={_name(intent[fact.of])}" if fact.of else ""
    to = f" to={_name(intent[fact.to])}" if fact.to else ""
    return f"{fact.kind.value} {name}{of}{to}"


def _name(fact: Fact) -> str:
    return "…" if fact.kind in OF_THE_PICTURE else fact.value
