"""Sliding captions: the first frame, then each pair of neighbours with what was said before; scenes side by side."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.captioners.asker import Ask, Asker, Said
from t2v_recaption.captioners.base import Step
from t2v_recaption.captioners.checks import Expected
from t2v_recaption.captioners.pictures import smaller
from t2v_recaption.captioners.tokens import clipped
from t2v_recaption.errors import RecaptionError
from t2v_recaption.video.frame import Frame

BUFFER = 16
"""Frames held for each lane at most, so that memory does not grow with a clip's length."""

OnStep = Callable[[Step], None]


@dataclass
class Lane:
    """A run of frames in which each step builds on the one before: a scene, or a window of one."""

    scene: int
    last: Frame | None = None
    """The frame before the next one; None at the beginning of a scene."""
    text: str = ""
    """What was said of it."""
    waiting: deque[tuple[int, Frame]] = field(default_factory=deque)

    def advance(self, text: str) -> None:
        """The next frame is described."""
        _, self.last = self.waiting.popleft()
        self.text = text


class Lanes:
    """Spreads the frames of a clip over lanes, pulling no more of them than are needed now.

    Args:
        frames: in order of time.
        starts: where scenes start, in seconds, in order.
        window: steps after which a lane ends though its scene goes on; 0 never.
        width: lanes that may wait for an answer at once.
        side: frames are made smaller to this.
        known: texts of steps that need not be asked for, by number.
    """

    def __init__(
        self, frames: Iterable[Frame], starts: Sequence[float], window: int, width: int, side: int, known: _Known
    ) -> None:
        self._frames: Iterator[Frame] = iter(frames)
        self._starts, self._window, self._width, self._side, self._known = starts, window, width, side, known
        self._lanes: list[Lane] = []
        self._previous: Frame | None = None
        self._steps = 0
        self.count = 0
        """Frames pulled so far."""
        self.times: list[float] = []

    def ready(self) -> list[Lane]:
        """Lanes whose next frame is to be described; none when the clip has ended."""
        while len(self._waiting()) < self._width and self._room() and self._pull():
            pass
        return self._waiting()[: self._width]

    def settle(self, lane: Lane) -> None:
        """Step over frames whose text is known."""
        while lane.waiting and (text := self._known.text(*lane.waiting[0])) is not None:
            lane.advance(text)

    def _waiting(self) -> list[Lane]:
        self._lanes = [lane for lane in self._lanes if lane.waiting or lane is self._lanes[-1]]
        return [lane for lane in self._lanes if lane.waiting]

    def _room(self) -> bool:
        return sum(len(lane.waiting) for lane in self._lanes) < BUFFER * self._width

    def _pull(self) -> bool:
        frame = next(self._frames, None)
        if frame is None:
            return False
        frame = smaller(frame, self._side)
        lane = self._lane_of(frame)
        lane.waiting.append((self.count, frame))
        self.count, self._steps, self._previous = self.count + 1, self._steps + 1, frame
        self.times.append(frame.time)
        self.settle(lane)
        return True

    def _lane_of(self, frame: Frame) -> Lane:
        scene = max(0, bisect_right(self._starts, frame.time + 1e-6) - 1)
        if not self._lanes or self._lanes[-1].scene != scene:
            self._steps = 0
            self._lanes.append(Lane(scene))
        elif self._window and self._steps >= self._window:
            self._steps = 0
            self._lanes.append(Lane(scene, last=self._previous))
        return self._lanes[-1]


class _Known:
    """Steps from an earlier run, taken only for a frame of the same time."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = {step.number: step for step in steps}
        self.stale: list[int] = []

    def text(self, number: int, frame: Frame) -> str | None:
        step = self.steps.get(number)
        if step is not None and abs(step.end - frame.time) > 1e-3:
            self.stale.append(number)
            del self.steps[number]
            return None
        return None if step is None else step.text


@dataclass(frozen=True)
class Slid:
    """All steps of a clip."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    error: RecaptionError | None = None


def slide(
    asker: Asker,
    frames: Iterable[Frame],
    *,
    starts: Sequence[float] = (),
    width: int = 1,
    known: Iterable[Step] = (),
    on_step: OnStep | None = None,
) -> Generator[tuple[ChatRequest, ...], tuple[ChatReply, ...], Slid]:
    """Describe a clip step by step.

    A step is final, and `on_step` is called with it, as soon as it is answered. With one lane steps come in order of
    time, with several in the order in which they are done. When a question fails, the steps so far are given with its
    error.

    Args:
        asker: asks.
        frames: the clip, in order of time; pulled only as they are needed.
        starts: where its scenes start, in seconds.
        width: scenes and windows that are described side by side.
        known: steps of an earlier run; they are not asked for again.
        on_step: called with each new step.
    """
    memory = _Known(known)
    lanes = Lanes(frames, starts, asker.profile.window, width, asker.profile.side, memory)
    notes: dict[str, None] = {}
    error: RecaptionError | None = None
    while error is None:
        try:
            ready = lanes.ready()
        except RecaptionError as trouble:  # of reading: what is described stays
            error = trouble
            break
        if not ready:
            break
        said = yield from asker.put([_ask(asker, lane, lanes.times[0]) for lane in ready])
        for lane, one in zip(ready, said, strict=True):
            notes.update(dict.fromkeys(one.notes))
            if one.error is not None:
                error = one.error
                continue
            step = _step(lane, one)
            memory.steps[step.number] = step
            lanes.settle(lane)
            if on_step is not None:
                on_step(step)
    if memory.stale:
        notes[f"steps {memory.stale} of an earlier run belong to other frames and were asked for again"] = None
    steps = [step for number, step in sorted(memory.steps.items()) if number < lanes.count]
    return Slid(tuple(steps), tuple(notes), error)


def _ask(asker: Asker, lane: Lane, start: float) -> Ask:
    number, frame = lane.waiting[0]
    anew = not lane.text and "anchor" in asker.profile.questions
    name = "first" if lane.last is None else "anchor" if anew else "pair"
    shown = [frame] if lane.last is None else [lane.last, frame]
    before = clipped(lane.text, asker.profile.before)
    variables: dict[str, Any] = {
        "index": number,
        "scene": lane.scene,
        "before": before,
        "start": shown[0].time,
        "end": frame.time,
    }
    request = asker.request(name, shown, number=number, **variables)
    return Ask(request, Expected(start, frame.time, previous=lane.text, given=before))


def _step(lane: Lane, said: Said) -> Step:
    number, frame = lane.waiting[0]
    start = frame.time if lane.last is None else lane.last.time
    return Step(number, start, frame.time, said.text, lane.scene, said.flags, said.attempts, said.model)
