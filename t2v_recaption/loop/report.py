"""The loop's report: how the best clip came about, wording by wording, and what is still missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2v_recaption.errors import RecaptionError
from t2v_recaption.loop.result import LoopResult, Round, Stop
from t2v_recaption.loop.trial import tally
from t2v_recaption.loop.wording import Wording
from t2v_recaption.pages import page, write
from t2v_recaption.pages.charts import Interval, Tone, intervals
from t2v_recaption.pages.pictures import Picture, data_uri, strip
from t2v_recaption.verify.report import section

if TYPE_CHECKING:
    from markupsafe import Markup

FRAMES = 5
"""Frames of each clip."""

MOST_CLIPS = 40
"""Clips whose frames are shown: a page must stay small enough to send."""


@dataclass(frozen=True)
class Step:
    """One wording as the report shows it."""

    wording: Wording
    name: str
    rate: float | None
    round: Round | None
    best: bool
    clips: tuple[tuple[str, Markup | None], ...]
    """Seed and score in words, and frames."""


def html(result: LoopResult) -> str:
    """The report as one page that needs nothing else. Frames are read from the clips again."""
    best = result.best_trial
    steps = [_step(result, wording, number) for number, wording in enumerate(result.wordings)]
    return page(
        "loop.html",
        title="Caption-video loop",
        result=result,
        tone="good" if result.stop is Stop.DONE else "bad" if result.stop in BAD else "unsure",
        steps=steps,
        rates=_rates(result, steps),
        claims=[(claim, *_shown(result, claim.id)) for claim in result.claims],
        best=section(best.verification) if best is not None and best.verification else None,
    )


BAD = (Stop.JUDGE, Stop.GENERATOR)


def write_html(result: LoopResult, path: Path) -> None:
    """Write the report to a file.

    Raises:
        InvalidInput: the file cannot be written.
    """
    write(html(result), path)


def _step(result: LoopResult, wording: Wording, number: int) -> Step:
    trials = result.trials_of(wording.key)
    names = {"enhanced": "The caption", "prompt": "The prompt as typed"}
    shown = sum(len(result.trials_of(w.key)) for w in result.wordings[:number])
    return Step(
        wording=wording,
        name=names.get(wording.origin, f"Edit {number - 1}"),
        rate=result.rate(wording),
        round=next((r for r in result.rounds if r.wording == wording.key and r.against != wording.key), None),
        best=wording.key == result.best.key,
        clips=tuple((_told(trial), _frames(trial.clip) if shown < MOST_CLIPS else None) for trial in trials),
    )


def _told(trial: Any) -> str:
    if trial.error:
        return f"seed {trial.seed}: no clip: {trial.error}"
    score = "nothing decided" if trial.score is None else f"score {trial.score:.2f}"
    return f"seed {trial.seed}: {score}, {trial.coverage:.0%} decided"


def _frames(clip: str) -> Markup | None:
    if not clip or not Path(clip).exists():
        return None
    from t2v_recaption.video import Clip, Uniform, sample

    try:
        frames = list(sample(Clip(clip), Uniform(FRAMES)))
    except RecaptionError:
        return None
    return strip(Picture(data_uri(frame.image, longest_side=200), f"{frame.time:.1f} s") for frame in frames)


def _rates(result: LoopResult, steps: list[Step]) -> Markup:
    """How much of what was asked each wording shows, over its clips."""
    rows = []
    for step in steps:
        trials = result.trials_of(step.wording.key)
        scores = [trial.score for trial in trials if trial.score is not None]
        low, high = (min(scores), max(scores)) if scores else (None, None)
        tone: Tone = "good" if step.best else "neutral"
        value = "nothing decided" if step.rate is None else f"{step.rate:.0%} over {len(trials)} clip(s)"
        rows.append(Interval(step.name, low, step.rate, high, value, tone, "kept" if step.best else ""))
    return intervals(rows, zero=None, axis="share shown")


def _shown(result: LoopResult, claim: str) -> tuple[list[str], str]:
    """For each wording how many of its clips show a claim, and what is still wrong with it."""
    counts = []
    for wording in result.wordings:
        found = tally(result.trials_of(wording.key), claim)
        counts.append(f"{found.supported}/{found.supported + found.refuted}" if found.rate is not None else "?")
    diagnosis = next((d for d in result.diagnoses if d.claim.id == claim), None)
    return counts, f"{diagnosis.cause.value}: {diagnosis.reason}" if diagnosis is not None else ""
