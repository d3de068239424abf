"""Who keeps, says and repeats what, on the same prompts: `python -m benchmarks ab-text PROMPTS.txt`.

Arms: the raw prompt, the composer, and any files of rewrites (`--rewrites gpt-4o=FILE`: one line a prompt, or JSON
lines of `t2v-enhance --file … --output X.jsonl` for some of the prompts). Every arm is held against the first by the
statistics of `t2v_recaption.compare`: prompt by prompt, with interval, p corrected for the number of arms, and verdict.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from t2v_recaption import intent, targets
from t2v_recaption.compare.comparison import Comparison, Contest, by_category, compare_arms
from t2v_recaption.compare.items import Item
from t2v_recaption.compare.measures import Measure, Text, text_measure
from t2v_recaption.compare.scores import Score
from t2v_recaption.compare.text_metrics import Diversity, diversity
from t2v_recaption.compare.verdicts import Settings
from t2v_recaption.enhancement import Enhancement
from t2v_recaption.enhancer import Enhancer
from t2v_recaption.errors import RecaptionError

MEASURES = (
    "fidelity", "inventions", "words", "fits", "concreteness", "aspects", "readability", "repeated", "phrases",
)  # fmt: skip

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

Texts = dict[str, str]
"""Prompt id → text."""


def read(path: Path) -> list[str]:
    """The lines of a file of prompts or rewrites."""
    return path.read_text(encoding="utf-8-sig").rstrip("\n").split("\n")


def rewrites(path: Path, prompts: Sequence[str]) -> Texts:
    """The texts of an arm from a file: JSON lines with `prompt` and `caption`, or one line a prompt.

    Raises:
        click.UsageError: a text file has another number of lines than there are prompts.
    """
    if path.suffix == ".jsonl":
        rows = map(json.loads, read(path))
        told = {row["prompt"]: row.get("caption") for row in rows if row.get("caption")}
        return {f"p{n}": told[prompt] for n, prompt in enumerate(prompts, 1) if prompt in told}
    lines = read(path)
    if len(lines) != len(prompts):
        raise click.UsageError(f"{path} has {len(lines)} lines for {len(prompts)} prompts.")
    return {f"p{n}": line.strip() for n, line in enumerate(lines, 1) if line.strip()}


def composed(prompts: Sequence[str], target: str) -> Texts:
    """The composer's captions."""
    with Enhancer(target) as enhancer:
        found = enhancer.batch(prompts)
    return {f"p{n}": each.caption for n, each in enumerate(found, 1) if isinstance(each, Enhancement)}


def scored(measure: Measure, arms: Mapping[str, Mapping[str, Text]]) -> dict[str, list[Score]]:
    """The scores of every arm."""
    return {name: [s for some in measure.of(list(texts.values())) for s in some] for name, texts in arms.items()}


def common(arms: Mapping[str, Texts]) -> dict[str, Texts]:
    """The arms on the prompts that all of them have a text for."""
    ids = [key for key in next(iter(arms.values())) if all(key in texts for texts in arms.values())]
    return {name: {key: texts[key] for key in ids} for name, texts in arms.items()}


def compare(prompts: Sequence[str], arms: Mapping[str, Texts], target: str, names: Sequence[str]) -> dict[str, Any]:
    """Every measure of every arm against the first."""
    model, parsed = targets.load(target), {f"p{n}": intent.parse(prompt) for n, prompt in enumerate(prompts, 1)}
    texts = {
        name: {key: Text(Item(key, parsed[key].prompt), parsed[key], text, model) for key, text in some.items()}
        for name, some in arms.items()
    }
    contests: dict[str, Contest] = {}
    kinds: dict[str, Any] = {}
    for name in names:
        measure = text_measure(name)
        chosen = Settings(scale=measure.scale, better=measure.better, margin=measure.margin or 0.05)
        found = scored(measure, texts)
        contests[name] = compare_arms(found, measure=measure.title, settings=chosen)
        if name == "fidelity":
            base = next(iter(found))
            kinds = {
                arm: by_category(found[base], found[arm], names=(base, arm), settings=chosen)
                for arm in found
                if arm != base
            }
        click.echo(f"{name} done", err=True)
    spread = {name: diversity(list(some.values()), [parsed[key].prompt for key in some]) for name, some in arms.items()}
    return {"prompts": len(next(iter(arms.values()))), "contests": contests, "kinds": kinds, "diversity": spread}


