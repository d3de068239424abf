"""Charts as inline SVG: sharp at any width, readable by a screen reader, coloured by the page's own style.

Widths are percentages, so that text keeps its size on a phone. A tone is one of `TONES`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from markupsafe import Markup

Tone = Literal["good", "bad", "unsure", "neutral", "one", "two"]
TONES: tuple[Tone, ...] = ("good", "bad", "unsure", "neutral", "one", "two")

ROW = 26
"""Height of a row in pixels."""


@dataclass(frozen=True)
class Interval:
    """One row of an interval plot. A value that is None or NaN is not drawn, and the row says so."""

    label: str
    low: float | None
    middle: float | None
    high: float | None
    value: str = ""
    """What is written beside it."""
    tone: Tone = "neutral"
    note: str = ""
    """Small print under the label."""


@dataclass(frozen=True)
class Share:
    """One part of a share bar."""

    label: str
    amount: float
    tone: Tone = "neutral"


@dataclass(frozen=True)
class Line:
    """One line of a timeline: (seconds, value) points; a NaN value breaks it."""

    label: str
    points: Sequence[tuple[float, float]]
    tone: Tone = "one"


@dataclass(frozen=True)
class Band:
    """A stretch of time that is marked, or a moment where both ends are the same."""

    start: float
    end: float
    label: str = ""
    tone: Tone = "neutral"


def intervals(rows: Sequence[Interval], *, zero: float | None = 0.0, margin: float = 0.0, axis: str = "") -> Markup:
    """An interval plot (also: a forest plot): label, interval with its middle on one common axis, value.

    Args:
        rows: from top to bottom.
        zero: where the dashed line stands; None: no line.
        margin: half-width of the grey band around it (differences of no practical size).
        axis: what the axis shows.
    """
    from markupsafe import Markup, escape

    known = [value for row in rows for value in (row.low, row.middle, row.high)]
    low, high = _limits([*known, *([] if zero is None else [zero - margin, zero + margin])])
    ticks = _ticks(low, high)
    body = [_interval_row(row, low, high, ticks, zero, margin) for row in rows]
    marks = [f'<text x="{_at(tick, low, high)}%" y="13" text-anchor="middle">{_plain(tick)}</text>' for tick in ticks]
    foot = f'<svg width="100%" height="18" aria-hidden="true">{"".join(marks)}</svg>'
    body.append(
        f'<tr class="axis"><td class="label"></td><td class="chart">{foot}</td>'
        f'<td class="value soft small">{escape(axis)}</td></tr>'
    )
    return Markup(f'<table class="plot"><tbody>{"".join(body)}</tbody></table>')


def shares(parts: Sequence[Share], *, label: str = "") -> Markup:
    """A bar cut into shares with a key that names each with its amount."""
    from markupsafe import Markup, escape

    total = sum(part.amount for part in parts) or 1.0
    at, bars = 0.0, []
    for part in parts:
        width = 100 * part.amount / total
        bars.append(f'<rect x="{at:.3f}%" width="{width:.3f}%" height="14" class="fill-{part.tone}"></rect>')
        at += width
    words = ", ".join(f"{part.label} {_plain(part.amount)}" for part in parts)
    key = "".join(
        f'<li><span class="dot {part.tone}">●</span> {escape(part.label)} {_plain(part.amount)}</li>' for part in parts
    )
    return Markup(
        f'<figure><svg width="100%" height="14" role="img" aria-label="{escape(f"{label} {words}".strip())}">'
        f'{"".join(bars)}</svg><ul class="key">{key}</ul></figure>'
    )


def timeline(
    lines: Sequence[Line],
    *,
    start: float,
    end: float,
    bands: Sequence[Band] = (),
    low: float | None = None,
    high: float | None = None,
    height: int = 72,
    label: str = "",
) -> Markup:
    """Values over time with marked stretches; `low` and `high` limit the values (None: what the lines need)."""
    from markupsafe import Markup, escape

    fitted = _limits([value for line in lines for _, value in line.points])
    low, high = fitted[0] if low is None else low, fitted[1] if high is None else high
    drawn = [_band(band, start, end, height) for band in bands]
    paths = "".join(_path(line, start, end, low, high) for line in lines)
    drawn.append(f'<svg viewBox="0 0 1000 100" preserveAspectRatio="none" width="100%" height="{height}">{paths}</svg>')
    ticks = _ticks(start, end)
    marks = [
        f'<text x="{_at(tick, start, end)}%" y="{height + 14}" text-anchor="{_anchor(_at(tick, start, end))}">'
        f"{_plain(tick)} s</text>"
        for tick in ticks
    ]
    key = "".join(f'<li><span class="dot {line.tone}">●</span> {escape(line.label)}</li>' for line in lines)
    key += "".join(
        f'<li><span class="dot {band.tone}">■</span> {escape(band.label)}</li>' for band in bands if band.label
    )
    name = escape(label or ", ".join(line.label for line in lines))
    return Markup(
        f'<figure><svg width="100%" height="{height + 18}" role="img" aria-label="{name}">'
        f'<line x1="0" x2="100%" y1="{height}" y2="{height}" class="ink-grid"></line>'
        f'{"".join(drawn)}{"".join(marks)}</svg><ul class="key">{key}</ul></figure>'
    )


def _interval_row(
    row: Interval, low: float, high: float, ticks: Sequence[float], zero: float | None, margin: float
) -> str:
    from markupsafe import escape

    middle = ROW // 2
    drawn = [
        f'<line x1="{_at(t, low, high)}%" x2="{_at(t, low, high)}%" y1="0" y2="{ROW}" class="ink-grid"/>' for t in ticks
    ]
    if zero is not None and _is(row.middle):
        if margin > 0:
            left, right = _at(zero - margin, low, high), _at(zero + margin, low, high)
            drawn.insert(0, f'<rect x="{left}%" width="{right - left:.3f}%" y="0" height="{ROW}" class="band"/>')
        drawn.append(
            f'<line x1="{_at(zero, low, high)}%" x2="{_at(zero, low, high)}%" y1="0" y2="{ROW}" class="ink-zero"/>'
        )
    if _is(row.low) and _is(row.high):
        ends = f'x1="{_at(row.low, low, high)}%" x2="{_at(row.high, low, high)}%"'
        drawn.append(
            f'<line {ends} y1="{middle}" y2="{middle}" class="stroke-{row.tone}" '
            'stroke-width="3" stroke-linecap="round"/>'
        )
    if _is(row.middle):
        drawn.append(f'<circle cx="{_at(row.middle, low, high)}%" cy="{middle}" r="5" class="fill-{row.tone}"/>')
    else:
        drawn.append(f'<text x="50%" y="{middle + 4}" text-anchor="middle">nothing to show</text>')
    note = f'<div class="soft small">{escape(row.note)}</div>' if row.note else ""
    name = escape(f"{row.label}: {row.value}")
    chart = f'<svg width="100%" height="{ROW}" role="img" aria-label="{name}">{"".join(drawn)}</svg>'
    return (
        f'<tr><td class="label">{escape(row.label)}{note}</td><td class="chart">{chart}</td>'
        f'<td class="value number">{escape(row.value)}</td></tr>'
    )


def _band(band: Band, start: float, end: float, height: int) -> str:
    from markupsafe import escape

    left, right = _at(band.start, start, end), _at(band.end, start, end)
    title = f"<title>{escape(band.label)}</title>" if band.label else ""
    if right - left < 0.2:
        return f'<line x1="{left}%" x2="{left}%" y1="0" y2="{height}" class="stroke-{band.tone}">{title}</line>'
    place = f'x="{left}%" width="{right - left:.3f}%" y="0" height="{height}"'
    return f'<rect {place} class="fill-{band.tone}-back">{title}</rect>'


def _path(line: Line, start: float, end: float, low: float, high: float) -> str:
    pieces: list[list[str]] = [[]]
    for time, value in line.points:
        if not _is(value):
            pieces.append([])
            continue
        pieces[-1].append(f"{10 * _at(time, start, end):.1f},{100 - _at(value, low, high):.2f}")
    return "".join(
        f'<polyline points="{" ".join(piece)}" class="line stroke-{line.tone}"></polyline>' for piece in pieces if piece
    )


def _is(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _limits(values: Sequence[float | None]) -> tuple[float, float]:
    """The smallest and largest of the values that are numbers, with some air, never the same."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    air = (high - low) * 0.06 or max(abs(low) * 0.1, 0.05)
    return low - air, high + air


def _at(value: float | None, low: float, high: float) -> float:
    """Where a value lies between the limits, in percent."""
    assert value is not None
    share = (value - low) / (high - low) if high > low else 0.5
    return round(100 * min(1.0, max(0.0, share)), 3)


def _anchor(place: float) -> str:
    """Text at an end of the axis stays inside the chart."""
    return "start" if place < 3 else "end" if place > 97 else "middle"


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers between the limits."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low]
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 6)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(step * index, 10) for index in range(first, last + 1)]


def _plain(value: float) -> str:
    """`0.05`, `12`, `-3.5`: no exponent where it can be helped, no negative zero."""
    text = f"{value:.6g}"
    return "0" if text in ("-0", "0") else text.replace("-", "−")
