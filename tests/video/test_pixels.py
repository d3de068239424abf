"""Colours, sizes and orientation against arithmetic done here."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import ColorTrc

from t2v_recaption.video import Clip
from t2v_recaption.video.pixels import Converter
from tests.video.films import write

WEIGHTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
PATCHES = np.random.default_rng(0).integers(0, 256, (6, 8, 3))


def stored(matrix, *, full, bits):
    """Y'CbCr planes of 16 x 16 patches by the formulas of the standards."""
    red, green, blue = (np.repeat(np.repeat(PATCHES[..., i] / 255, 16, 0), 16, 1) for i in range(3))
    kr, kb = WEIGHTS[matrix]
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    differences = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    step = 1 << (bits - 8)
    if full:
        top = (1 << bits) - 1
        return luma * top, *(d * top + 128 * step for d in differences)
    return (16 + 219 * luma) * step, *((128 + 224 * d) * step for d in differences)


@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("layout", "bits"), [("yuv444p", 8), ("yuv444p10le", 10), ("yuv444p12le", 12)])
def test_matrix_range_and_depth(matrix, full, layout, bits):
    frame = av.VideoFrame(128, 96, layout)
    kind = np.uint8 if bits == 8 else np.uint16
    for plane, values in zip(frame.planes, stored(matrix, full=full, bits=bits), strict=True):
        rows = np.zeros((plane.height, plane.line_size // kind().itemsize), kind)
        rows[:, :128] = np.round(values).clip(0, (1 << bits) - 1)
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    seen = Converter(1.0, None, "black")(frame)[8::16, 8::16].astype(int)
    assert np.abs(seen - PATCHES).max() <= 3


def test_unnamed_matrix_goes_by_size():
    def colour(width, height):
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane, value in zip(frame.planes, (81, 90, 240), strict=True):  # BT.601's red
            plane.update(bytes([value]) * plane.buffer_size)
        return Converter(1.0, None, "black")(frame)[4, 4].astype(int)

    assert np.abs(colour(640, 480) - [255, 0, 0]).max() <= 3
    assert colour(1280, 720)[1] > 15


def test_ten_bits_do_not_wrap(tmp_path):
    ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 48, 0).repeat(3, 2)
    # x265 reads unset memory for the decoding times of B frames in a film of two frames, which no muxer takes
    options = {"x265-params": "bframes=0:log-level=0"}
    kind = {"codec": "libx265", "options": options, "layout": "yuv420p10le"}
    path = write(tmp_path / "ten.mp4", [0, 40], pictures=[ramp, ramp], **kind)
    assert Clip(path).info.bit_depth == 10
    row = next(Clip(path).frames()).pixels[24].mean(axis=1)
    assert np.abs(row - np.linspace(0, 255, 64)).max() < 8


@pytest.mark.parametrize("kind", [ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67])
def test_hdr_is_brought_down(kind):
    frame = av.VideoFrame(64, 16, "yuv444p10le")
    codes = np.linspace(64, 940, 64).astype(np.uint16)
    for plane, row in zip(frame.planes, (codes, np.full(64, 512), np.full(64, 512)), strict=True):
        rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
        rows[:, :64] = row
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = 9, 1, 9, kind
    row = Converter(1.0, None, "black")(frame)[8].astype(int)
    assert np.ptp(row, axis=1).max() <= 2  # grey stays grey
    grey = row.mean(axis=1)
    assert (np.diff(grey) >= -1).all()
    assert grey[0] <= 1
    assert grey[-1] >= 250
    white = 58 if kind == ColorTrc.SMPTE2084 else 75  # percent of the range that is plain white (BT.2408)
    assert 150 < grey[int(64 * white / 100)] < 230


CORNERS = np.zeros((48, 64, 3), np.uint8)
CORNERS[:24, :32], CORNERS[:24, 32:], CORNERS[24:, :32], CORNERS[24:, 32:] = 20, 90, 160, 230


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_rotation(tmp_path, degrees):
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(degrees)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(CORNERS, format="rgb24")))
        container.mux(stream.encode())
    clip = Clip(path)
    pixels = next(clip.frames()).pixels
    upright = np.rot90(CORNERS, degrees // 90)
    assert (clip.info.width, clip.info.height) == pixels.shape[1::-1] == upright.shape[1::-1]
    assert np.abs(pixels.astype(int) - upright).mean() < 6
    assert next(clip.frames(longest_side=32)).pixels.shape[:2] == tuple(s // 2 for s in upright.shape[:2])


def test_pixels_are_made_square(tmp_path):
    path = tmp_path / "wide.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(CORNERS, format="rgb24")))
        container.mux(stream.encode())
    clip = Clip(path)
    assert (clip.info.width, clip.info.height) == (85, 48)
    assert next(clip.frames()).size == (85, 48)


def test_transparent_video(tmp_path):
    path = tmp_path / "alpha.mov"
    picture = np.dstack([np.full((48, 64, 3), 200, np.uint8), np.full((48, 64), 128, np.uint8)])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "argb"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgba").reformat(format="argb")))
        container.mux(stream.encode())
    assert abs(int(next(Clip(path).frames()).pixels[9, 9, 0]) - 100) <= 1
    assert abs(int(next(Clip(path, background="white").frames()).pixels[9, 9, 0]) - 227) <= 1
