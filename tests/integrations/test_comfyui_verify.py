"""The ComfyUI node Verify Clip, loaded and run as ComfyUI does it."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("av")

from t2v_recaption import InvalidInput, verify  # noqa: E402
from t2v_recaption.backends.scripted import ScriptedBackend  # noqa: E402
from tests.integrations import comfyui_host as host  # noqa: E402
from tests.integrations.test_comfyui import nodes  # noqa: E402, F401 -- a fixture
from tests.verify.conftest import clip_of, pictures, still  # noqa: E402, F401 -- fixtures
from tests.verify.judges import good_judge, saying  # noqa: E402

VERIFY = "T2VRecaptionVerifyClip"


@pytest.fixture(scope="module")
def images() -> Any:
    """A still clip as ComfyUI's IMAGE."""
    import numpy as np

    return torch.from_numpy(np.stack(list(pictures("still")))).float() / 255


def node(nodes: dict[str, type], **inputs: Any) -> tuple[Any, ...]:  # noqa: F811
    required = nodes[VERIFY].INPUT_TYPES()["required"]
    defaults = {name: spec[1]["default"] for name, spec in required.items()}
    return nodes[VERIFY]().verify(**{**defaults, **inputs})


def test_the_contract(nodes: dict[str, type]) -> None:  # noqa: F811
    kind = nodes[VERIFY]
    assert json.loads(host.info(kind))["CATEGORY"] == "t2v_recaption"
    assert len(kind.RETURN_TYPES) == len(kind.RETURN_NAMES) == len(kind.OUTPUT_TOOLTIPS)
    for category in ("required", "optional"):
        for _, spec in kind.INPUT_TYPES()[category].values():
            assert spec["tooltip"]


def test_images_are_measured(nodes: dict[str, type], images: Any) -> None:  # noqa: F811
    score, coverage, passed, report, text = node(nodes, prompt="static shot, a cat", images=images)
    assert (score, passed) == (1.0, False)
    assert 0 < coverage < 1
    assert "supported (100%): The camera stands still." in report
    assert "undetermined: There is a cat." in report
    assert json.loads(text)["results"][0]["status"] == "supported"


def test_what_nobody_decided_is_neither_zero_nor_one(nodes: dict[str, type], images: Any) -> None:  # noqa: F811
    score, coverage, passed, report, _ = node(nodes, prompt="a cat", images=images)
    assert (score, coverage, passed) == (-1.0, 0.0, False)
    assert report.startswith("nothing was decided")


def test_a_model_is_asked_and_its_memory_given_back(nodes: dict[str, type], images: Any) -> None:  # noqa: F811
    judge = good_judge({"Is there a cat in the video?": "Yes"})
    score, _, passed, report, _ = node(nodes, prompt="a cat", images=images, backend=judge)
    assert (score, passed) == (1.0, True)
    assert judge.closed == 1
    assert "judge scripted: It passed the probes." in report
    kept = saying("Yes")
    report = node(nodes, prompt="a cat", images=images, backend=kept, unload=False)[3]
    assert kept.closed == 0
    assert "unreliable judge scripted" in report


def test_a_video_is_read_from_its_file_bytes_or_frames(nodes: dict[str, type], still: Path, images: Any) -> None:  # noqa: F811
    expected = verify(still, "static shot").score
    of_path = SimpleNamespace(get_stream_source=lambda: str(still))
    of_bytes = SimpleNamespace(get_stream_source=lambda: io.BytesIO(still.read_bytes()))
    parts = SimpleNamespace(images=images, frame_rate=Fraction(16))
    of_frames = SimpleNamespace(get_components=lambda: parts)
    for video in (of_path, of_bytes, of_frames):
        assert node(nodes, prompt="static shot", video=video)[0] == expected


def test_one_clip_is_needed(nodes: dict[str, type], images: Any) -> None:  # noqa: F811
    with pytest.raises(InvalidInput, match="needs a clip"):
        node(nodes, prompt="a cat")
    with pytest.raises(InvalidInput, match="needs a clip"):
        node(nodes, prompt="a cat", images=images, video=object())


def test_it_runs_in_a_workflow(nodes: dict[str, type], images: Any) -> None:  # noqa: F811
    nodes["Frames"] = type("Frames", (host.Source,), {"RETURN_TYPES": ("IMAGE",), "value": images})
    required = nodes[VERIFY].INPUT_TYPES()["required"]
    inputs = {name: spec[1]["default"] for name, spec in required.items()}
    prompt = {
        "1": {"class_type": VERIFY, "inputs": {**inputs, "prompt": "static shot", "images": ["9", 0]}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 3]}},
        "9": {"class_type": "Frames", "inputs": {}},
    }
    assert host.validate(nodes, prompt, "2") == []
    assert "The camera stands still." in host.Executor(nodes).run(prompt)["2"]


def test_a_model_that_fails_gives_its_memory_back(nodes: dict[str, type], images: Any) -> None:  # noqa: F811
    def broken(request: Any) -> str:
        raise RuntimeError("out of memory")

    backend = ScriptedBackend(broken)
    with pytest.raises(RuntimeError):
        node(nodes, prompt="a cat", images=images, backend=backend)
    assert backend.closed == 1
