"""How far rule-made claims reach hand-written ones: `python -m benchmarks claims`.

Every hand-written claim of a suite is looked for among the claims that rules make of the same prompt: a claim of a kind
that may stand for it, about the same words of the prompt. Where both ask for the same thing openly, the answers
that they expect are compared, too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from t2v_recaption.compare.suites import load_suite
from t2v_recaption.compare.suites.base import Suite
from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.claims import claims_of
from t2v_recaption.verify.model import Claim

OWN = Path(__file__).parent / "suites" / "own.jsonl"

ALIKE: Mapping[Kind, frozenset[Kind]] = {
    Kind.ACTION: frozenset({Kind.ORDER, Kind.RELATION, Kind.ATTRIBUTE}),
    Kind.ATTRIBUTE: frozenset({Kind.ACTION, Kind.RELATION, Kind.ORDER, Kind.SUBJECT}),
    Kind.RELATION: frozenset({Kind.SETTING, Kind.ACTION, Kind.SUBJECT}),
    Kind.SETTING: frozenset({Kind.RELATION, Kind.SUBJECT, Kind.NAME}),
    Kind.SUBJECT: frozenset({Kind.SETTING, Kind.COUNT, Kind.RELATION, Kind.NAME}),
    Kind.COUNT: frozenset({Kind.SUBJECT}),
    Kind.LIGHT: frozenset({Kind.TIME, Kind.ATTRIBUTE, Kind.RELATION, Kind.SUBJECT, Kind.STYLE}),
    Kind.TIME: frozenset({Kind.LIGHT, Kind.SETTING}),
    Kind.WEATHER: frozenset({Kind.SUBJECT, Kind.SETTING, Kind.ATTRIBUTE}),
    Kind.CAMERA: frozenset({Kind.STYLE, Kind.ACTION}),
    Kind.STYLE: frozenset({Kind.CAMERA, Kind.ATTRIBUTE, Kind.SUBJECT, Kind.FORMAT}),
    Kind.ORDER: frozenset(),
    Kind.NEGATION: frozenset(),
    Kind.TEXT: frozenset(),
}
"""Other kinds that may say the same: "on a hill" is a relation to one reader and a setting to another."""


def covered(prompt: str, claim: Claim) -> set[int]:
    """The places of the prompt's letters and digits that a claim is about."""
    return {at for span in claim.spans for at in range(span.start, span.end) if prompt[at].isalnum()}


def counterpart(prompt: str, wanted: Claim, made: Iterable[Claim]) -> Claim | None:
    """The rule-made claim that says the same: same kind before alike kinds, more of the words before fewer."""
    own = covered(prompt, wanted)
    found: list[tuple[int, float, Claim]] = []
    for claim in made:
        same = claim.kind is wanted.kind
        shared = len(own & covered(prompt, claim))
        if shared and (same or claim.kind in ALIKE.get(wanted.kind, ())):
            found.append((same, shared / len(own), claim))
    return max(found, key=lambda each: each[:2])[2] if found else None


def agrees(wanted: Claim, made: Claim) -> bool:
    """Whether both expect the same: the same open answer, or both what they say."""
    open_forms = ("count", "direction", "words", "colour")
    if wanted.form == made.form and wanted.form in open_forms:
        return wanted.expected.lower() in made.expected.lower() or made.expected.lower() in wanted.expected.lower()
    return (wanted.expected == "no") == (made.expected == "no")


def compare(suite: Suite) -> dict[str, Any]:
    """All figures as plain JSON types."""
    wanted: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    lost, extra, total = [], 0, 0
    for each in suite.prompts:
        if each.claims is None:
            continue
        made = claims_of(each.prompt)
        used: set[str] = set()
        for claim in each.claims:
            other = counterpart(each.prompt, claim, made)
            groups = ("all", f"kind: {claim.kind.value}", f"stratum: {each.stratum}", f"weight: {claim.criticality}")
            wanted.update(groups)
            if other is None:
                lost.append({"prompt": each.prompt, "kind": claim.kind.value, "claim": claim.text})
                continue
            used.add(other.id)
            reached.update(groups)
            alike.update(groups if claim.kind is other.kind else ())
            agreed.update(groups if agrees(claim, other) else ())
        extra += len(made) - len(used)
        total += len(made)
    rates = {
        name: {
            "claims": count,
            "reached": reached[name] / count,
            "same_kind": alike[name] / count,
            "agreeing": agreed[name] / max(1, reached[name]),
        }
        for name, count in wanted.items()
    }
    return {"prompts": len(suite.prompts), "made": total, "without_counterpart": extra, "rates": rates, "lost": lost}


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=OWN)
@click.option("--show", default=0, help="List that many claims that rules do not reach, spread over the suite.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(path: Path, show: int, as_json: bool) -> None:
    """Compare the claims that rules make with the hand-written ones of a suite."""
    figures = compare(load_suite("claims", path))
    if as_json:
        click.echo(json.dumps(figures, indent=2, ensure_ascii=False))
        return
    count = figures["rates"]["all"]["claims"]
    click.echo(f"{figures['prompts']} prompts, {count} hand-written claims, {figures['made']} by rule\n")
    click.echo(f"{'':26} {'claims':>7} {'reached':>8} {'same kind':>10} {'agreeing':>9}")
    for name in sorted(figures["rates"], key=lambda name: (": " in name, name.split(":")[0])):
        row = figures["rates"][name]
        click.echo(f"{name:26} {row['claims']:7} {row['reached']:8.1%} {row['same_kind']:10.1%} {row['agreeing']:9.1%}")
    click.echo(f"\nclaims by rule that no hand-written one asks for: {figures['without_counterpart']}")
    step = max(1, len(figures["lost"]) // show) if show else 1
    for lost in figures["lost"][::step][:show]:
        click.echo(f"  {lost['kind']}: {lost['claim']}  [{lost['prompt']}]")
