"""Reading one file in several places at once, for wanted times that lie in different groups of pictures.

The threads of a decoder work on neighbouring frames and wait for each other, and a seek stops them all. What lies
between two key frames can be decoded by itself: each worker is a pass with its own decoder over a share of the times.
"""

from __future__ import annotations

import bisect
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, Queue

from t2v_recaption.video.reader import Shown

Read = Callable[[Sequence[float], int], Iterator[Shown]]
"""The frames shown at ascending times, one for each, by so many threads."""

_MOST = 8
_PIXELS = 1 << 24
"""Pixels of a picture, over all workers: each decoder holds several pictures (8 workers up to full HD, 2 of 4K)."""
_ROOM = 1 << 26
"""Bytes of pictures that workers may read ahead, all together (64 MiB)."""
_WORTH = 1 << 25
"""Pixels to be decoded in all (16 frames of full HD) that are worth opening the file again for."""


@dataclass(frozen=True)
class Parallel:
    """A plan to read side by side: `groups` of times, dealt out in turn to `count` workers."""

    groups: tuple[tuple[float, ...], ...]
    count: int
    threads: int
    """Of each worker's decoder."""
    room: int
    """Pictures that each worker may read ahead."""


def parallel_for(
    times: Sequence[float], keys: Sequence[float], threads: int, size: tuple[int, int], fps: float
) -> Parallel | None:
    """How to read `times` side by side; None where one pass is as good.

    Args:
        times: wanted times in seconds, ascending.
        keys: when key frames are shown, in seconds, ascending.
        threads: threads in all; 0 for as many as this process may use cores.
        size: width and height of the pictures.
        fps: frames a second, to reckon what is to be decoded.
    """
    cores = threads or _cores()
    pixels = max(1, size[0] * size[1])
    groups = tuple(tuple(group) for _, group in groupby(times, lambda t: bisect.bisect_right(keys, t)))
    if len(groups) < 2 or not keys:
        return None
    count = min(cores, len(groups), _MOST, max(1, _PIXELS // pixels))
    if count < 2 or _work(groups, keys, fps) * pixels < _WORTH:
        return None
    return Parallel(groups, count, cores // count, max(1, _ROOM // (count * pixels * 3)))


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _work(groups: Sequence[Sequence[float]], keys: Sequence[float], fps: float) -> float:
    """Frames between each group's key frame and its last time."""
    first = (keys[max(0, bisect.bisect_right(keys, group[0]) - 1)] for group in groups)
    return sum(group[-1] - key for group, key in zip(groups, first, strict=True)) * (fps or 25) + len(groups)


def side_by_side(plan: Parallel, read: Read) -> Iterator[Shown]:
    """What one pass over all times would give, in the same order.

    Workers are daemon threads: a reader that is left half way must not keep the program from ending.
    """
    stop = threading.Event()
    shares = [[t for group in plan.groups[n :: plan.count] for t in group] for n in range(plan.count)]
    queues: list[Queue[Shown | Exception | None]] = [Queue(plan.room) for _ in shares]
    workers = [
        threading.Thread(target=_fill, args=(*what, read, plan.threads, stop), name=f"t2v-decoder-{n}", daemon=True)
        for n, what in enumerate(zip(queues, shares, strict=True))
    ]
    for worker in workers:
        worker.start()
    try:
        for number, group in enumerate(plan.groups):
            for _ in group:
                found = queues[number % plan.count].get()
                if found is None:
                    return
                if isinstance(found, Exception):
                    raise found
                yield found
    finally:
        stop.set()
        # Makes room for a worker that waits to hand something over; it then sees that it is to stop.
        for queue in queues:
            _empty(queue)
        for worker in workers:
            worker.join()


def _fill(
    queue: Queue[Shown | Exception | None], times: Sequence[float], read: Read, threads: int, stop: threading.Event
) -> None:
    try:
        for shown in read(times, threads):
            queue.put(shown)
            if stop.is_set():
                return
        queue.put(None)
    except Exception as error:  # it belongs to whoever reads
        queue.put(error)


def _empty(queue: Queue[Shown | Exception | None]) -> None:
    try:
        while True:
            queue.get_nowait()
    except Empty:
        return
