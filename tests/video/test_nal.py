"""Packets that are left out are those that FFmpeg's decoder leaves out when it is told to."""

import av
import pytest

from t2v_recaption.video.nal import unreferenced
from tests.video.films import write

X264 = {"codec": "libx264"}
X265 = {"codec": "libx265"}
FILMS = {
    "lengths.mp4": X264 | {"options": {"g": "30", "bf": "3"}},
    "lengths.mkv": X264 | {"options": {"g": "30", "bf": "3"}},
    "codes.ts": X264 | {"options": {"g": "30", "bf": "3"}},
    "slices.mp4": X264 | {"options": {"g": "30", "bf": "3", "x264-params": "slices=3:aud=1:b-pyramid=strict"}},
    "hevc.mp4": X265 | {"options": {"x265-params": "keyint=30:bframes=4:log-level=0"}},
    "hevc.ts": X265 | {"options": {"x265-params": "keyint=30:bframes=4:log-level=0:repeat-headers=1"}},
    "none.mp4": X264 | {"options": {"g": "30", "bf": "0"}},
}


def packets(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        test = unreferenced(context.name, context.extradata)
        return [(p.pts, test(memoryview(p))) for p in container.demux(stream) if p.size]


def decoded(path, skip):
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.skip_frame = skip
        return {frame.pts for frame in container.decode(video=0)}


@pytest.fixture(scope="module", params=FILMS)
def path(films, request):
    return write(films / f"nal-{request.param}", range(0, 3600, 40), **FILMS[request.param])


def test_the_same_as_the_decoder_skips(path):
    found = packets(path)
    kept = {stamp for stamp, leave in found if not leave}
    assert kept == decoded(path, "NONREF")
    assert (len(kept) < len(found)) is ("none" not in path.name)


def test_other_codecs_are_not_read():
    assert unreferenced("vp9", b"") is None


@pytest.mark.parametrize("content", [b"", b"\0", b"\0\0\0", b"\0\0\0\1", b"\0\0\0\0" * 5, b"\xff" * 40])
@pytest.mark.parametrize("extradata", [None, b"", b"\1d\0\x1f\xff", b"\0\0\0\1gd", b"\1" * 30])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_what_is_no_picture_is_kept(codec, extradata, content):
    assert not unreferenced(codec, extradata)(memoryview(content))


def test_parameters_go_to_the_decoder():
    test = unreferenced("h264", b"")
    assert test(memoryview(b"\0\0\1\x01picture"))
    assert not test(memoryview(b"\0\0\1\x68parameters\0\0\1\x01picture"))