@click.command("ab-text")
@click.argument("prompts", type=FILE)
@click.option("--rewrites", "files", multiple=True, metavar="NAME=FILE", help="An arm from a file; may be repeated.")
@click.option("--baseline", default="raw", show_default=True, help="The arm that the others are held against.")
@click.option("--target", default="wan2.2", show_default=True, help="Video model whose text encoder counts.")
@click.option("--measure", "names", multiple=True, default=MEASURES, help="Measures (perplexity:MODEL is one).")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Everything as JSON.")
def main(
    prompts: Path, files: tuple[str, ...], baseline: str, target: str, names: tuple[str, ...], output: Path | None
) -> None:
    """Compare the raw prompts, the composer and files of rewrites on PROMPTS (one a line)."""
    start = time.perf_counter()
    listed = read(prompts)
    try:
        arms = {"raw": {f"p{n}": line for n, line in enumerate(listed, 1) if line.strip()}}
        arms["composer"] = composed(listed, target)
        for given in files:
            name, _, path = given.partition("=")
            arms[name] = rewrites(Path(path), listed)
        if baseline not in arms:
            raise click.UsageError(f"There is no arm {baseline!r}: {', '.join(arms)}.")
        ordered = common({baseline: arms[baseline], **arms})
        found = compare(listed, ordered, target, names)
    except RecaptionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(as_text(found))
    click.echo(f"\n{time.perf_counter() - start:.0f} s")
    if output is not None:
        output.write_text(json.dumps(as_json(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def as_text(found: Mapping[str, Any]) -> str:
    """The figures as tables."""
    lines = [f"{found['prompts']} prompts that every arm has a text for"]
    for name, contest in found["contests"].items():
        lines += ["", f"{name}: {contest.comparisons[0].measure}"]
        lines += [f"  {arm:12} {_number(mean)}" for arm, mean in _means(contest).items()]
        lines += [f"  {each.verdict.text}" for each in contest.comparisons]
    for arm, categories in found["kinds"].items():
        lines += ["", f"facts kept by kind, {arm}"]
        for each in categories:
            told = each.comparison
            lines.append(
                f"  {each.name:10} {told.prompts:4} prompts {_number(told.mean_first)} {_number(told.mean_second)}"
                f"  {told.verdict.call.value}"
            )
    lines += ["", "diversity: distinct words, distinct pairs, phrases of four that another text has, most repeated"]
    lines += [f"  {arm:12} {_diverse(each)}" for arm, each in found["diversity"].items()]
    return "\n".join(lines)


def _means(contest: Contest) -> dict[str, float | None]:
    base = next((each.mean_first for each in contest.comparisons if each.mean_first is not None), None)
    return {contest.baseline: base} | {each.second: each.mean_second for each in contest.comparisons}


def _number(value: float | None) -> str:
    return f"{value:8.3f}" if value is not None else f"{'-':>8}"


def _diverse(found: Diversity) -> str:
    most = f"{found.most_repeated[0][1]}x" if found.most_repeated else "none"
    return f"{found.distinct[0]:.3f} {found.distinct[1]:.3f} {_number(found.reuse)} {most}"


def as_json(found: Mapping[str, Any]) -> dict[str, Any]:
    """The figures as plain JSON types, without the single prompts."""
    return {
        "prompts": found["prompts"],
        "measures": {name: [_short(each) for each in c.comparisons] for name, c in found["contests"].items()},
        "kinds": {arm: {c.name: _short(c.comparison) for c in some} for arm, some in found["kinds"].items()},
        "diversity": {
            arm: {"distinct": each.distinct, "reuse": each.reuse, "most_repeated": each.most_repeated}
            for arm, each in found["diversity"].items()
        },
    }


def _short(told: Comparison) -> dict[str, Any]:
    full = told.to_dict()
    keep = ("first", "second", "measure", "prompts", "mean_first", "mean_second", "difference", "interval", "p", "wins")
    return {key: full[key] for key in keep} | {"verdict": full["verdict"], "spread": told.spread}
