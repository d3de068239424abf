"""What a file of rewrites keeps of a file of prompts: `python -m benchmarks fidelity PROMPTS.txt REWRITES.txt`.

Both files have one item a line, line by line. Printed: the share of facts kept by kind of fact, the share of prompts
that keep everything, what is invented, length in words, tokens against a target's limit, and sentences that come back.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from t2v_recaption import fidelity, intent
from t2v_recaption.compare.text_metrics import repeated_sentences
from t2v_recaption.errors import RecaptionError
from t2v_recaption.fidelity.report import Report, Status
from t2v_recaption.intent.model import Intent


@dataclass(frozen=True)
class Pair:
    """A prompt, its rewrite, and what the check says."""

    intent: Intent
    rewrite: str
    report: Report


def read(prompts: Path, rewrites: Path) -> list[tuple[str, str]]:
    """The lines of both files, paired; lines that are blank in both are left out.

    Raises:
        click.UsageError: the files have different numbers of lines.
    """
    left, right = (path.read_text(encoding="utf-8").splitlines() for path in (prompts, rewrites))
    if len(left) != len(right):
        raise click.UsageError(f"{prompts} has {len(left)} lines, {rewrites} has {len(right)}: they must match.")
    return [(a.strip(), b.strip()) for a, b in zip(left, right, strict=True) if a.strip() or b.strip()]


def compare(lines: Sequence[tuple[str, str]]) -> list[Pair]:
    """Check every rewrite against its prompt."""
    pairs = []
    for prompt, rewrite in lines:
        parsed = intent.parse(prompt)
        pairs.append(Pair(parsed, rewrite, fidelity.check(parsed, rewrite)))
    return pairs


def summary(pairs: Sequence[Pair], target: str = "") -> dict[str, Any]:
    """All figures as plain JSON types."""
    lengths = [len(pair.rewrite.split()) for pair in pairs] or [0]
    return {
        "prompts": len(pairs),
        "kept_whole": _share(pair.report.failures == () for pair in pairs),
        "facts": by_kind(pairs),
        "inventions": dict(Counter(i.kind.value for pair in pairs for i in pair.report.inventions)),
        "words": {"mean": statistics.fmean(lengths), "shortest": min(lengths), "longest": max(lengths)},
        "tokens": _tokens(pairs, target),
        "repeated": repeated(pairs),
    }


def by_kind(pairs: Sequence[Pair]) -> dict[str, dict[str, float]]:
    """For each kind of fact (and `all`): how many, and the share of each status."""
    verdicts = [verdict for pair in pairs for verdict in pair.report.verdicts]
    kinds = sorted({verdict.fact.kind.value for verdict in verdicts})
    groups = {kind: [v for v in verdicts if v.fact.kind.value == kind] for kind in kinds}
    return {
        name: {"facts": len(group), **{s.value: _share(v.status is s for v in group) for s in Status}}
        for name, group in {**groups, "all": verdicts}.items()
    }


def _share(values: Any) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 1.0


def repeated(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Sentences that occur in more than one rewrite, the prompt's own words removed before they are compared."""
    again = repeated_sentences([pair.rewrite for pair in pairs], [pair.intent.prompt for pair in pairs])[:5]
    top = again[0][1] if again else 1
    return {
        "most_frequent_share": top / max(1, len(pairs)),
        "examples": [{"sentence": s, "times": c} for s, c in again],
    }


def _tokens(pairs: Sequence[Pair], target: str) -> dict[str, Any]:
    """Tokens of each rewrite against the target's limit; empty where no target is asked for."""
    if not target:
        return {}
    from t2v_recaption import targets
    from t2v_recaption.targets.budget import fit
    from t2v_recaption.writers.base import Sentence

    model = targets.load(target)
    counts = [c for pair in pairs for c in fit([Sentence(pair.rewrite, "prompt", 1.0)], model).counts]
    return {
        "target": model.name,
        "limit": model.limit,
        "exact": all(count.exact for count in counts),
        "mean": statistics.fmean(count.tokens for count in counts) if counts else 0.0,
        "over_limit": _share(count.over for count in counts) if counts else 0.0,
    }


@click.command()
@click.argument("prompts", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("rewrites", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--target", default="", help="Count tokens against this target's limit.")
@click.option(
    "--show", type=int, default=0, help="List that many facts that are not kept, spread evenly over the file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(prompts: Path, rewrites: Path, target: str, show: int, as_json: bool) -> None:
    """What REWRITES keeps of PROMPTS, line by line."""
    try:
        pairs = compare(read(prompts, rewrites))
        figures = summary(pairs, target)
    except RecaptionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(figures, indent=2, ensure_ascii=False) if as_json else _as_text(figures))
    for line in failures(pairs, show):
        click.echo(line)


def failures(pairs: Sequence[Pair], count: int) -> list[str]:
    """That many verdicts that are not `kept`, evenly spread, each with its prompt, reason and rewrite."""
    found = [(pair, verdict) for pair in pairs for verdict in pair.report.failures]
    step = max(1, len(found) // count) if count else 1
    return [
        f"{v.status.value} {v.fact.kind.value} “{v.fact.text}”: {v.reason}\n    {p.intent.prompt}\n    {p.rewrite}"
        for p, v in found[::step][:count]
    ]


def _as_text(figures: dict[str, Any]) -> str:
    lines = [f"{figures['prompts']} prompts, {figures['kept_whole']:.1%} keep every fact", ""]
    lines.append(f"{'kind':12} {'facts':>6} {'kept':>7} {'weakened':>9} {'lost':>7} {'contradicted':>13}")
    for kind, row in figures["facts"].items():
        shares = f"{row['kept']:7.1%} {row['weakened']:9.1%} {row['lost']:7.1%} {row['contradicted']:13.1%}"
        lines.append(f"{kind:12} {row['facts']:6} {shares}")
    words, tokens, again = figures["words"], figures["tokens"], figures["repeated"]
    lines += ["", f"inventions: {', '.join(f'{n} {k}' for k, n in figures['inventions'].items()) or 'none'}"]
    lines.append(f"words: mean {words['mean']:.0f}, shortest {words['shortest']}, longest {words['longest']}")
    if tokens:
        kind = "counted" if tokens["exact"] else "estimated"
        lines.append(
            f"tokens ({kind}) for {tokens['target']}, limit {tokens['limit']}: mean {tokens['mean']:.0f}, "
            f"{tokens['over_limit']:.1%} over it"
        )
    lines.append(f"the most repeated sentence is in {again['most_frequent_share']:.2%} of the rewrites")
    return "\n".join([*lines, *(f"  {e['times']}x {e['sentence']}" for e in again["examples"])])
