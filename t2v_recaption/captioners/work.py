"""The work on one clip in each mode, as a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from t2v_recaption.captioners.asker import Asker, Said
from t2v_recaption.captioners.base import ClipCaption, Mode, Session, Step
from t2v_recaption.captioners.fast import glance
from t2v_recaption.captioners.sliding import OnStep, slide
from t2v_recaption.captioners.summary import summarise
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.video.frame import Frame


@dataclass(frozen=True)
class Task:
    """One clip to be described."""

    mode: Mode
    span: tuple[float, float] | None = None
    """Its start and end in seconds; None where that is not known before it is read."""
    starts: tuple[float, ...] = ()
    """Where its scenes start."""
    known: tuple[Step, ...] = ()
    windows: int = 1
    query: str = ""
    notes: tuple[str, ...] = ()
    provenance: dict[str, Any] | None = None


def work(asker: Asker, frames: Iterable[Frame], task: Task, on_step: OnStep | None = None) -> Session:
    """Describe a clip; an error of the clip, the model or the settings becomes its caption's `error`.

    Args:
        asker: asks.
        frames: pulled as they are needed; not used for a summary.
        task: what is wanted.
        on_step: called with each new step as soon as it is final.
    """
    try:
        if task.mode == "fast":
            return (yield from _fast(asker, frames, task))
        if task.mode == "sliding":
            return (yield from _sliding(asker, frames, task, on_step))
        if task.mode == "summary":
            return (yield from _summary(asker, task.known, task, ()))
        raise InvalidInput(f"A vision model has no mode {task.mode!r}.", hint="Use fast, sliding or summary.")
    except RecaptionError as error:
        reach = task.span or (0.0, 0.0)
        return ClipCaption(
            "", task.mode, *reach, task.known, notes=task.notes, provenance=task.provenance or {}, error=error
        )


def checked(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames; reading troubles of any kind become errors of the clip, and so does a clip without frames.

    Raises:
        InvalidInput: there is no frame, or reading failed.
    """
    count = 0
    reading = iter(frames)
    while True:
        try:
            frame = next(reading)
        except StopIteration:
            break
        except RecaptionError:
            raise
        except Exception as error:  # a decoder may raise anything
            raise InvalidInput(f"Reading the clip failed after {count} frames: {error!r}.") from error
        yield frame
        count += 1
    if not count:
        raise InvalidInput("The clip has no frame to show.", hint="Is it a video, and is the range inside it?")


def _fast(asker: Asker, frames: Iterable[Frame], task: Task) -> Session:
    look = yield from glance(asker, checked(frames), task.span, query=task.query)
    reach = task.span or (look.times[0], look.times[-1])
    return _caption(asker, task, reach, look.said, look.notes, times=look.times)


def _sliding(asker: Asker, frames: Iterable[Frame], task: Task, on_step: OnStep | None) -> Session:
    slid = yield from slide(
        asker, checked(frames), starts=task.starts, width=task.windows, known=task.known, on_step=on_step
    )
    if slid.error is None:
        return (yield from _summary(asker, slid.steps, task, slid.notes))
    reach = task.span or _reach(slid.steps)
    return _caption(asker, task, reach, Said("", error=slid.error), slid.notes, steps=slid.steps)


def _summary(asker: Asker, steps: Sequence[Step], task: Task, notes: Sequence[str]) -> Session:
    reach = task.span or _reach(steps)
    if not any(step.text for step in steps):
        nothing = InvalidInput("There is nothing to summarise.", hint="No description of the clip has any text.")
        return _caption(asker, task, reach, Said("", error=nothing), notes, steps=tuple(steps))
    single = task.mode == "sliding" and len(steps) == 1 and asker.profile.guided and asker.guidance.schema is None
    if single:
        (only,) = steps
        said = Said(only.text, only.flags, only.attempts, only.model)
    else:
        said = yield from summarise(asker, steps, reach)
    return _caption(asker, task, reach, said, notes, steps=tuple(steps))


def _reach(steps: Sequence[Step]) -> tuple[float, float]:
    return (steps[0].start, steps[-1].end) if steps else (0.0, 0.0)


def _caption(
    asker: Asker,
    task: Task,
    reach: tuple[float, float],
    said: Said,
    notes: Iterable[str],
    *,
    steps: tuple[Step, ...] = (),
    times: tuple[float, ...] | None = None,
) -> ClipCaption:
    models = sorted({name for name in (said.model, *(step.model for step in steps)) if name})
    made = ClipCaption(said.text, task.mode, *reach, steps, data=said.data, flags=said.flags, error=said.error)
    return replace(
        made,
        times=tuple(step.end for step in steps) if times is None else times,
        notes=tuple(dict.fromkeys((*task.notes, *asker.notes, *notes, *said.notes))),
        provenance={**(task.provenance or {}), "models": models, "attempts": said.attempts},
    )
