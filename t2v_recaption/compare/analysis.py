"""From outcomes to the result: scores of every arm, compared on every measure, with what failed beside them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from t2v_recaption import __version__
from t2v_recaption.compare.blind import person_preferences
from t2v_recaption.compare.checks import Checks
from t2v_recaption.compare.clip_measures import CLIP_MEASURES
from t2v_recaption.compare.comparison import Category, by_category, compare_arms
from t2v_recaption.compare.design import Job
from t2v_recaption.compare.items import Item
from t2v_recaption.compare.lock import Lock
from t2v_recaption.compare.measures import Measure, Text, text_measure
from t2v_recaption.compare.outside import outside_measure, read_scores
from t2v_recaption.compare.preference import Preferences, preferences
from t2v_recaption.compare.ranking import Ranking, choices_from, rank
from t2v_recaption.compare.result import Cell, Measured, Problem, Result, Row
from t2v_recaption.compare.scores import Score, pair_up
from t2v_recaption.compare.store import Store
from t2v_recaption.compare.verdicts import Settings
from t2v_recaption.fidelity.report import Status
from t2v_recaption.targets import load

if TYPE_CHECKING:
    from t2v_recaption.compare.run import Run

CLAIMS = Measure("claims", "claims of the prompt that the clip supports", lambda text: [])

Scores = Mapping[str, Sequence[Score]]
"""Arm → its scores."""


def analysed(run: Run, lock: Lock, store: Store, stopped: str) -> Result:
    """The result of a run from everything that its store holds."""
    texts = _texts(run)
    primary = _by_name(run, run.design.primary, texts)
    names = [*run.design.measures, *(["scores"] if run.design.scores else [])]
    others = tuple(_by_name(run, name, texts) for name in dict.fromkeys(names) if name != run.design.primary)
    judged = _judged(run, store)
    notes = [*_unseen(run), *run.design.items.notes, *run.texts.notes, *(run.clips.notes if run.clips else [])]
    notes += [_replaced(old) for old in lock.replaced] + ([stopped] if stopped else [])
    notes += [note for found in primary.contest.comparisons for note in found.notes]
    return Result(
        primary=primary,
        others=others,
        rows=_rows(run, primary, texts),
        problems=tuple(_problems(run, judged)),
        preferences=(*judged.pairs, *person_preferences(run.folder)),
        ranking=judged.ranking,
        lock=lock,
        notes=tuple(dict.fromkeys(notes)),
        folder=str(run.folder),
        complete=not stopped,
        provenance=_provenance(run),
        retests=run.retested(),
        standing=_standing(run, primary),
    )


def _texts(run: Run) -> dict[tuple[str, str], Text]:
    target = load(run.design.target)
    found = {}
    for arm in run.texts.arms:
        for item in run.design.items.items:
            outcome = run.texts.outcome(arm.name, item)
            if outcome is not None and outcome.ok:
                text = Text(item, run.frozen.intents[item.id], outcome.value["text"], target)
                found[arm.name, item.id] = text
    return found


def _by_name(run: Run, name: str, texts: Mapping[tuple[str, str], Text]) -> Measured:
    if name == "claims" and run.checks is not None:
        return _measured_clips(run, run.checks)
    if name == "scores":
        scores = {arm: read_scores(spec, run.design.items) for arm, spec in run.design.scores.items()}
        return _measured(run, outside_measure(scores), scores)
    if name in CLIP_MEASURES and run.checks is not None:
        clips: dict[str, list[Score]] = {arm.name: [] for arm in run.design.arms}
        for job in run.checks.clips.jobs:
            clips[job.arm].append(run.checks.number(job, name))
        return _measured(run, CLIP_MEASURES[name].measure, clips)
    return _measured_texts(run, text_measure(name), texts)


def _measured_texts(run: Run, measure: Measure, texts: Mapping[tuple[str, str], Text]) -> Measured:
    there = {
        arm.name: [(item.id, text) for item in run.design.items.items if (text := texts.get((arm.name, item.id)))]
        for arm in run.texts.arms
    }
    known = {
        (arm, item): found
        for arm, some in there.items()
        for (item, _), found in zip(some, measure.of([text for _, text in some]), strict=True)
    }

    def scores(arm: str, item: Item) -> list[Score]:
        if (arm, item.id) in known:
            return known[arm, item.id]
        if measure.name == "fidelity":
            facts = run.frozen.intents[item.id].facts
            return [Score(item.id, None, claim=fact.id, category=fact.kind.value) for fact in facts]
        return [Score(item.id, None)]

    items = run.design.items.items
    return _measured(
        run, measure, {arm.name: [s for i in items for s in scores(arm.name, i)] for arm in run.texts.arms}
    )


def _measured_clips(run: Run, checks: Checks) -> Measured:
    kinds = {(i.id, claim.id): claim.kind.value for i in run.design.items.items for claim in run.frozen.claims[i.id]}
    found: dict[str, list[Score]] = {arm.name: [] for arm in run.design.arms}
    for job in checks.clips.jobs:
        found[job.arm] += [replace(s, category=kinds[s.prompt, s.claim]) for s in checks.scores(job, "")]
    return _measured(run, CLAIMS, found)


def _measured(run: Run, measure: Measure, scores: Scores) -> Measured:
    """Compare on one measure; the scores' categories are the kinds of what was checked."""
    settings = _settings(run.design.settings, measure)
    strata = {item.id: item.stratum for item in run.design.items.items}
    by_stratum = {a: [replace(s, category=strata[s.prompt]) for s in some] for a, some in scores.items()}
    base = run.design.baseline
    contest = compare_arms(by_stratum, baseline=base, measure=measure.title, settings=settings)
    if not any(strata.values()):
        contest = replace(contest, categories={})
    kinds: dict[str, tuple[Category, ...]] = {}
    if any(score.category for some in scores.values() for score in some):
        for arm in scores:
            if arm != base:
                kinds[arm] = by_category(
                    scores[base], scores[arm], names=(base, arm), measure=measure.title, settings=settings
                )
    own = {arm: _mean(some) for arm, some in scores.items()}
    return Measured(measure.name, measure.title, measure.unit, contest, kinds, own)


