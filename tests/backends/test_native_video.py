"""Native video through the models' own video processors, which need torchvision.

Where torchvision is installed, these tests run as they are. Elsewhere `test_with_torchvision_for_the_while` runs them
in a process of their own: it downloads torchvision's wheel (8 MB), without what it depends on, into a temporary folder.
That wheel's compiled operators do not load, as it was built for another build of torch; video processors use the
transforms alone, which are Python. `declare_operators` makes the names known that torchvision wants at its import.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
np = pytest.importorskip("numpy")

BORROWED = "T2V_TEST_TORCHVISION"
"""Set in the process whose torchvision lacks its operators."""


def declare_operators() -> Any:
    """Name torchvision's operators, which its fake implementations are registered for at import."""
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


if os.environ.get(BORROWED):
    _OPERATORS = declare_operators()  # gone with the last reference
HERE = importlib.util.find_spec("torchvision") is not None

from t2v_recaption.backends.base import ChatReply, ChatRequest, Footage, Message  # noqa: E402
from t2v_recaption.backends.encoding import metadata  # noqa: E402
from t2v_recaption.backends.transformers import TransformersBackend  # noqa: E402
from tests.tiny_models import FAMILIES  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ["llava_onevision", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "smolvlm", "internvl"]
MATCHING = {"2.13": "0.28.0"}
"""torchvision's version for torch's."""


native = pytest.mark.skipif(not HERE, reason="torchvision is not installed: see test_with_torchvision_for_the_while")


def moving(start: int, width: int = 96, height: int = 64, frames: int = 4) -> tuple[Any, ...]:
    """A white square that moves to the right, on noise."""
    noise = np.random.default_rng(start).integers(0, 100, (height, width, 3), dtype=np.uint8)
    pictures = []
    for number in range(frames):
        picture = noise.copy()
        picture[20:40, 10 * number : 10 * number + 20] = 255
        pictures.append(picture)
    return tuple(pictures)


TIMES = (0.0, 0.5, 1.0, 1.5)


def asking(*parts: Any, text: str = "What happens?", **options: Any) -> ChatRequest:
    return ChatRequest((Message("user", text, parts=parts),), **{"temperature": 0.0, "max_tokens": 8, **options})


def good(replies: list[ChatReply]) -> list[ChatReply]:
    assert [reply.error for reply in replies] == [None] * len(replies)
    return replies


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = FAMILIES[family](tmp_path_factory.mktemp(family))
        return made[family]

    return folder


