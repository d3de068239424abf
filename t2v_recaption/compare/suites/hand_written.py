"""Prompts with hand-written claims: JSON lines with `id`, `stratum`, `prompt` and `claims`.

A claim has `id`, `kind`, `text`, `question`, `expected`, and may have `form`, `category`, `value`, `parents`, `window`,
`checker`, `criticality` and `spans`, all as in `t2v_recaption.verify.model.Claim`.
`benchmarks/suites/own.jsonl` is an example.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from t2v_recaption.compare.suites.base import Suite, SuitePrompt, claim_set, find, read_lines
from t2v_recaption.errors import InvalidInput
from t2v_recaption.intent.model import Kind, Span
from t2v_recaption.verify.model import Checker, Claim, Criticality, Form, Window

REQUIRED = ("id", "kind", "text", "question", "expected")
CHOICES = {
    "kind": tuple(kind.value for kind in Kind),
    "form": get_args(Form),
    "checker": get_args(Checker),
    "criticality": get_args(Criticality),
}


def load(name: str, path: Path) -> Suite:
    """Read prompts with hand-written claims.

    Raises:
        InvalidInput: the file is not there, or a line is not as it must be; the message says which and why.
    """
    file = find(path, ("own.jsonl",), "prompts with claims")
    rows = [(number, line) for number, line in enumerate(read_lines(file), 1) if line.strip()]
    prompts = tuple(_prompt(line, f"Line {number} of {file}") for number, line in rows)
    ids = [each.id for each in prompts]
    if twice := next((each for each in ids if ids.count(each) > 1), ""):
        raise InvalidInput(f"Two prompts of {file} have the id {twice!r}.")
    if not prompts:
        raise InvalidInput(f"{file} has no prompts.")
    return Suite(file.stem, prompts, str(file))


def _prompt(line: str, where: str) -> SuitePrompt:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InvalidInput(f"{where} is not valid JSON: {error}.") from error
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) and row[key] for key in ("id", "prompt")):
        raise InvalidInput(f"{where} has no text under 'id' and 'prompt'.")
    claims = [_claim(each, row["prompt"], f"{where}, claim {n}") for n, each in enumerate(row.get("claims", ()), 1)]
    _check_parents(claims, where)
    stratum = str(row.get("stratum", ""))
    return SuitePrompt(
        row["id"],
        row["prompt"],
        stratum,
        (stratum,) if stratum else (),
        claim_set(row["prompt"], claims, "hand") if claims else None,
        tuple(map(str, row.get("videos", ()))),
    )


def _claim(given: Any, prompt: str, where: str) -> Claim:
    known = {field.name for field in fields(Claim)}
    if not isinstance(given, dict) or not all(isinstance(given.get(key), str) and given[key] for key in REQUIRED):
        raise InvalidInput(f"{where} needs text under {', '.join(REQUIRED)}.")
    if unknown := sorted(set(given) - known):
        raise InvalidInput(f"{where} has a key {unknown[0]!r} that no claim has.", hint=f"Known: {sorted(known)}.")
    for key, choices in CHOICES.items():
        if key in given and given[key] not in choices:
            raise InvalidInput(f"{where}: {key} {given[key]!r} is none of {', '.join(choices)}.")
    window, spans = given.get("window", (0.0, 1.0)), given.get("spans", ())
    if not (len(window) == 2 and 0 <= window[0] < window[1] <= 1):
        raise InvalidInput(f"{where}: the window {window} is not two rising shares of the clip from 0 to 1.")
    for span in spans:
        if not (len(span) == 2 and 0 <= span[0] < span[1] <= len(prompt)):
            raise InvalidInput(f"{where}: the span {span} does not lie in the prompt.")
    rest = {k: v for k, v in given.items() if k not in ("kind", "window", "spans", "parents", "facts")}
    return Claim(
        **rest,
        kind=Kind(given["kind"]),
        window=Window(*window),
        spans=tuple(Span(*span) for span in spans),
        parents=tuple(given.get("parents", ())),
        facts=tuple(given.get("facts", ())),
    )


def _check_parents(claims: list[Claim], where: str) -> None:
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise InvalidInput(f"{where} has two claims with the id {claim.id!r}.")
        if missing := [parent for parent in claim.parents if parent not in seen]:
            raise InvalidInput(f"{where}: claim {claim.id} depends on {missing[0]!r}, which does not come before it.")
        seen.add(claim.id)
