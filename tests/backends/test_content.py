"""Messages that mix text, images and video, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption.backends.base import ChatRequest, Footage, Message
from t2v_recaption.backends.content import footage_note, has_visuals, pieces
from t2v_recaption.backends.openai import OpenAIBackend
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.backends.transformers import TransformersBackend
from t2v_recaption.cache import request_key
from tests.tiny_models import FAMILIES

Image = pytest.importorskip("PIL.Image")
np = pytest.importorskip("numpy")


def red() -> Any:
    return np.full((60, 90, 3), [255, 0, 0], dtype=np.uint8)


def blue() -> Any:
    return Image.new("RGB", (90, 60), "blue")


def request(*parts: Any, text: str = "Describe it.", **options: Any) -> ChatRequest:
    return ChatRequest((Message("user", text, parts=parts),), **{"temperature": 0.0, "max_tokens": 8, **options})


def test_texts_in_a_row_are_one() -> None:
    image = object()
    message = Message("user", "end", images=(image,), parts=("a", "b", image, "c", "d"))
    assert pieces(message, video=True) == [image, "ab", image, "cdend"]


def test_video_stays_whole_or_becomes_timed_images() -> None:
    footage = Footage(("one", b"two"), (0.0, 2.5))
    message = Message("user", "What?", parts=("Look: ", footage))
    assert pieces(message, video=True) == ["Look: ", footage, "What?"]
    shown = pieces(message, video=False)
    assert shown == ["Look: Frame at 0.00 s: ", Path("one"), "\nFrame at 2.50 s: ", b"two", "\nWhat?"]


def test_an_image_named_by_a_string_is_no_text() -> None:
    assert pieces(Message("user", "text", images=("frame.png",)), video=True) == [Path("frame.png"), "text"]


def test_what_is_seen() -> None:
    assert not has_visuals(request("only", "text"))
    assert has_visuals(request(b"png"))
    assert has_visuals(request(Footage((b"png",), (0.0,))))
    assert footage_note(request("x")) == ()
    assert "2 frames" in footage_note(request(Footage((b"a", b"b"), (0.0, 1.0))))[0]


def test_everything_in_a_message_is_in_its_key() -> None:
    base = request("a", red(), "b")
    others = [
        request("a", red(), "c"),
        request("a", blue(), "b"),
        request(red(), "a", "b"),
        request("a", Footage((red(),), (0.0,)), "b"),
        request("a", Footage((red(),), (1.0,)), "b"),
        request("a", red(), "b", beams=2),
        request("a", red(), "b", choices=("Yes", "No")),
    ]
    keys = [request_key({}, each) for each in [base, *others]]
    assert len(set(keys)) == len(keys)
    assert request_key({}, request("a", red(), "b")) == keys[0]


def test_a_server_gets_parts_in_order(server: Any) -> None:
    footage = Footage((red(), blue()), (0.0, 1.5))
    with OpenAIBackend("tiny", base_url=server.url) as backend:
        assert backend.generate([request("First: ", red(), " then: ", footage)])[0].error is None
        assert backend.generate([request("only ", "text. ")])[0].error is None
    kinds = [[part["type"], part.get("text", "")] for part in server.seen[0]["messages"][0]["content"]]
    assert kinds == [
        ["text", "First: "],
        ["image_url", ""],
        ["text", " then: Frame at 0.00 s: "],
        ["image_url", ""],
        ["text", "\nFrame at 1.50 s: "],
        ["image_url", ""],
        ["text", "\nDescribe it."],
    ]
    assert server.seen[1]["messages"][0]["content"] == "only text. Describe it."


@pytest.mark.parametrize("family", FAMILIES)
def test_the_order_of_parts_counts(family: str, tmp_path: Any, ask: Callable[..., Any]) -> None:
    folder = FAMILIES[family](tmp_path)
    asked = [
        request("A ", red(), " B ", blue()),
        request("A ", blue(), " B ", red()),
        request("A B ", red(), blue()),
        request("A B "),
    ]
    with TransformersBackend(str(folder), device="cpu") as backend:
        replies = backend.generate(asked)
    assert [reply.error for reply in replies] == [None] * 4
    assert len({reply.text for reply in replies}) >= 3


def test_scripted_probabilities() -> None:
    def script(asked: ChatRequest) -> Any:
        return {"Yes": 0.7, "No": 0.2} if "dog" in asked.messages[0].text else "no, it does not"

    with ScriptedBackend(script, accepts_video=True) as backend:
        assert backend.accepts_video
        dog, cat, free = backend.generate(
            [
                request(text="a dog?", choices=("Yes", "No")),
                request(text="a cat?", choices=("Yes", "No")),
                request(text="a cat?"),
            ]
        )
    assert (dog.text, dog.probabilities) == ("Yes", {"Yes": 0.7, "No": 0.2})
    assert (cat.text, cat.probabilities) == ("no, it does not", {"Yes": 0.0, "No": 1.0})
    assert free.probabilities is None
