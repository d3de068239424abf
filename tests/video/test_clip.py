"""Clip on files: exact frames at exact times."""

import pickle

import pytest

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import Clip, Every, KeyFrames, PerScene, Uniform, parse_sampling, sample
from tests.video.films import number_of


def test_info(film):
    info = Clip(film).info
    assert (info.container, info.codec, info.width, info.height) == ("mov", "h264", 64, 48)
    assert (info.duration, info.fps, info.frames, info.variable_rate) == (6.0, 25.0, 150, False)
    assert not info.warnings


def test_every_frame_in_order(film):
    frames = [(f.number, round(f.time, 6), number_of(f.pixels)) for f in Clip(film).frames()]
    assert frames == [(n, round(n * 0.04, 6), n) for n in range(150)]


def test_the_frame_that_is_shown(film):
    times = [0.0, 0.039, 0.04, 0.05, 3.0, 3.01, 5.99, 99.0]
    assert [number_of(f.pixels) for f in Clip(film).frames(times)] == [0, 0, 1, 1, 75, 75, 149, 149]


def test_a_part(film):
    part = Clip(film).part(2.0, 3.0)
    assert [number_of(f.pixels) for f in part.frames()] == list(range(50, 75))
    assert [number_of(f.pixels) for f in sample(part, Uniform(2))] == [56, 68]
    assert part.span == (2.0, 3.0)


def test_pickled(film):
    clip = pickle.loads(pickle.dumps(Clip(film, start=1.0)))
    assert number_of(next(clip.frames()).pixels) == 25


def test_smaller(film):
    assert next(Clip(film).frames(longest_side=32)).size == (32, 24)


def test_samplings(film):
    clip = Clip(film)
    assert [round(f.time, 2) for f in sample(clip, Every(2.0))] == [0.0, 2.0, 4.0]
    assert [round(f.time, 2) for f in sample(clip, Uniform(3))] == [1.0, 3.0, 5.0]


@pytest.mark.parametrize("sampling", [Uniform(16), Every(0.5), PerScene(3), KeyFrames(1.5, 0.9), KeyFrames()])
def test_text_form(sampling):
    assert parse_sampling(str(sampling)) == sampling


def test_missing(tmp_path):
    with pytest.raises(InvalidInput, match="no such file"):
        _ = Clip(tmp_path / "none.mp4").info
