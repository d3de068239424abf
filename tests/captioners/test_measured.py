"""The captioner without a model says what was measured, and nothing else."""

import numpy as np
import pytest

from benchmarks.measurements.renderer import Scene, render, write
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.captioners import Captioner
from t2v_recaption.captioners.measured import MeasuredCaptioner
from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import Clip


@pytest.fixture(scope="module")
def say(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")

    def caption(kind: str, texture: str = "street", seconds: float = 2) -> str:
        path = write(Scene(kind, texture, seconds=seconds), folder / f"{kind}.mp4")
        (made,) = MeasuredCaptioner().caption([Clip(path)])
        assert made.error is None
        return made.text

    return caption


@pytest.mark.parametrize(
    ("kind", "said", "unsaid"),
    [
        ("static", "The camera is static. Nothing moves.", "framing"),
        ("pan_right", "The framing shifts right by about", "static"),
        ("zoom_out", "The framing widens until things have", "closes"),
        ("tracking_right", "keeps pace with a subject", "static"),
        ("object_left", "goes left", "framing"),
        ("fade_dark", "gets darker from start to end", "brighter"),
        ("letterbox", "Black bars lie above and below", "flickers"),
        ("black_and_white", "It is black and white.", "warm"),
        ("flicker", "The brightness flickers.", "darker"),
    ],
)
def test_sentences_say_what_is_there(say, kind, said, unsaid) -> None:
    text = say(kind)
    assert said in text
    assert unsaid not in text


def test_shots_are_steps(tmp_path) -> None:
    (made,) = MeasuredCaptioner().caption([Clip(write(Scene("cut", "rich"), tmp_path / "cut.mp4"))])
    assert made.mode == "measured"
    assert [step.number for step in made.steps] == [0, 1]
    assert made.steps[0].end == made.steps[1].start
    assert "in 2 shots" in made.text
    assert "Shot 2, 1.5 to" in made.text
    assert made.provenance["captioner"] == "measured"


def test_a_clip_that_fails_does_not_lose_the_others(tmp_path) -> None:
    done: list[int] = []
    good = Clip(list(render(Scene("static", "street", seconds=1))), fps=16)
    made = MeasuredCaptioner().caption(
        [Clip(tmp_path / "missing.mp4"), good], on_done=lambda place, caption: done.append(place)
    )
    assert isinstance(made[0].error, InvalidInput)
    assert made[0].text == ""
    assert "static" in made[1].text
    assert done == [0, 1]


def test_odd_clips_have_honest_captions() -> None:
    single = Clip([np.full((40, 60, 3), 128, np.uint8)])
    black = Clip([np.zeros((80, 120, 3), np.uint8)] * 20, fps=10)
    first, second = MeasuredCaptioner().caption([single, black])
    assert first.text.startswith("A single picture of 60 x 40 pixels.")
    assert "camera" not in first.text
    assert second.text == "A clip of 2.0 seconds in one shot, 120 x 80 pixels. The picture is black or nearly black."


def test_other_modes_take_a_model() -> None:
    with pytest.raises(InvalidInput, match="no mode 'sliding'"):
        MeasuredCaptioner().caption([], "sliding")


def test_any_captioner_can_measure_without_asking_its_model(tmp_path) -> None:
    path = write(Scene("static", "street", seconds=1), tmp_path / "static.mp4")
    silent = ScriptedBackend([])
    done: list[int] = []
    captions = Captioner(silent).caption(
        [Clip(path), Clip(tmp_path / "none.mp4")], "measured", on_done=lambda place, _: done.append(place)
    )
    assert (captions[0].mode, done) == ("measured", [0, 1])
    assert captions[0].text == MeasuredCaptioner().caption([Clip(path)])[0].text
    assert captions[1].error is not None
