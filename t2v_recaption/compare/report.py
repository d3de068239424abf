"""The HTML report of a comparison: verdict first, then the figures behind it, the prompts, and how it was done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from t2v_recaption.compare.comparison import Category, Comparison
from t2v_recaption.compare.preference import Preference
from t2v_recaption.compare.ranking import Ranking
from t2v_recaption.compare.result import Measured, Result, Row
from t2v_recaption.compare.verdicts import Call
from t2v_recaption.compare.words import amount, change
from t2v_recaption.pages import page
from t2v_recaption.pages.charts import Interval, Share, Tone, intervals, shares
from t2v_recaption.pages.pictures import pictures, strip

if TYPE_CHECKING:
    from markupsafe import Markup

EXTREMES = 5
"""Largest losses and wins that are shown."""
FRAMES = 6
PICTURE_BYTES = 12_000_000
"""Frame strips beyond this are left out, and the report says so."""
FILTER = """
const box = document.getElementById('filter'), items = document.querySelectorAll('#prompts .item');
const count = document.getElementById('count');
const show = () => {
  const words = box.value.toLowerCase();
  let shown = 0;
  for (const item of items) {
    item.hidden = !item.textContent.toLowerCase().includes(words);
    shown += !item.hidden;
  }
  count.textContent = shown + ' of ' + items.length;
};
box.addEventListener('input', show);
show();
"""


@dataclass(frozen=True)
class Card:
    """A verdict."""

    tone: Tone
    words: str
    figures: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One arm of a prompt, ready to show."""

    arm: str
    text: str
    score: str
    failed: tuple[str, ...]
    strips: tuple[Markup, ...]


@dataclass(frozen=True)
class Shown:
    """One prompt, ready to show."""

    row: Row
    sides: tuple[Side, ...]
    apart: str = ""


def report(result: Result) -> str:
    """The report as one self-contained HTML page."""
    strips = _Strips(result)
    extremes = [(found, *_extremes(result, found, strips)) for found in result.comparisons]
    return page(
        "ab.html",
        title=f"{' and '.join(found.second for found in result.comparisons)} against {result.primary.contest.baseline}",
        script=FILTER,
        result=result,
        cards=[_card(found, result.primary.unit) for found in result.comparisons],
        main=_plot(result.comparisons, result.primary),
        wins=[(found, _wins(found)) for found in result.comparisons],
        means=_means(result.primary),
        strata=[(arm, _forest(some, result.primary)) for arm, some in result.primary.contest.categories.items()],
        kinds=[(arm, _forest(some, result.primary)) for arm, some in result.primary.kinds.items() if len(some) > 1],
        others=[(each, _plot(each.contest.comparisons, each), _means(each)) for each in result.others],
        preferences=[(told, _preferred(told)) for told in result.preferences],
        ranking=_ranking(result.ranking),
        standing=_ranking(result.standing),
        judges=bool(result.provenance.get("judge") or result.lock.design["checks"].get("judge")),
        extremes=extremes,
        prompts=[_shown(result, row, strips) for row in result.rows],
        left_out=strips.left_out,
        arms=[
            (name, json.dumps(told, ensure_ascii=False, indent=1)) for name, told in result.lock.design["arms"].items()
        ],
        provenance=_provenance(result),
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        decided=_decided(result),
    )


def tone_of(found: Comparison) -> Tone:
    """Green where the second arm is better, red where it is worse, amber where that cannot be told."""
    if found.settings.better == "neither" and found.verdict.call in (Call.FIRST, Call.SECOND):
        return "one"
    tones: dict[Call, Tone] = {Call.SECOND: "good", Call.FIRST: "bad", Call.SAME: "neutral"}
    return tones.get(found.verdict.call, "unsure")


def _card(found: Comparison, unit: str) -> Card:
    words, _, figures = found.verdict.text.partition(": ")
    if found.difference is not None and found.interval is not None:
        # The text speaks of plain numbers; here they are the ones of the plots.
        rest = figures[figures.index(", p ") :]
        figures = f"{found.second} − {found.first}: {change(found, unit)}{rest}"
    if found.verdict.call in (Call.INCONCLUSIVE, Call.SAME):
        words = f"{found.second} against {found.first}: {words[:1].lower()}{words[1:]}"
    return Card(tone_of(found), f"{words}.", figures, found.notes)


def _plot(comparisons: Sequence[Comparison], measured: Measured) -> Markup:
    factor = 1.0 if measured.unit else 100.0
    margin = comparisons[0].settings.margin * factor
    rows = [_interval(f"{found.second} − {found.first}", found, measured.unit) for found in comparisons]
    return intervals(rows, margin=margin, axis=measured.unit or "percentage points")


def _forest(categories: Sequence[Category], measured: Measured) -> tuple[Markup, str]:
    """The plot of the groups that have a score, and the names of those that have none."""
    factor = 1.0 if measured.unit else 100.0
    margin = categories[0].comparison.settings.margin * factor
    known = [each for each in categories if each.comparison.prompts]
    rows = [_interval(each.name or "(none)", each.comparison, measured.unit) for each in known]
    rest = ", ".join(each.name or "(none)" for each in categories if not each.comparison.prompts)
    return intervals(rows, margin=margin, axis=measured.unit or "percentage points"), rest


