"""Driving sessions: the requests of many clips go to the model in one batch, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar, cast

from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest
from t2v_recaption.captioners.base import Work
from t2v_recaption.errors import InvalidInput

IN_FLIGHT = 8
"""Clips that are worked on side by side; each holds a few frames."""

T = TypeVar("T")


class _Seat(Generic[T]):
    """One session under way: what it asks now, or what came of it."""

    def __init__(self, number: int, session: Work[T]) -> None:
        self.number, self.session = number, session
        self.asked: tuple[ChatRequest, ...] = ()
        self.ended = False
        self.result: T

    def go_on(self, replies: tuple[ChatReply, ...] | None) -> None:
        """Run the session until it asks the next thing, or ends."""
        try:
            # None starts a generator, which its type does not say
            self.asked = self.session.send(cast("tuple[ChatReply, ...]", replies))
            while not self.asked:
                self.asked = self.session.send(())
        except StopIteration as stop:
            self.ended, self.asked, self.result = True, (), stop.value


def drive(sessions: Iterable[Work[T]], backend: Backend, *, in_flight: int = IN_FLIGHT) -> Iterator[tuple[int, T]]:
    """Run sessions side by side; gives each one's number and result as soon as it has ended.

    Sessions are taken from the iterable only when there is room, so it may be endless. What all of them ask next goes
    to the backend in one call, like beside like (by number of pictures and length of text), since a batch takes as long
    as its longest request. Replies depend on the request alone, so results do not depend on what runs beside them.

    Raises:
        BackendError, InvalidInput, MissingDependency: the backend cannot answer at all (`Backend.generate`).
    """
    if in_flight < 1:
        raise InvalidInput(f"in_flight must be at least 1, and is {in_flight}.")
    waiting, seats = enumerate(sessions), list[_Seat[T]]()
    try:
        while True:
            while len(seats) < in_flight and (taken := next(waiting, None)) is not None:
                seat = _Seat(*taken)
                seats.append(seat)
                seat.go_on(None)
                if seat.ended:
                    seats.remove(seat)
                    yield seat.number, seat.result
            if not seats:
                return
            _one_round(seats, backend)
            for seat in [seat for seat in seats if seat.ended]:
                seats.remove(seat)
                yield seat.number, seat.result
    finally:
        for seat in seats:
            seat.session.close()


def run_sessions(
    sessions: Iterable[Work[T]],
    backend: Backend,
    *,
    in_flight: int = IN_FLIGHT,
    on_done: Callable[[int, T], None] | None = None,
) -> list[T]:
    """Run sessions side by side (see `drive`); gives their results in order.

    Args:
        sessions: the work on each clip, from `Captioner.session`.
        backend: the model.
        in_flight: how many are worked on at once.
        on_done: called with a session's number and result as soon as it has ended.
    """
    results: dict[int, T] = {}
    for number, result in drive(sessions, backend, in_flight=in_flight):
        results[number] = result
        if on_done is not None:
            on_done(number, result)
    return [results[number] for number in sorted(results)]


def _one_round(seats: Sequence[_Seat[T]], backend: Backend) -> None:
    """Ask everything that is to be asked now, and let each session go on with its replies."""
    asked = [(seat, place) for seat in seats for place in range(len(seat.asked))]
    asked.sort(key=lambda item: _size(item[0].asked[item[1]]))
    replies = backend.generate([seat.asked[place] for seat, place in asked])
    found = {(seat.number, place): reply for (seat, place), reply in zip(asked, replies, strict=True)}
    for seat in seats:
        seat.go_on(tuple(found[seat.number, place] for place in range(len(seat.asked))))


def _size(request: ChatRequest) -> tuple[int, int]:
    content = [part for message in request.messages for part in message.content]
    text = sum(len(part) for part in content if isinstance(part, str))
    return sum(not isinstance(part, str) for part in content), text
