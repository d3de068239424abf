"""`t2v-enhance --review`: nothing goes out before a person has agreed; an edited caption is checked again."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click
from rich.console import Console

from t2v_recaption import fidelity
from t2v_recaption.cli.show import show
from t2v_recaption.enhancement import Enhancement
from t2v_recaption.enhancer import Enhancer
from t2v_recaption.errors import InvalidInput
from t2v_recaption.targets.budget import fit
from t2v_recaption.tidy import tidy
from t2v_recaption.writers.base import Sentence

CHOICES = "[a]ccept, [e]dit, [n]ext, keep [m]ine, [q]uit"


def review_prompt(enhancer: Enhancer, prompt: str, inputs: dict[str, Any], as_json: bool) -> int:
    """Show captions on stderr and ask, until one is accepted; that one goes to stdout.

    Raises:
        InvalidInput: there is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise InvalidInput("--review needs a terminal to ask on.", hint="Leave --review out in a pipe.")
    console = Console(stderr=True, highlight=False)
    seed = enhancer.seed
    outcome = enhancer(prompt, seed=seed, **inputs)
    while True:
        show(outcome, explain=True, console=console)
        click.echo(f"{CHOICES}: ", err=True, nl=False)
        answer = click.getchar().lower()
        click.echo(answer if answer.isprintable() else "", err=True)
        if answer in ("a", "\r", "\n"):
            click.echo(outcome.to_json() if as_json else outcome.caption)
            return 0
        if answer == "e":
            outcome = edited(enhancer, outcome, click.edit(outcome.caption) or outcome.caption)
        elif answer == "n":
            seed += 1
            outcome = enhancer(prompt, seed=seed, **inputs)
        elif answer == "m":
            click.echo(tidy(prompt)[0])
            return 0
        elif answer in ("q", "\x03", "\x04"):
            raise click.Abort


def edited(enhancer: Enhancer, outcome: Enhancement, text: str) -> Enhancement:
    """The enhancement with a caption that a person wrote: checked and counted again, never changed."""
    caption = tidy(text)[0]
    report = fidelity.check(outcome.intent, caption, allowed=outcome.report.allowed)
    fitted = fit([Sentence(caption, "prompt", 1.0)], enhancer.target, enhancer.setting.counters)
    doubts = tuple(f"Your text: {verdict.reason}" for verdict in report.failures)
    return replace(outcome, caption=caption, report=report, fit=fitted, notes=(*doubts, "Edited by hand."), repairs=())
