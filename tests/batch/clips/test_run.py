"""A whole run: every clip has its outcome, whatever is wrong with it; nothing is lost, doubled or done again."""

import itertools
import json
import os
import threading
from dataclasses import replace

import pytest

from t2v_recaption import InvalidInput, RecaptionError
from t2v_recaption.batch.clips import ClipJob, caption_clips
from t2v_recaption.batch.clips.runner import PATIENCE
from tests.batch.clips.conftest import QUICK, make_clips, rows


def run(clips, output, job, **options):
    return caption_clips([str(clips)], output, job, **{"resources": QUICK, **options})


def test_every_clip_gets_its_row(clips, tmp_path, eyes) -> None:
    summary = run(clips, tmp_path / "out.jsonl", eyes.job())
    found = rows(tmp_path / "out.jsonl")
    assert (summary.total, summary.ok, summary.failed) == (4, 4, 0)
    assert [row["video_id"] for row in found] == [f"clip{number}.mp4" for number in range(4)]
    for row in found:
        steps = [entry for entry in row["captions"] if entry["idx"] != "-1"]
        assert [entry["idx"] for entry in steps] == ["0", "1", "2"]
        assert [entry["end"] for entry in steps] == pytest.approx(row["keyframe"])
        assert row["captions"][-1]["content"] == row["caption"]
        assert row["status"] == "ok"
        assert row["model"] == "eyes"
        assert len(row["sha256"]) == 64
        assert (row["width"], row["height"]) == (64, 48)
        assert row["timestamp"] == pytest.approx([0.0, row["duration"]])
    assert len(eyes.asked) == len(set(eyes.asked)) == 4 * 4


def test_fast_mode_asks_once_a_clip(clips, tmp_path, eyes) -> None:
    summary = run(clips, tmp_path / "out.jsonl", eyes.job("fast"))
    assert summary.ok == len(eyes.asked) == 4
    assert {row["mode"] for row in rows(tmp_path / "out.jsonl")} == {"fast"}


def test_a_finished_run_is_not_begun_again(clips, tmp_path, eyes) -> None:
    output = tmp_path / "out.jsonl"
    run(clips, output, eyes.job())
    before, asked = output.read_bytes(), len(eyes.asked)
    with pytest.raises(InvalidInput, match="exists already"):
        run(clips, output, eyes.job())
    summary = run(clips, output, eyes.job(), resume=True)
    assert (summary.resumed, summary.steps, len(eyes.asked)) == (4, 0, asked)
    assert output.read_bytes() == before
    make_clips(clips, 5)
    assert run(clips, output, eyes.job(), resume=True).ok == 5
    assert len(eyes.asked) == asked + 4


def test_other_settings_are_refused_before_anything_is_touched(clips, tmp_path, eyes) -> None:
    output = tmp_path / "out.jsonl"
    run(clips, output, eyes.job())
    before = output.read_bytes()
    for other in (eyes.job("fast"), eyes.job(sampling="every:1"), eyes.job(split="scenes")):
        with pytest.raises(InvalidInput, match="other settings"):
            run(clips, output, other, resume=True)
    assert output.read_bytes() == before
    assert run(clips, output, eyes.job("fast"), overwrite=True).ok == 4


