"""Whatever is sought and skipped on the way, the frames are those of a full decode from the start."""

import bisect
import gc
import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from unittest import mock

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2v_recaption.video import Clip, parallel
from t2v_recaption.video.facts import index_of
from t2v_recaption.video.passes import Pass
from tests.video.films import number_of, write

X264 = "ref=3:scenecut=0:"
VPX = {"g": "20", "cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "8"}  # with frames that are not shown
RECIPES = {
    "closed.mp4": {"codec": "libx264", "options": {"g": "12", "bf": "3", "x264-params": X264 + "b-pyramid=normal"}},
    "open.mp4": {"codec": "libx264", "options": {"g": "15", "bf": "4", "x264-params": X264 + "open-gop=1:b-adapt=0"}},
    "long.mp4": {"codec": "libx264", "options": {"g": "500", "bf": "2", "x264-params": X264 + "weightp=0"}},
    "strict.mkv": {"codec": "libx264", "options": {"g": "10", "bf": "7", "x264-params": X264 + "b-pyramid=strict"}},
    "refresh.mp4": {"codec": "libx264", "options": {"g": "30", "x264-params": X264 + "intra-refresh=1"}},
    "intra.mov": {"codec": "libx264", "options": {"g": "1"}},
    "open.ts": {"codec": "libx264", "options": {"g": "20", "bf": "3", "x264-params": X264 + "open-gop=1"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "keyint=14:min-keyint=14:bframes=4:log-level=0"}},
    "hevc-closed.mkv": {"codec": "libx265", "options": {"x265-params": "keyint=9:open-gop=0:bframes=3:log-level=0"}},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"g": "12"}, "base": Fraction(1, 25)},
    "mpeg4b.mp4": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}, "base": Fraction(1, 25)},
    "h264.avi": {"codec": "libx264", "options": {"g": "12", "bf": "2"}, "base": Fraction(1, 25)},
    "vp9.webm": {"codec": "libvpx-vp9", "options": VPX},
    "vp8.webm": {"codec": "libvpx", "options": VPX},
    "av1.mp4": {"codec": "libsvtav1", "options": {"g": "16", "preset": "12"}},
    "mjpeg.mov": {"codec": "mjpeg", "layout": "yuvj420p"},
}
EVEN = [n * 40 for n in range(100)]


def uneven(seed: int) -> list[int]:
    """Times in milliseconds with gaps of 1 ms to 0.7 s, not beginning at 0."""
    draw = random.Random(seed)
    times = [draw.randint(0, 400)]
    while len(times) < 100:
        times.append(times[-1] + draw.choice([1, 7, 20, 33, 40, 180, 700]))
    return times


def cut(source, path, skipped):
    """A copy that begins later, as `ffmpeg -ss … -c copy` makes it: an edit list hides the frames before."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        for packet in old.demux(stream):
            if packet.dts is not None:
                packet.pts -= skipped
                packet.dts -= skipped
                packet.stream = copy
                new.mux(packet)
    return path


@pytest.fixture(scope="module")
def sources(films):
    """Each recipe at an even and at an uneven rate, with the times and numbers of a plain decode."""
    made = {}
    for name, recipe in RECIPES.items():
        for kind in ("even", "uneven"):
            base = recipe.get("base", Fraction(1, 1000))
            if kind == "uneven" and base != Fraction(1, 1000):
                continue
            stamps = EVEN if kind == "even" else uneven(len(made))
            path = films / f"{kind}-{name}"
            write(path, stamps if base == Fraction(1, 1000) else range(100), **recipe)
            made[path.name] = (path, plain(path))
    edited = cut(films / "even-open.mp4", films / "edited.mp4", ticks(films / "even-open.mp4", 0.7))
    made[edited.name] = (edited, plain(edited))
    return made


def ticks(path, seconds):
    with av.open(str(path)) as container:
        return int(Fraction(seconds).limit_denominator(1000) / container.streams.video[0].time_base)


def plain(path):
    """Time and number of every frame by the simplest decode there is."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        found = []
        for frame in container.decode(stream):
            timed = frame.pts is not None and path.name != "even-h264.avi"  # AVI cannot tell the times of such frames
            late = frame.pts - stream.start_time if timed else len(found) / rate / stream.time_base
            found.append((float(late * stream.time_base), number_of(frame.to_ndarray(format="rgb24"))))
    return found


