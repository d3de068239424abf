"""Images, video, probabilities and beams through a model server, against a real one on this machine."""

from __future__ import annotations

import base64
import io
import json
import math
from typing import Any

import pytest

pytest.importorskip("openai")
Image = pytest.importorskip("PIL.Image")
np = pytest.importorskip("numpy")

from t2v_recaption.backends.base import ChatReply, ChatRequest, Footage, Message  # noqa: E402
from t2v_recaption.backends.mp4 import mp4  # noqa: E402
from t2v_recaption.backends.openai import OpenAIBackend  # noqa: E402
from t2v_recaption.backends.server_quirks import Quirks  # noqa: E402
from t2v_recaption.backends.sheets import on_sheets  # noqa: E402
from t2v_recaption.errors import InvalidInput  # noqa: E402


def picture(seed: int, width: int = 96, height: int = 64) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def asking(*parts: Any, text: str = "What is it?", **options: Any) -> ChatRequest:
    return ChatRequest((Message("user", text, parts=parts),), **{"temperature": 0.0, "max_tokens": 8, **options})


def content(body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body["messages"][-1]["content"]
    return found


def images(body: dict[str, Any]) -> list[Any]:
    urls = [part["image_url"]["url"] for part in content(body) if part["type"] == "image_url"]
    return [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in urls]


def good(replies: list[ChatReply]) -> ChatReply:
    assert [reply.error for reply in replies] == [None]
    return replies[0]


@pytest.fixture
def backend(server: Any) -> OpenAIBackend:
    return OpenAIBackend("tiny", base_url=server.url, retries=0)


# --- images


def test_frames_are_sent_as_jpeg_of_their_size(backend: OpenAIBackend, server: Any) -> None:
    reply = good(backend.generate([asking("First ", picture(1), Image.fromarray(picture(2)))]))
    assert reply.notes == ()
    assert [(image.format, image.size) for image in images(server.seen[0])] == [("JPEG", (96, 64))] * 2
    near = np.asarray(images(server.seen[0])[0]).astype(int) - picture(1)
    assert abs(near).mean() < 12  # noise is the worst case for JPEG


def test_files_are_sent_as_they_are(backend: OpenAIBackend, server: Any, tmp_path: Any) -> None:
    path = tmp_path / "frame.png"
    Image.fromarray(picture(1)).save(path)
    good(backend.generate([asking(path, path.read_bytes())]))
    for part in content(server.seen[0])[:2]:
        assert base64.b64decode(part["image_url"]["url"].partition(",")[2]) == path.read_bytes()


def test_large_images_are_made_smaller(server: Any, tmp_path: Any) -> None:
    path = tmp_path / "frame.png"
    Image.fromarray(picture(1, 300, 150)).save(path)
    backend = OpenAIBackend("tiny", base_url=server.url, image_side=100, image_quality=60)
    reply = good(backend.generate([asking(path, picture(2, 50, 200), picture(3, 50, 50))]))
    assert [image.size for image in images(server.seen[0])] == [(100, 50), (25, 100), (50, 50)]
    assert reply.notes == ("images made smaller: 2, to 100 pixels at the longest side",)
    assert backend.identity()["images"]["longest_side"] == 100


def test_a_request_is_no_larger_than_allowed(server: Any) -> None:
    backend = OpenAIBackend("tiny", base_url=server.url, request_mb=0.05)
    reply = good(backend.generate([asking(*(picture(seed, 256, 256) for seed in range(4)))]))
    sizes = [len(part["image_url"]["url"]) * 3 / 4 for part in content(server.seen[0]) if part["type"] == "image_url"]
    assert len(sizes) == 4
    assert sum(sizes) <= 50_000
    assert "images made smaller: 4, to" in reply.notes[0]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (413, "Request Entity Too Large"),
        (
            400,
            "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (8500 in the"
            " messages, 500 in the completion). Please reduce the length of the messages or completion.",
        ),
        (400, "The decoder prompt (length 9000) is longer than the maximum model length of 4096."),
        (400, "image too large"),
    ],
)
def test_a_server_that_says_it_is_too_much(
    backend: OpenAIBackend, server: Any, do: Any, status: int, message: str
) -> None:
    server.plans["What is it?"] = [do.refuse(status, message)]
    reply = good(backend.generate([asking(picture(1, 200, 100))]))
    (first,), (second,) = map(images, server.seen)
    assert first.size == (200, 100)
    assert 100 <= second.size[0] <= 180
    assert "images made smaller: 1, to " in reply.notes[0]


