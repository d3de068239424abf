"""Crew: tasks side by side, each in a place of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Crew(Generic[Result]):
    """Does up to `size` tasks at once; with one, each is done at once and in the caller's own thread.

    Threads do not keep the program from ending: a task that cannot be stopped is left behind.
    """

    def __init__(self, size: int) -> None:
        self.busy = 0
        """Tasks under way, and results that were not taken."""
        self._size = size
        self._free = list(range(size - 1, -1, -1))
        self._ended: SimpleQueue[tuple[int, list[Result], BaseException | None]] = SimpleQueue()

    @property
    def full(self) -> bool:
        """Whether a result must be taken before another task can start."""
        return self.busy >= self._size

    def start(self, task: Callable[[int], Result]) -> None:
        """Begin a task; it is told its place, from 0, that no other task has at the same time."""
        place = self._free.pop()
        self.busy += 1
        if self._size == 1:
            self._do(task, place)
        else:
            threading.Thread(target=self._do, args=(task, place), daemon=True, name=f"t2v-crew-{place}").start()

    def take(self) -> Result:
        """The next result, in the order in which tasks end; raises what its task raised."""
        place, results, error = self._ended.get()
        self._free.append(place)
        self.busy -= 1
        if error is not None:
            raise error
        return results[0]

    def _do(self, task: Callable[[int], Result], place: int) -> None:
        try:
            self._ended.put((place, [task(place)], None))
        except BaseException as error:
            self._ended.put((place, [], error))
