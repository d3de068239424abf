"""Many sessions on one backend."""

from collections.abc import Iterator

import pytest

from t2v_recaption.backends.base import ChatReply, ChatRequest, Message
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners.base import ClipCaption, Session
from t2v_recaption.captioners.drive import drive, run_sessions
from t2v_recaption.errors import BackendError, InvalidInput


class Batches(ScriptedBackend):
    """Remembers the texts of each batch."""

    def __init__(self, answer) -> None:
        super().__init__(answer)
        self.batches: list[list[str]] = []

    def generate(self, requests):
        self.batches.append([request.messages[0].text for request in requests])
        return super().generate(requests)


def ask(text: str) -> ChatRequest:
    return ChatRequest((Message("user", text),))


def talk(name: str, steps: int) -> Session:
    said = []
    for step in range(steps):
        (reply,) = yield (ask(f"{name}{step}"),)
        said.append(reply.text)
    return ClipCaption(" ".join(said), "sliding")


def test_step_k_of_all_clips_is_one_batch_and_finished_ones_are_replaced_at_once() -> None:
    backend = Batches(lambda request: request.messages[0].text.upper())
    done: list[int] = []
    captions = run_sessions(
        (talk(name, steps) for name, steps in zip("abcd", (3, 1, 2, 1), strict=True)),
        backend,
        in_flight=2,
        on_done=lambda number, caption: done.append(number),
    )
    assert [caption.text for caption in captions] == ["A0 A1 A2", "B0", "C0 C1", "D0"]
    assert [sorted(batch) for batch in backend.batches] == [["a0", "b0"], ["a1", "c0"], ["a2", "c1"], ["d0"]]
    assert done == [1, 0, 2, 3]


def test_requests_of_like_length_lie_side_by_side_and_replies_find_their_way_back() -> None:
    backend = Batches(lambda request: str(len(request.messages[0].text)))

    def several(sizes: list[int]) -> Session:
        replies = yield tuple(ask("x" * size) for size in sizes)
        return ClipCaption(" ".join(reply.text for reply in replies), "fast")

    captions = run_sessions([several([9, 2, 5]), several([4]), several([])], backend)
    assert [caption.text for caption in captions] == ["9 2 5", "4", ""]
    assert [len(text) for text in backend.batches[0]] == [2, 4, 5, 9]


def test_sessions_are_taken_only_when_there_is_room() -> None:
    started: list[int] = []

    def endless() -> Iterator[Session]:
        number = 0
        while True:
            started.append(number)
            yield talk("x", 1)
            number += 1

    running = drive(endless(), ScriptedBackend(lambda request: "yes"), in_flight=3)
    assert next(running)[0] == 0
    assert started == [0, 1, 2]
    running.close()


def test_when_the_backend_gives_up_finished_captions_were_delivered_and_all_sessions_are_closed() -> None:
    closed: list[str] = []

    def watched(name: str, steps: int) -> Session:
        try:
            return (yield from talk(name, steps))
        finally:
            closed.append(name)

    done: list[int] = []
    sessions = [watched("a", 1), watched("b", 5), watched("c", 5)]
    with pytest.raises(BackendError, match="ended"):
        run_sessions(sessions, ScriptedBackend(["1", "2", "3"]), on_done=lambda number, caption: done.append(number))
    assert done == [0]
    assert sorted(closed) == ["a", "b", "c"]


def test_a_failed_request_is_the_affair_of_its_session() -> None:
    def wants(name: str) -> Session:
        (reply,) = yield (ask(name),)
        assert isinstance(reply, ChatReply)
        return ClipCaption(reply.text, "fast", error=reply.error)

    captions = run_sessions([wants("a"), wants("b"), wants("c")], ScriptedBackend(lambda r: "ok", fail_at=[1]))
    assert [caption.error is None for caption in captions] == [True, False, True]


def test_in_flight_must_be_positive() -> None:
    with pytest.raises(InvalidInput, match="at least 1"):
        run_sessions([], ScriptedBackend([]), in_flight=0)