def test_it_gives_up_making_images_smaller(backend: OpenAIBackend, server: Any, do: Any) -> None:
    server.default = do.refuse(413, "too large")
    error = backend.generate([asking(picture(1))])[0].error
    assert error is not None
    assert error.status == 413
    assert 3 < len(server.seen) < 20
    server.seen.clear()
    assert backend.generate([asking(text="no image")])[0].error is not None
    assert len(server.seen) == 1


# --- how many


@pytest.mark.parametrize(
    "message",
    [
        "At most 3 image(s) may be provided in one request.",
        "You set image=3 (or defaulted to 1) in `--limit-mm-per-prompt`, but passed 8 image items in the same prompt.",
        "Too many images in request. Max is 3.",
        "This model supports up to 3 images",
    ],
)
def test_a_server_that_takes_few_images(backend: OpenAIBackend, server: Any, do: Any, message: str) -> None:
    server.plans["0 s: "] = [do.refuse(400, message)]
    parts = [part for n in range(8) for part in (f"{n} s: ", picture(n), "\n")]
    reply = good(backend.generate([asking(*parts)]))
    again = good(backend.generate([asking(*parts)]))
    assert len(server.seen) == 3  # learned once
    assert reply.notes == again.notes == ("the server takes 3 images: 8 were put on sheets",)
    for body in server.seen[1:]:
        assert len(images(body)) == 3
        text = "".join(part.get("text", "") for part in content(body))
        assert text.startswith("0 s: (picture 1)\n1 s: (picture 2)\n2 s: (picture 3)\n")
        assert text.endswith("7 s: (picture 8)\nWhat is it?")


def test_a_limit_of_size_is_none_of_number() -> None:
    class Refusal:
        status_code = 400
        message = "Each image must be at most 5 MB."
        param = None

    sent = {"messages": [{"content": [{"type": "image_url"}] * 9}]}
    assert not Quirks().learn(sent, Refusal())


def test_nothing_is_left_out_of_sheets() -> None:
    colours = ["red", "lime", "blue", "yellow", "black"]
    made = on_sheets([Image.new("RGB", (60, 40), colour) for colour in colours], 2, 1000)
    sheets = [part for part in made if not isinstance(part, str)]
    assert len(sheets) == 2
    seen = {pixel for sheet in sheets for _, pixel in sheet.getcolors(1 << 20) or []}
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 0, 0)} <= seen
    (small,) = (part for part in on_sheets([picture(1, 900, 900)] * 4, 1, 200) if not isinstance(part, str))
    assert max(small.size) <= 200


# --- video


def test_video_is_sent_where_asked_for(server: Any) -> None:
    av = pytest.importorskip("av")
    backend = OpenAIBackend("tiny", base_url=server.url, video=True)
    assert backend.accepts_video
    footage = Footage(tuple(picture(1) for _ in range(4)), (2.0, 2.5, 3.0, 9.0))
    assert good(backend.generate([asking("Look: ", footage)])).notes == ()
    text, video, question = content(server.seen[0])
    assert text["text"] == "Look: The video starts at 2.00 s. "
    assert question["text"] == "What is it?"
    raw = base64.b64decode(video["video_url"]["url"].removeprefix("data:video/mp4;base64,"))
    with av.open(io.BytesIO(raw)) as container:
        times = [round(frame.time, 3) for frame in container.decode(video=0)]
        assert (container.streams.video[0].width, container.streams.video[0].height) == (96, 64)
    assert times == [0.0, 0.5, 1.0, 7.0]


def test_a_server_that_takes_no_video(server: Any, do: Any) -> None:
    pytest.importorskip("av")
    backend = OpenAIBackend("tiny", base_url=server.url, video=True)
    server.plans["What is it?"] = [do.refuse(400, "Unknown part type: video_url")]
    reply = good(backend.generate([asking(Footage((picture(1), picture(2)), (0.0, 1.0)))]))
    assert "2 frames were sent as images with their times" in reply.notes[0]
    assert not backend.accepts_video
    good(backend.generate([asking(Footage((picture(1), picture(2)), (0.0, 1.0)))]))
    assert [len(images(body)) for body in server.seen] == [0, 2, 2]


@pytest.mark.parametrize(("size", "kept"), [((97, 65), (96, 64)), ((400, 100), (128, 32)), ((1, 1), (2, 2))])
def test_mp4_of_any_size(size: tuple[int, int], kept: tuple[int, int]) -> None:
    av = pytest.importorskip("av")
    raw = mp4(Footage((picture(1, *size), picture(2, 10, 10)), (0.0, 0.0)), 128)
    with av.open(io.BytesIO(raw)) as container:
        frames = list(container.decode(video=0))
    assert [(frame.width, frame.height) for frame in frames] == [kept] * 2


# --- probabilities


