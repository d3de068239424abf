"""The grids, pixel by pixel, against the layout rules stated anew with arrays."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import Frame, grids


def pictures(sizes, seed=0):
    draw = np.random.default_rng(seed)
    return [draw.integers(0, 200, (h, w, 3), dtype=np.uint8) for w, h in sizes]


def frames(arrays):
    return [Frame(n, n * 2.0, a) for n, a in enumerate(arrays)]


sides = st.integers(4, 150)
sizes = st.lists(st.tuples(sides, sides), min_size=1, max_size=5)


@settings(deadline=None, max_examples=40)
@given(sizes)
def test_column(sizes):
    arrays = pictures(sizes)
    seen = np.asarray(grids.column(frames(arrays)))
    widest = max(w for w, _ in sizes)
    margin = max(widest // 4, 100)
    expected = np.full((sum(h + 20 for _, h in sizes) + 20, widest + 20 + margin, 3), 255, np.uint8)
    top = 10
    for number, array in enumerate(arrays):
        height, width = array.shape[:2]
        expected[top : top + height, margin : margin + width] = array
        if number + 1 < len(arrays):
            expected[top + height + 10 : top + height + 12] = 0  # the rule: two pixels
        top += height + 20
    assert seen.shape == expected.shape
    assert (seen[:, margin:] == expected[:, margin:]).all()
    labels = seen[:, :margin] != expected[:, :margin]
    assert labels.any()
    tops = 10 + np.cumsum([0, *(h + 20 for _, h in sizes[:-1])])
    allowed = np.zeros(len(seen), bool)
    for top, (_, height) in zip(tops, sizes, strict=True):
        allowed[top + height // 2 : top + height // 2 + margin // 5 + 8] = True
    assert not labels.any(axis=(1, 2))[~allowed].any()


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 30), sides, sides)
def test_rows(count, width, height):
    arrays = pictures([(width, height)] * count)
    expected = np.zeros((6 * height, 5 * width, 3), np.uint8)
    for n, array in enumerate(arrays):
        expected[n // 5 * height : (n // 5 + 1) * height, n % 5 * width : (n % 5 + 1) * width] = array
    assert (np.asarray(grids.rows(frames(arrays), size=None)) == expected).all()
    assert grids.rows(frames(arrays)).size == (800, 600)


def test_more_frames_than_cells():
    with pytest.raises(InvalidInput, match="31 frames"):
        grids.rows(frames(pictures([(4, 4)] * 31)))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 17), sides, sides)
def test_square(count, width, height):
    arrays = pictures([(width, height)] * count)
    cells = math.ceil(math.sqrt(count))
    expected = np.full((cells * height + (cells - 1) * 50, cells * width + (cells - 1) * 50, 3), 255, np.uint8)
    for n, array in enumerate(arrays):
        y, x = n // cells * (height + 50), n % cells * (width + 50)
        expected[y : y + height, x : x + width] = array
    assert (np.asarray(grids.square(frames(arrays))) == expected).all()


def test_square_is_brought_down_to_1920():
    assert grids.square(frames(pictures([(640, 360)] * 16))).size == (1919, 1126)  # upstream rounds down, too


@settings(deadline=None, max_examples=40)
@given(sides, sides, sides, sides)
def test_pair(w1, h1, w2, h2):
    first, second = pictures([(w1, h1), (w2, h2)])
    expected = np.full((2 * h1 + 50, w1, 3), 255, np.uint8)
    expected[:h1] = first
    part = second[:h1, :w1]
    expected[h1 + 50 : h1 + 50 + part.shape[0], : part.shape[1]] = part
    assert (np.asarray(grids.pair(*frames([first, second]))) == expected).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(20, 900), st.integers(20, 900), st.sampled_from([9, 16, 25]))
def test_hd_transform(width, height, tiles):
    (array,) = pictures([(width, height)])
    seen = grids.hd_transform(frames([array])[0], tiles)
    long, short = max(width, height), min(width, height)
    ratio = long / short
    across = max([s for s in range(1, tiles + 1) if s * math.ceil(s / ratio) <= tiles])
    filled = int(across * 336 / ratio)
    down = math.ceil(filled / 336)
    assert sorted(seen.size, reverse=True) == sorted((across * 336, down * 336), reverse=True)
    assert down * across <= tiles
    upright = Image.fromarray(array) if width >= height else Image.fromarray(array).transpose(Image.Transpose.TRANSPOSE)
    scaled = np.asarray(upright.resize((across * 336, filled), Image.Resampling.BILINEAR))
    expected = np.full((down * 336, across * 336, 3), 255, np.uint8)
    above = (down * 336 - filled) // 2
    expected[above : above + filled] = scaled
    if width < height:
        expected = expected.swapaxes(0, 1)
    assert (np.asarray(seen) == expected).all()


def test_tokens_of_the_published_example():
    assert grids.hd_tokens((1008, 1008)) == 1489  # 3 x 3 tiles
