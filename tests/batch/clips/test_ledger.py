"""The ledger: whatever a kill or a full disk leaves of it, what was written is there, once."""

import json
import resource
import signal
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2v_recaption import InvalidInput
from t2v_recaption.batch.clips.ledger import Halt, Ledger
from t2v_recaption.captioners.base import Step


def step(number: int, text: str = "Something moves.") -> Step:
    return Step(number, 2.0 * number, 2.0 * number + 2, text, flags=("repeat",))


def filled(folder: Path) -> Ledger:
    ledger = Ledger(folder)
    ledger.begin({"mode": "sliding"})
    for clip in range(4):
        for number in range(3):
            ledger.add_step(f"clip{clip}", "aa", step(number, f"Ein Schritt {number} – 視頻 {clip}."))
        if clip < 2:
            ledger.add_row(f"clip{clip}", {"status": "ok" if clip else "failed", "n": clip, "retryable": True})
    ledger.close()
    return ledger


def loaded(folder: Path) -> Ledger:
    ledger = Ledger(folder)
    ledger.load()
    return ledger


def test_what_was_written_is_read_again(tmp_path) -> None:
    filled(tmp_path)
    ledger = loaded(tmp_path)
    assert ledger.finished("clip1")
    assert not ledger.finished("clip0")
    assert ledger.row("clip1") == {"status": "ok", "n": 1, "retryable": True}
    assert ledger.known("clip3", "aa")[2] == step(2, "Ein Schritt 2 – 視頻 3.")
    assert ledger.known("clip3", "other file") == ()
    assert ledger.known("clip1", "aa") == ()
    assert ledger.row("clip3") is None
    assert ledger.torn == 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_cut_off_anywhere_it_holds_what_came_before(tmp_path, data) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    filled(folder)
    (path,) = folder.glob("*.jsonl")
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    ledger = loaded(folder)
    lines = [json.loads(line) for line in whole[:cut].splitlines(keepends=True) if line.endswith(b"\n")]
    assert ledger.torn == (cut > 0 and whole[cut - 1 : cut] != b"\n")
    rows = {line["id"] for line in lines if line["kind"] == "row"}
    assert {id for id, past in ledger.past.items() if past.place} == rows
    for clip in range(2, 4):
        steps = [line for line in lines if line["kind"] == "step" and line["id"] == f"clip{clip}"]
        assert len(ledger.known(f"clip{clip}", "aa")) == len(steps)
    ledger.add_step("clip3", "aa", step(7))
    ledger.close()
    assert step(7) in loaded(folder).known("clip3", "aa")


def test_several_may_write_at_once(tmp_path) -> None:
    first, second = Ledger(tmp_path), Ledger(tmp_path)
    first.begin({})
    second.begin({})

    def write(ledger: Ledger, name: str) -> None:
        for number in range(200):
            ledger.add_row(f"{name}{number}", {"status": "ok", "text": "x" * number})

    threads = [
        threading.Thread(target=write, args=(ledger, f"{place}-{name}-"))
        for place, ledger in enumerate((first, second))
        for name in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = loaded(tmp_path)
    assert len(ledger.past) == 800
    assert ledger.torn == 0
    assert all(ledger.row(id) is not None for id in ledger.past)


def test_a_good_row_wins_over_a_failure_whichever_is_later(tmp_path) -> None:
    ledger = Ledger(tmp_path)
    ledger.begin({})
    ledger.add_row("a", {"status": "failed"})
    ledger.add_row("a", {"status": "ok", "n": 1})
    ledger.add_row("a", {"status": "failed"})
    for now in (ledger, loaded(tmp_path)):
        assert now.finished("a")
        assert now.row("a") == {"status": "ok", "n": 1}


def test_a_full_disk_leaves_no_torn_line_and_stops_the_run(tmp_path) -> None:
    ledger = Ledger(tmp_path)
    ledger.begin({})
    ledger.add_row("a", {"status": "ok"})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
    try:
        with pytest.raises(Halt, match="--resume"):
            ledger.add_row("b", {"status": "ok", "text": "x" * 500})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    ledger.add_row("c", {"status": "ok"})
    after = loaded(tmp_path)
    assert after.torn == 0
    assert after.finished("a")
    assert after.finished("c")
    assert not after.finished("b")


def test_other_settings_are_named(tmp_path) -> None:
    Ledger(tmp_path).begin({"mode": "sliding", "model": "one"})
    Ledger(tmp_path).begin({"mode": "sliding", "model": "one"})
    with pytest.raises(InvalidInput, match='model was "one", is "two"'):
        Ledger(tmp_path).begin({"mode": "sliding", "model": "two"})
    (tmp_path / "job.json").write_text("{")
    with pytest.raises(InvalidInput, match="damaged"):
        Ledger(tmp_path).begin({})


def test_a_closed_ledger_takes_nothing(tmp_path) -> None:
    ledger = Ledger(tmp_path)
    ledger.begin({})
    ledger.close()
    with pytest.raises(Halt):
        ledger.add_row("a", {})
    assert not list(tmp_path.glob("*.jsonl"))
