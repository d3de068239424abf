"""`t2v ab`: which prompt, writer or setting is better, and how sure that is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from t2v_recaption.cli.group import CONTEXT, FAILED
from t2v_recaption.cli.options import FILE, option
from t2v_recaption.errors import InvalidInput, RecaptionError

if TYPE_CHECKING:
    from t2v_recaption.compare.run import Run

RUN = click.Path(path_type=Path, file_okay=False)
FILES = ("report", "csv_file", "junit")
"""Options that name a file to be written."""


class Group(click.Group):
    """`t2v ab PROMPTS …` means `t2v ab run PROMPTS …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` first where no command is named."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=Group, context_settings=CONTEXT, options_metavar="", subcommand_metavar="PROMPTS --arm A --arm B [OPTIONS]"
)
@click.pass_context
def ab(ctx: click.Context) -> None:
    """Compare prompts, writers or settings on the same prompts and seeds.

    \b
      t2v ab prompts.txt --arm raw --arm composer
      t2v ab prompts.txt --arm gpt4o=rewrites.txt --arm composer --report out.html
      t2v ab prompts.txt --arm raw --arm composer:target=wan2.2 --level clip --seeds 0-1 \\
          --generate "python sample.py --prompt {prompt} --seed {seed} --out {out}"

    `t2v ab run --help` lists the options. The plan is fixed before anything is made, and the same command goes on
    where an interrupted one stopped.
    """  # noqa: D301 -- click wants the real control character
    # The config file speaks of options; it does not know that this command has commands of its own.
    flat = dict(ctx.default_map or {})
    ctx.default_map = {"run": flat, "judge": flat}


@ab.command(context_settings=CONTEXT)
@click.argument("prompts", required=False, type=FILE, metavar="[PROMPTS]")
@option("--arm", "arms", multiple=True, metavar="ARM", help="raw, a writer, a file of rewrites, a folder of clips.")
@option("--plan", type=FILE, metavar="FILE", help="A YAML file with these options; the command line wins.")
@option("--run", "folder", type=RUN, metavar="FOLDER", help="Where everything is kept.  [default: PROMPTS.ab, here]")
@option("--report", type=FILE, metavar="FILE", help="Write an HTML report.")
@option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@option("--csv", "csv_file", type=FILE, metavar="FILE", help="Write one row a prompt and arm.")
@option("--junit", type=FILE, metavar="FILE", help="Write a JUnit file, one test an arm.")
@option("--fail-if-worse", is_flag=True, help="End with 1 where an arm is worse than the baseline.")
@option("--level", type=click.Choice(["text", "clip"]), help="What is compared.  [default: text, or clip with clips]")
@option("--seeds", metavar="0-3", help="Seeds of the clips, the same in every arm.  [default: 0]")
@option("--baseline", metavar="ARM", help="The arm that the others are held against.  [default: the first]")
@option("--primary", metavar="MEASURE", help="The measure that decides.  [default: fidelity, or claims of clips]")
@option("--measure", "measures", multiple=True, metavar="MEASURE", help="Another measure to show.")
@option("--margin", type=float, metavar="SIZE", help="Smallest difference that matters.  [default: 0.05]")
@option("--resamples", type=int, metavar="N", help="Of the bootstrap and permutation test.  [default: 10000]")
@option("--order-seed", type=int, metavar="N", help="Decides the shuffled order.  [default: 0]")
@option("--target", metavar="NAME", help="Video model whose text encoder measures token fit.")
@option("--column", default="", metavar="NAME", help="Column or key of the prompts.")
@option("--suite", metavar="NAME", help="PROMPTS is a suite: vbench, vbench2, compbench, dsg, genai-bench, claims.")
@option("--limit", type=click.IntRange(1), metavar="N", help="Only N prompts, drawn by the order seed.")
@option("--generate", metavar="COMMAND", help="Makes a clip: {prompt}, {seed}, {out}; no shell reads it.")
@option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="For one clip.  [default: 3600]"
)
@option("--jobs", type=click.IntRange(1), metavar="N", help="Clips made at once; {slot} is 0 to N-1.  [default: 1]")
@option("--judge", metavar="SPEC", help="A model that says which is better: openai:model=…,base_url=…")
@option("--retest", type=click.IntRange(0), metavar="N", help="Give judges N questions and clips again.  [default: 0]")
@option("--check", "checks", multiple=True, metavar="KEY=VALUE", help="How clips are verified (judge=…, frames=…).")
@option(
    "--scores", multiple=True, metavar="ARM=FILE", help="Scores of another tool: vbench:FILE, compbench:FILE, FILE."
)
@option("--price", "prices", multiple=True, metavar="STEP=MONEY", help="Of a text, clip, check or judgement.")
@option("--max-cost", type=click.FloatRange(min=0), metavar="MONEY", help="Stop before more is spent.")
@option("--max-generations", type=click.IntRange(0), metavar="N", help="Stop before more clips are made.")
@option("--dry-run", is_flag=True, help="Say what would be made, for how much time and money.")
@option("--new-plan", is_flag=True, help="Replace the plan of the run; the report tells of it.")
@option("--retry", is_flag=True, help="Try again what failed.")
def run(prompts: Path | None, plan: Path | None, **options: Any) -> int:
    """Carry out a comparison, or go on with one.

    \b
    An arm is [NAME=]WHAT[:KEY=VALUE,…]:
      raw                            the prompt as it is
      composer:target=wan2.2         a writer with its settings
      qwen=chat:model=…,base_url=…   the same, under a name
      gpt4o=rewrites.txt             a file of rewrites
      mine=python:module:function    a function of yours
      old=clips/old                  a folder of clips
    """  # noqa: D301 -- click wants the real control character
    from t2v_recaption.cli.ab_plan import made_run
    from t2v_recaption.cli.ab_show import Progress, say_power, show

    given = {key: value for key, value in options.items() if value not in (None, (), "", False)}
    comparison, out = made_run(prompts, plan, given)
    _check_folders(out)
    if out.pop("dry_run", False):
        return _dry(comparison, bool(out.get("as_json")))
    say_power(comparison)
    with Progress() as progress:
        try:
            result = comparison.go(progress)
        except KeyboardInterrupt:
            progress.say(f"Stopped. What is finished is in {comparison.folder}; the same command goes on.")
            raise
    unwritten = _write(result, out)
    if out.get("as_json"):
        click.echo(result.to_json())
    else:
        show(result)
    if unwritten:
        raise RecaptionError(
            unwritten[0], hint=f"Everything is kept in {comparison.folder}: make room, or name another."
        )
    if not result.complete or any(not found.prompts for found in result.comparisons):
        return FAILED
    return FAILED if out.get("fail_if_worse") and result.worse else 0


