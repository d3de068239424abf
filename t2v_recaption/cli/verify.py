"""`t2v verify`: clips held against the user's own words, claim by claim."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from t2v_recaption.cli.group import CONTEXT, FAILED, say_error, wrote
from t2v_recaption.cli.options import FILE, option
from t2v_recaption.errors import InvalidInput
from t2v_recaption.verify.asking import Ask
from t2v_recaption.verify.prompts_file import Pair, pairs_of

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend
    from t2v_recaption.verify import Unverified, Verification, Verifier


SETTING = re.compile(r",(?=[A-Za-z_][\w-]*=)")
"""What stands between a model's name and the settings of its own."""

NO_MODEL = re.compile(r"[a-z_]+=")
"""How a setting begins, where a name should be."""


@dataclass(frozen=True)
class Models:
    """Which models are asked, and how they are reached."""

    judge: tuple[str, ...]
    captioner: str | None
    refine: str | None
    backend: str | None
    base_url: str | None
    revision: str | None
    option: tuple[str, ...]
    no_cache: bool

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.judge or self.captioner not in (None, "measured") or self.refine)

    def make(self, given: str) -> Backend:
        """A backend for one model, given as its name and settings of its own: `gpt-4o,base_url=https://…`.

        Raises:
            InvalidInput: there is no name, or the backend does not know a setting.
        """
        from t2v_recaption.cli.options import pair
        from t2v_recaption.writers import make_backend

        model, *own = SETTING.split(given)
        if not model or NO_MODEL.match(model):
            raise InvalidInput(f"{given!r} names no model.", hint="Its name comes first: gpt-4o,base_url=URL.")
        common = {"backend": self.backend, "revision": self.revision, "base_url": self.base_url}
        named = {key: value for key, value in common.items() if value is not None}
        options = named | dict(map(pair, self.option)) | dict(map(pair, own))
        backend = options.pop("backend", None)
        return make_backend(backend, {"model": model, **options}, cache=not self.no_cache)


@click.command(context_settings=CONTEXT)
@click.argument("clips", nargs=-1, metavar="[CLIP]…")
@option("--prompt", metavar="TEXT", help="What the user asked for, in the user's own words.")
@option("--prompts", type=FILE, metavar="F", help="A prompt for each clip: .txt (a line each), .csv or .jsonl.")
@option("--judge", multiple=True, metavar="MODEL[,KEY=VALUE]…", help="Vision model that is asked; several vote.")
@option("--captioner", metavar="MODEL", help="Vision model whose caption is read, or: measured.")
@option("--refine", metavar="MODEL", help="Language model that puts the claims better.")
@option("--backend", metavar="NAME", help="What runs these models: openai, transformers, scripted.")
@option("--base-url", metavar="URL", help="Server that speaks the OpenAI protocol.")
@option("--revision", metavar="COMMIT", help="Pinned revision of a hub model.")
@option("--option", multiple=True, metavar="KEY=VALUE", help="Any further backend option (dtype=bfloat16).")
@option("--no-cache", is_flag=True, help="Ask models even if they have answered the same question before.")
@option("--no-measurements", is_flag=True, help="Measure nothing, ask models only.")
@option("--frames", type=click.IntRange(1, 48), default=12, show_default=True, help="Frames that a judge sees.")
@option("--side", type=click.IntRange(32), default=640, show_default=True, help="Their longest side in pixels.")
@option("--foils", type=click.IntRange(0), default=6, show_default=True, help="False questions that test each judge.")
@option(
    "--ask",
    type=click.Choice(get_args(Ask)),
    default="each",
    show_default=True,
    help="Each question alone, or at once.",
)
@option("--seed", type=int, default=0, show_default=True, help="Same seed, same foils, same questions.")
@option("--claims", "claims_only", is_flag=True, help="Show the claims of the prompts and stop.")
@option("--explain", is_flag=True, help="Show what each route said.")
@option("--json", "as_json", is_flag=True, help="Print everything known as JSON, one object a line.")
@option("--report", type=FILE, metavar="FILE", help="Write an HTML report with frames as evidence, too.")
@option("--junit", type=FILE, metavar="G", help="Write a JUnit report, too.")
@option("--fail-under", type=click.FloatRange(0, 1), metavar="SHARE", help="Exit with 1 when a score is lower.")
def verify(
    clips: tuple[str, ...],
    prompt: str | None,
    prompts: Path | None,
    no_measurements: bool,
    frames: int,
    side: int,
    foils: int,
    ask: Ask,
    seed: int,
    claims_only: bool,
    explain: bool,
    as_json: bool,
    report: Path | None,
    junit: Path | None,
    fail_under: float | None,
    **models: Any,
) -> int:
    """Hold CLIPs against what the user asked for: what is there, what is not, and what nobody could tell.

    \b
      t2v verify clip.mp4 --prompt "a red car, the camera pans right"
      t2v verify clip.mp4 --prompt "…" --judge qwen2.5vl:7b --base-url http://localhost:11434/v1
      t2v verify clip.mp4 --prompt "…" --judge gpt-4o,backend=openai --judge ./qwen,backend=transformers
      t2v verify *.mp4 --prompts prompts.txt --junit report.xml --fail-under 0.8

    Without a model, what can be measured is decided, and the rest is left open. Exit code 1: a clip could not be
    verified, or scored less than --fail-under.
    """  # noqa: D301 -- click wants the real control character
    from t2v_recaption.cli.show_verification import show_all

    pairs = pairs_of(clips, prompt, prompts)
    if claims_only:
        return _show_claims(pairs, as_json)
    _check_usage(pairs)
    settings = {"measurements": not no_measurements, "frames": frames, "side": side, "foils": foils, "ask": ask,
                "seed": seed}  # fmt: skip
    chosen = Models(**models)
    with made_verifier(chosen, settings) as verifier:
        outcomes = list(_told(verifier, pairs, as_json=as_json, explain=explain, offline=not chosen.any))
        if len(pairs) > 1 and not as_json:
            show_all(outcomes, verifier.trust())
    kept = _put(outcomes, report, junit)
    return _code(outcomes, fail_under) if kept else FAILED


