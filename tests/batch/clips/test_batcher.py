"""Batches: what sessions ask together goes off together, servers get single requests, a failure reaches who asked."""

import threading
import time

import pytest

from t2v_recaption import BackendError, InvalidInput
from t2v_recaption.backends.base import ChatRequest, Message
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.batch.clips.batcher import Batcher, calls_at_once


def request(text: str) -> ChatRequest:
    return ChatRequest((Message("user", text),))


class Counting(ScriptedBackend):
    def __init__(self, **options) -> None:
        super().__init__(lambda asked: asked.messages[0].text.upper(), **options)
        self.sizes: list[int] = []
        self.at_once = self.most = 0
        self.guard = threading.Lock()

    def generate(self, requests):
        with self.guard:
            self.sizes.append(len(requests))
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(0.02)
        replies = super().generate(requests)
        with self.guard:
            self.at_once -= 1
        return replies


def talk(batcher: Batcher, names, rounds: int, width: int = 1) -> dict[str, list[str]]:
    """Sessions that ask `rounds` times each, side by side."""
    heard: dict[str, list[str]] = {}

    def session(name: str) -> None:
        with batcher.working():
            for number in range(rounds):
                replies = batcher.ask([request(f"{name} {number} {place}") for place in range(width)])
                heard.setdefault(name, []).extend(reply.text for reply in replies)

    threads = [threading.Thread(target=session, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return heard


def test_sessions_are_answered_in_batches_and_each_gets_its_own() -> None:
    backend = Counting()
    batcher = Batcher(backend, size=8)
    heard = talk(batcher, "abcdefgh", 5, width=2)
    batcher.close()
    assert heard == {name: [f"{name.upper()} {n} {p}" for n in range(5) for p in range(2)] for name in "abcdefgh"}
    assert sum(backend.sizes) == 80
    assert max(backend.sizes) <= 8
    assert len(backend.sizes) < 40


def test_a_question_larger_than_a_batch_goes_off_by_itself() -> None:
    backend = Counting()
    batcher = Batcher(backend, size=2)
    assert len(talk(batcher, "a", 1, width=5)["a"]) == 5
    assert backend.sizes == [5]
    batcher.close()


def test_a_server_gets_single_requests_and_no_more_at_once_than_it_takes() -> None:
    backend = Counting()
    backend.concurrency = 3
    batcher = Batcher(backend, size=3, calls=calls_at_once(backend))
    heard = talk(batcher, "abcd", 3, width=2)
    batcher.close()
    assert all(len(texts) == 6 for texts in heard.values())
    assert set(backend.sizes) == {1}
    assert backend.most == 3


def test_no_batch_waits_for_a_session_that_waits_for_frames() -> None:
    backend = Counting()
    batcher = Batcher(backend, size=8)
    release = threading.Event()

    def slow() -> None:
        with batcher.working(), batcher.idle():
            release.wait(30)

    waiting = threading.Thread(target=slow)
    waiting.start()
    assert talk(batcher, "a", 2)["a"] == ["A 0 0", "A 1 0"]
    release.set()
    waiting.join()
    batcher.close()


@pytest.mark.parametrize("error", [InvalidInput("no weights"), BackendError("no memory")])
def test_a_backend_that_cannot_answer_tells_everybody_who_asked(error) -> None:
    class Broken(ScriptedBackend):
        def generate(self, requests):
            raise error

    batcher = Batcher(Broken([]), size=4)
    caught = []

    def session() -> None:
        try:
            batcher.ask([request("x")])
        except (InvalidInput, BackendError) as told:
            caught.append(told)

    threads = [threading.Thread(target=session) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert caught == [error] * 3
    assert not batcher.answered
    batcher.close()


@pytest.mark.parametrize("given", [None, [], [1, 2]])
def test_a_backend_that_gives_no_reply_to_each_request_is_an_error(given) -> None:
    class Odd(ScriptedBackend):
        def generate(self, requests):
            return given

    batcher = Batcher(Odd([]), size=4)
    for _ in range(2):
        with pytest.raises((BackendError, TypeError)):
            batcher.ask([request("x")])
    batcher.close()


def test_closing_lets_nobody_wait_for_ever() -> None:
    class Stuck(ScriptedBackend):
        def generate(self, requests):
            time.sleep(60)

    batcher = Batcher(Stuck([]), size=1)
    caught = []

    def session() -> None:
        try:
            batcher.ask([request("x")])
        except BackendError as told:
            caught.append(told)

    thread = threading.Thread(target=session)
    thread.start()
    time.sleep(0.1)
    batcher.close()
    thread.join(10)
    assert len(caught) == 1


@pytest.mark.parametrize(("calls", "prepared"), [(1, 4), (2, 0)])
def test_requests_are_prepared_while_they_wait_for_a_model_in_this_process(calls: int, prepared: int) -> None:
    backend, seen = Counting(), []
    backend.prepare = seen.append
    batcher = Batcher(backend, size=4, calls=calls)
    talk(batcher, "ab", 2)
    batcher.close()
    assert len(seen) == prepared
