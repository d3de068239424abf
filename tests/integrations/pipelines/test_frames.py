"""First and last frames: seen by an enhancer with eyes, whatever they come as; the task follows them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy
import pytest
import torch
from PIL import Image

from t2v_recaption import Enhancer
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.integrations.diffusers import captions_for, enhance_pipeline
from t2v_recaption.integrations.diffusers.frames import as_image

PROMPT = "the cat jumps down"
SAID = (
    "The cat gathers itself, jumps down and lands softly, its tail swinging up behind it, then walks out of the frame."
)
RED = (200, 60, 30)
IMAGE_TO_VIDEO = ["ltx_i2v", "ltx2_i2v", "cogvideox_i2v", "wan_i2v", "hunyuan_i2v", "kandinsky5_i2v"]
IMAGE_TO_VIDEO += ["sana_i2v", "cosmos2"]


def red(size: int = 8) -> Any:
    return Image.new("RGB", (size, size), RED)


def seeing() -> Any:
    backend = ScriptedBackend(lambda request: SAID)
    return Enhancer(writer="chat", backend=backend, attempts=0), backend


def shown(backend: Any) -> list[list[Any]]:
    """The images of each request."""
    return [[image for message in request.messages for image in message.images] for request in backend.history]


@pytest.mark.parametrize(
    "name", ["ltx_i2v", "cogvideox_i2v", "wan_i2v", "hunyuan_i2v", "kandinsky5_i2v", "sana_i2v", "cosmos2", "ltx2_i2v"]
)
def test_the_frame_is_seen(build: Any, name: str) -> None:
    case = build(name)
    enhancer, backend = seeing()
    enhance_pipeline(case.pipe, enhancer)
    case.pipe(prompt=PROMPT, **case.arguments)
    assert case.pipe.last_enhancement.task == "i2v"
    assert shown(backend) == [[case.arguments["image"]]]


def test_first_and_last_frame(build: Any) -> None:
    case = build("wan_i2v")
    enhancer, backend = seeing()
    last = red(16)
    found = captions_for(case.pipe, PROMPT, enhancer, image=case.arguments["image"], last_image=last).outcomes[0]
    assert found.task == "flf2v"
    assert shown(backend) == [[case.arguments["image"], last]]


def test_each_prompt_has_its_own_frame(build: Any) -> None:
    case = build("ltx_i2v")
    enhancer, backend = seeing()
    frames = [red(8), red(9)]
    captions_for(case.pipe, [PROMPT, PROMPT], enhancer, image=frames)
    assert shown(backend) == [[frames[0]], [frames[1]]]


def test_conditions_of_ltx(build: Any) -> None:
    from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

    case = build("ltx_condition")
    for condition in (LTXVideoCondition(image=red()), [LTXVideoCondition(video=[red(), red(9)], frame_index=0)]):
        enhancer, backend = seeing()
        found = captions_for(case.pipe, PROMPT, enhancer, conditions=condition).outcomes[0]
        assert found.task == "i2v"
        assert [len(images) for images in shown(backend)] == [1]
    enhancer, backend = seeing()
    found = captions_for(case.pipe, PROMPT, enhancer, conditions=[LTXVideoCondition(image=red(), frame_index=8)])
    assert found.outcomes[0].task == "t2v"
    assert shown(backend) == [[]]


def test_conditions_of_ltx2(build: Any) -> None:
    enhancer, backend = seeing()
    pipe = build("ltx2").pipe
    call = {"conditions": [SimpleNamespace(frames=red(), index=0), SimpleNamespace(frames=red(9), index=-1)]}
    from t2v_recaption.integrations.diffusers.call import Call
    from t2v_recaption.integrations.diffusers.captions import captioner

    captioner(enhancer)(pipe, [PROMPT], Call.of(pipe, {"prompt": PROMPT, **call}))
    assert [len(images) for images in shown(backend)] == [1]  # LTX-2 knows no last frame of its own


def test_without_eyes_a_note_says_so(build: Any) -> None:
    case = build("ltx_i2v")
    found = captions_for(case.pipe, PROMPT, image=red()).outcomes[0]
    assert any("does not look at images" in note for note in found.notes)


VALUES = numpy.full((8, 8, 3), RED, dtype=numpy.uint8)
SCALED = torch.tensor(VALUES).permute(2, 0, 1) / 255


@pytest.mark.parametrize(
    "frame",
    [VALUES, VALUES / 255, SCALED, SCALED[None], SCALED * 2 - 1, SCALED.numpy(), SCALED.bfloat16()],
    ids=["uint8", "unit", "tensor", "batch", "signed", "channels first", "bfloat16"],
)
def test_arrays_become_images(frame: Any) -> None:
    found = as_image(frame)
    assert found.size == (8, 8)
    assert numpy.abs(numpy.asarray(found).astype(int) - RED).max() <= 1


@pytest.mark.parametrize("frame", [None, "frame.png", b"bytes", red()])
def test_everything_else_stays(frame: Any) -> None:
    assert as_image(frame) is frame


def test_an_unsigned_black_and_white_frame() -> None:
    assert as_image(numpy.zeros((4, 4))).size == (4, 4)


def test_the_length_of_the_clip(build: Any) -> None:
    from t2v_recaption.integrations.diffusers.call import Call

    pipe = build("ltx").pipe
    assert Call.of(pipe, {"num_frames": 49, "frame_rate": 24.5}).duration == 2.0
    assert Call.of(pipe, {}).duration == pytest.approx(161 / 25)
    assert Call.of(build("mochi").pipe, {"num_frames": 19}).duration is None
