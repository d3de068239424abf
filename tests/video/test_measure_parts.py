"""The parts that measurements are made of, against closed forms."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.video.measurements import camera, colours, light, playback
from t2v_recaption.video.measurements.follow import Step
from t2v_recaption.video.measurements.playback import Look
from t2v_recaption.video.measurements.similarity import fit

CSS = {
    "black": ["000000", "0a0a0a"],
    "white": ["ffffff", "f5f5f5", "fffafa"],
    "grey": ["808080", "a9a9a9", "696969", "c0c0c0", "708090"],
    "red": ["ff0000", "dc143c", "b22222", "8b0000"],
    "orange": ["ffa500", "ff8c00", "ff7f00"],
    "yellow": ["ffff00", "ffd700", "f0e68c"],
    "green": ["008000", "00ff00", "228b22", "006400", "32cd32", "808000", "556b2f"],
    "blue": ["0000ff", "000080", "87ceeb", "1e90ff", "4169e1", "add8e6"],
    "purple": ["800080", "9932cc", "663399", "ee82ee"],
    "pink": ["ffc0cb", "ff69b4", "ff1493", "db7093"],
    "brown": ["8b4513", "a0522d", "d2b48c", "5c4033", "654321"],
}


@pytest.mark.parametrize(("name", "codes"), CSS.items(), ids=lambda value: value if isinstance(value, str) else "")
def test_css_colours_get_the_basic_term_they_are_known_by(name, codes) -> None:
    for code in codes:
        picture = np.full((4, 4, 3), [int(code[i : i + 2], 16) for i in (0, 2, 4)], np.uint8)
        found = colours.judge([colours.palette(picture)])
        assert found is not None
        assert [(colour.name, colour.share) for colour in found.shares] == [(name, 1.0)], code


def test_grey_is_black_and_white_a_tint_is_open_and_colour_is_not() -> None:
    ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 3, axis=2).repeat(32, axis=0)
    sepia = (ramp * np.array([1.0, 0.8, 0.6])).astype(np.uint8)
    colourful = ramp.copy()
    colourful[8:20, 10:30] = (200, 30, 30)
    answers = [colours.judge([colours.palette(picture)]) for picture in (ramp, sepia, colourful)]
    assert [answer.black_and_white.value for answer in answers if answer] == [True, None, False]


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.8, 1.25),
    st.floats(-0.3, 0.3),
    st.floats(-40, 40),
    st.floats(-40, 40),
    st.floats(0, 0.5),
    st.integers(20, 200),
    st.integers(0, 1000),
)
def test_the_robust_fit_finds_the_similarity_among_outliers(scale, turn, x, y, outliers, count, seed) -> None:
    lots = np.random.default_rng(seed)
    old = lots.uniform(0, 400, count) + 1j * lots.uniform(0, 240, count)
    truth = scale * np.exp(1j * turn)
    new = truth * old + complex(x, y) + 0.05 * (lots.normal(size=count) + 1j * lots.normal(size=count))
    wrong = lots.random(count) < outliers
    new[wrong] = lots.uniform(0, 400, wrong.sum()) + 1j * lots.uniform(0, 240, wrong.sum())
    found = fit(old, new, np.ones(count), 0.8)
    assert found is not None
    assert np.abs(found.apply(old[~wrong]) - new[~wrong]).max() < 1.0
    assert found.inliers[~wrong].all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), max_size=12))
def test_the_robust_fit_takes_any_points(points) -> None:
    old = np.array([complex(*point) for point in points], np.complex128)
    found = fit(old, old[::-1].copy(), np.ones(len(old)), 0.8)
    assert found is None or np.isfinite(found.scale_turn)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=2, max_size=60), st.floats(0.01, 2))
def test_stretches_of_a_path_follow_one_another(values, reversal) -> None:
    series = np.array(values)
    found = camera.runs(series, reversal)
    assert all(0 <= first <= last < len(series) for first, last in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))


@given(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01), st.integers(12, 80))
@settings(max_examples=60, deadline=None)
def test_a_steady_camera_path_is_read_back(right, up, count) -> None:
    steps = [Step((n + 1) / 15, 1 / 15, complex(-400 * right, 240 * up), 1.0, 0.0, 200, 1.0, 1.0) for n in range(count)]
    found = camera.judge(steps, 400, 240)
    assert found.path[-1].pan == pytest.approx(right * count, abs=1e-3)
    assert found.path[-1].tilt == pytest.approx(up * count, abs=1e-3)
    for direction, size, clear in (("right", right * count, 0.05), ("up", up * count, 0.06)):
        if size >= clear * 1.01:
            assert found.directions[direction].value is True
        elif size <= 0:
            assert found.directions[direction].value is not True
    assert not (found.static.value and found.moves)


def test_untracked_steps_leave_the_camera_open_with_the_reason() -> None:
    steps = [Step((n + 1) / 15, 1 / 15, tracked=3, share=0.9, spread=0.9) for n in range(20)]
    found = camera.judge(steps, 400, 240)
    assert found.static.value is None
    assert "too little detail" in found.reason
    assert all(finding.value is None for finding in found.directions.values())


def looks(levels) -> list[Look]:
    return [Look(n / 16, np.full((4, 4), level, np.float32).tobytes(), 0.0, 0.0) for n, level in enumerate(levels)]


def test_flicker_is_to_and_fro_and_not_a_trend() -> None:
    assert playback.flicker([looks([100 + 6 * (-1) ** n for n in range(30)])], shaking=False).value is True
    assert playback.flicker([looks([100 + 2 * n for n in range(30)])], shaking=False).value is False
    assert playback.flicker([looks([100] * 3)], shaking=False).value is None


def test_repeated_frames_are_told_from_slow_movement() -> None:
    lively = [Look(n / 16, b"", 5.0 * (n % 2), 40.0 * (n % 2)) for n in range(1, 33)]
    assert playback.duplicates([lively], [])[0].value == pytest.approx(0.5, abs=0.04)
    slowing = [Look(n / 16, b"", 5 * abs(np.sin(n / 5)), 40 * abs(np.sin(n / 5))) for n in range(60)]
    assert playback.duplicates([slowing], [])[1].value is not True


@pytest.mark.parametrize(
    ("course", "trend"),
    [
        (np.linspace(0.7, 0.3, 40), "darker"),
        (np.linspace(0.3, 0.7, 40), "brighter"),
        (np.full(40, 0.5), "steady"),
        (0.5 + 0.2 * np.sin(np.linspace(0, 4 * np.pi, 40)), "varying"),
        (np.linspace(0.5, 0.56, 40), None),
    ],
)
def test_the_course_of_light(course, trend) -> None:
    found = light.judge([light.Exposure(n / 16, float(mean), 0.1, 0.9, 0.95) for n, mean in enumerate(course)])
    assert found is not None
    assert found.trend.value == trend
