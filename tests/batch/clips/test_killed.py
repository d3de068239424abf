"""kill -9 at random moments: nothing lost, nothing doubled, nothing that was recorded asked for again."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from t2v_recaption.batch.clips.ledger import Ledger
from tests.batch.clips.conftest import make_clips, rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]
KILLS = 8


def start(clips: Path, output: Path, eyes) -> subprocess.Popen:
    command = [sys.executable, "-m", "t2v_recaption", "caption", str(clips), "--output", str(output), "--resume"]
    command += ["--base-url", eyes.url, "--model", "eyes", "--option", "concurrency=3", "--workers", "2"]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )


@pytest.mark.parametrize("seed", [1])
def test_killed_at_any_moment_it_goes_on_where_it_stopped(tmp_path, eyes, seed) -> None:
    moments = random.Random(seed)
    clips = make_clips(tmp_path / "clips", 12, seconds=9)
    (clips / "bad.mp4").write_bytes(b"not a video")
    output, kills = tmp_path / "out.jsonl", 0
    eyes.delay = 0.15
    recorded_before: set[tuple[str, int]] = set()
    lost = 0
    for _ in range(KILLS * 4):
        asked = len(eyes.asked)
        run = start(clips, output, eyes)
        # sometimes while it starts, mostly while it works
        wanted = moments.choice([0, 1, 3, 6, 9])
        while run.poll() is None and len(eyes.asked) < asked + wanted:
            time.sleep(0.01)
        time.sleep(moments.random() * 0.3)
        if run.poll() is not None:
            break
        run.send_signal(signal.SIGKILL)
        run.wait()
        kills += 1
        ledger = Ledger(output.with_name(output.name + ".ledger"))
        if ledger.exists:
            ledger.load()
        known = {(id, number) for id, past in ledger.past.items() for number in past.steps}
        finished = {id for id, past in ledger.past.items() if past.ok}
        assert all(key in known or key[0] in finished for key in recorded_before), "something recorded was lost"
        recorded_before = known
        lost += 3 + 4  # under way at the server, and answers whose session waited for others asked with them
        if kills >= KILLS:
            break
    run = start(clips, output, eyes)
    assert run.wait(120) == 1
    found = rows(output)
    assert [row["video_id"] for row in found] == sorted({row["video_id"] for row in found})
    assert sum(row["status"] == "ok" for row in found) == 12
    assert len(found) == 13
    lines = [
        json.loads(line)
        for path in output.with_name(output.name + ".ledger").glob("*.jsonl")
        for line in path.read_bytes().splitlines(keepends=True)
        if line.endswith(b"\n")
    ]
    steps = [(line["id"], line["step"]["number"]) for line in lines if line["kind"] == "step"]
    good = [line["id"] for line in lines if line["kind"] == "row" and line["row"]["status"] == "ok"]
    assert len(steps) == len(set(steps)), "a recorded step was asked for again"
    assert len(good) == len(set(good)) == 12, "a finished clip was done again"
    assert kills >= KILLS // 2
    assert len(eyes.asked) - len(set(eyes.asked)) <= lost


def test_stopped_by_the_user_it_says_how_to_go_on(tmp_path, eyes) -> None:
    clips = make_clips(tmp_path / "clips", 6)
    output = tmp_path / "out.jsonl"
    eyes.delay = 0.5
    command = [sys.executable, "-m", "t2v_recaption", "caption", str(clips), "-o", str(output)]
    command += ["--base-url", eyes.url, "--model", "eyes"]
    run = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    while len(eyes.asked) < 4:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "--resume" in said
    eyes.delay = 0
    again = start(clips, output, eyes)
    assert again.wait(120) == 0
    assert len(rows(output)) == 6
