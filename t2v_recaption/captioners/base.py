"""What a captioner takes and gives: modes, steps, captions, and the session that asks a model."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.records import Record

Mode = Literal["fast", "sliding", "summary", "measured"]
"""`fast`: key frames and one question. `sliding`: a differential caption for each pair of frames, then a summary.
`summary`: from stored differential captions, without frames. `measured`: what can be measured, without a model."""


@dataclass(frozen=True)
class Step(Record):
    """One differential caption: what is seen between two times of a clip."""

    number: int
    """From 0; step 0 describes the first frame."""
    start: float
    """Seconds from the start of the video."""
    end: float
    text: str
    scene: int = 0
    """Number of the scene that it belongs to; a scene's first step describes its first frame anew."""
    flags: tuple[str, ...] = ()
    """Faults that the text checks found and that asking again did not cure (`captioners.checks`)."""
    attempts: int = 1
    """How often the model was asked."""
    model: str = ""


@dataclass(frozen=True)
class ClipCaption(Record):
    """What a captioner says about a clip or a part of it. `error` is set, and `text` empty, when it failed."""

    text: str
    mode: Mode
    start: float = 0.0
    """Seconds from the start of the video."""
    end: float = 0.0
    steps: tuple[Step, ...] = ()
    times: tuple[float, ...] = ()
    """When the frames that the model saw are shown."""
    data: Any = None
    """The answer as JSON, validated, where a schema was asked for."""
    flags: tuple[str, ...] = ()
    """Faults that the text checks found and that asking again did not cure."""
    notes: tuple[str, ...] = ()
    """What differed from what was asked, for people."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Model, profile, sampling, templates, settings: everything that decided the text."""
    error: RecaptionError | None = field(default=None, repr=False)


T = TypeVar("T")

Work = Generator[tuple[ChatRequest, ...], tuple[ChatReply, ...], T]
"""Work with a model: yields the requests that can be answered together, is sent their replies in order, and returns
what came of it. Whoever drives it may put the requests of many into one batch: that is how videos run side by side."""

Session = Work[ClipCaption]
"""The work on one clip; returns its caption."""


def between(steps: Sequence[Step], start: float | None = None, end: float | None = None) -> tuple[Step, ...]:
    """The steps of which any part lies between two times, in order of time.

    Raises:
        InvalidInput: the range is empty or the wrong way round, or no step lies in it.
    """
    low = float("-inf") if start is None else start
    high = float("inf") if end is None else end
    if not low < high:
        raise InvalidInput(f"The range from {start} to {end} s is empty.", hint="Give a start before the end.")
    ordered = sorted(steps, key=lambda step: (step.end, step.number))
    chosen = tuple(step for step in ordered if step.start < high and (step.end > low or step.start == low))
    if not chosen:
        reach = f"They reach from {ordered[0].start:g} to {ordered[-1].end:g} s." if ordered else "There are none."
        raise InvalidInput(f"No step lies between {low:g} and {high:g} s.", hint=reach)
    return chosen
