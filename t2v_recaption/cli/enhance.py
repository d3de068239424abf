"""`t2v-enhance`: one prompt, several candidates, standard input, or a whole file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from t2v_recaption import __version__
from t2v_recaption.cli.group import CONTEXT, say_error
from t2v_recaption.cli.options import FILE, IMAGE, Settings, enhancer_options, option
from t2v_recaption.enhancement import Enhancement, Failure
from t2v_recaption.enhancer import CHUNK, Enhancer
from t2v_recaption.errors import InvalidInput
from t2v_recaption.pipeline import Job


@click.command(context_settings=CONTEXT)
@click.argument("words", nargs=-1, metavar="[PROMPT | -]")
@option("--file", type=FILE, metavar="F", help="Enhance every prompt of a .txt, .csv or .jsonl file.")
@option("--output", "-o", type=FILE, metavar="G", help="Where the captions go (with --file), same order and count.")
@option("--column", default="", metavar="NAME", help="Column or key that holds the prompt.")
@option("--resume", is_flag=True, help="Go on after what an interrupted run has finished.")
@option("--overwrite", is_flag=True, help="Replace an existing output file.")
@enhancer_options
@option("--image", type=IMAGE, metavar="FILE", help="First frame, for image-to-video.")
@option("--last-image", type=IMAGE, metavar="FILE", help="Last frame.")
@option("--candidates", type=click.IntRange(1, 64), default=1, show_default=True, help="How many captions.")
@option("--json", "as_json", is_flag=True, help="Print everything known as JSON, one object a line.")
@option("--explain", is_flag=True, help="Show the facts of the prompt, their places and verdicts.")
@option("--review", is_flag=True, help="Ask before a caption goes out: accept, edit, another, keep mine.")
@click.version_option(__version__, prog_name="t2v-enhance")
def enhance(
    words: tuple[str, ...],
    file: Path | None,
    output: Path | None,
    column: str,
    resume: bool,
    overwrite: bool,
    image: Path | None,
    last_image: Path | None,
    candidates: int,
    as_json: bool,
    explain: bool,
    review: bool,
    **options: Any,
) -> int:
    """Turn a short PROMPT into the dense caption that a video model wants, losing nothing of it.

    \b
      t2v-enhance "a cat playing the piano"
      t2v-enhance --target wan2.2 --seed 3 "two dogs on a beach, no people"
      t2v-enhance --base-url http://localhost:11434/v1 --model qwen3 "…"
      t2v-enhance --file prompts.txt --output captions.txt

    `-` reads prompts from standard input, one a line. In a pipe, only captions are printed, one a line.
    """  # noqa: D301 -- click wants the real control character
    settings = Settings(**options, image=image, last_image=last_image)
    _check_usage(words, file, output, resume or overwrite or bool(column))
    with settings.enhancer() as enhancer:
        if file is not None:
            from t2v_recaption.cli.files import enhance_file

            assert output is not None
            return enhance_file(enhancer, file, output, column, resume=resume, overwrite=overwrite)
        if words == ("-",):
            return _standard_input(enhancer, as_json)
        prompt = " ".join(words)
        _check_kept(prompt, settings.keep)
        inputs = {"image": image, "last_image": last_image}
        if review:
            from t2v_recaption.cli.review import review_prompt

            return review_prompt(enhancer, prompt, inputs, as_json)
        for outcome in enhancer.candidates(prompt, candidates, **inputs):
            _show(outcome, as_json=as_json, explain=explain)
    return 0


def _check_usage(words: tuple[str, ...], file: Path | None, output: Path | None, file_options: bool) -> None:
    if file is None and (output is not None or file_options):
        raise click.UsageError("--output, --column, --resume and --overwrite go with --file.")
    if file is not None and words:
        raise click.UsageError("Give a prompt or --file, not both.")
    if file is not None and output is None:
        raise click.UsageError("--file needs --output G (a .txt, .csv or .jsonl file).")
    if file is None and not words:
        hint = " Use - to read prompts from standard input." if not sys.stdin.isatty() else ""
        raise click.UsageError(f"Say what the video shows, for example: t2v-enhance 'a cat playing the piano'.{hint}")


def _check_kept(prompt: str, keep: tuple[str, ...]) -> None:
    for text in keep:
        if text not in prompt:
            raise InvalidInput(f"--keep {text!r} is not in the prompt.", hint="Write it into the prompt as well.")


def _standard_input(enhancer: Enhancer, as_json: bool) -> int:
    failed = False
    lines = enumerate((line.rstrip("\r\n") for line in _decoded(sys.stdin.buffer)), 1)
    # Line by line for the composer, so that a pipe flows; batches where a model profits from them.
    size = 1 if enhancer.writer.name == "composer" else CHUNK
    while some := list(islice(lines, size)):
        outcomes = enhancer.stream(Job(line) for _, line in some if line.strip())
        for number, line in some:
            outcome = next(outcomes) if line.strip() else None
            if isinstance(outcome, Failure):
                failed = True
                say_error(outcome.exception, f"line {number}: ")
            elif outcome is not None and not as_json:
                _say_notes(outcome, f"line {number}: ")
            click.echo("" if outcome is None else _plain(outcome, as_json))
    return int(failed)


def _decoded(stream: Any) -> Iterator[str]:
    for number, line in enumerate(stream, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"Line {number} of standard input is not UTF-8 text.", hint="Convert it with iconv first."
            ) from error


def _plain(outcome: Enhancement | Failure, as_json: bool) -> str:
    if as_json:
        return outcome.to_json()
    return outcome.caption if isinstance(outcome, Enhancement) else ""


def _show(outcome: Enhancement, *, as_json: bool, explain: bool) -> None:
    if as_json:
        click.echo(outcome.to_json())
    elif explain or sys.stdout.isatty():
        from t2v_recaption.cli.show import show

        show(outcome, explain=explain)
    else:
        click.echo(outcome.caption)
        _say_notes(outcome)


def _say_notes(outcome: Enhancement, where: str = "") -> None:
    """What a terminal shows under the caption and a pipe would not: a prompt that stands as it is, say."""
    for note in outcome.notes:
        click.echo(f"Note: {where}{note}", err=True)
