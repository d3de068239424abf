"""Plans: what captioning a clip will cost, before a frame is read, and how it is kept within limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from t2v_recaption.captioners.base import Mode
from t2v_recaption.captioners.profile import Profile, Question
from t2v_recaption.captioners.tokens import image_tokens
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record
from t2v_recaption.video import grids


@dataclass(frozen=True)
class Budget(Record):
    """What one clip may cost. 0 is no limit."""

    calls: int = 0
    """Questions to the model; those that are repeated because of a faulty answer come on top."""
    visual_tokens: int = 0
    """Tokens of all pictures that it sees, as `image_tokens` estimates them."""

    def __post_init__(self) -> None:
        if self.calls < 0 or self.visual_tokens < 0:
            raise InvalidInput("A budget cannot be negative.", hint="0 is no limit.")


@dataclass(frozen=True)
class Plan(Record):
    """What captioning a clip is expected to cost; estimates from above."""

    mode: Mode
    sampling: str
    frames: int | None
    """None where the sampling does not tell it before the clip is read."""
    calls: int | None = None
    visual_tokens: int | None = None
    new_tokens: int | None = None
    """Tokens of all answers at their longest."""
    notes: tuple[str, ...] = ()
    """What was thinned to stay within the budget, for people."""


def plan(
    profile: Profile, sampling: str, mode: Mode, duration: float, size: tuple[int, int], budget: Budget | None = None
) -> Plan:
    """What a clip will cost, with so many frames left out that it stays within the budget.

    The rule: of all samplings of the same kind, the densest that fits. `every:2` becomes `every:2.5` and so on,
    `uniform:16` becomes `uniform:12`. What a profile shows in one question at most is such a limit for `fast`, too.

    Args:
        profile: how the model is asked.
        sampling: which frames it sees.
        mode: `fast` or `sliding`.
        duration: of the clip in seconds.
        size: its width and height in pixels.
        budget: the limits.

    Raises:
        InvalidInput: not even one frame fits.
    """
    limits = budget or Budget()
    asked, notes = sampling, []
    count = frame_count(sampling, duration)
    if mode == "fast" and profile.frames and count is not None and count > profile.frames:
        sampling = thinner(sampling, profile.frames, duration)
        notes.append(f"{asked} gives {count} frames, and one question shows {profile.frames}: {sampling} was used")
    wanted = _costed(profile, sampling, mode, duration, size)
    if wanted.frames is None or _within(wanted, limits):
        return replace(wanted, notes=tuple(notes))
    most = _most(profile, sampling, mode, duration, size, limits, wanted.frames)
    thin = _costed(profile, thinner(sampling, most, duration), mode, duration, size)
    note = (
        f"{sampling} would take {wanted.calls} calls and {wanted.visual_tokens} visual tokens, more than the budget "
        f"allows: {thin.sampling} was used"
    )
    return replace(thin, notes=(*notes, note))


def frame_count(sampling: str, duration: float) -> int | None:
    """How many frames a sampling gives at most, where that can be told before the clip is read."""
    kind, _, rest = sampling.partition(":")
    try:
        if kind == "uniform":
            return int(rest)
        if kind in ("every", "keyframes"):
            every = float(rest.split(":")[0] or 2.0)
            return max(1, math.ceil(duration / every - 1e-6))
    except ValueError:
        return None  # whoever reads the sampling says what is wrong with it
    return None


def thinner(sampling: str, count: int, duration: float) -> str:
    """The same kind of sampling with at most `count` frames."""
    kind, _, rest = sampling.partition(":")
    if kind == "uniform":
        return f"uniform:{count}"
    every = math.ceil(duration / count * 10 - 1e-6) / 10
    _, colon, others = rest.partition(":")
    return f"{kind}:{every:g}{colon}{others}"


def _costed(profile: Profile, sampling: str, mode: Mode, duration: float, size: tuple[int, int]) -> Plan:
    frames = frame_count(sampling, duration)
    if frames is None or mode not in ("fast", "sliding"):
        return Plan(mode, sampling, frames)
    if mode == "fast":
        question = profile.question("fast")
        return Plan(mode, sampling, frames, 1, _visual(profile, question, frames, size), _longest(profile, question))
    pair, first = profile.question("pair"), profile.question("first")
    answers = _longest(profile, first) + (frames - 1) * _longest(profile, pair)
    summaries = _summaries(profile, answers)
    visual = _visual(profile, first, 1, size) + (frames - 1) * _visual(profile, pair, 2, size)
    new = answers + summaries * _longest(profile, profile.question("summary"))
    return Plan(mode, sampling, frames, frames + summaries, visual, new)


def _summaries(profile: Profile, tokens: int) -> int:
    """Questions that it takes to summarise descriptions of so many tokens."""
    if not profile.context:
        return 1
    part = _longest(profile, profile.question("part" if "part" in profile.questions else "summary"))
    room = max(1, profile.context - part)
    count = 1
    while tokens > room:
        parts = math.ceil(tokens / (room / 2))
        if parts * part >= tokens:
            break
        count, tokens = count + parts, parts * part
    return count


def _visual(profile: Profile, question: Question, frames: int, size: tuple[int, int]) -> int:
    if question.layout == "none":
        return 0
    if question.hd:
        return grids.hd_tokens((grids.TILE, grids.TILE * question.hd))
    width, height = size
    scale = min(1.0, profile.side / max(width, height)) if profile.side else 1.0
    one = image_tokens(max(1, round(width * scale)), max(1, round(height * scale)))
    return one if question.layout == "last" else one * frames


def _longest(profile: Profile, question: Question) -> int:
    return question.max_tokens or profile.decode.max_tokens


def _within(plan: Plan, budget: Budget) -> bool:
    calls = not budget.calls or (plan.calls or 0) <= budget.calls
    return calls and (not budget.visual_tokens or (plan.visual_tokens or 0) <= budget.visual_tokens)


def _most(
    profile: Profile, sampling: str, mode: Mode, duration: float, size: tuple[int, int], budget: Budget, frames: int
) -> int:
    """The largest number of frames that fits, by bisection: more frames never cost less."""
    low, high = 0, frames
    while low + 1 < high:
        middle = (low + high) // 2
        fits = _within(_costed(profile, thinner(sampling, middle, duration), mode, duration, size), budget)
        low, high = (middle, high) if fits else (low, middle)
    if not low:
        raise InvalidInput(
            f"The budget is too small for a single frame: {budget.calls or 'any number of'} calls, "
            f"{budget.visual_tokens or 'any number of'} visual tokens.",
            hint="Raise it, or use the mode fast.",
        )
    return low
