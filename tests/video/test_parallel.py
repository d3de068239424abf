"""Side by side as in one pass: the same frames in the same order, bounded, stopped when nobody reads on."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import Clip, parallel
from t2v_recaption.video.parallel import Parallel, parallel_for, side_by_side
from tests.video.films import number_of, write

HD = (1920, 1080)
KEYS = [10.0 * n for n in range(60)]


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(parallel, "_WORTH", 0)


def running():
    return sum(thread.name.startswith("t2v-decoder") for thread in threading.enumerate())


@given(
    st.lists(st.floats(-5, 700), max_size=40).map(sorted),
    st.lists(st.floats(0, 600), max_size=30, unique=True).map(sorted),
    st.integers(0, 32),
    st.tuples(st.integers(1, 16_384), st.integers(1, 8192)),
)
def test_every_time_is_read_once_in_order(times, keys, threads, size):
    plan = parallel_for(times, keys, threads, size, 25.0)
    if plan is None:
        return
    assert [t for group in plan.groups for t in group] == times
    assert 2 <= plan.count <= len(plan.groups)
    assert plan.room >= 1
    assert plan.count * plan.room * size[0] * size[1] * 3 <= max(parallel._ROOM, plan.count * size[0] * size[1] * 3)
    read = side_by_side(plan, lambda some, _: iter([(t, None) for t in some]))
    assert [t for t, _ in read] == times


@pytest.mark.parametrize(
    ("why", "times", "keys", "threads"),
    [
        ("one thread", [5.0, 15.0, 25.0], KEYS, 1),
        ("one group", [1.0, 2.0, 3.0], KEYS, 8),
        ("nowhere to jump to", [5.0, 15.0, 25.0], [], 8),
        ("next to nothing to decode", [0.0, 10.0], KEYS, 8),
    ],
)
def test_one_pass_where_it_is_as_good(why, times, keys, threads):
    assert parallel_for(times, keys, threads, HD, 25.0) is None, why


def test_threads_are_shared_out():
    times = [5.0 + 10 * n for n in range(60)]
    assert [(p.count, p.threads) for p in (parallel_for(times, KEYS, n, HD, 25.0) for n in (2, 8, 16))] == [
        (2, 1),
        (8, 1),
        (8, 2),
    ]
    large = parallel_for(times, KEYS, 16, (3840, 2160), 25.0)
    assert (large.count, large.threads) == (2, 8)


def test_what_goes_wrong_in_a_worker_comes_up_in_its_turn():
    def read(some, _):
        for at in some:
            if at == 30.0:
                raise InvalidInput("gone")
            yield at, None

    plan = Parallel(((0.0, 1.0), (10.0,), (20.0,), (30.0,), (40.0,)), 2, 1, 4)
    frames = side_by_side(plan, read)
    assert [next(frames)[0] for _ in range(4)] == [0.0, 1.0, 10.0, 20.0]
    with pytest.raises(InvalidInput, match="gone"):
        next(frames)


def test_a_worker_that_ends_early_ends_all():
    plan = Parallel(((0.0,), (10.0,), (20.0,)), 2, 1, 4)
    assert [at for at, _ in side_by_side(plan, lambda some, _: ((t, None) for t in some if t < 5))] == [0.0]


def test_workers_read_only_so_far_ahead():
    taken = []

    def read(some, _):
        for at in some:
            taken.append(at)
            yield at, None

    plan = Parallel(tuple((float(n),) for n in range(100)), 2, 1, 3)
    frames = side_by_side(plan, read)
    next(frames)
    time.sleep(0.2)
    assert len(taken) <= 1 + 2 * (3 + 1)  # what was handed over, what waits, and what each worker has in its hand
    frames.close()
    assert len(taken) <= 2 + 2 * (3 + 2)


def test_no_worker_is_left_when_reading_stops(film, always):
    frames = Clip(film, threads=4).frames([n + 0.5 for n in range(6)])
    next(frames)
    assert running()
    frames.close()
    assert not running()


def test_damage_is_the_same_side_by_side(films, monkeypatch):
    path = write(
        films / "parallel-damaged.mp4", range(0, 8000, 40), options={"g": "25", "bf": "2", "preset": "ultrafast"}
    )
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    times = [n * 0.4 for n in range(20)]

    def read(worth):
        monkeypatch.setattr(parallel, "_WORTH", worth)
        clip = Clip(bytes(content), threads=3)
        return [(round(f.time, 3), number_of(f.pixels)) for f in clip.frames(times)], clip.warnings

    (one, said), (several, said_too) = read(1 << 40), read(0)
    assert [at for at, _ in one] == [at for at, _ in several]
    assert said == said_too
    assert any("damaged" in warning for warning in said)


def test_a_program_may_end_while_workers_read(film):
    import subprocess
    import sys

    script = (
        "import sys; from t2v_recaption.video import Clip, parallel; parallel._WORTH = 0;"
        "frames = Clip(sys.argv[1], threads=4).frames([n / 10 for n in range(60)]); next(frames); keep = [frames];"
        "print('done', flush=True); sys.exit(3)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(film)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (3, "done\n"), done.stderr
