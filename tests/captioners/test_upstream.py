"""The profiles of the original models, byte for byte.

The expected strings and hashes are what upstream's own code (github.com/ShareGPT4Omni/ShareGPT4Video at 7e02ee6) handed
to its model for these frames and answers: captioner/app.py, slide_captioner_lmdeploy.py, fast_captioner_lmdeploy.py,
run.py and llava/serve/gradio_utils.py, run once with the model replaced by a recorder.
"""

import hashlib
import itertools

import numpy as np
import pytest
from jinja2 import Environment
from PIL import Image

from t2v_recaption.backends.base import ChatRequest
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners import profile as profiles
from t2v_recaption.captioners.asker import NO_BEAMS
from t2v_recaption.captioners.base import Step
from t2v_recaption.captioners.captioner import Captioner
from t2v_recaption.captioners.drive import run_sessions
from t2v_recaption.captioners.tokens import text_tokens
from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import grids
from t2v_recaption.video.frame import Frame

USER, END, ASSISTANT = "[UNUSED_TOKEN_146]user\n", "[UNUSED_TOKEN_145]\n", "[UNUSED_TOKEN_146]assistant\n"
DIFFERENCE = (
    "Here are the Video frame {} at {}.00 Second(s) and Video frame {} at {}.00 Second(s) of a video, "
    "describe what happend between them. What happend before is: Answer {}: the ball rolls."
)
LINES = "".join(
    f"Video frame {n + 1} at {2 * n}.00 Second(s) description: Answer {n + 1}: the ball rolls.\n" for n in range(4)
)
FIRST = "This is the first frame of a video, describe it in detail."
FAST = "Here are a few key frames of a video, discribe this video in detail."
GRID = (
    "The provided image arranges keyframes from a video in a grid view, keyframes are separated with white bands. "
    "Answer concisely with overall content and context of the video, highlighting any significant events, characters, "
    "or objects that appear throughout the frames."
)
LLAMA = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou are a helpful language and vision assistant. "
    "You are able to understand the visual content that the user provides, and assist the user with a variety of tasks "
    "using natural language.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n<image>\n{}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)


def patterned(count: int, size: tuple[int, int] = (64, 48)) -> list[Frame]:
    frames = []
    for n in range(count):
        y, x = np.mgrid[0 : size[1], 0 : size[0]]
        planes = [(x * 3 + n * 37) % 256, (y * 5 + n * 11) % 256, ((x + y) * 2 + n * 53) % 256]
        frames.append(Frame(n, 2.0 * n, np.stack(planes, -1).astype(np.uint8)))
    return frames


def shown(request: ChatRequest) -> str:
    (image,) = (part for part in request.messages[-1].content if not isinstance(part, str))
    return f"{image.width}x{image.height}:{hashlib.sha256(image.tobytes()).hexdigest()[:16]}"


class Beams(ScriptedBackend):
    supports_beams = True


class Greedy(ScriptedBackend):
    supports_beams = False


def asked(profile: str, frames: list[Frame], mode: str, backend_class: type[ScriptedBackend] = Beams):
    numbers = itertools.count(1)
    backend = backend_class(lambda request: f"  Answer {next(numbers)}: the ball rolls. ")
    (caption,) = run_sessions([Captioner(backend, profile).session(frames, None, mode)], backend)
    assert caption.error is None
    return backend.history, caption


def as_sent(profile: str, request: ChatRequest) -> str:
    """The request as its profile's chat template writes it, rendered as transformers and servers do."""
    messages = [
        {
            "role": message.role,
            "content": [
                {"type": "text", "text": part} if isinstance(part, str) else {"type": "image"}
                for part in message.content
            ],
        }
        for message in request.messages
    ]
    template = Environment(trim_blocks=True, lstrip_blocks=True).from_string(profiles.load(profile).chat_template)
    return template.render(messages=messages, add_generation_prompt=True, bos_token="<s>")


def test_sliding_as_the_demo() -> None:
    requests, caption = asked("sharecaptioner", patterned(4), "sliding")
    texts = [FIRST, *(DIFFERENCE.format(n - 1, 2 * n - 2, n, 2 * n, n) for n in (1, 2, 3))]
    texts.append("Summarize the following per frame descriptions:\n" + LINES)
    assert [request.messages[-1].text for request in requests] == texts
    assert [shown(request) for request in requests[:-1]] == [
        "1008x1008:12f242cacb30f28b",
        "672x1344:6a36f01b85ddc9e9",
        "672x1344:2b169d28f87abf13",
        "672x1344:de171829325dc1ed",
    ]
    assert [part for part in requests[-1].messages[0].content if not isinstance(part, str)] == []
    assert {(r.beams, r.temperature, r.max_tokens, len(r.messages)) for r in requests} == {(3, 0.0, 2048, 1)}
    assert caption.text == "Answer 5: the ball rolls."
    assert caption.notes == ()


def test_the_demos_turns() -> None:
    requests, _ = asked("sharecaptioner", patterned(2), "sliding")
    assert as_sent("sharecaptioner", requests[0]) == f"<s><ImageHere>{USER}{FIRST}{END}{ASSISTANT}"
    summary = as_sent("sharecaptioner", requests[-1])
    assert summary.startswith(f"<s>{USER}Summarize the following per frame descriptions:\nVideo frame 1 at 0.00")
    assert summary.endswith(f"rolls.\n{END}{ASSISTANT}")