def expected(truth, times):
    stamps = [t for t, _ in truth]
    return [truth[max(0, bisect.bisect_right(stamps, t + 0.0005 + 1e-6) - 1)] for t in times]


def seen(clip, times):
    return [(f.time, number_of(f.pixels)) for f in clip.frames(times)]


def same(got, wanted):
    return [n for _, n in got] == [n for _, n in wanted] and all(
        abs(a - b) < 1e-6 for (a, _), (b, _) in zip(got, wanted, strict=True)
    )


def test_plain_decode_sees_the_frames(sources):
    for name, (_, truth) in sources.items():
        numbers = [n for _, n in truth]
        assert numbers == sorted(numbers), name
        assert len(truth) > 80, name
        assert all(a < b for a, b in pairwise(t for t, _ in truth)), name


def test_every_frame(sources):
    for name, (path, truth) in sources.items():
        assert same([(f.time, number_of(f.pixels)) for f in Clip(path).frames()], truth), name


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_frames_at_times(sources, data):
    path, truth = sources[data.draw(st.sampled_from(sorted(sources)))]
    last = truth[-1][0]
    exact = st.sampled_from([t for t, _ in truth])
    anywhere = st.floats(0, last + 1)
    # A time that is a hair off the tolerance would test the arithmetic of this test.
    off = anywhere.filter(lambda t: all(abs(s - t - 0.0005) > 1e-5 for s, _ in truth))
    times = sorted(data.draw(st.lists(exact | off, min_size=1, max_size=8)))
    threads = data.draw(st.sampled_from([1, 2, 0, 6]))
    worth = data.draw(st.sampled_from([0, parallel._WORTH]))  # 0: side by side wherever there are key frames to jump to
    with mock.patch.object(parallel, "_WORTH", worth):
        assert same(seen(Clip(path, threads=threads), times), expected(truth, times))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_parts(sources, data):
    path, truth = sources[data.draw(st.sampled_from(sorted(sources)))]
    times = [t for t, _ in truth]
    first, last = sorted(data.draw(st.lists(st.integers(0, len(times) - 1), min_size=2, max_size=2, unique=True)))
    part = Clip(path).part(times[first], times[last])
    assert same([(f.time, number_of(f.pixels)) for f in part.frames()], truth[first:last])


def test_a_jump_lands_at_the_nearest_key_frame(sources):
    path, _ = sources["even-closed.mp4"]  # a key frame every 12 frames, B-frames between
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        reading = Pass(container, stream, index_of(container, stream).keys, lambda _: None)
        (frame,) = reading.shown([3.0])
        assert reading.seconds(frame) == pytest.approx(3.0)
        key = reading._packets.first_key
        assert float(key.pts * key.time_base) == pytest.approx(72 * 0.04)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the process's memory from /proc")
def test_nothing_of_the_frames_stays(films):
    picture = np.zeros((720, 1280, 3), np.uint8)
    path = write(films / "large.mp4", EVEN, size=(1280, 720), pictures=[picture] * 100, options={"g": "5"})

    def megabytes():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

    clip = Clip(path, threads=1)
    for _ in clip.frames([0.0, 2.0, 3.9]):
        pass
    before = megabytes()
    gc.disable()  # what waits for the collector counts as kept
    try:
        for _ in range(4):
            for _ in clip.frames([n * 0.2 for n in range(20)]):
                pass
    finally:
        gc.enable()
    assert megabytes() - before < 50  # 80 frames would be 110 MB as decoded, 220 MB as arrays
