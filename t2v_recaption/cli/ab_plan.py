"""From the options of `t2v ab` and a plan file to a run."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2v_recaption.compare.arms import Arm, parse_arm, read_seeds
from t2v_recaption.compare.budget import Limits
from t2v_recaption.compare.clip_measures import CLIP_SHOWN
from t2v_recaption.compare.design import Design, Level, read_plan
from t2v_recaption.compare.items import Item, Items, read_items, unique
from t2v_recaption.compare.measures import SHOWN
from t2v_recaption.compare.outside import split_scores
from t2v_recaption.compare.run import Run
from t2v_recaption.compare.verdicts import Settings
from t2v_recaption.compare.verifying import backend_of
from t2v_recaption.errors import InvalidInput

if TYPE_CHECKING:
    from t2v_recaption.verify.model import ClaimSet

KEYS = {
    "arms", "baseline", "checks", "column", "confidence", "csv", "fail_if_worse", "generate", "jobs", "judge", "junit",
    "level", "limit", "margin", "max_cost", "max_generations", "measures", "order_seed", "power", "prices", "primary",
    "prompts", "report", "resamples", "retest", "run", "scores", "seeds", "suite", "target", "tie", "timeout",
}  # fmt: skip
"""What a plan file may say."""
OTHER_NAMES = {"run": "folder", "csv": "csv_file"}
OUTPUTS = ("report", "csv_file", "junit", "as_json", "fail_if_worse", "dry_run")


def made_run(prompts: Path | None, plan: Path | None, given: dict[str, Any]) -> tuple[Run, dict[str, Any]]:
    """The run that plan file and options describe, and where its results go.

    Raises:
        InvalidInput: something is missing or cannot be used.
    """
    base = plan.parent if plan else Path()
    options = (_planned(plan, base) if plan else {}) | given
    source = prompts or (base / str(options["prompts"]) if options.get("prompts") else None)
    if source is None:
        raise InvalidInput("There are no prompts.", hint="For example: t2v ab prompts.txt --arm raw --arm composer")
    read, claims = _read(source, options)
    items = _limited(read, options)
    design = made_design(items, options, base)
    run = Run(
        design,
        claims=claims,
        folder=Path(options.get("folder") or f"{source.stem}.ab"),
        judge=backend_of(options["judge"]) if options.get("judge") else None,
        limits=_limits(options),
        timeout=float(options.get("timeout", 3600.0)),
        jobs=int(options.get("jobs", 1)),
        new_plan=bool(options.get("new_plan")),
        retry=bool(options.get("retry")),
        retest=int(options.get("retest", 0)),
    )
    return run, {key: options[key] for key in OUTPUTS if key in options}


def _read(source: Path, options: dict[str, Any]) -> tuple[Items, dict[str, ClaimSet]]:
    """The prompts and, where a suite has some, their claims."""
    if not options.get("suite"):
        return read_items(source, str(options.get("column", ""))), {}
    from t2v_recaption.compare.suites import load_suite

    suite = load_suite(str(options["suite"]), source)
    given = [Item(each.id, each.prompt, each.stratum, videos=each.videos) for each in suite.prompts]
    items = unique(given, where=f"the suite {suite.name}")
    return replace(items, notes=(*suite.notes, *items.notes)), suite.claims


def made_design(items: Items, options: dict[str, Any], base: Path) -> Design:
    """The design that the options describe."""
    arms = tuple(arm if isinstance(arm, Arm) else parse_arm(arm, base) for arm in options.get("arms", ()))
    clips = bool(options.get("generate")) or any(arm.clips or arm.generate for arm in arms)
    level: Level = options.get("level") or ("clip" if clips else "text")
    text, checks = level == "text", _pairs(options.get("checks", ()), "--check")
    chosen = {"margin": "margin", "resamples": "resamples", "level": "confidence", "power": "power", "tie": "tie"}
    settings = Settings(**{ours: options[name] for ours, name in chosen.items() if name in options})
    return Design(
        items,
        arms,
        level=level,
        seeds=read_seeds(options.get("seeds", 0)) or (0,),
        primary=options.get("primary", ""),
        measures=tuple(
            options.get("measures", SHOWN if text else CLIP_SHOWN + ("captioner",) * bool(checks.get("captioner")))
        ),
        baseline=options.get("baseline", ""),
        settings=replace(settings, seed=int(options.get("order_seed", 0))),
        order_seed=int(options.get("order_seed", 0)),
        generate=options.get("generate", ""),
        target=options.get("target", "generic"),
        checks=checks,
        scores={str(k): _scores_path(str(v), base) for k, v in _pairs(options.get("scores", ()), "--scores").items()},
    )


def _scores_path(spec: str, base: Path) -> str:
    reader, dimension, path = split_scores(spec)
    return f"{reader}@{dimension}:{base / path}" if dimension else f"{reader}:{base / path}"


def _planned(plan: Path, base: Path) -> dict[str, Any]:
    found = read_plan(plan)
    if unknown := sorted(set(found) - KEYS):
        raise InvalidInput(
            f"The plan {plan} says {unknown[0]!r}, which is no option.", hint=f"There are: {', '.join(sorted(KEYS))}."
        )
    for name in ("report", "run", "csv", "junit"):
        if found.get(name):
            found[name] = base / str(found[name])
    return {OTHER_NAMES.get(key, key): value for key, value in found.items()}


def _limited(items: Items, options: dict[str, Any]) -> Items:
    limit = options.get("limit")
    if not limit or limit >= len(items.items):
        return items
    drawn = set(random.Random(f"limit {options.get('order_seed', 0)}").sample([i.id for i in items.items], limit))
    return replace(items, items=tuple(item for item in items.items if item.id in drawn))


def _limits(options: dict[str, Any]) -> Limits:
    prices = _pairs(options.get("prices", ()), "--price")
    try:
        known = {str(key): float(value) for key, value in prices.items()}
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{prices} are no prices.", hint="Write clip=0.05.") from error
    return Limits(options.get("max_cost"), options.get("max_generations"), known)  # type: ignore[arg-type]


def _pairs(given: Any, name: str) -> dict[str, Any]:
    import yaml

    if isinstance(given, dict):
        return given
    found = {}
    for text in given:
        key, sign, value = str(text).partition("=")
        if not sign:
            raise InvalidInput(f"{name} {text!r} is not KEY=VALUE.")
        found[key.strip().replace("-", "_")] = yaml.safe_load(value)
    return found