def test_fast_as_the_demo() -> None:
    frames = patterned(4)
    (request,), _ = asked("sharecaptioner", frames, "fast")
    assert request.messages[0].text == FAST
    (image,) = request.messages[0].images
    assert image.size == (1008, 1344)
    assert image.tobytes() == grids.hd_transform(grids.column(frames), 16).tobytes()
    assert (request.beams, request.temperature, request.max_tokens) == (3, 0.0, 2048)


def test_sliding_as_the_batch_script() -> None:
    requests, _ = asked("sharecaptioner-batch", patterned(4), "sliding")
    texts = [FIRST, *(DIFFERENCE.format(n, 2 * n, n + 1, 2 * n + 2, n) for n in (1, 2, 3)), LINES]
    assert [request.messages[-1].text for request in requests] == texts
    assert [shown(request) for request in requests[:-1]] == [
        "1008x1008:12f242cacb30f28b",
        "1008x1008:e6e1dd5a3abc4ac3",
        "1008x1008:091c7ba0878c5545",
        "1008x1008:2fd454836f3bd601",
    ]
    assert {(r.beams, r.temperature, r.max_tokens) for r in requests} == {(1, 0.0, 512)}


def test_fast_as_the_batch_script() -> None:
    (request,), _ = asked("sharecaptioner-batch", patterned(30), "fast")
    assert request.messages[0].text == FAST
    assert shown(request) == "1344x1008:fe25e1ef33eec35f"


@pytest.mark.parametrize(
    ("size", "expected"), [((160, 90), "790x510:06408a64cc5338a0"), ((640, 360), "1919x1126:a206f2e422f445a1")]
)
def test_sharegpt4video_as_its_script(size: tuple[int, int], expected: str) -> None:
    (request,), _ = asked("sharegpt4video", patterned(16, size), "fast")
    assert as_sent("sharegpt4video", request) == LLAMA.format(GRID + "Describe this video in detail.")
    assert shown(request) == expected
    assert (request.temperature, request.max_tokens, request.beams) == (0.0, 512, 1)


def test_sharegpt4video_as_its_demo() -> None:
    backend = ScriptedBackend(["A ball rolls."])
    captioner = Captioner(backend, "sharegpt4video-app")
    ((answer,),) = run_sessions([captioner.ask_session(patterned(16, (160, 90)), ["What happens?"])], backend)
    (request,) = backend.history
    assert as_sent("sharegpt4video-app", request) == LLAMA.format(GRID + "What happens?")
    assert shown(request) == "790x510:06408a64cc5338a0"
    assert (request.temperature, request.top_p, request.max_tokens) == (0.1, 0.9, 1024)
    assert answer.text == "A ball rolls."


def test_a_backend_without_beams_decodes_greedily_and_says_so() -> None:
    requests, caption = asked("sharecaptioner", patterned(2), "sliding", Greedy)
    assert {(request.beams, request.temperature) for request in requests} == {(1, 0.0)}
    assert caption.notes == (NO_BEAMS,)


def test_times_are_true_where_upstreams_are_rounded() -> None:
    frames = [Frame(n, time, patterned(1)[0].pixels) for n, time in enumerate((0.0, 1.9686, 3.9706))]
    requests, _ = asked("sharecaptioner", frames, "sliding")
    assert "frame 1 at 1.97 Second(s) and Video frame 2 at 3.97 Second(s)" in requests[2].messages[0].text


def test_faults_are_recorded_but_the_originals_answer_stands() -> None:
    backend = ScriptedBackend(lambda request: "The image shows a ball.")
    (caption,) = run_sessions([Captioner(backend, "sharecaptioner").session(patterned(1), None, "fast")], backend)
    assert caption.flags == ("image talk",)
    assert len(backend.history) == 1


@pytest.mark.parametrize("tiles", [9, 16, 25])
@pytest.mark.parametrize("size", [(64, 48), (1920, 1080), (108, 192), (64, 146), (100, 100), (333, 40)])
def test_a_server_that_fits_pictures_itself_changes_nothing(size: tuple[int, int], tiles: int) -> None:
    once = grids.hd_transform(Image.new("RGB", size, "red"), tiles)
    assert grids.hd_transform(once, tiles).tobytes() == once.tobytes()


def test_fixed_words_take_no_guidance_and_no_unknown_mode() -> None:
    from t2v_recaption.captioners.guidance import Guidance

    with pytest.raises(InvalidInput, match="takes no guidance"):
        Captioner(ScriptedBackend([]), "sharecaptioner", guidance=Guidance(focus="hands"))
    backend = ScriptedBackend([])
    (caption,) = run_sessions([Captioner(backend, "sharegpt4video").session(patterned(2), None, "sliding")], backend)
    assert isinstance(caption.error, InvalidInput)
    assert "no mode 'sliding'" in caption.error.message


def test_an_hour_fits_the_originals_context() -> None:
    steps = [Step(n, max(0.0, 2.0 * n - 2), 2.0 * n, f"Answer {n + 1}: the ball rolls.") for n in range(1800)]
    backend = Beams(lambda request: "The ball rolls and rolls.")
    caption = Captioner(backend, "sharecaptioner").summarize(steps)
    assert caption.error is None
    texts = [request.messages[0].text for request in backend.history]
    assert len(texts) > 2
    assert all(text.startswith("Summarize the following per frame descriptions:\nVideo frame 1 at ") for text in texts)
    assert max(text_tokens(text) + 2048 for text in texts) <= 16384