def test_what_is_wrong_with_a_clip_is_its_outcome_and_the_rest_goes_on(clips, tmp_path, eyes) -> None:
    good = (clips / "clip0.mp4").read_bytes()
    (clips / "empty.mp4").write_bytes(b"")
    (clips / "garbage.mp4").write_bytes(os.urandom(5000))
    (clips / "text.mp4").write_text("not a video")
    (clips / "cut.mp4").write_bytes(good[: len(good) // 4])
    os.mkfifo(clips / "pipe.mp4")
    (clips / "loop.mp4").symlink_to(clips / "loop.mp4")
    (clips / "gone.mp4").symlink_to(clips / "nowhere.mp4")
    (clips / "unwanted\nname ünï.mp4").write_bytes(good)
    summary = run(clips, tmp_path / "out.jsonl", eyes.job("fast"), resources=replace(QUICK, timeout=10))
    found = {row["video_id"]: row for row in rows(tmp_path / "out.jsonl")}
    assert summary.total == len(found) == 12
    failed = {id: row["error"] for id, row in found.items() if row["status"] == "failed"}
    assert set(failed) == {"empty.mp4", "garbage.mp4", "text.mp4", "cut.mp4", "pipe.mp4", "loop.mp4", "gone.mp4"}
    assert failed["gone.mp4"] == failed["loop.mp4"] == "missing"
    assert failed["garbage.mp4"] == "unreadable"
    assert all(row["message"] for row in found.values() if row["status"] == "failed")
    assert summary.failed == 7
    assert found["unwanted\nname ünï.mp4"]["status"] == "ok"


def test_doubled_ids_and_bad_rows_have_their_outcome(clips, tmp_path, eyes) -> None:
    manifest = tmp_path / "list.jsonl"
    lines = [{"path": "clips/clip0.mp4", "id": "a"}, {"path": "clips/clip1.mp4", "id": "a", "film": "two"}, {"id": "b"}]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    summary = run(manifest, tmp_path / "out.jsonl", eyes.job("fast"))
    assert (summary.total, summary.ok, summary.failed) == (3, 1, 2)
    found = rows(tmp_path / "out.jsonl")
    assert [row["video_id"] for row in found] == ["a", "a~2", "b"]
    assert [row["error"] for row in found] == ["", "manifest", "manifest"]
    assert json.loads(found[1]["input"])["film"] == "two"


def test_parts_of_a_video_are_clips_of_their_own(tmp_path, eyes) -> None:
    clips = make_clips(tmp_path / "clips", 2, seconds=9)
    summary = run(clips, tmp_path / "out.jsonl", eyes.job(split="3"))
    found = rows(tmp_path / "out.jsonl")
    assert (summary.total, summary.ok) == (2, 6)
    assert [row["video_id"] for row in found][:3] == ["clip0.mp4#t=0,3", "clip0.mp4#t=3,6", "clip0.mp4#t=6,8.84"]
    assert [row["timestamp"] for row in found][:2] == [[0.0, 3.0], [3.0, 6.0]]
    assert all(row["timestamp"][0] <= time < row["timestamp"][1] for row in found for time in row["keyframe"])
    asked = len(eyes.asked)
    assert run(clips, tmp_path / "out.jsonl", eyes.job(split="3"), resume=True).ok == 6
    assert len(eyes.asked) == asked


@pytest.mark.parametrize("split", ["0", "-3", "nan", "often", ""])
def test_a_split_that_is_none_is_refused(split) -> None:
    with pytest.raises(InvalidInput, match="no split"):
        ClipJob(split=split)


def test_a_server_that_goes_away_fails_what_is_left_and_resuming_does_only_that(clips, tmp_path, eyes) -> None:
    output = tmp_path / "out.jsonl"
    answer = eyes.answer
    eyes.answer = lambda digest, body: answer(digest, body) if len(eyes.asked) < 7 else None
    summary = run(clips, output, eyes.job())
    found = rows(output)
    assert summary.failed > 0
    assert summary.ok + summary.failed == len(found) == 4
    assert {row["error"] for row in found} <= {"", "server"}
    eyes.answer = answer
    assert run(clips, output, eyes.job(), resume=True).failed == 0
    assert len(eyes.asked) == len(set(eyes.asked)) == 16


def listed(clips, tmp_path, count: int):
    manifest = tmp_path / "list.jsonl"
    lines = ({"path": f"clips/clip{number % 4}.mp4", "id": f"c{number:02}"} for number in range(count))
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return manifest


def test_a_server_that_stays_away_stops_the_run_and_what_failed_says_so(clips, tmp_path, eyes) -> None:
    manifest, output, answer = listed(clips, tmp_path, 60), tmp_path / "out.jsonl", eyes.answer
    eyes.answer = lambda digest, body: answer(digest, body) if len(eyes.asked) < 3 else None
    with pytest.raises(RecaptionError, match=r"one after the other.*--resume.*--patience 0"):
        run(manifest, output, eyes.job("fast"))
    found = rows(output)
    assert PATIENCE <= sum(row["error"] == "server" for row in found) < 57
    # three more may be under way when the third is answered
    assert 3 <= sum(row["status"] == "ok" for row in found) <= 6
    assert len(found) < 60
    eyes.answer = answer
    assert run(manifest, output, eyes.job("fast"), resume=True).ok == 60


def test_with_endless_patience_the_run_goes_on(clips, tmp_path, eyes) -> None:
    manifest, output, answer = listed(clips, tmp_path, 60), tmp_path / "out.jsonl", eyes.answer
    eyes.answer = lambda digest, body: answer(digest, body) if len(eyes.asked) < 3 else None
    summary = run(manifest, output, eyes.job("fast"), resources=replace(QUICK, patience=0))
    assert summary.ok >= 3
    assert summary.ok + summary.failed == len(rows(output)) == 60


def test_a_server_that_comes_back_stops_nothing(clips, tmp_path, eyes) -> None:
    manifest, answer, turns = listed(clips, tmp_path, 60), eyes.answer, itertools.count()
    eyes.answer = lambda digest, body: answer(digest, body) if next(turns) % 10 == 0 else 503
    summary = run(manifest, tmp_path / "out.jsonl", eyes.job("fast"))
    assert (summary.ok, summary.failed) == (6, 54)


def test_a_clip_that_takes_too_long_fails_and_goes_on_where_it_was(clips, tmp_path, eyes) -> None:
    output = tmp_path / "out.jsonl"
    eyes.delay = 0.8
    summary = run(clips / "clip0.mp4", output, eyes.job(), resources=replace(QUICK, limit=1))
    (row,) = rows(output)
    assert (summary.failed, row["error"], row["retryable"]) == (1, "timeout", True)
    assert "--clip-timeout" in row["message"]
    assert len(eyes.asked) < 4
    eyes.delay = 0
    assert run(clips / "clip0.mp4", output, eyes.job(), resume=True).ok == 1
    assert len(eyes.asked) == len(set(eyes.asked)) == 4


def test_a_file_that_changed_between_runs_is_captioned_from_its_beginning(clips, tmp_path, eyes) -> None:
    path, output, answer = clips / "clip0.mp4", tmp_path / "out.jsonl", eyes.answer
    eyes.answer = lambda digest, body: answer(digest, body) if len(eyes.asked) < 2 else None
    assert run(path, output, eyes.job()).failed == 1
    (before,) = rows(output)
    old = set(eyes.asked)
    path.write_bytes((clips / "clip1.mp4").read_bytes())
    eyes.answer = answer
    assert run(path, output, eyes.job(), resume=True).ok == 1
    (row,) = rows(output)
    assert row["sha256"] != before["sha256"]
    assert len(eyes.asked) == 2 + 4
    assert not any(digest[:10] in entry["content"] for digest in old for entry in row["captions"])


def test_a_file_that_is_removed_while_the_run_goes_on_is_missing(clips, tmp_path, eyes) -> None:
    manifest, answer = listed(clips, tmp_path, 40), eyes.answer

    def remove(digest, body):
        (clips / "clip3.mp4").unlink(missing_ok=True)
        return answer(digest, body)

    eyes.answer = remove
    run(manifest, tmp_path / "out.jsonl", eyes.job("fast"))
    found = rows(tmp_path / "out.jsonl")
    assert len(found) == 40
    assert {row["error"] for row in found if row["status"] == "failed"} == {"missing"}
    assert all(row["status"] == "ok" for row in found if not row["video_path"].endswith("clip3.mp4"))


def test_what_is_measured_makes_no_prompts(clips, tmp_path) -> None:
    for output, exports in ((tmp_path / "out.txt", ()), (tmp_path / "out.jsonl", ("prompts",))):
        with pytest.raises(InvalidInput, match="no prompts"):
            run(clips, output, ClipJob("measured"), exports=exports)
    assert run(clips, tmp_path / "out.jsonl", ClipJob("measured")).ok == 4
    assert {row["prompt"] for row in rows(tmp_path / "out.jsonl")} == {""}


def test_failures_are_tried_again_as_asked(clips, tmp_path, eyes) -> None:
    (clips / "bad.mp4").write_bytes(b"x")
    output, answer = tmp_path / "out.jsonl", eyes.answer
    eyes.answer = lambda digest, body: 503
    # a server that has never answered stops the run: nothing is blamed on the clips
    eyes.answer = lambda digest, body: answer(digest, body) if len(eyes.asked) < 2 else 503
    assert run(clips, output, eyes.job("fast")).failed == 3
    eyes.answer = answer
    assert run(clips, output, eyes.job("fast"), resume=True, retry="none").failed == 3
    assert run(clips, output, eyes.job("fast"), resume=True, retry="passing").failed == 1
    make_clips(clips, 1)
    (clips / "bad.mp4").write_bytes((clips / "clip0.mp4").read_bytes())
    assert run(clips, output, eyes.job("fast"), resume=True, retry="passing").failed == 1
    assert run(clips, output, eyes.job("fast"), resume=True).failed == 0


def test_a_model_that_says_nothing_or_too_much_has_its_outcome(clips, tmp_path, eyes) -> None:
    answer = eyes.answer
    eyes.answer = lambda digest, body: ""
    summary = run(clips, tmp_path / "none.jsonl", eyes.job("fast"))
    assert summary.failed == 4
    assert {row["error"] for row in rows(tmp_path / "none.jsonl")} == {"model"}
    eyes.answer = lambda digest, body: "word " * 10_000
    summary = run(clips, tmp_path / "much.jsonl", eyes.job("fast"))
    found = rows(tmp_path / "much.jsonl")
    assert len(found) == 4
    assert all(row["flags"] for row in found if row["status"] == "ok")
    eyes.answer = answer


def test_two_runs_on_one_output_are_refused(clips, tmp_path, eyes) -> None:
    eyes.delay = 0.5
    output = tmp_path / "out.jsonl"
    first = threading.Thread(target=run, args=(clips, output, eyes.job("fast")))
    began = threading.Event()
    first = threading.Thread(target=lambda: run(clips, output, eyes.job("fast"), on_start=lambda *_: began.set()))
    first.start()
    began.wait(20)
    with pytest.raises(InvalidInput, match="Another run"):
        run(clips, output, eyes.job("fast"), resume=True)
    first.join()
    assert len(rows(output)) == 4
