"""Clips that are broken or odd: a clear error or an honest verdict, never a made-up score."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from t2v_recaption import InvalidInput, verify
from t2v_recaption.verify import ClaimStatus
from t2v_recaption.video import Clip
from tests.verify.conftest import BASE, HEIGHT, WIDTH, wall
from tests.verify.judges import saying
from tests.video.films import write

av = pytest.importorskip("av")

U = ClaimStatus.UNDETERMINED
ROOT = Path(__file__).resolve().parents[2]


def test_no_video_at_all(tmp_path: Path) -> None:
    for name, content in (("empty.mp4", b""), ("text.mp4", b"not a video" * 99), ("zeros.mp4", bytes(4096))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInput):
            verify(tmp_path / name, "a cat")
    with pytest.raises(InvalidInput):
        verify(tmp_path / "missing.mp4", "a cat")
    with pytest.raises(InvalidInput):
        verify(tmp_path, "a cat")


def test_sound_without_pictures(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InvalidInput):
        verify(path, "a cat")


def test_a_truncated_file_is_judged_by_what_can_be_read(still: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.mkv"
    pictures = [wall()[:HEIGHT, :WIDTH]] * 40
    write(source, range(40), base=BASE, size=(WIDTH, HEIGHT), pictures=pictures, options={"g": "8"})
    content = source.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(content[: len(content) * 2 // 3])
    found = verify(tmp_path / "cut.mkv", "static shot, a cat", judges=saying("Cannot tell"))
    assert found.of_status(U)
    assert found["c1"].status in (ClaimStatus.SUPPORTED, U)


def test_one_frame_decides_no_movement(tmp_path: Path) -> None:
    path = write(tmp_path / "one.mp4", [0], base=BASE, size=(WIDTH, HEIGHT), pictures=[wall()[:HEIGHT, :WIDTH]])
    found = verify(path, "a cat, the camera pans right, it gets darker, black and white")
    got = {result.claim.text: result.status for result in found}
    assert got["The camera pans right."] is U
    assert got["It gets darker."] is not ClaimStatus.SUPPORTED
    assert got["There is a cat."] is U


@pytest.mark.parametrize(
    ("size", "layout", "stamps"),
    [
        ((254, 142), "yuv420p", range(24)),
        ((256, 144), "yuv420p10le", range(24)),
        ((256, 144), "yuv420p", [n * n for n in range(24)]),
        ((3840, 2160), "yuv420p", range(4)),
        ((144, 512), "yuv420p", range(12)),
    ],
)
def test_odd_clips_are_verified(tmp_path: Path, size: tuple[int, int], layout: str, stamps: range | list[int]) -> None:
    width, height = size
    picture = np.tile(wall(), (6, 7, 1))[:height, :width]
    options = {"preset": "ultrafast", "crf": "20"}
    path = write(tmp_path / "odd.mp4", stamps, base=Fraction(1, 25), size=size, layout=layout,
                 pictures=[picture] * len(stamps), options=options)  # fmt: skip
    prompt = f"a cat, static shot, {width}x{height}, {'vertical' if height > width else 'horizontal'} video"
    found = verify(path, prompt, judges=saying("Cannot tell"), frames=3, foils=0)
    got = {result.claim.text: result.status for result in found}
    assert got["The camera stands still."] is not ClaimStatus.REFUTED
    assert got[f"The resolution is {width}x{height}."] is ClaimStatus.SUPPORTED
    assert got["There is a cat."] is U


def test_a_clip_of_something_else_scores_low(still: Path) -> None:
    found = verify(still, "a dog runs on a beach at night, the camera pans left, black and white, 10 seconds")
    assert found.score == 0.0
    assert found.coverage < 0.5


def test_frames_in_memory_are_a_clip() -> None:
    frames = [np.ascontiguousarray(wall()[:HEIGHT, :WIDTH])] * 33
    found = verify(Clip(frames, fps=16), "static shot")
    assert found.score == 1.0
    assert found.clip["path"] == ""


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_clip_is_judged_as_it_is_shown(tmp_path: Path, degrees: int) -> None:
    """The file holds a pan to the right, lying on its side; who plays it sees it go up, left or down."""
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=16, options={"preset": "ultrafast", "crf": "16"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.set_display_rotation(degrees)
        for number in range(33):
            picture = np.ascontiguousarray(wall()[100 : 100 + HEIGHT, 40 + 5 * number : 40 + 5 * number + WIDTH])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    width, height = (WIDTH, HEIGHT) if degrees == 180 else (HEIGHT, WIDTH)
    with_sides = [np.asarray(frame.image).shape[:2] for frame in Clip(path).frames([0.0])]
    assert with_sides == [(height, width)]
    goes = {90: "tilts up", 180: "pans left", 270: "tilts down"}[degrees]
    judge = saying("Cannot tell")
    found = verify(path, f"{width}x{height}, the camera {goes}, static shot", judges=judge, frames=2)
    got = {result.claim.text: result.status for result in found}
    assert got[f"The resolution is {width}x{height}."] is ClaimStatus.SUPPORTED
    assert got[f"The camera {goes}."] is ClaimStatus.SUPPORTED
    assert got["The camera stands still."] is ClaimStatus.REFUTED
    shown = [part for part in judge.history[0].messages[-1].parts if not isinstance(part, str)]
    assert all(picture.size == (width, height) for picture in shown)


def test_a_judge_sees_few_frames_however_long_the_clip(tmp_path: Path) -> None:
    pictures = [np.full((48, 64, 3), 90 + n % 60, np.uint8) for n in range(600)]
    path = write(tmp_path / "long.mp4", [n * 12 for n in range(600)], base=Fraction(1, 1), pictures=pictures,
                 options={"preset": "ultrafast", "g": "50"})  # fmt: skip
    judge = saying("Cannot tell")
    found = verify(path, "a cat, 120 minutes", judges=judge, measurements=False)
    assert len(found.frames) <= 12
    assert max(found.frames) > 6600


class _Pictures:
    """So many pictures of a wall that goes by, made when they are asked for."""

    def __init__(self) -> None:
        self._wall = wall()

    def __getitem__(self, number: int) -> np.ndarray:
        return np.ascontiguousarray(self._wall[100 : 100 + HEIGHT, number % 300 : number % 300 + WIDTH])


PEAK = """
import resource, sys
from t2v_recaption import verify
from tests.verify.judges import saying
found = verify(sys.argv[1], "a cat, black and white", judges=saying("Cannot tell"))
assert found.measurements is not None and found.score == 0.0, found.score
print(found.clip["duration"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_two_hours_take_no_more_memory_than_ten_minutes(tmp_path: Path) -> None:
    """Everything is measured and judged; 1800 frames of a tenth of a megabyte each would be 200 MB."""
    peaks = []
    for seconds in (600, 7200):
        options = {"preset": "ultrafast", "g": "60"}
        path = write(tmp_path / f"{seconds}.mp4", range(seconds // 4), base=Fraction(4, 1), size=(WIDTH, HEIGHT),
                     pictures=_Pictures(), options=options)  # fmt: skip
        done = subprocess.run([sys.executable, "-c", PEAK, str(path)], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        duration, peak = done.stdout.split()
        assert float(duration) == pytest.approx(seconds, rel=0.01)
        peaks.append(int(peak))
    assert peaks[1] < peaks[0] + 60, peaks