def _check_usage(pairs: list[Pair]) -> None:
    if not pairs or any(pair.clip is None for pair in pairs):
        raise click.UsageError("Name the clips, for example: t2v verify clip.mp4 --prompt 'a cat playing the piano'.")


def made_verifier(models: Models, settings: dict[str, Any]) -> Verifier:
    """The verifier with these models and settings of `Verifier`."""
    from t2v_recaption.verify import Verifier

    captioner: Any = None
    if models.captioner == "measured":
        from t2v_recaption.captioners.measured import MeasuredCaptioner

        captioner, settings = MeasuredCaptioner(), {**settings, "mode": "measured"}
    elif models.captioner:
        from t2v_recaption.captioners.captioner import Captioner

        captioner = Captioner(models.make(models.captioner))
    judges = [models.make(model) for model in models.judge]
    return Verifier(
        judges=judges, captioner=captioner, refine=models.make(models.refine) if models.refine else None, **settings
    )


def _told(
    verifier: Verifier, pairs: list[Pair], *, as_json: bool, explain: bool, offline: bool
) -> Iterator[Verification | Unverified]:
    """Verify each pair and print it as soon as it is done."""
    from rich.console import Console

    from t2v_recaption.cli.show_verification import show
    from t2v_recaption.verify import Unverified

    status = Console(stderr=True)
    for number, pair in enumerate(pairs):
        with status.status(f"Verifying {number + 1} of {len(pairs)} …"):
            if len(pairs) == 1:
                outcome: Verification | Unverified = verifier(pair.clip, pair.prompt)  # an error of its own ends it all
            else:
                (outcome,) = verifier.stream([(pair.clip, pair.prompt)])
        if isinstance(outcome, Unverified):
            say_error(outcome.exception, f"{outcome.clip}: ")
        if as_json:
            click.echo(outcome.to_json())
        elif not isinstance(outcome, Unverified):
            show(outcome, explain=explain, offline=offline, title=len(pairs) > 1)
        sys.stdout.flush()
        yield outcome


def _put(outcomes: list[Verification | Unverified], report: Path | None, junit: Path | None) -> bool:
    """Write the files that were asked for; whether that could be done."""
    from t2v_recaption.verify import Verification

    found, done = [outcome for outcome in outcomes if isinstance(outcome, Verification)], True
    if report is not None:
        from t2v_recaption.verify.report import write_html

        done = wrote("Report", report, lambda: write_html(found, report))
    if junit is not None:
        from t2v_recaption.verify.junit import junit as as_junit

        done = wrote("JUnit report", junit, lambda: junit.write_text(as_junit(outcomes), encoding="utf-8")) and done
    return done


def _code(outcomes: list[Verification | Unverified], fail_under: float | None) -> int:
    from t2v_recaption.verify import Unverified

    code = 0
    for outcome in outcomes:
        if isinstance(outcome, Unverified):
            code = FAILED
        elif fail_under is not None and (outcome.score is None or outcome.score < fail_under):
            told = "nothing was decided" if outcome.score is None else f"the score is {outcome.score:.2f}"
            click.echo(f"Failed: {outcome.clip['id']}: {told}, --fail-under is {fail_under:g}.", err=True)
            code = FAILED
    return code


def _show_claims(pairs: list[Pair], as_json: bool) -> int:
    from t2v_recaption.cli.show_verification import show_claims
    from t2v_recaption.verify import claims_of

    if not pairs:
        raise InvalidInput("There is no prompt.", hint="Give it with --prompt or --prompts.")
    for pair in pairs:
        claims = claims_of(pair.prompt)
        if as_json:
            click.echo(json.dumps(claims.to_dict(), ensure_ascii=False))
        else:
            show_claims(claims)
    return 0
