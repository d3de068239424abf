"""Units: the rows that are to be made, the line in which they wait, and what becomes of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Condition
from typing import Any

from t2v_recaption.batch.clips.sources import Item


@dataclass(frozen=True)
class Unit:
    """One row that is to be made: an item, or a part of one; or an item that is yet to be split."""

    item: Item
    id: str
    start: float
    end: float | None
    split: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a unit. A split one has no row but so many parts."""

    id: str
    row: dict[str, Any] | None
    seconds: float = 0.0
    steps: int = 0
    """Steps that were asked for in this run."""
    parts: int = 0


class Line:
    """Units waiting to be taken, parts of split ones before new ones; ends when nothing more can come."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = iter(units)
        self._parts: deque[Unit] = deque()
        self._working = 0
        self._ended = False
        self._condition = Condition()

    def take(self) -> Unit | None:
        """The next unit; waits while one that is worked on may yet be split; None at the end."""
        with self._condition:
            while True:
                if self._parts:
                    self._working += 1
                    return self._parts.popleft()
                if not self._ended:
                    unit = next(self._units, None)
                    if unit is not None:
                        self._working += 1
                        return unit
                    self._ended = True
                if not self._working:
                    self._condition.notify_all()
                    return None
                self._condition.wait()

    def done(self, more: list[Unit]) -> None:
        """A unit that was taken is done, and became these."""
        with self._condition:
            self._working -= 1
            self._parts.extend(more)
            self._condition.notify_all()

    def stop(self) -> None:
        """Give nothing more."""
        with self._condition:
            self._parts.clear()
            self._ended, self._units = True, iter(())
            self._working = 0
            self._condition.notify_all()


def parts_of(item: Item, parts: list[tuple[float, float]]) -> list[Unit]:
    """The units of a split item; ids end in the part's times, as media fragments are written."""
    return [Unit(item, part_id(item.id, start, end), start, end) for start, end in parts]


def part_id(id: str, start: float, end: float) -> str:
    """`video.mp4#t=2.5,7`."""
    times = (f"{time:.3f}".rstrip("0").rstrip(".") for time in (start, end))
    return f"{id}#t={','.join(times)}"
