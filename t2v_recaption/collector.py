"""Fewer garbage collections while many prompts are enhanced: nothing is thrown away that only the collector finds."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = 100_000
"""New objects between two collections. A prompt makes some thousand that live shortly, beside the knowledge, which
lives on and is looked through each time: with Python's own threshold a sixth of the time goes there."""

_lock = threading.Lock()
_inside = 0
_before = (0, 0, 0)


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Collect rarely within; the threshold is what it was once nobody is inside any more."""
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = gc.get_threshold()
            if 0 < _before[0] < RARELY:
                gc.set_threshold(RARELY, *_before[1:])
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                gc.set_threshold(*_before)
