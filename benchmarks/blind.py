"""`python -m benchmarks blind`: the composer against a file of rewrites: a shuffled sheet, and the count of answers."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import click

from t2v_recaption import Enhancement, Enhancer

CRITERIA = "faithful to the request, concrete, filmable, well written"
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("blind")
def main() -> None:
    """Compare the composer with a file of rewrites, blind."""


@main.command()
@click.argument("prompts", type=FILE)
@click.argument("rewrites", type=FILE)
@click.option("--count", default=60, show_default=True, help="Pairs.")
@click.option("--seed", default=0, show_default=True, help="Which prompts, and which caption comes first.")
@click.option("--target", default="generic", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for sheet.md and key.json.")
def sheet(prompts: Path, rewrites: Path, count: int, seed: int, target: str, out: Path) -> None:
    """Write a sheet of shuffled pairs to judge, and the key to keep away from the judge."""
    chosen = random.Random(seed).sample(list(zip(lines(prompts), lines(rewrites), strict=True)), count)
    order = random.Random(seed + 1)
    text = [f"Which caption is better: {CRITERIA}? Answer a line a pair: the number, then A, B or = (a tie).\n"]
    key: dict[str, dict[str, str]] = {}
    for number, (prompt, rewrite) in enumerate(chosen, 1):
        pair = [("composer", caption(prompt, target)), ("rewrite", rewrite)]
        order.shuffle(pair)
        key[str(number)] = {"A": pair[0][0], "B": pair[1][0], "prompt": prompt}
        text.append(f"## {number}\n\nRequest: {prompt}\n\nA: {pair[0][1]}\n\nB: {pair[1][1]}\n")
    out.mkdir(parents=True, exist_ok=True)
    (out / "sheet.md").write_text("\n".join(text), encoding="utf-8")
    (out / "key.json").write_text(json.dumps(key, ensure_ascii=False, indent=1), encoding="utf-8")
    click.echo(f"{count} pairs in {out / 'sheet.md'}")


@main.command()
@click.argument("key", type=FILE)
@click.argument("answers", type=FILE)
def count(key: Path, answers: Path) -> None:
    """Count the answers (`7 A`, a line a pair) of a judge."""
    pairs = json.loads(key.read_text(encoding="utf-8"))
    tally: Counter[str] = Counter()
    for line in lines(answers):
        number, _, answer = line.strip().partition(" ")
        if number.rstrip(".:") in pairs and answer.strip()[:1] in ("A", "B", "="):
            tally[pairs[number.rstrip(".:")].get(answer.strip()[:1], "tie")] += 1
    total = sum(tally.values())
    share = (tally["composer"] + tally["tie"] / 2) / total if total else 0.0
    counts = f"{tally['composer']} composer, {tally['rewrite']} rewrite, {tally['tie']} ties"
    click.echo(f"{total} of {len(pairs)} judged: {counts}; the composer's share, ties halved: {share:.0%}")


@main.command()
@click.argument("prompts", type=FILE)
@click.argument("rewrites", type=FILE)
@click.option("--count", default=30, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--target", default="generic", show_default=True)
def page(prompts: Path, rewrites: Path, count: int, seed: int, target: str) -> None:
    """Print an unselected sample of captions beside the rewrites, in Markdown."""
    for prompt, rewrite in random.Random(seed).sample(list(zip(lines(prompts), lines(rewrites), strict=True)), count):
        click.echo(f"### {prompt}\n\n**Composer.** {caption(prompt, target)}\n\n**Rewrite.** {rewrite}\n")


def caption(prompt: str, target: str) -> str:
    """The composer's caption."""
    (outcome,) = Enhancer(target).batch([prompt])
    assert isinstance(outcome, Enhancement), outcome
    return outcome.caption


def lines(path: Path) -> list[str]:
    """The lines of a text file."""
    return path.read_text(encoding="utf-8").splitlines()