@pytest.fixture(scope="module", params=NATIVE)
def backend(request: pytest.FixtureRequest, folders: Callable[[str], Path]) -> Iterator[TransformersBackend]:
    with TransformersBackend(str(folders(request.param)), device="cpu") as made:
        yield made


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(HERE, reason="torchvision is installed: the tests run as they are")
def test_with_torchvision_for_the_while(tmp_path: Path) -> None:
    version = MATCHING.get(".".join(torch.__version__.split(".")[:2]))
    if version is None:
        pytest.skip(f"no torchvision is known for torch {torch.__version__}")
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target)]
    got = subprocess.run([*install, f"torchvision=={version}"], capture_output=True, text=True, check=False)
    if got.returncode:
        pytest.skip(f"torchvision cannot be had: {got.stderr[-300:]}")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{target}", BORROWED: "1", "OMP_NUM_THREADS": "1"}
    tests = [sys.executable, "-m", "pytest", str(Path(__file__)), "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    run = subprocess.run(tests, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert " passed" in run.stdout


@native
def test_video_is_taken(backend: TransformersBackend) -> None:
    assert backend.accepts_video
    assert backend.identity()["video"] == importlib.metadata.version("torchvision")
    reply = good(backend.generate([asking("Look: ", Footage(moving(1), TIMES))]))[0]
    assert reply.notes == ()
    assert reply.completion_tokens == 8 or reply.finish_reason == "stop"


@native
@pytest.mark.parametrize("family", ["llava", "llava_next", "gemma3"])
def test_families_without_video(family: str, folders: Callable[[str], Path]) -> None:
    with TransformersBackend(str(folders(family)), device="cpu") as backend:
        assert not backend.accepts_video
        assert "sent as images" in good(backend.generate([asking(Footage(moving(1), TIMES))]))[0].notes[0]


@native
def test_it_is_what_generate_says(backend: TransformersBackend) -> None:
    """transformers' own `generate`, given the same frames and metadata."""
    import transformers

    request = asking(Footage(moving(1), TIMES))
    reply = good(backend.generate([request]))[0]
    processor = transformers.AutoProcessor.from_pretrained(backend.model)
    model = transformers.AutoModelForImageTextToText.from_pretrained(backend.model, dtype=torch.float32).eval()
    content = [{"type": "video"}, {"type": "text", "text": "What happens?"}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    options = {"do_sample_frames": False, "video_metadata": [metadata(Footage(moving(1), TIMES))]}
    inputs = processor(text=[text], videos=[np.stack(moving(1))], videos_kwargs=options, return_tensors="pt")
    assert reply.prompt_tokens == inputs["input_ids"].shape[1]
    output = model.generate(**inputs, do_sample=False, max_new_tokens=8)
    new = output[0, inputs["input_ids"].shape[1] :]
    assert reply.text == processor.tokenizer.decode(new, skip_special_tokens=True)


@native
def test_the_batch_does_not_matter(backend: TransformersBackend) -> None:
    requests = [
        asking(Footage(moving(1), TIMES)),
        asking(moving(2)[0], " and ", Footage(moving(3), TIMES), text="A longer question about both of them."),
        asking(Footage(moving(4, frames=2), (0.0, 3.0)), seed=3, temperature=0.8),
        asking(moving(5)[0]),
        asking(text="nothing to see"),
    ]
    alone = [good(backend.generate([request]))[0] for request in requests]
    assert good(backend.generate(requests)) == alone
    assert good(backend.generate(requests[::-1])) == alone[::-1]


@native
def test_questions_share_one_video(backend: TransformersBackend) -> None:
    footage = Footage(moving(1), TIMES)
    questions = [asking(footage, text=text, choices=("Yes", "No")) for text in ("A cat?", "A dog?", "Does it move?")]
    inner = backend._engine._model().model.model  # type: ignore[union-attr]
    tower = next(getattr(inner, n) for n in ("visual", "vision_tower", "vision_model") if hasattr(inner, n))
    calls: list[int] = []
    hook = tower.register_forward_hook(lambda *_: calls.append(1))
    try:
        shared = good(backend.generate(questions))
    finally:
        hook.remove()
    assert len(calls) <= 1  # none where the very video was asked about before
    with TransformersBackend(backend.model, device="cpu", share_prefix=False) as apart:
        expected = good(apart.generate(questions))
    assert [reply.text for reply in shared] == [reply.text for reply in expected]
    for one, other in zip(shared, expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, rel=1e-3)


@native
@pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl", "smolvlm"])
def test_times_are_the_true_ones(family: str, folders: Callable[[str], Path]) -> None:
    """These families are told when frames are shown: uneven times give another answer than even ones."""
    even, slow = Footage(moving(1), TIMES), Footage(moving(1), tuple(8 * time for time in TIMES))
    uneven = Footage(moving(1), (0.0, 0.1, 7.0, 8.0))
    with TransformersBackend(str(folders(family)), device="cpu") as backend:
        replies = good(backend.generate([asking(f, choices=("x",)) for f in (even, slow, uneven)]))
        engine = backend._engine
        assert engine is not None
        text = engine._model().tokenizer.decode(engine._encode(asking(uneven), None, None)[0].ids)
    assert replies[0].probabilities != replies[1].probabilities
    if family == "qwen3_vl":  # writes the middle of each pair of frames
        assert "<0.1 seconds>" in text.replace("0.0 seconds", "0.1 seconds")
        assert "<7.5 seconds>" in text
    if family == "smolvlm":
        assert "Frame from 00:07" in text
        assert "Frame from 00:08" in text


@native
def test_estimates_are_exact_for_video(backend: TransformersBackend) -> None:
    request = asking(Footage(moving(1, 130, 70, 6), (0.0, 0.3, 0.9, 1.0, 1.5, 2.0)), moving(2)[0])
    estimate = TransformersBackend(backend.model, device="cpu").estimate(request)
    assert estimate is not None
    assert estimate.prompt_tokens == good(backend.generate([request]))[0].prompt_tokens


@native
@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_any_number_of_frames(backend: TransformersBackend, frames: int) -> None:
    footage = Footage(moving(1, frames=frames), tuple(float(number) for number in range(frames)))
    assert good(backend.generate([asking(footage)]))


@native
def test_a_model_that_takes_images_or_video(folders: Callable[[str], Path]) -> None:
    with TransformersBackend(str(folders("smolvlm")), device="cpu") as backend:
        reply = good(backend.generate([asking(moving(2)[0], Footage(moving(1), TIMES))]))[0]
    assert reply.notes == ("the model takes images or video, not both: 4 frames were sent as images with their times",)


@native
def test_frames_of_different_sizes(backend: TransformersBackend) -> None:
    footage = Footage((moving(1)[0], moving(1, 120, 90)[0]), (0.0, 1.0))
    assert good(backend.generate([asking(footage)]))


@native
def test_video_is_made_smaller_to_fit(folders: Callable[[str], Path]) -> None:
    footage = Footage(moving(1, 448, 448, 60), tuple(number / 2 for number in range(60)))
    with TransformersBackend(str(folders("qwen3_vl")), device="cpu") as backend:
        reply = good(backend.generate([asking(footage, max_tokens=100)]))[0]
    assert reply.prompt_tokens is not None
    assert reply.prompt_tokens + 100 <= 2048
