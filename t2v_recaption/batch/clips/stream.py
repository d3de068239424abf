"""Stream: what one reading gives, in a buffer of bounded size between its reader and its consumer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from threading import Condition

from t2v_recaption.batch.clips.wire import Message

ROOM = 64 * 2**20
"""Bytes that wait for one clip's consumer before its reader has to wait."""


class Stream:
    """What one reading gives, in order, for one consumer."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._ended = False
        self._error: Exception | None = None
        self._condition = Condition()
        self.closed = False

    def __iter__(self) -> Iterator[Message]:
        """The messages; blocks until there is one.

        Raises:
            ReadingError: the clip cannot be read, or its reader was lost.
        """
        while True:
            with self._condition:
                while not self._waiting and not self._ended:
                    self._condition.wait()
                if not self._waiting:
                    if self._error is not None:
                        raise self._error
                    return
                message = self._waiting.popleft()
                self._bytes -= message.size
                self._condition.notify_all()
            yield message

    @property
    def ready(self) -> bool:
        """Whether the next message is there already."""
        with self._condition:
            return bool(self._waiting) or self._ended

    def put(self, message: Message, blocked: Callable[[bool], None] = lambda _: None) -> bool:
        """Add a message, waiting for room; False when nobody wants it any more."""
        with self._condition:
            if self._waiting and self._bytes + message.size > self._room:
                blocked(True)
                while self._waiting and self._bytes + message.size > self._room and not self.closed:
                    self._condition.wait()
                blocked(False)
            if self.closed:
                return False
            self._waiting.append(message)
            self._bytes += message.size
            self._condition.notify_all()
            return True

    def end(self, error: Exception | None = None) -> None:
        """No more messages will come."""
        with self._condition:
            self._ended, self._error = True, error
            self._condition.notify_all()

    def close(self) -> None:
        """The consumer wants no more."""
        with self._condition:
            self.closed = self._ended = True
            self._waiting.clear()
            self._bytes = 0
            self._condition.notify_all()