def _interval(label: str, found: Comparison, unit: str) -> Interval:
    factor = 1.0 if unit else 100.0
    ends = (found.interval.low * factor, found.interval.high * factor) if found.interval else (None, None)
    middle = None if found.difference is None else found.difference * factor
    note = f"{found.prompts} prompt{'s' * (found.prompts != 1)}"
    return Interval(label, ends[0], middle, ends[1], change(found, unit), tone_of(found), note)


def _wins(found: Comparison) -> Markup:
    parts = [
        Share(f"{found.second} higher", found.wins.second, "one"),
        Share("the same", found.wins.ties, "neutral"),
        Share(f"{found.first} higher", found.wins.first, "two"),
    ]
    return shares(parts, label="Prompts:")


def _preferred(told: Preference) -> Markup:
    parts = [
        Share(f"{told.second} preferred", told.wins.second, "one"),
        Share("ties", told.wins.ties, "neutral"),
        Share(f"{told.first} preferred", told.wins.first, "two"),
    ]
    return shares(parts, label="Prompts:")


def _means(measured: Measured) -> list[tuple[str, str]]:
    return [(name, amount(mean, measured.unit)) for name, mean in measured.means]


def _ranking(ranking: Ranking | None) -> Markup | None:
    if ranking is None:
        return None
    rows = [
        Interval(
            each.arm,
            each.interval.low,
            each.strength,
            each.interval.high,
            f"{each.strength:+.2f}, first in {each.best:.0%}".replace("-", "−"),
            "one",
        )
        for each in ranking.ranks
    ]
    return intervals(rows, axis="strength (log)")


def _extremes(result: Result, found: Comparison, strips: _Strips) -> tuple[list[Shown], list[Shown]]:
    """The prompts with the largest losses and wins of an arm."""
    rows = {row.id: row for row in result.rows}
    sign = -1 if found.settings.better == "lower" else 1
    ordered = sorted(found.pairs, key=lambda pair: sign * pair.difference)
    names = (found.first, found.second)
    losses = [pair for pair in ordered[:EXTREMES] if sign * pair.difference < 0]
    wins = [pair for pair in reversed(ordered[-EXTREMES:]) if sign * pair.difference > 0]
    made = [
        [_shown(result, rows[pair.prompt], strips, names, pair.difference) for pair in some] for some in (losses, wins)
    ]
    return made[0], made[1]


def _shown(
    result: Result, row: Row, strips: _Strips, names: Sequence[str] = (), difference: float | None = None
) -> Shown:
    from t2v_recaption.compare.words import step

    unit = result.primary.unit
    sides = tuple(
        Side(
            name,
            cell.text,
            amount(cell.score, unit),
            cell.failed,
            tuple(strips.of(path) for path in cell.clips if path),
        )
        for name, cell in row.cells.items()
        if not names or name in names
    )
    return Shown(row, sides, "" if difference is None else step(difference, unit))


class _Strips:
    """Frame strips by clip, each made once, as many as the report may hold."""

    def __init__(self, result: Result) -> None:
        self.left_out = 0
        self._made: dict[str, Markup] = {}
        self._bytes = 0

    def of(self, path: str) -> Markup:
        """The strip of a clip; a note where it cannot be read or the report is full."""
        from markupsafe import Markup

        if path not in self._made:
            if self._bytes > PICTURE_BYTES:
                self.left_out += 1
                return Markup("")
            self._made[path] = self._strip(path)
            self._bytes += len(self._made[path])
        return self._made[path]

    def _strip(self, path: str) -> Markup:
        from markupsafe import Markup

        from t2v_recaption.errors import RecaptionError
        from t2v_recaption.video import Clip, Uniform, sample

        try:
            return strip(pictures(sample(Clip(path), Uniform(FRAMES))))
        except RecaptionError as error:
            return Markup('<p class="bad small">{}</p>').format(error.message)


def _decided(result: Result) -> list[tuple[str, str]]:
    design, settings = result.lock.design, result.lock.design["settings"]
    return [
        ("Prompts", f"{len(design['prompts'])}"),
        ("Seeds", ", ".join(map(str, design["seeds"])) if design["level"] == "clip" else "one text a prompt"),
        ("Decides", f"{result.primary.title} ({result.primary.name}), named before anything was made"),
        ("Baseline", design["baseline"]),
        ("Smallest difference that matters", f"{settings['margin']:g}"),
        (
            "Confidence",
            f"{settings['level']:.0%}, {settings['resamples']:,} resamples of prompts, seed {settings['seed']}",
        ),
        ("Plan fixed", f"{result.lock.made}, SHA-256 {result.lock.digest}"),
        ("Claims frozen", f"SHA-256 {result.lock.claims_hash}, from the original prompts"),
        ("Order", f"shuffled with seed {design['order_seed']}, SHA-256 {result.lock.order}"),
    ]


def _provenance(result: Result) -> list[tuple[str, str]]:
    import shlex

    told: dict[str, Any] = dict(result.provenance)
    command = shlex.join(["t2v", *told.pop("command", [])[1:]])
    rest = [
        (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for key, value in told.items()
    ]
    return [("command", command), *rest]
