"""Ray: the same rows as without it, also when its workers are killed and a clip fails."""

import json
import os
import signal
import threading
import time
from functools import partial

import psutil
import pytest

ray = pytest.importorskip("ray")

from t2v_recaption.batch.clips import caption_clips  # noqa: E402
from t2v_recaption.batch.clips.on_ray import RayEngine, spread, start_ray  # noqa: E402
from tests.batch.clips.conftest import QUICK, make_clips, rows  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """One local Ray for all tests here: two processors, loopback only."""
    assert start_ray(1, 1)
    yield
    ray.shutdown()


def run(clips, output, job, **options):
    return caption_clips([str(clips)], output, job, **{"resources": QUICK, **options})


def same(first, second) -> bool:
    def key(row):
        return row["video_id"]

    return sorted(rows(first), key=key) == sorted(rows(second), key=key)


def test_ray_gives_the_same_rows_as_this_machine(clips, tmp_path, eyes) -> None:
    (clips / "bad.mp4").write_bytes(b"not a video")
    engine = partial(RayEngine, models=2)
    for mode, split in (("sliding", "none"), ("fast", "2.5")):
        local, placed = tmp_path / f"local-{mode}.jsonl", tmp_path / f"ray-{mode}.jsonl"
        run(clips, local, eyes.job(mode, split=split))
        summary = run(clips, placed, eyes.job(mode, split=split), engine=engine)
        assert summary.failed == 1
        assert same(local, placed)


def test_killed_workers_lose_nothing_and_nothing_is_asked_again(tmp_path, eyes) -> None:
    clips = make_clips(tmp_path / "clips", 6, seconds=9)
    (clips / "bad.mp4").write_bytes(b"not a video")
    eyes.delay = 0.3
    killed = []

    def kill() -> None:
        """Kill a captioner once, then a reader host once, while clips are under way."""
        for name in ("Captioning", "Readers"):
            asked = len(eyes.asked)
            while len(eyes.asked) < asked + 4:
                time.sleep(0.05)
            for process in psutil.process_iter(["cmdline"]):
                title = " ".join(process.info["cmdline"] or [])
                if title.startswith(f"ray::{name}") and process.pid not in killed:
                    os.kill(process.pid, signal.SIGKILL)
                    killed.append(process.pid)
                    break

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    output = tmp_path / "out.jsonl"
    summary = run(clips, output, eyes.job(), engine=partial(RayEngine, models=2))
    killer.join(60)
    assert len(killed) == 2
    assert (summary.ok, summary.failed) == (6, 1)
    found = rows(output)
    assert [row["video_id"] for row in found] == sorted(row["video_id"] for row in found)
    recorded = [json.loads(line) for path in summary.ledger.glob("*.jsonl") for line in path.read_bytes().splitlines()]
    steps = [(line["id"], line["step"]["number"]) for line in recorded if line["kind"] == "step"]
    assert len(steps) == len(set(steps)), "a step was recorded twice"
    # what was under way in the killed captioner may be asked again, what it had recorded may not
    assert len(eyes.asked) - len(set(eyes.asked)) <= 8


def test_an_interrupted_run_goes_on_with_either_engine(clips, tmp_path, eyes) -> None:
    output, answer = tmp_path / "out.jsonl", eyes.answer
    eyes.answer = lambda digest, body: answer(digest, body) if len(eyes.asked) < 6 else 503
    assert run(clips, output, eyes.job(), engine=RayEngine).failed > 0
    eyes.answer = answer
    assert run(clips, output, eyes.job(), resume=True).failed == 0
    assert len(eyes.asked) == len(set(eyes.asked)) == 16


def test_nothing_listens_beyond_this_machine() -> None:
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    places = [
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert places
    assert {place.removeprefix("::ffff:") for place in places} == {"127.0.0.1"}


def test_servers_are_shared_out(eyes) -> None:
    job = eyes.job()
    two = job.__class__(**{**job.__dict__, "backend_options": {"base_url": "http://a/v1, http://b/v1"}})
    assert [one.backend_options["base_url"] for one in spread(two, 3)] == ["http://a/v1", "http://b/v1", "http://a/v1"]
    assert list(spread(job, 2)) == [job, job]
