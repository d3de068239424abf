"""Which frames of a clip to look at: evenly many, every few seconds, so many of each scene, or key frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.records import Record
from t2v_recaption.video.clip import Clip
from t2v_recaption.video.frame import Frame
from t2v_recaption.video.keyframes import key_frames
from t2v_recaption.video.scenes import scenes


@dataclass(frozen=True)
class Uniform(Record):
    """`count` frames: the clip in as many equal segments, the frame in the middle of each."""

    count: int

    def __post_init__(self) -> None:
        _check_count(self.count)

    def __str__(self) -> str:
        return f"uniform:{self.count}"

    def times(self, start: float, end: float) -> list[float]:
        """When frames are wanted in a clip that runs from `start` to `end`."""
        return middles(start, end, self.count)


@dataclass(frozen=True)
class Every(Record):
    """A frame every so many seconds, from the start of the clip on."""

    seconds: float

    def __post_init__(self) -> None:
        _check_seconds(self.seconds)

    def __str__(self) -> str:
        return f"every:{self.seconds:g}"

    def times(self, start: float, end: float) -> list[float]:
        """When frames are wanted in a clip that runs from `start` to `end`."""
        return [start + n * self.seconds for n in range(max(1, math.ceil((end - start) / self.seconds - 1e-6)))]


@dataclass(frozen=True)
class PerScene(Record):
    """`count` frames of each scene, in the middles of as many equal segments of it. Reads the clip twice."""

    count: int = 1

    def __post_init__(self) -> None:
        _check_count(self.count)

    def __str__(self) -> str:
        return f"scene:{self.count}"


@dataclass(frozen=True)
class KeyFrames(Record):
    """Key frames as ShareGPT4Video chooses them: see `keyframes.key_frames`."""

    every: float = 2.0
    """Seconds between the frames that are looked at."""
    threshold: float = 0.93
    """A frame is kept when it is less similar than this to the last one kept."""
    feature: str = "thumbnail"
    """What similarity is of: `thumbnail`, or the name or folder of a CLIP or SigLIP model for transformers."""

    def __post_init__(self) -> None:
        _check_seconds(self.every)
        if not -1 <= self.threshold <= 1:
            raise InvalidInput(f"A similarity of {self.threshold} is not between -1 and 1.")

    def __str__(self) -> str:
        rest = "" if self.feature == "thumbnail" else f":{self.feature}"
        return f"keyframes:{self.every:g}:{self.threshold:g}{rest}"


Sampling = Uniform | Every | PerScene | KeyFrames


def sample(clip: Clip, sampling: Sampling, *, longest_side: int | None = None) -> Iterator[Frame]:
    """The frames that `sampling` chooses, in order, each once, numbered from 0; nothing but the current one is kept.

    A clip with fewer frames than asked for gives all that it has.
    """
    if isinstance(sampling, KeyFrames):
        yield from key_frames(
            clip,
            every=sampling.every,
            threshold=sampling.threshold,
            feature=sampling.feature,
            longest_side=longest_side,
        )
        return
    if isinstance(sampling, PerScene):
        found = [t for scene in scenes(clip) for t in middles(scene.start, scene.end, sampling.count)]
        frames = clip.frames(found, longest_side=longest_side)
    else:
        frames = clip.planned(lambda _: sampling.times(*clip.span), longest_side=longest_side)
    yield from each_once(frames)


def each_once(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Frames without those that come again, numbered from 0."""
    last, number = -math.inf, 0
    for frame in frames:
        if frame.time > last:
            yield replace(frame, number=number)
            last, number = frame.time, number + 1


def middles(start: float, end: float, count: int) -> list[float]:
    """The middles of `count` equal segments of a stretch of time."""
    return [start + (n + 0.5) * (end - start) / count for n in range(count)]


def parse_sampling(text: str) -> Sampling:
    """A sampling from its text form: `uniform:16`, `every:2`, `scene:3`, `keyframes`, `keyframes:2:0.93:thumbnail`.

    `str(sampling)` gives that form. Raises InvalidInput or UnknownName.
    """
    name, *values = text.strip().split(":", 3)
    if name not in _FORMS:
        raise UnknownName("sampling", name, _FORMS)
    try:
        return _FORMS[name](values)
    except (ValueError, IndexError) as error:
        raise InvalidInput(f"{text!r} is not a sampling.", hint=f"Examples: {', '.join(_EXAMPLES)}.") from error


def _key_frames_from(values: Sequence[str]) -> KeyFrames:
    given = dict(zip(("every", "threshold", "feature"), values, strict=False))
    every, threshold = float(given.get("every") or 2.0), float(given.get("threshold") or 0.93)
    return KeyFrames(every, threshold, given.get("feature") or "thumbnail")


def _one(values: Sequence[str], default: str | None = None) -> str:
    if len(values) > 1 or (not values and default is None):
        raise ValueError(values)
    return values[0] if values else str(default)


_FORMS: dict[str, Callable[[Sequence[str]], Sampling]] = {
    "uniform": lambda values: Uniform(int(_one(values))),
    "every": lambda values: Every(float(_one(values))),
    "scene": lambda values: PerScene(int(_one(values, "1"))),
    "keyframes": _key_frames_from,
}
_EXAMPLES = ("uniform:16", "every:2", "scene:3", "keyframes", "keyframes:2:0.9")


def _check_count(count: int) -> None:
    if count < 1:
        raise InvalidInput(f"{count} frames cannot be sampled.", hint="Ask for 1 or more.")


def _check_seconds(seconds: float) -> None:
    if not 0 < seconds < math.inf:
        raise InvalidInput(f"Frames cannot be {seconds} s apart.")
