"""More than one question of the same data: p-values that say so."""

from __future__ import annotations

from collections.abc import Mapping

from t2v_recaption.errors import InvalidInput


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values that keep the chance of any false alarm at the level (Holm 1979); for arms against a baseline.

    Raises:
        InvalidInput: a p-value outside 0 to 1.
    """
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, (name, p) in enumerate(_sorted(ps)):
        highest = max(highest, min(1.0, (len(ps) - rank) * p))
        adjusted[name] = highest
    return {name: adjusted[name] for name in ps}


def benjamini_hochberg(ps: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values that keep the share of false alarms among alarms (Benjamini and Hochberg 1995); for categories.

    Raises:
        InvalidInput: a p-value outside 0 to 1.
    """
    adjusted: dict[str, float] = {}
    lowest = 1.0
    for rank, (name, p) in reversed(list(enumerate(_sorted(ps), 1))):
        lowest = min(lowest, p * len(ps) / rank)
        adjusted[name] = lowest
    return {name: adjusted[name] for name in ps}


def _sorted(ps: Mapping[str, float]) -> list[tuple[str, float]]:
    for name, p in ps.items():
        if not 0 <= p <= 1:
            raise InvalidInput(f"{p} for {name!r} is no p-value: it must lie between 0 and 1.")
    return sorted(ps.items(), key=lambda item: item[1])
