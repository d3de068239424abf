"""`t2v loop`: make clips until one shows what was asked for, repairing the caption in between."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from t2v_recaption.cli.group import CONTEXT, FAILED, wrote
from t2v_recaption.cli.options import FILE, Settings, enhancer_options, option
from t2v_recaption.verify.asking import Ask

if TYPE_CHECKING:
    from t2v_recaption.loop import Budget, LoopResult, Rules
    from t2v_recaption.verify import Verifier

JUDGING = ("judge", "captioner", "judge_backend", "judge_base_url", "judge_option", "ask")
PLACE = click.Path(path_type=Path, file_okay=False)
SOME = click.FloatRange(min=0)


@click.command(context_settings=CONTEXT)
@click.argument("prompt")
@option("--generate", metavar="COMMAND", required=True, help="Makes a clip: {prompt}, {negative}, {seed}, {out}.")
@option("--timeout", type=click.FloatRange(min=0, min_open=True), default=3600.0, metavar="SECONDS", help="For a clip.")
@option("-o", "--output", type=FILE, metavar="FILE", help="Copy the best clip here.")
@option("--run", "folder", type=PLACE, metavar="FOLDER", help="Where all is kept.  [default: loop-PROMPT]")
@option("--judge", multiple=True, metavar="MODEL[,KEY=VALUE]…", help="Vision model that is asked; several vote.")
@option("--captioner", metavar="MODEL", help="Vision model whose captions are read, or: measured.")
@option("--judge-backend", metavar="NAME", help="What runs them: openai, transformers, scripted.")
@option("--judge-base-url", metavar="URL", help="Their server.")
@option("--judge-option", multiple=True, metavar="KEY=VALUE", help="Any further option of their backend.")
@option(
    "--ask",
    type=click.Choice(get_args(Ask)),
    default="each",
    show_default=True,
    help="Questions one by one or at once.",
)
@option("--seeds", type=click.IntRange(1, 64), default=2, show_default=True, help="Clips of every wording.")
@option("--scout", type=click.IntRange(1, 64), default=4, show_default=True, help="Seeds tried before the first edit.")
@option("--clip-seed", type=int, default=0, show_default=True, help="The first clip's seed.")
@option(
    "--edits", type=click.IntRange(1, 20), default=6, show_default=True, help="Failed claims that a round takes on."
)
@option("--every-seed", is_flag=True, help="Go on until every clip of the best wording shows all, not one.")
@option("--allow-rephrase", is_flag=True, help="Let edits say the prompt in other words.")
@option("--max-generations", type=click.IntRange(2), default=12, show_default=True, metavar="N", help="Clips at most.")
@option("--max-judge-calls", type=click.IntRange(0), metavar="N", help="Questions to judges at most.")
@option("--max-seconds", type=SOME, metavar="S", help="Seconds of making and judging at most.")
@option("--max-cost", type=SOME, metavar="MONEY", help="Money at most; needs a price.")
@option("--price", type=SOME, default=0.0, metavar="MONEY", help="Of one clip.")
@option("--price-judge-call", type=SOME, default=0.0, metavar="MONEY", help="Of one question to a judge.")
@option("--dry-run", is_flag=True, help="Say what would be made, and stop.")
@option("--report", type=FILE, metavar="FILE", help="Write an HTML report.")
@option("--json", "as_json", is_flag=True, help="Print everything known as JSON.")
@enhancer_options
def loop(prompt: str, output: Path | None, dry_run: bool, report: Path | None, as_json: bool, **given: Any) -> int:
    """Make clips of PROMPT until one shows what it says; repair the caption in between and keep the best.

    \b
      t2v loop "two cats and a red ball" --target wan2.2 \\
          --generate "python sample.py --prompt {prompt} --seed {seed} --out {out}" \\
          --judge qwen2.5vl:7b --judge-base-url http://localhost:11434/v1

    Prints the best wording. The same command goes on where an interrupted one stopped. Exit code 1: the budget or the
    edits came to their end before a clip showed every critical claim.
    """  # noqa: D301 -- click wants the real control character
    from t2v_recaption.cli.show_loop import Progress, show, show_estimate
    from t2v_recaption.generators import CommandGenerator
    from t2v_recaption.loop import Stop, make_loop

    generator = CommandGenerator(given.pop("generate"), timeout=given.pop("timeout"))
    folder = given.pop("folder") or Path(f"loop-{_slug(prompt)}")
    judging = {name: given.pop(name) for name in JUDGING} | {"no_cache": given["no_cache"]}
    rules, budget, rephrase = _rules(given), _budget(given), given.pop("allow_rephrase")
    enhancer = Settings(**given).enhancer()
    with _verifier(judging) as verifier, Progress() as progress:
        ready = make_loop(
            prompt,
            generator,
            target=enhancer,
            verifier=verifier,
            folder=folder,
            budget=budget,
            allow_rephrase=rephrase,
            on_event=progress.on_event,
            rules=rules,
        )
        if dry_run:
            show_estimate(ready)
            return 0
        progress.start(budget.generations)
        result = ready.run()
    if as_json:
        click.echo(result.to_json())
    else:
        show(result, folder)
    kept = _put(result, output, report)
    return 0 if result.stop is Stop.DONE and kept else FAILED


def _put(result: LoopResult, output: Path | None, report: Path | None) -> bool:
    """Write the files that were asked for; whether that could be done."""
    best, done = result.best_trial, True
    if output is not None and best is not None:
        done = wrote("Best clip", output, lambda: shutil.copyfile(best.clip, output))
    if report is not None:
        from t2v_recaption.loop.report import write_html

        done = wrote("Report", report, lambda: write_html(result, report)) and done
    return done


def _rules(given: dict[str, Any]) -> Rules:
    from t2v_recaption.loop import Rules

    names = {"seeds": "seeds", "clip_seed": "seed", "scout": "scout", "edits": "edits", "every_seed": "every_seed"}
    return Rules(**{name: given.pop(key) for key, name in names.items()})


def _budget(given: dict[str, Any]) -> Budget:
    from t2v_recaption.loop import Budget

    return Budget(
        generations=given.pop("max_generations"),
        judge_calls=given.pop("max_judge_calls"),
        seconds=given.pop("max_seconds"),
        money=given.pop("max_cost"),
        per_generation=given.pop("price"),
        per_judge_call=given.pop("price_judge_call"),
    )


def _verifier(judging: dict[str, Any]) -> Verifier:
    from t2v_recaption.cli.verify import Models, made_verifier

    models = Models(
        judge=judging["judge"],
        captioner=judging["captioner"],
        refine=None,
        backend=judging["judge_backend"],
        base_url=judging["judge_base_url"],
        revision=None,
        option=judging["judge_option"],
        no_cache=judging["no_cache"],
    )
    return made_verifier(models, {"ask": judging["ask"]})


def _slug(prompt: str) -> str:
    """A folder's name that the prompt can be told by."""
    import hashlib
    import re

    words = "-".join(re.findall(r"[a-z0-9]+", prompt.lower()))[:40].strip("-")
    return f"{words or 'clip'}-{hashlib.sha256(prompt.encode()).hexdigest()[:6]}"
