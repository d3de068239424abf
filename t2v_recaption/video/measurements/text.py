"""Text on screen, read by RapidOCR: what it says, where, and from when to when it can be read.

A few frames over the clip are read; the moment at which a line appears is then found by halving the time between the
last frame without it and the first one with it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from t2v_recaption.errors import MissingDependency
from t2v_recaption.video.clip import Clip
from t2v_recaption.video.measurements.model import Box, Finding, ScreenText, TextLine

LONGEST_SIDE = 1280
"""Larger frames are read at this size."""
SHORTEST_SIDE = 480
"""Smaller ones are enlarged to this size when lines are looked for."""
EVERY = 1.0
"""Seconds between frames that are read at first."""
MOST_FRAMES, MOST_SEARCHED = 9, 14
"""Frames read at first, and when looking for the moments at which lines appear."""
EXACT = 0.1
"""Seconds to which that moment is found."""
SURE, SURE_SINGLE = 0.8, 0.95
"""Least confidence of a line, and of one with a single letter or digit: below, patterns pass for text."""
ALIKE, NEAR = 0.9, 0.7
"""How much two readings of a long line must agree to be one line; and a line and a wanted text to be near."""
LONG_LINE = 12
"""Characters from where readings may differ by a slip."""


@dataclass(frozen=True)
class Reading:
    """A line read in one frame."""

    time: float
    text: str
    confidence: float
    box: Box

    @property
    def key(self) -> str:
        """Letters and digits only, in lower case."""
        return plain(self.text)


def plain(text: str) -> str:
    """Letters and digits only, in lower case: what is compared."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def read(clip: Clip, times: Sequence[float], expected: Sequence[str] = ()) -> ScreenText:
    """The text on screen.

    Args:
        clip: the clip.
        times: when each of its frames is shown, seconds, ascending.
        expected: texts whose first appearance is looked for; all that are found when empty.

    Raises:
        MissingDependency: the packages that read text are not installed.
    """
    reader = Reader(clip, times)
    reader.look(first_times(times))
    wanted = [plain(text) for text in expected if plain(text)]
    for key in whole(reader):
        if not wanted or any(text in key or key in text for text in wanted):
            reader.search(key)
    lines = sorted((reader.line(key) for key in whole(reader)), key=lambda line: (line.start, line.box[1], line.text))
    return ScreenText(True, tuple(lines), tuple(round(time, 4) for time in sorted(reader.read)))


def whole(reader: Reader) -> list[str]:
    """The lines without those that are only a part of another in the same place: a line that is partly hidden."""
    keys = reader.different()
    return [
        key
        for key in keys
        if not any(
            key != other and key in other and overlap(reader.best(key).box, reader.best(other).box) > 0.5
            for other in keys
        )
    ]


