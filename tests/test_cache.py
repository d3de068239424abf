"""The reply cache: same question, same model → asked once; anything different → asked again."""

import logging
from dataclasses import replace

import pytest

from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest, Message
from t2v_recaption.cache import CachedBackend, ReplyStore, request_key
from t2v_recaption.errors import BackendError

REQUEST = ChatRequest((Message("system", "Be brief."), Message("user", "a cat")), seed=1)


class Counting(Backend):
    """Answers with a running number and remembers what it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[ChatRequest] = []
        self.finish_reason = "stop"
        self.error: BackendError | None = None

    def generate(self, requests):
        self.asked += requests
        first = len(self.asked) - len(requests)
        return [
            ChatReply(f"answer {first + i}", "m", self.finish_reason, error=self.error) for i, _ in enumerate(requests)
        ]


@pytest.fixture
def store(tmp_path):
    store = ReplyStore(tmp_path / "deep" / "replies.sqlite")
    yield store
    store.close()


def test_the_same_question_is_asked_once_and_order_is_kept(store) -> None:
    inner = Counting()
    backend = CachedBackend(inner, store)
    other = replace(REQUEST, seed=2)
    assert [r.text for r in backend.generate([REQUEST])] == ["answer 0"]
    assert [r.text for r in backend.generate([other, REQUEST])] == ["answer 1", "answer 0"]
    assert inner.asked == [REQUEST, other]


def test_another_process_sees_it(store, tmp_path) -> None:
    CachedBackend(Counting(), store).generate([REQUEST])
    again = ReplyStore(tmp_path / "deep" / "replies.sqlite")
    inner = Counting()
    assert CachedBackend(inner, again).generate([REQUEST])[0].text == "answer 0"
    assert inner.asked == []
    again.close()


@pytest.mark.parametrize(("finish_reason", "error"), [("length", None), ("stop", BackendError("down"))])
def test_cut_off_and_failed_replies_are_not_kept(store, finish_reason, error) -> None:
    inner = Counting()
    inner.finish_reason, inner.error = finish_reason, error
    backend = CachedBackend(inner, store)
    backend.generate([REQUEST])
    backend.generate([REQUEST])
    assert len(inner.asked) == 2


def test_probabilities_are_kept_however_short_the_text_is(store) -> None:
    class Judging(Counting):
        def generate(self, requests):
            return [replace(r, probabilities={"Yes": 0.5}) for r in super().generate(requests)]

    inner = Judging()
    inner.finish_reason = "length"
    backend = CachedBackend(inner, store)
    replies = [backend.generate([replace(REQUEST, choices=("Yes",))])[0] for _ in range(2)]
    assert [reply.probabilities for reply in replies] == [{"Yes": 0.5}] * 2
    assert len(inner.asked) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"temperature": 0.1},
        {"max_tokens": 7},
        {"stop": ("x",)},
        {"schema": {"type": "object"}},
        {"messages": (Message("user", "a cat"),)},
        {"messages": (Message("system", "Be brief."), Message("user", "a cat", (b"png",)))},
    ],
)
def test_everything_that_decides_an_answer_is_in_its_key(change) -> None:
    assert request_key({}, replace(REQUEST, **change)) != request_key({}, REQUEST)


def test_the_model_and_the_image_bytes_are_in_the_key(tmp_path) -> None:
    assert request_key({"model": "a"}, REQUEST) != request_key({"model": "b"}, REQUEST)
    picture = tmp_path / "frame.png"
    picture.write_bytes(b"one")
    request = replace(REQUEST, messages=(Message("user", "go", (picture,)),))
    before = request_key({}, request)
    picture.write_bytes(b"two")
    assert request_key({}, request) != before


def test_a_broken_file_is_a_warning_and_no_failure(tmp_path, caplog) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_bytes(b"this is no database" * 100)
    inner = Counting()
    with caplog.at_level(logging.WARNING):
        backend = CachedBackend(inner, ReplyStore(path))
        assert backend.generate([REQUEST])[0].text == "answer 0"
    assert "cannot be used" in caplog.text
    backend.close()


def test_clear_forgets(store) -> None:
    inner = Counting()
    backend = CachedBackend(inner, store)
    backend.generate([REQUEST])
    store.clear()
    backend.generate([REQUEST])
    assert len(inner.asked) == 2
