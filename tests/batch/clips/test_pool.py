"""Readers: a clip that hangs, crashes or eats memory is an outcome; the pool and the other clips go on."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from t2v_recaption.batch.clips import reader
from t2v_recaption.batch.clips.pool import ReaderPool
from t2v_recaption.batch.clips.reader import measure_clip, split_clip
from t2v_recaption.batch.clips.rows import ReadingError
from tests.batch.clips.conftest import make_clips

EVIL = textwrap.dedent(
    """
    import ctypes, os, time
    from t2v_recaption.batch.clips.wire import Message

    def good(count, size=10):
        for number in range(count):
            yield Message("frame", {"number": number}, bytes(size))

    def hang():
        yield Message("facts")
        time.sleep(1000)

    def hang_deaf():
        yield Message("facts")
        ctypes.PyDLL(None).sleep(1000)  # holds the interpreter's lock, as a stuck decoder may

    def crash():
        yield Message("facts")
        ctypes.string_at(0)

    def leave():
        yield Message("facts")
        os._exit(3)

    def explode():
        yield Message("facts")
        kept = []
        while True:
            kept.append(bytearray(32 * 2**20))

    def babble():
        yield Message("facts")
        print("this is no message")
        os.write(1, b"nor is this")
        yield Message("frame", {"number": 0})

    def look(seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.2)
            yield Message("alive")
        yield Message("frame", {"number": 0})

    def fail():
        yield Message("facts")
        raise ValueError("a decoder may raise anything")
    """
)


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evil")
    (folder / "evil_readers.py").write_text(EVIL)
    sys.path.insert(0, str(folder))
    import evil_readers

    yield evil_readers
    sys.path.remove(str(folder))
    del sys.modules["evil_readers"]


@pytest.fixture(scope="module")
def pool(evil):
    with ReaderPool(2, timeout=3, memory=2**29) as pool:
        yield pool


def kind(stream) -> str:
    with pytest.raises(ReadingError) as caught:
        list(stream)
    return caught.value.kind


def test_messages_come_in_order(pool, evil) -> None:
    streams = [pool.open(evil.good, 20) for _ in range(5)]
    assert [[message.about["number"] for message in stream] for stream in streams] == [list(range(20))] * 5


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("hang", "timeout"),
        ("hang_deaf", "timeout"),
        ("crash", "crash"),
        ("leave", "crash"),
        ("explode", "memory"),
        ("fail", "unreadable"),
    ],
)
def test_an_evil_clip_costs_only_itself(pool, evil, read, expected) -> None:
    bad, good = pool.open(getattr(evil, read)), pool.open(evil.good, 3)
    assert kind(bad) == expected
    assert len(list(good)) == 3
    assert len(list(pool.open(evil.good, 3))) == 3


def test_a_reader_that_lives_has_time_but_only_so_much_of_it(evil) -> None:
    with ReaderPool(1, timeout=2) as patient:
        assert [message.type for message in patient.open(evil.look, 4)] == ["frame"]
    with ReaderPool(1, timeout=60, limit=2) as impatient:
        assert kind(impatient.open(evil.look, 600)) == "timeout"
        assert len(list(impatient.open(evil.good, 3))) == 3


@pytest.mark.parametrize(
    "read", [lambda path: split_clip(path, 0, None, "scenes"), lambda path: measure_clip(path, 0, None)]
)
def test_who_looks_at_frames_without_sending_any_says_that_it_lives(tmp_path, monkeypatch, read) -> None:
    beats: list[str] = []
    monkeypatch.setattr(reader, "BEAT", 0.0)
    monkeypatch.setattr(reader.pulse, "send", lambda: beats.append("alive"))
    path = make_clips(tmp_path, 1) / "clip0.mp4"
    messages = [message.type for message in read(str(path))]
    assert messages[0] == "facts"
    assert "frame" not in messages
    assert len(beats) >= 25


def test_who_hashes_a_large_file_says_that_it_lives(tmp_path, monkeypatch) -> None:
    beats: list[str] = []
    monkeypatch.setattr(reader, "BEAT", 0.0)
    monkeypatch.setattr(reader.pulse, "send", lambda: beats.append("alive"))
    path = make_clips(tmp_path, 1) / "clip0.mp4"
    with path.open("ab") as file:
        file.truncate(20 << 20)  # what follows the last box of a film is not looked at
    next(split_clip(str(path), 0, None, "1"))
    assert len(beats) >= 20


def test_what_a_library_prints_does_not_get_between(pool, evil) -> None:
    assert [message.type for message in pool.open(evil.babble)] == ["facts", "frame"]


def test_a_slow_consumer_holds_a_reader_back_and_no_timeout_strikes(evil) -> None:
    with ReaderPool(1, most=4, timeout=1, room=10_000) as pool:
        slow = pool.open(evil.good, 200, 5_000)
        first = iter(slow)
        next(first)
        time.sleep(0.5)
        # the reader behind the slow one waits for its consumer, so another may start
        assert len(list(pool.open(evil.good, 3))) == 3
        time.sleep(1.5)
        assert slow._bytes <= 10_000
        assert len(list(first)) == 199


def test_a_stream_that_is_closed_frees_its_reader(evil) -> None:
    with ReaderPool(1, most=1, timeout=30, room=10_000) as pool:
        stream = pool.open(evil.good, 10_000, 5_000)
        next(iter(stream))
        stream.close()
        assert len(list(pool.open(evil.good, 3))) == 3


def test_closing_leaves_no_process(evil) -> None:
    before = set(psutil.Process().children(recursive=True))
    pool = ReaderPool(2, timeout=100)
    streams = [pool.open(evil.hang) for _ in range(2)]
    assert [next(iter(stream)).type for stream in streams] == ["facts", "facts"]
    assert len(set(psutil.Process().children(recursive=True)) - before) == 2
    pool.close()
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_readers_die_with_a_killed_run(evil, tmp_path) -> None:
    code = (
        "import sys; sys.path[:] = eval(sys.argv[1]); import evil_readers\n"
        "from t2v_recaption.batch.clips.pool import ReaderPool\n"
        "pool = ReaderPool(1, timeout=1000); stream = pool.open(evil_readers.hang_deaf)\n"
        "next(iter(stream)); print(pool._lanes[0].process.pid, flush=True)\n"
        "import time; time.sleep(1000)"
    )
    run = subprocess.Popen([sys.executable, "-c", code, repr(sys.path)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    reader = int(run.stdout.readline())
    run.kill()
    run.wait()
    for _ in range(100):
        if not Path(f"/proc/{reader}").exists() or psutil.Process(reader).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.1)
    else:
        os.kill(reader, 9)
        pytest.fail("the reader outlived its run")
