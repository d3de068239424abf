"""Work that is done before its turn, and kept until then."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
Done = TypeVar("Done")

_PASSED = 64
"""Results taken after one was done until it counts as forgotten: whoever wanted it has given up."""


class Ahead(Generic[Thing, Done]):
    """Results of `work` on things, each taken once.

    Args:
        work: what is done; may run in several threads at once.
        size: bytes of a result.
        most: bytes of results that may wait; beyond them nothing is done ahead.
    """

    def __init__(self, work: Callable[[Thing], Done], size: Callable[[Done], int], most: int) -> None:
        self._work, self._size, self._most = work, size, most
        self._kept: dict[int, tuple[Thing, Done, int, int]] = {}
        self._working: dict[int, Thing] = {}
        self._bytes = self._largest = self._taken = 0
        self._lock = Lock()

    def do(self, thing: Thing) -> None:
        """Work on this now, where there is room; what goes wrong shows when its turn comes."""
        with self._lock:
            if id(thing) in self._kept or id(thing) in self._working or not self._room():
                return
            self._working[id(thing)] = thing
            self._bytes += (expected := self._largest)  # room for it, while it is worked on
        try:
            done = self._work(thing)
            size = self._size(done)
        except Exception:
            with self._lock:
                self._bytes -= expected
                self._working.pop(id(thing), None)
            return
        with self._lock:
            self._bytes -= expected
            self._largest = max(self._largest, size)
            if self._working.pop(id(thing), None) is not None:  # else its turn has come meanwhile
                self._bytes += size
                self._kept[id(thing)] = thing, done, size, self._taken  # holding the thing keeps its id its own

    def take(self, thing: Thing) -> Done:
        """What was done ahead, which is forgotten then; else it is done now. Raises what `work` raises."""
        with self._lock:
            _, done, size, _ = self._kept.pop(id(thing), (None, None, 0, 0))
            self._bytes -= size
            self._taken += 1
            self._working.pop(id(thing), None)
        return self._work(thing) if done is None else done

    def _room(self) -> bool:
        if self._bytes + self._largest > self._most:
            for key in [key for key, (*_, then) in self._kept.items() if self._taken - then > _PASSED]:
                self._bytes -= self._kept.pop(key)[2]
        return self._bytes + self._largest <= self._most