@ab.command(context_settings=CONTEXT)
@click.argument("folder", type=RUN)
@option("--first", metavar="ARM", help="One of the two arms that are shown.")
@option("--second", metavar="ARM", help="The other.")
@option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@option("--page", type=FILE, metavar="FILE", help="Write a page that works without this command, and end.")
@option("--answers", type=FILE, metavar="FILE", help="Take in the answers that such a page saved, and end.")
def judge(
    folder: Path, first: str | None, second: str | None, port: int, page: Path | None, answers: Path | None
) -> int:
    """Choose the better one yourself, blind: keys 1, 2 and 0 (a tie); answers are kept as you go."""
    from t2v_recaption.cli.ab_judge import judged

    code: int = judged(folder, first, second, port, page, answers)
    return code


def _dry(comparison: Run, as_json: bool) -> int:
    from t2v_recaption.cli.ab_show import show_estimate

    show_estimate(comparison, as_json=as_json)
    return 0


def _check_folders(out: dict[str, Any]) -> None:
    """Say before hours of work that a report has nowhere to go."""
    for name in FILES:
        path = Path(out.get(name) or "unset")
        if not path.parent.is_dir():
            raise InvalidInput(f"There is no folder {str(path.parent)!r} for {path.name}.", hint="Make it first.")
        if path.is_dir():
            raise InvalidInput(f"{str(path)!r} is a folder.", hint="Name a file in it.")


def _write(result: Any, out: dict[str, Any]) -> list[str]:
    """Write the files that are wanted; what could not be written."""
    from t2v_recaption.compare import export

    unwritten = []
    for name, write in zip(FILES, (export.write_html, export.write_csv, export.write_junit), strict=True):
        if path := out.get(name):
            try:
                write(result, Path(path))
            except OSError as error:
                unwritten.append(f"{path} cannot be written: {error.strerror}.")
                continue
            print(f"{name.removesuffix('_file').upper() if name != 'report' else 'Report'} → {path}", file=sys.stderr)
    return unwritten