def _mean(scores: Sequence[Score]) -> float | None:
    """Over prompts, as in a comparison."""
    pairs = pair_up(scores, scores).pairs if scores else ()
    return fmean(pair.first for pair in pairs) if pairs else None


def _settings(settings: Settings, measure: Measure) -> Settings:
    margin = settings.margin if measure.margin is None else measure.margin
    return replace(settings, scale=measure.scale, better=measure.better, margin=margin)


def _standing(run: Run, primary: Measured) -> Ranking | None:
    """Three arms and more, ranked by who has the better score on each prompt."""
    settings = run.design.settings
    better = primary.contest.comparisons[0].settings.better
    if len(run.design.arms) < 3 or better == "neither":
        return None
    sign = -1.0 if better == "lower" else 1.0
    values: dict[str, dict[str, float]] = {arm.name: {} for arm in run.design.arms}
    for (arm, prompt), score in _scored(primary).items():
        values[arm][prompt] = sign * score
    choices = choices_from(values, tie=settings.tie)
    return rank(choices, resamples=max(2000, settings.resamples // 5), seed=settings.seed) if choices else None


def _scored(primary: Measured) -> dict[tuple[str, str], float]:
    """Arm and prompt → score on the primary measure."""
    scored: dict[tuple[str, str], float] = {}
    for found in primary.contest.comparisons:
        for pair in found.pairs:
            scored[found.first, pair.prompt] = pair.first
            scored[found.second, pair.prompt] = pair.second
    return scored


def _rows(run: Run, primary: Measured, texts: Mapping[tuple[str, str], Text]) -> tuple[Row, ...]:
    scored = _scored(primary)
    cell = _text_cell if run.design.level == "text" else _clip_cell
    return tuple(
        Row(
            item.id,
            item.prompt,
            item.stratum,
            {arm.name: cell(run, arm.name, item, scored.get((arm.name, item.id)), texts) for arm in run.design.arms},
        )
        for item in run.design.items.items
    )


def _text_cell(run: Run, arm: str, item: Item, score: float | None, texts: Mapping[tuple[str, str], Text]) -> Cell:
    text = texts.get((arm, item.id))
    if text is None:
        return Cell("", score)
    failed = [v.reason for v in text.report.verdicts if v.status is not Status.KEPT]
    return Cell(text.text, score, tuple(failed))


def _clip_cell(run: Run, arm: str, item: Item, score: float | None, texts: Mapping[tuple[str, str], Text]) -> Cell:
    assert run.clips is not None
    assert run.checks is not None
    failed: list[str] = []
    paths: list[str] = []
    for job in _jobs(run, arm, item):
        clip, check = run.clips.outcome(job), run.checks.outcome(job)
        paths.append(str(run.clips.file(clip)) if clip is not None and clip.ok else "")
        if check is not None and check.ok:
            told = check.value["claims"]
            failed += [
                f"{claim.text} {check.value['reasons'][claim.id]}"
                for claim in run.frozen.claims[item.id]
                if told.get(claim.id) == "refuted"
            ]
    text = texts.get((arm, item.id))
    return Cell(text.text if text else "", score, tuple(dict.fromkeys(failed)), tuple(paths))


def _jobs(run: Run, arm: str, item: Item) -> list[Job]:
    assert run.clips is not None
    return [run.clips.job(arm, item.id, position) for position in range(len(run.design.seeds))]


def _problems(run: Run, judged: Preferences) -> list[Problem]:
    found = []
    for arm in run.texts.arms:
        for item in run.design.items.items:
            outcome = run.texts.outcome(arm.name, item)
            if outcome is None or not outcome.ok:
                found.append(Problem("text", arm.name, item.id, None, outcome.error if outcome else "Not yet written."))
    if run.clips is not None and run.checks is not None:
        for job in run.clips.jobs:
            clip, check = run.clips.outcome(job), run.checks.outcome(job)
            if clip is None or not clip.ok:
                found.append(Problem("clip", job.arm, job.item.id, job.seed, clip.error if clip else "Not yet made."))
            elif check is None or not check.ok:
                told = check.error if check else "Not yet checked."
                found.append(Problem("check", job.arm, job.item.id, job.seed, told))
    return found + [Problem("judgement", "", *_split(told)) for told in judged.problems]


def _split(told: str) -> tuple[str, None, str]:
    name, _, message = told.partition(": ")
    return name, None, message


def _judged(run: Run, store: Store) -> Preferences:
    if run.judge is None:
        return Preferences((), None)
    settings = run.design.settings
    return preferences(run.pairs(), run.judge, store, resamples=settings.resamples, seed=settings.seed)


def _unseen(run: Run) -> list[str]:
    """What to do where most claims of clips are undetermined because nobody looked at them."""
    if run.checks is None or run.clips is None or run.design.checks.get("judge") or run.design.checks.get("captioner"):
        return []
    told = [check.value["claims"] for job in run.clips.jobs if (check := run.checks.outcome(job)) and check.ok]
    statuses = [status for claims in told for status in claims.values()]
    if not statuses or 2 * statuses.count("undetermined") < len(statuses):
        return []
    return [
        "Without a vision model, half of the claims or more are undetermined: --check judge=openai:model=… names one."
    ]


def _replaced(old: Mapping[str, Any]) -> str:
    return f"The plan of {old['made']} was replaced on {old['until']}: {'; '.join(old['changes'])}."


def _provenance(run: Run) -> dict[str, Any]:
    return {
        "t2v_recaption": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "command": sys.argv,
        "judge": run.judge.identity() if run.judge else None,
        "verifier": run.checks.verifier.identity() if run.checks else None,
        "generators": {name: made.identity() for name, made in run.clips.generators.items()} if run.clips else {},
        "cost": run.budget.cost,
        "made": run.budget.made,
    }