def overlap(one: Box, other: Box) -> float:
    """Share of the smaller box that the larger one covers."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return max(0.0, width) * max(0.0, height) / smaller if smaller > 0 else 0.0


def first_times(times: Sequence[float]) -> list[float]:
    """The frames to begin with: the first, the last, and evenly between."""
    count = int(np.clip(np.ceil((times[-1] - times[0]) / EVERY) + 1, 1, MOST_FRAMES))
    return sorted({times[int(index)] for index in np.linspace(0, len(times) - 1, count).round()})


class Reader:
    """Reads frames of one clip and remembers what each said."""

    def __init__(self, clip: Clip, times: Sequence[float]) -> None:
        self._clip, self._times = clip, list(times)
        self._engine = engine()
        self._searched = 0
        self.read: dict[float, list[Reading]] = {}

    def look(self, times: Sequence[float]) -> None:
        """Read the frames shown at these times."""
        new = [time for time in times if time not in self.read]
        for time, frame in zip(new, self._clip.frames(new, longest_side=LONGEST_SIDE), strict=True):
            self.read[time] = lines_in(self._engine, frame.pixels, time)

    def different(self) -> list[str]:
        """The different lines that were read, the surest first; slips of the reader do not make a line different."""
        found: list[str] = []
        for reading in sorted(self._all(), key=lambda reading: (-reading.confidence, reading.time)):
            if not any(same(reading.key, key) for key in found):
                found.append(reading.key)
        return found

    def best(self, key: str) -> Reading:
        """The surest reading of a line."""
        return max(
            (reading for reading in self._all() if same(reading.key, key)), key=lambda reading: reading.confidence
        )

    def when(self, key: str) -> list[float]:
        """The times at which a line was read."""
        return sorted({reading.time for reading in self._all() if same(reading.key, key)})

    def line(self, key: str) -> TextLine:
        """All that is known about a line."""
        best, when = self.best(key), self.when(key)
        return TextLine(
            best.text, round(when[0], 4), round(when[-1], 4), round(best.confidence, 3), best.box, round(best.time, 4)
        )

    def search(self, key: str) -> None:
        """Halve the time in which a line appears, until it is known to `EXACT`."""
        while self._searched < MOST_SEARCHED:
            first = self.when(key)[0]
            without = [time for time in self.read if time < first]
            if not without or first - max(without) <= EXACT:
                return
            between = [time for time in self._times if max(without) < time < first]
            if not between:
                return
            self._searched += 1
            self.look([between[len(between) // 2]])

    def _all(self) -> list[Reading]:
        return [reading for readings in self.read.values() for reading in readings]


def same(one: str, other: str) -> bool:
    """Whether two readings are of one line."""
    if one == other:
        return True
    if min(len(one), len(other)) < LONG_LINE:
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE


def lines_in(reader: Any, pixels: NDArray[np.uint8], time: float) -> list[Reading]:
    """The lines of one RGB frame."""
    result = reader(np.ascontiguousarray(pixels[..., ::-1]))
    if result.txts is None:
        return []
    height, width = pixels.shape[:2]
    found = []
    for text, confidence, corners in zip(result.txts, result.scores, result.boxes, strict=True):
        letters = len(plain(text))
        if letters and confidence >= (SURE if letters > 1 else SURE_SINGLE):
            box = box_of(np.asarray(corners, np.float64), width, height)
            found.append(Reading(time, re.sub(r"\s+", " ", text).strip(), float(confidence), box))
    return found


def box_of(corners: NDArray[np.float64], width: int, height: int) -> Box:
    """The upright box around four corners, as shares of the picture."""
    x, y = np.clip(corners[:, 0] / width, 0, 1), np.clip(corners[:, 1] / height, 0, 1)
    left, top, right, bottom = (round(float(value), 4) for value in (x.min(), y.min(), x.max(), y.max()))
    return left, top, right, bottom


@lru_cache(maxsize=1)
def engine() -> Any:
    """The reader, loaded once. Raises MissingDependency when its packages are not installed."""
    try:
        import onnxruntime  # type: ignore[import-untyped]  # noqa: F401
        from rapidocr import RapidOCR
    except ImportError as exc:
        raise MissingDependency("Reading text on screen", "rapidocr", "ocr") from exc
    threads = min(2, os.cpu_count() or 1)
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,
            "Det.limit_side_len": SHORTEST_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def find_text(text: ScreenText, words: str) -> tuple[Finding[bool], TextLine | None]:
    """Whether these words can be read on screen at any time, and the line that shows them (or comes nearest).

    Case, spaces and punctuation do not count. Words may be spread over lines that are visible at the same time. Nearly
    the same words are undetermined: it may be the reader that errs.
    """
    wanted = plain(words)
    if not text.looked or not wanted:
        reason = text.reason or ("there are no letters to look for" if not wanted else "text was not looked for")
        return Finding(reason=reason), None
    holding = [line for line in text.lines if wanted in plain(line.text)]
    if holding:
        line = max(holding, key=lambda line: line.confidence)
        return Finding(True, line.confidence), line
    for time in {line.time for line in text.lines} | {line.start for line in text.lines}:
        visible = [line for line in text.lines if line.start <= time <= line.end]
        together = "".join(plain(line.text) for line in sorted(visible, key=lambda line: (line.box[1], line.box[0])))
        if wanted in together:
            return Finding(True, min(line.confidence for line in visible)), visible[0]
    nearest = max(text.lines, key=lambda line: closeness(wanted, plain(line.text)), default=None)
    if nearest is not None and closeness(wanted, plain(nearest.text)) >= NEAR:
        return Finding(reason=f"the nearest text on screen is {nearest.text!r}"), nearest
    return Finding(False, 0.7 if len(text.times) > 1 else 0.5), None


def closeness(wanted: str, read_text: str) -> float:
    """0 to 1: how much of what is wanted is in what was read."""
    return SequenceMatcher(None, wanted, read_text, autojunk=False).ratio()
