"""Precision and recall of the fidelity check on `tests/data/fidelity.jsonl`, split by split.

A case names a prompt, a text, a fact (its kind and words of the prompt) and what became of it. A *violation* is a fact
that is not kept, or something invented. Precision: of the violations the check reports, how many are violations.
Recall: of the violations there are, how many it reports. `exact` counts cases whose status is the labelled one, too (a
colour that moved is "contradicted", not merely "lost").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from t2v_recaption import fidelity, intent
from t2v_recaption.fidelity.report import FactVerdict, Report, Status

LABELLED = Path(__file__).parent.parent / "tests" / "data" / "fidelity.jsonl"

SEVERITY = (Status.KEPT, Status.WEAKENED, Status.LOST, Status.CONTRADICTED)


@dataclass(frozen=True)
class Outcome:
    """One labelled case and what the check said."""

    case: dict[str, Any]
    said: str
    """A status; `invented` or `none` for a case about inventions; `unparsed` where no fact has those words."""
    reason: str

    @property
    def violation(self) -> bool:
        """Whether the label is a violation."""
        return self.case["verdict"] not in ("kept", "none")

    @property
    def reported(self) -> bool:
        """Whether the check reported one."""
        return self.said not in ("kept", "none")


def load(split: str, path: Path = LABELLED) -> list[dict[str, Any]]:
    """The labelled cases of one split (`tune`, `held`) or of both (`all`)."""
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [case for case in cases if split in ("all", case["split"])]


def run(cases: Iterable[dict[str, Any]]) -> Iterator[Outcome]:
    """What the check says to each case."""
    for case in cases:
        report = fidelity.check(intent.parse(case["prompt"]), case["text"])
        if case["kind"] == "invention":
            found = [i for i in report.inventions if _shares(i.text, case["words"])]
            yield Outcome(case, "invented" if found else "none", "; ".join(i.reason for i in found))
        else:
            verdict = _verdict(report, case)
            yield Outcome(case, verdict.status.value if verdict else "unparsed", verdict.reason if verdict else "")


def _shares(one: str, other: str) -> bool:
    return bool(set(one.lower().split()) & set(other.lower().split()))


def _verdict(report: Report, case: dict[str, Any]) -> FactVerdict | None:
    """The verdict on the fact that the case names: by words of the prompt, the named kind first."""
    about = [v for v in report.verdicts if _overlaps(v, case)]
    same = [v for v in about if v.fact.kind.value == case["kind"]]
    pool = same or about
    if not pool:
        return None
    return max(pool, key=lambda v: (SEVERITY.index(v.status), -len(v.fact.text)))


def _overlaps(verdict: FactVerdict, case: dict[str, Any]) -> bool:
    words = case["words"].strip('"')
    found = re.search(rf"(?<!\w){re.escape(words)}(?!\w)", case["prompt"], re.IGNORECASE)
    if found is None:
        return _shares(verdict.fact.text, words)
    return any(span.start < found.end() and found.start() < span.end for span in verdict.fact.spans)


def table(outcomes: list[Outcome]) -> dict[str, dict[str, float]]:
    """Figures by kind of fact, and for `all` of them."""
    kinds = sorted({o.case["kind"] for o in outcomes})
    groups = {kind: [o for o in outcomes if o.case["kind"] == kind] for kind in kinds}
    return {name: _figures(group) for name, group in {**groups, "all": outcomes}.items()}


def _figures(group: list[Outcome]) -> dict[str, float]:
    true = sum(o.violation and o.reported for o in group)
    reported, violations = sum(o.reported for o in group), sum(o.violation for o in group)
    return {
        "cases": len(group),
        "violations": violations,
        "precision": true / reported if reported else 1.0,
        "recall": true / violations if violations else 1.0,
        "exact": sum(o.said == o.case["verdict"] for o in group) / len(group),
    }


@click.command()
@click.option("--split", type=click.Choice(["tune", "held", "both"]), default="both", show_default=True)
@click.option("--wrong", is_flag=True, help="List the cases that the check gets wrong (tune split only).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(split: str, wrong: bool, as_json: bool) -> None:
    """Precision and recall of the fidelity check on the labelled set."""
    results: dict[str, Any] = {}
    for name in ("tune", "held") if split == "both" else (split,):
        outcomes = list(run(load(name)))
        results[name] = table(outcomes)
        if wrong and name == "tune":
            _list_wrong(outcomes)
    click.echo(json.dumps(results, indent=2) if as_json else _as_text(results))


def _list_wrong(outcomes: list[Outcome]) -> None:
    for o in outcomes:
        if o.violation != o.reported or o.said == "unparsed":
            case = o.case
            click.echo(f"{case['id']} {case['kind']} {case['words']!r}: {case['verdict']}, said {o.said} ({o.reason})")
            click.echo(f"    {case['prompt']}\n    {case['text']}")


def _as_text(results: dict[str, Any]) -> str:
    lines = []
    for split, figures in results.items():
        lines.append(f"{split:12} {'cases':>6} {'violations':>10} {'precision':>10} {'recall':>7} {'exact':>6}")
        for kind, row in figures.items():
            lines.append(
                f"{kind:12} {row['cases']:6} {row['violations']:10} {row['precision']:10.1%} {row['recall']:7.1%} "
                f"{row['exact']:6.1%}"
            )
        lines.append("")
    return "\n".join(lines)
