"""Figures of a comparison in words."""

from __future__ import annotations

from t2v_recaption.compare.comparison import Comparison


def amount(value: float | None, unit: str) -> str:
    """A mean: `87.2 %` of a share, `98.4 words` of anything else."""
    if value is None:
        return "not scored"
    return f"{100 * value:.1f} %" if not unit else f"{value:.4g} {unit}"


def step(value: float, unit: str) -> str:
    """A difference: `+4.2 points`, `−12 words`."""
    text = f"{100 * value:+.1f} points" if not unit else f"{value:+.3g} {unit}"
    return text.removeprefix("+" if not value else "").replace("-0.0 points", "0.0 points").replace("-", "−")


def change(found: Comparison, unit: str) -> str:
    """A difference with its interval: `+4.2 points [1.3, 7.1]`."""
    if found.difference is None:
        return "nothing to compare"
    told = step(found.difference, unit)
    if found.interval is None:
        return f"{told} [no interval]"
    factor = 1 if unit else 100
    ends = [f"{factor * end:.3g}".replace("-", "−") for end in (found.interval.low, found.interval.high)]
    return f"{told} [{ends[0]}, {ends[1]}]"


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
