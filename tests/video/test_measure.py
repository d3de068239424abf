"""Measurements of real video files: rendered scenes with known truth, faulty and odd files, labelled clips."""

import json
import math
import os
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.measurements.cases import QUESTIONS, truth
from benchmarks.measurements.command import LABELS
from benchmarks.measurements.renderer import Scene, encode, render, write
from t2v_recaption import Measurements, measure
from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import Clip
from t2v_recaption.video.measurements import Finding

SHARED = Path(os.environ.get("T2V_SHARED", Path(__file__).resolve().parents[3] / "shared"))
CLIPS = SHARED / "data" / "clips"

SCENES = [
    (Scene("static", "street", "noise", seconds=2), ("camera static", "camera shakes", "brightness")),
    (Scene("pan_right", "street", seconds=2), ("camera right", "camera left", "camera static", "judder", "flicker")),
    (Scene("pan_left", "street", "compressed", seconds=2), ("camera left", "camera right")),
    (Scene("tilt_up", "rich", seconds=2), ("camera up", "camera down")),
    (Scene("tilt_down", "street", "noise", seconds=2), ("camera down",)),
    (Scene("zoom_in", "street", seconds=2), ("camera in", "camera left", "camera right")),
    (Scene("zoom_out", "rich", "compressed", seconds=2), ("camera out",)),
    (Scene("roll_clockwise", "rich", seconds=2), ("camera clockwise", "camera counterclockwise")),
    (Scene("roll_counterclockwise", "street", seconds=2), ("camera counterclockwise",)),
    (Scene("pan_left_then_right", "rich", seconds=3), ("camera left", "camera right")),
    (Scene("truck_right", "street", seconds=2), ("camera right",)),
    (Scene("shake", "rich", seconds=2), ("camera shakes", "camera static")),
    (Scene("pan_right", "street", "handheld", seconds=3), ("camera right", "camera shakes", "camera static")),
    (Scene("object_left", "street", seconds=2), ("subject moves", "subject's direction", "camera static")),
    (Scene("object_up", "rich", seconds=2), ("subject moves", "subject's direction")),
    (Scene("pan_object", "street", seconds=2), ("subject moves", "subject's direction", "camera right")),
    (Scene("tracking_right", "rich", seconds=2), ("tracking shot", "subject's direction", "camera right")),
    (Scene("tracking_left", "street", "noise", seconds=2), ("tracking shot", "camera left")),
    (Scene("cut", "rich", seconds=3), ("cuts",)),
    (Scene("flicker", "street", seconds=2), ("flicker", "cuts")),
    (Scene("local_flicker", "rich", seconds=2), ("flicker",)),
    (Scene("fade_dark", "street", seconds=2), ("brightness",)),
    (Scene("fade_bright", "rich", seconds=2), ("brightness",)),
    (Scene("freeze", "street", seconds=3), ("frozen part",)),
    (Scene("duplicates", "rich", seconds=2), ("judder", "camera right", "frozen part")),
    (Scene("judder", "street", seconds=3), ("judder", "frozen part")),
    (Scene("black_frames", "street", seconds=2), ("black frames",)),
    (Scene("all_black", seconds=1), ("black frames",)),
    (Scene("letterbox", "street", seconds=1), ("bars",)),
    (Scene("pillarbox", "rich", seconds=1), ("bars",)),
    (Scene("black_and_white", "street", seconds=1), ("black and white",)),
    (Scene("loop", "rich", seconds=3), ("loop",)),
    (Scene("still", "street", seconds=1), ("still picture",)),
    (Scene("pan_left", "faint", "noise", seconds=2), ()),
    (Scene("zoom_in", "blurred", "noise", seconds=2), ()),
    (Scene("pan_right", "water", seconds=2), ("camera right",)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scenes")


@pytest.mark.parametrize(("scene", "surely"), SCENES, ids=lambda value: getattr(value, "name", ""))
def test_scenes_with_known_truth_are_measured_right_or_left_open(scene, surely, folder) -> None:
    found = measure(write(scene, folder / f"{scene.name}.mp4"))
    facts = truth(scene)
    answers = {question: QUESTIONS[question](found) for question in facts}
    wrong = {q: (answers[q], facts[q]) for q in facts if answers[q] is not None and answers[q] != facts[q]}
    assert not wrong
    assert {q: answers[q] for q in surely} == {q: facts[q] for q in surely}


def test_sizes_and_times_of_movements_are_right(folder) -> None:
    scene = Scene("pan_right", "rich", seed=3, seconds=2)
    far = float(np.random.default_rng(3).uniform(0.2, 0.55))
    (move,) = measure(write(scene, folder / "far.mp4")).shots[0].camera.moves
    assert move.amount == pytest.approx(far, rel=0.05)
    zoomed = measure(write(Scene("zoom_in", "rich", seed=3, seconds=2), folder / "near.mp4")).shots[0].camera
    assert zoomed.moves[0].amount == pytest.approx(1 + far, rel=0.03)
    assert zoomed.path[-1].zoom == pytest.approx(1 + far, rel=0.03)
    there_and_back = measure(write(Scene("pan_left_then_right", "rich", seed=3), folder / "back.mp4")).shots[0].camera
    first, second = there_and_back.moves
    assert (first.direction, second.direction) == ("left", "right")
    assert first.end == pytest.approx(1.5, abs=0.3)
    assert second.start == pytest.approx(1.5, abs=0.3)


def test_faults_have_their_times(folder) -> None:
    frozen = measure(write(Scene("freeze", "rich"), folder / "f.mp4")).playback.frozen
    assert [(round(part.start, 1), round(part.end, 1)) for part in frozen] == [(1.0, 1.9)]
    black = measure(write(Scene("black_frames", "rich"), folder / "b.mp4")).playback.black
    assert [(round(part.start, 1), round(part.end, 1)) for part in black] == [(1.2, 1.8)]
    (cut,) = measure(write(Scene("cut", "street"), folder / "c.mp4")).cuts
    assert cut == pytest.approx(1.5, abs=0.07)
    content = measure(write(Scene("letterbox", "street", seconds=1), folder / "l.mp4")).bars.content
    assert content == pytest.approx((0, 34 / 272, 1, 1 - 34 / 272), abs=0.01)


def test_a_part_of_a_clip_keeps_the_times_of_the_whole(folder) -> None:
    path = write(Scene("pan_right", "street", seconds=3), folder / "whole.mp4")
    found = measure(Clip(path, start=1.0, end=2.5))
    assert (found.start, found.end) == (1.0, 2.5)
    assert found.shots[0].camera.moves[0].start >= 1.0
    assert found.shots[0].camera.path[0].time == 1.0


def test_the_same_clip_gives_the_same_measurements_and_touches_no_global_state(folder) -> None:
    path = write(Scene("tracking_right", "street", "noise", seconds=1), folder / "same.mp4")
    numpy_state, python_state, threads = np.random.get_state(), random.getstate(), cv2.getNumThreads()
    first = measure(path)
    cv2.setRNGSeed(7)  # what other code does to OpenCV's global state makes no difference
    second = measure(path)
    assert first.to_json() == second.to_json()
    assert random.getstate() == python_state
    assert all(np.array_equal(a, b) for a, b in zip(np.random.get_state()[1:], numpy_state[1:], strict=True))
    assert cv2.getNumThreads() == threads


def findings(value) -> list[Finding]:
    """All findings in a record."""
    if isinstance(value, Finding):
        return [value]
    if isinstance(value, (tuple, list)):
        return [finding for item in value for finding in findings(item)]
    if isinstance(value, dict):
        return findings(list(value.values()))
    return findings([getattr(value, name) for name in getattr(value, "__dataclass_fields__", ())])


def sane(found: Measurements) -> None:
    """Every finding has an answer or a reason, and JSON holds numbers only."""
    for finding in findings(found):
        assert (finding.value is None) == bool(finding.reason), finding
        assert 0 <= finding.confidence <= 1
        assert finding.amount is None or math.isfinite(finding.amount)
    json.loads(found.to_json(), parse_constant=lambda word: pytest.fail(f"{word} in JSON"))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 7),
    st.sampled_from(["black", "white", "noise", "flat"]),
    st.integers(0, 99),
)
def test_no_size_length_or_content_is_too_odd(width, height, count, content, seed) -> None:
    grain = np.random.default_rng(seed)
    frames = {
        "black": lambda: np.zeros((height, width, 3), np.uint8),
        "white": lambda: np.full((height, width, 3), 255, np.uint8),
        "noise": lambda: grain.integers(0, 256, (height, width, 3), np.uint8),
        "flat": lambda: np.full((height, width, 3), grain.integers(0, 256), np.uint8),
    }
    sane(measure(Clip([frames[content]() for _ in range(count)], fps=10)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_frames_leave_movement_open(count) -> None:
    frames = list(render(Scene("pan_right", "street", seconds=1)))[:count]
    found = measure(Clip(frames, fps=16))
    sane(found)
    assert found.frames == count
    assert found.shots[0].camera.static.value is None
    assert found.playback.flicker.value is None
    assert bool(found.notes) == (count == 1)


def test_a_black_clip_says_little() -> None:
    found = measure(Clip([np.zeros((120, 200, 3), np.uint8)] * 20, fps=10))
    sane(found)
    assert found.shots[0].camera.static.value is None
    assert found.bars.kind.value is None
    assert [(part.start, part.end) for part in found.playback.black] == [(0.0, 2.0)]


def test_large_odd_and_uneven_files(folder) -> None:
    big = (cv2.resize(picture, (3840, 2160)) for picture in list(render(Scene("pan_right", "street", seconds=1)))[:6])
    encode(big, folder / "4k.mp4")
    found = measure(folder / "4k.mp4")
    sane(found)
    assert (found.info.width, found.frames) == (3840, 6)
    uneven = [0.0, 0.05, 0.2, 0.25, 0.5, 0.55, 0.9, 1.0, 1.05, 1.3, 1.35, 1.4, 1.7, 1.75, 2.0]
    pictures = list(render(Scene("zoom_in", "street", seconds=2, fps=20)))
    found = measure(Clip([pictures[round(20 * time)] for time in uneven], times=uneven))
    sane(found)
    assert found.shots[0].camera.directions["in"].value is True


def test_damaged_files_are_measured_as_far_as_they_go_and_others_refused(folder) -> None:
    path = folder / "part.ts"
    encode(render(Scene("pan_right", "street", seconds=3)), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    found = measure(path)
    sane(found)
    assert 10 < found.frames < 49
    (folder / "not.mp4").write_bytes(b"no video at all" * 100)
    for wrong in (folder / "not.mp4", folder / "missing.mp4"):
        with pytest.raises(InvalidInput):
            measure(wrong)


def test_signals_can_be_left_out(folder) -> None:
    path = write(Scene("pan_right", "street", seconds=1), folder / "some.mp4")
    found = measure(path, signals=["light"])
    sane(found)
    assert found.light is not None
    assert found.shots[0].camera.static.reason == "not asked for"
    assert set(found.seconds) >= {"light", "decoding"}
    with pytest.raises(InvalidInput, match="no signal 'sound'"):
        measure(path, signals=["sound"])


@pytest.mark.parametrize("clip", json.loads(LABELS.read_text(encoding="utf-8")), ids=lambda clip: clip["file"])
def test_nothing_is_wrong_on_labelled_clips(clip) -> None:
    path = CLIPS / clip["file"]
    if not path.is_file():
        pytest.skip("the labelled clips are not on this machine")
    found = measure(path)
    sane(found)
    wrong = {
        question: (answer, expected)
        for question, expected in clip["facts"].items()
        if (answer := QUESTIONS[question](found)) is not None and answer != expected
    }
    assert not wrong
    if "fox" in clip["file"]:
        assert found.shots[0].motion.tracking.value is True
    if "bubbles" in clip["file"]:
        assert found.shots[0].camera.static.value is True