def telling(*places: list[tuple[str, float]]) -> dict[str, Any]:
    """An answer whose tokens have these likeliest alternatives, the first of which was said."""
    listed = [
        {
            "token": place[0][0],
            "logprob": math.log(place[0][1]),
            "bytes": None,
            "top_logprobs": [{"token": t, "logprob": math.log(p), "bytes": None} for t, p in place],
        }
        for place in places
    ]
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": "".join(place[0][0] for place in places)},
        "logprobs": {"content": listed},
    }
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "tiny", "choices": [choice]}


def told(backend: OpenAIBackend, server: Any, do: Any, body: dict[str, Any], *choices: str) -> ChatReply:
    server.default = do.raw(json.dumps(body).encode())
    return good(backend.generate([asking(choices=choices)]))


def test_probabilities_are_those_of_all_spellings(backend: OpenAIBackend, server: Any, do: Any) -> None:
    place = [("Yes", 0.5), (" yes", 0.2), ("no", 0.1), ("NO", 0.05), ("Ye", 0.01), ("Maybe", 0.1)]
    reply = told(backend, server, do, telling(place), "Yes", "No")
    assert reply.probabilities == pytest.approx({"Yes": 0.71, "No": 0.15})
    assert (server.seen[0]["logprobs"], server.seen[0]["top_logprobs"]) == (True, 20)
    assert reply.notes == ()


def test_white_space_before_the_answer(backend: OpenAIBackend, server: Any, do: Any) -> None:
    reply = told(backend, server, do, telling([("\n", 0.5), ("Yes", 0.5)], [("No", 0.8), ("Yes", 0.2)]), "Yes", "No")
    assert reply.probabilities == pytest.approx({"Yes": 0.1, "No": 0.4})


def test_beginnings_that_several_choices_share_count_for_none(backend: OpenAIBackend, server: Any, do: Any) -> None:
    reply = told(
        backend, server, do, telling([("un", 0.6), ("unsure", 0.1), ("supp", 0.2)]), "unsure", "under", "support"
    )
    assert reply.probabilities == pytest.approx({"unsure": 0.1, "under": 0.0, "support": 0.2})
    assert "under" in reply.notes[0]


def test_a_server_that_tells_no_probabilities(backend: OpenAIBackend, server: Any, do: Any) -> None:
    server.plans["What is it?"] = [do.refuse(400, "logprobs are not supported with this model", "logprobs")]
    refused = good(backend.generate([asking(choices=("Yes", "No"))]))
    assert refused.probabilities is None
    assert "no logprobs" in refused.notes[0]
    assert "top_logprobs" not in server.seen[1]
    silent = good(OpenAIBackend("tiny", base_url=server.url).generate([asking(choices=("Yes", "No"))]))
    assert (silent.probabilities, silent.notes) == (None, ("the server gave no probabilities",))


def test_a_server_that_tells_fewer(backend: OpenAIBackend, server: Any, do: Any) -> None:
    server.plans["What is it?"] = [do.refuse(400, "Invalid value for 'top_logprobs': must be less than or equal to 5.")]
    reply = told(backend, server, do, telling([("Yes", 0.9), ("No", 0.1)]), "Yes", "No")
    assert reply.probabilities == pytest.approx({"Yes": 0.9, "No": 0.1})
    assert [body["top_logprobs"] for body in server.seen] == [20, 5]


# --- beams


def test_beams_are_asked_for_as_vllm_has_it(backend: OpenAIBackend, server: Any, do: Any) -> None:
    body = do.completion("best")
    body["choices"] = [{**body["choices"][0], "index": n, "message": {"content": text}} for n, text in enumerate("abc")]
    server.default = do.raw(json.dumps(body).encode())
    reply = good(backend.generate([asking(beams=3, temperature=0.9)]))
    assert (reply.text, reply.notes) == ("a", ())
    sent = server.seen[0]
    assert (sent["use_beam_search"], sent["n"], sent["temperature"]) == (True, 3, 0.0)


def test_servers_without_beams(backend: OpenAIBackend, server: Any, do: Any) -> None:
    ignored = good(backend.generate([asking(beams=3)]))
    assert "no beam search" in ignored.notes[0]
    server.plans["What is it?"] = [do.refuse(400, "Unrecognized request argument supplied: use_beam_search")]
    refused = good(backend.generate([asking(beams=3)]))
    assert refused.notes == ("the server takes no use_beam_search: sent without",)
    assert "n" not in server.seen[-1]


@pytest.mark.parametrize(
    "options", [{"image_side": 3}, {"image_quality": 0}, {"image_quality": 101}, {"request_mb": 0}]
)
def test_numbers_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="Images need"):
        OpenAIBackend("tiny", base_url="http://localhost:1", **options)
