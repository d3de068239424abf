"""Limits: how much of everything one server takes on."""

from __future__ import annotations

from dataclasses import dataclass

from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record


@dataclass(frozen=True)
class Limits(Record):
    """Bounds of memory, work and waiting. What is beyond them is refused with a JSON error, never queued without end.

    Raises:
        InvalidInput: one of them is not positive, or one request could never be accepted.
    """

    queue: int = 1024
    """Prompts that wait or are being enhanced; beyond that the answer is 429."""
    batch: int = 256
    """Prompts in one request."""
    workers: int = 1
    """Groups of prompts under way at once. One is best for the composer and for a model in this process, which take
    whole groups; more let a slow answer of a model server hold up fewer others."""
    body: int = 8 * 2**20
    """Bytes of a request's body: two frames as JPEG or PNG fit."""
    head: int = 16 * 2**10
    """Bytes of a request's line and headers."""
    connections: int = 512
    read_seconds: float = 15.0
    """A request must have arrived by then, however slowly it drips."""
    work_seconds: float = 300.0
    """A request must be answered by then."""
    write_seconds: float = 15.0
    """An answer must have been taken by then."""
    idle_seconds: float = 60.0
    """A connection without a request is kept for that long."""
    grace_seconds: float = 30.0
    """How long stopping waits for what is under way."""

    def __post_init__(self) -> None:
        for name, value in self.to_dict().items():
            if not value > 0:
                raise InvalidInput(f"The limit {name} must be positive, and is {value}.")
        if self.batch > self.queue:
            raise InvalidInput(
                f"A batch of {self.batch} prompts never fits a queue of {self.queue}.", hint="Make the queue longer."
            )
