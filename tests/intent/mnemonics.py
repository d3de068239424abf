"""Facts as short strings, for tables that people can read."""

from __future__ import annotations

from t2v_recaption.intent import Fact, Intent, Kind

BY_TEXT = frozenset((Kind.CAMERA, Kind.STYLE, Kind.TIME, Kind.WEATHER, Kind.LIGHT, Kind.MOOD))
"""Kinds whose canonical value is the name in a knowledge file, which may be renamed: compared by their words."""


def mnemonic(intent: Intent, fact: Fact) -> str:
    """`action play of=cat to=piano`"""
    name = _name(fact)
    of = f" of={_name(intent[fact.of])}" if fact.of else ""
    to = f" to={_name(intent[fact.to])}" if fact.to else ""
    return f"{fact.kind.value} {name}{of}{to}"


def _name(fact: Fact) -> str:
    return fact.text.lower() if fact.kind in BY_TEXT else fact.value
