"""`t2v ask`: questions about a clip, several at once or in a conversation."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from t2v_recaption.cli.group import CONTEXT, FAILED, say_error
from t2v_recaption.cli.options import option
from t2v_recaption.cli.vision import Vision, vision_options

if TYPE_CHECKING:
    from t2v_recaption.captioners.ask import Answer


@click.command(context_settings=CONTEXT)
@click.argument("clip", metavar="CLIP")
@click.argument("questions", nargs=-1, metavar="[QUESTION | -]…")
@option("--start", type=click.FloatRange(0), default=0.0, metavar="SECONDS", help="Where in the clip to begin.")
@option("--end", type=click.FloatRange(0), metavar="SECONDS", help="Where in the clip to end.")
@option("--interactive", "-i", is_flag=True, help="Go on asking: each question knows what was said before.")
@vision_options
@option("--json", "as_json", is_flag=True, help="Print everything known as JSON, one answer a line.")
def ask(
    clip: str,
    questions: tuple[str, ...],
    start: float,
    end: float | None,
    interactive: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Ask QUESTIONS about a CLIP.

    \b
      t2v ask clip.mp4 "How many dogs are there?" "What happens last?" --base-url … --model …
      t2v ask clip.mp4 -i --base-url … --model …

    Questions given together do not know of each other. `-` reads them from standard input, one a line. Without a
    question, and with -i, it is a conversation. In a pipe an answer is a line.
    """  # noqa: D301 -- click wants the real control character
    talks = interactive or (not questions and sys.stdin.isatty())
    if not questions and not talks:
        raise click.UsageError("Ask something, for example: t2v ask clip.mp4 'What happens?' (- reads standard input).")
    from t2v_recaption.video import Clip

    with Vision(**options).captioner() as captioner:
        opened = Clip(clip, start=start, end=end)
        if talks:
            return _converse(captioner, opened, questions, as_json)
        wanted = [line.strip() for line in sys.stdin if line.strip()] if questions == ("-",) else list(questions)
        answers = captioner.ask(opened, wanted)
        for answer in answers:
            show(answer, as_json=as_json, alone=len(answers) == 1)
        return FAILED if any(failed(answer) for answer in answers) else 0


def failed(answer: Answer) -> bool:
    """Whether there is no answer."""
    return answer.error is not None or not answer.text.strip()


def _converse(captioner: Any, clip: Any, questions: tuple[str, ...], as_json: bool) -> int:
    from t2v_recaption.captioners.conversation import Conversation

    talk, code = Conversation(captioner, clip), 0
    for question in _typed(questions):
        answer = talk.ask(question)
        show(answer, as_json=as_json, alone=True)
        code = FAILED if failed(answer) else code
    return code


def _typed(questions: tuple[str, ...]) -> Iterator[str]:
    """The questions given, then those typed, until the end of input or `quit`."""
    yield from questions
    while True:
        try:
            if sys.stdin.isatty():
                click.echo("? ", err=True, nl=False)
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            return
        if not line or line.strip().lower() in ("quit", "exit"):
            return
        if line.strip():
            yield line.strip()


def show(answer: Answer, *, as_json: bool, alone: bool) -> None:
    """Print an answer; errors, faults and notes go to standard error. One that failed is an empty line in a pipe."""
    where = "" if alone else f"{answer.question!r}: "
    if answer.error is not None:
        say_error(answer.error, where)
    for note in _notes(answer):
        click.echo(f"Note: {where}{note}", err=True)
    if as_json:
        error = {"error": str(answer.error)} if answer.error is not None else {}
        import json

        click.echo(json.dumps({**answer.to_dict(), **error}, ensure_ascii=False))
    elif not sys.stdout.isatty():
        click.echo(" ".join(answer.text.split()))
    elif answer.error is None:
        _show_pretty(answer, alone)


def _notes(answer: Answer) -> list[str]:
    faults = ", ".join(answer.flags)
    told = [f"the answer has faults that asking again did not cure: {faults}"] if faults else []
    return [*told, *answer.notes]


def _show_pretty(answer: Answer, alone: bool) -> None:
    console = Console(highlight=False)
    if not alone:
        console.print(Text(answer.question, style="bold"))
    console.print(Text(answer.text.strip()))
    for place, time in zip(answer.frames, answer.times, strict=False):
        seen = answer.shown[place] if place < len(answer.shown) else time
        console.print(
            Text(f"  {time:g} s: frame {place + 1} of {len(answer.shown)}, shown at {seen:.2f} s", style="dim")
        )
    if not alone:
        console.print()
