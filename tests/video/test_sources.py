"""Everything that a clip can be made of, and everything that goes wrong."""

import contextlib
import io
import os
import random
from types import SimpleNamespace

import av
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import Clip, Uniform, clips_of, sample
from tests.video.films import number_of, numbered, write

PICTURES = [Image.new("RGB", (32, 24), (60 * n, 0, 255 - 60 * n)) for n in range(4)]
LENGTHS = [100, 200, 300, 400]


def times(clip):
    return [round(f.time, 3) for f in clip.frames()]


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_animations_keep_their_times(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    PICTURES[0].save(path, save_all=True, append_images=PICTURES[1:], duration=LENGTHS, **options)
    clip = Clip(path)
    assert times(clip) == [0, 0.1, 0.3, 0.6]
    assert clip.info.duration == pytest.approx(1.0)
    assert [f.pixels[0, 0].tolist() for f in clip.frames([0.3, 0.95])] == [[120, 0, 135], [180, 0, 75]]
    assert times(Clip(path.read_bytes())) == times(clip)


def test_transparent_parts_show_the_background(tmp_path):
    picture = PICTURES[0].convert("RGBA")
    picture.putalpha(128)
    picture.save(tmp_path / "a.webp", lossless=True)
    assert next(Clip(tmp_path / "a.webp").frames()).pixels[0, 0].tolist() == [0, 0, 128]
    white = next(Clip(tmp_path / "a.webp", background="white").frames()).pixels[0, 0]
    assert white.tolist() == [127, 127, 255]


def test_folder_in_natural_order_with_times_from_names(tmp_path):
    for seconds in (0, 2, 4, 10, 12):
        Image.fromarray(numbered(seconds)).save(tmp_path / f"frame_{seconds:.2f}.png")
    assert [(f.time, number_of(f.pixels)) for f in Clip(tmp_path).frames()] == [(t, t) for t in (0, 2, 4, 10, 12)]


def test_folder_without_times_says_so(tmp_path):
    for number in (1, 2, 10):
        Image.fromarray(numbered(number)).save(tmp_path / f"{number}.png")
    clip = Clip(tmp_path)
    assert [number_of(f.pixels) for f in clip.frames()] == [1, 2, 10]
    assert "were assumed" in clip.warnings[0]
    assert times(Clip(tmp_path, fps=2)) == [0, 0.5, 1.0]
    assert times(Clip(tmp_path, times=[1, 3, 7])) == [1, 3, 7]


def test_a_damaged_picture_of_a_folder_costs_only_itself(tmp_path):
    for number in range(4):
        Image.fromarray(numbered(number)).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes(b"nothing")
    clip = Clip(tmp_path, fps=1)
    assert [number_of(f.pixels) for f in clip.frames()] == [0, 1, 1, 3]
    assert "2.png" in clip.warnings[0]


ARRAY = np.stack([numbered(n) for n in range(6)])
IN_MEMORY = {
    "array": ARRAY,
    "batch of one": ARRAY[None],
    "0 to 1": ARRAY / 255,
    "tensor": torch.from_numpy(ARRAY).permute(0, 3, 1, 2),
    "bfloat16": torch.from_numpy(ARRAY / 255).bfloat16(),
    "grey": ARRAY[..., 0],
    "16 bits": ARRAY.astype(np.uint16) * 257,
    "images": [Image.fromarray(a) for a in ARRAY],
    "arrays": list(ARRAY),
    "nested": [[Image.fromarray(a) for a in ARRAY]],
    "pipeline": SimpleNamespace(frames=ARRAY[None] / 255),
}


@pytest.mark.parametrize("form", IN_MEMORY)
def test_frames_in_memory(form):
    clip = Clip(IN_MEMORY[form], fps=10)
    assert [(round(f.time, 3), number_of(f.pixels)) for f in clip.frames()] == [(n / 10, n) for n in range(6)]
    assert (clip.info.width, clip.info.height, clip.info.duration) == (64, 48, pytest.approx(0.6))


def test_a_batch_is_several_clips():
    videos = SimpleNamespace(frames=np.stack([ARRAY, ARRAY[::-1]]))
    assert [number_of(next(c.frames()).pixels) for c in clips_of(videos, fps=8)] == [0, 5]
    with pytest.raises(InvalidInput, match="2 videos"):
        _ = Clip(videos).info


@pytest.mark.parametrize("source", [None, 5, object(), [], ARRAY * 1.0, np.zeros((3, 4, 5, 7, 2)), b"", b"no video"])
def test_what_is_not_video(source):
    with pytest.raises(InvalidInput):
        _ = Clip(source).info


@pytest.fixture(scope="module")
def broken(film, films):
    """Files that are damaged or that are not what they say."""
    folder = films / "broken"
    folder.mkdir()
    with av.open(str(film)) as old, av.open(str(folder / "front.mp4"), "w", options={"movflags": "faststart"}) as new:
        copy = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = copy
                new.mux(packet)
    whole = (folder / "front.mp4").read_bytes()
    noise = random.Random(0).randbytes(len(whole))
    (folder / "cut.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    middle = len(whole) // 2
    (folder / "corrupt.mp4").write_bytes(whole[:middle] + noise[:1500] + whole[middle + 1500 :])
    (folder / "no_index.mp4").write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    (folder / "noise.mp4").write_bytes(noise)
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no video\n" * 50)
    (folder / "list.mp4").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:6,\n{film}\n#EXT-X-ENDLIST\n")
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    (folder / "no pictures").mkdir()
    with av.open(str(folder / "sound.m4a"), "w") as sound:
        stream = sound.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        sound.mux(stream.encode(frame))
        sound.mux(stream.encode())
    return folder


NAMES = [
    "no_index.mp4",
    "noise.mp4",
    "empty.mp4",
    "text.mp4",
    "list.mp4",
    "loop.mp4",
    "no pictures",
    "sound.m4a",
    "none",
]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_read(broken, name):
    with pytest.raises(InvalidInput) as caught:
        list(Clip(broken / name).frames())
    assert name in caught.value.message


def test_a_file_that_breaks_off(broken):
    clip = Clip(broken / "cut.mp4")
    numbers = [number_of(f.pixels) for f in clip.frames()]
    assert numbers == list(range(len(numbers)))
    assert 60 < len(numbers) < 120
    assert clip.info.duration == pytest.approx(len(numbers) / 25, abs=0.1)
    assert "missing" in clip.warnings[0]
    assert len(list(sample(clip, Uniform(16)))) == 16


@pytest.mark.parametrize("threads", [1, 2])
def test_damage_in_the_middle(broken, threads):
    clip = Clip(broken / "corrupt.mp4", threads=threads)
    frames = list(clip.frames())
    assert number_of(frames[0].pixels) == 0
    assert number_of(frames[-1].pixels) == 149
    assert len(frames) > 100
    assert any("damaged" in warning for warning in clip.warnings)


def test_matroska_that_breaks_off(films):
    whole = write(films / "whole.mkv", range(0, 6000, 40), options={"g": "25"}).read_bytes()
    (films / "half.mkv").write_bytes(whole[: len(whole) // 2])
    clip = Clip(films / "half.mkv")
    last = [f.time for f in clip.frames()][-1]
    assert clip.info.duration == pytest.approx(last + 0.04, abs=0.1)
    assert "header speaks of 6" in clip.warnings[0]


@pytest.mark.parametrize("name", ["a\nb é.mp4", "100% a%03d.mp4", "concat:a|b.mp4", "clip.txt", "clip"])
def test_odd_names(film, tmp_path, name):
    (tmp_path / name).write_bytes(film.read_bytes())
    assert Clip(tmp_path / name).info.frames == 150


def test_a_name_that_is_not_unicode(film, tmp_path):
    name = os.path.join(os.fsencode(tmp_path), b"bad\xff.mp4")
    with open(name, "wb") as file:
        file.write(film.read_bytes())
    assert Clip(os.fsdecode(name)).info.frames == 150


def test_urls(film):
    assert Clip(film.as_uri()).info.frames == 150
    with pytest.raises(InvalidInput, match="network"):
        Clip("https://example.org/a.mp4")


def test_a_file_that_goes_away_while_it_is_read(film, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(film.read_bytes())
    clip = Clip(path)
    frames = clip.frames()
    next(frames)
    path.unlink()
    assert len(list(frames)) == 149  # the open file lives on
    with pytest.raises(InvalidInput, match="no such file"):
        next(clip.frames())


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InvalidInput, match="pipe"):
        next(Clip(tmp_path / "pipe.mp4").frames())


def test_hash_is_of_the_content(film, tmp_path):
    (tmp_path / "copy.mp4").write_bytes(film.read_bytes())
    assert Clip(film).sha256() == Clip(tmp_path / "copy.mp4").sha256() == Clip(film.read_bytes()).sha256()
    assert Clip(ARRAY, fps=10).sha256() != Clip(ARRAY, fps=5).sha256()
    assert Clip(ARRAY, fps=10).sha256() == Clip(torch.from_numpy(ARRAY), fps=10).sha256()


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_bytes_are_read_or_refused(content):
    with contextlib.suppress(InvalidInput):
        list(Clip(content).frames())


@pytest.mark.parametrize(("start", "end"), [(-1, None), (3, 2), (float("nan"), None)])
def test_spans_that_are_none(film, start, end):
    with pytest.raises(InvalidInput):
        Clip(film, start=start, end=end)


def test_a_start_behind_the_end(film):
    with pytest.raises(InvalidInput, match=r"6\.00 s long"):
        next(Clip(film, start=100).frames())


def test_one_frame_and_one_pixel(tmp_path):
    write(tmp_path / "one.mp4", [0])
    assert [f.number for f in sample(Clip(tmp_path / "one.mp4"), Uniform(16))] == [0]
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "PNG")
    assert next(Clip(buffer.getvalue()).frames()).size == (1, 1)


def test_large_and_odd_sizes(tmp_path):
    grey = {"options": {"preset": "ultrafast"}, "layout": "yuv444p"}
    large = write(tmp_path / "8k.mp4", [0, 40], size=(7680, 4320), **grey)
    frames = list(Clip(large).frames(longest_side=1024))
    assert [f.pixels.shape for f in frames] == [(576, 1024, 3)] * 2
    assert [number_of(f.pixels) for f in frames] == [0, 1]
    odd = write(tmp_path / "odd.mp4", [0, 40], size=(51, 37), **grey)
    assert [(f.pixels.shape, number_of(f.pixels)) for f in Clip(odd).frames()] == [((37, 51, 3), 0), ((37, 51, 3), 1)]


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="rights are other ones here")
def test_a_file_that_may_not_be_read_says_so(film, tmp_path):
    path = tmp_path / "secret.mp4"
    path.write_bytes(film.read_bytes())
    path.chmod(0)
    me = os.geteuid()
    if me == 0:  # root may read everything
        os.seteuid(65534)
    try:
        with pytest.raises(InvalidInput, match=r"secret\.mp4' cannot be read: [Pp]ermission denied"):
            next(Clip(path).frames())
    finally:
        os.seteuid(me)
