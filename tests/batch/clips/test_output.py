"""Outputs: what `datasets` loads, subtitles that players read, shards that become one, a disk that is full."""

import html
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from t2v_recaption import InvalidInput
from t2v_recaption.batch.clips import Shard, caption_clips
from t2v_recaption.batch.clips.exports import SHAREGPT4VIDEO, file_name, webvtt
from t2v_recaption.batch.clips.merge import merge_outputs
from t2v_recaption.batch.clips.output import check_output
from t2v_recaption.batch.clips.rows import COLUMNS, ClipRow
from tests.batch.clips.conftest import QUICK, rows


def run(clips, output, job, **options):
    return caption_clips([str(clips)], output, job, **{"resources": QUICK, **options})


@pytest.fixture
def done(clips, tmp_path, eyes) -> Path:
    (clips / "bad.mp4").write_bytes(b"x")
    run(clips, tmp_path / "out.jsonl", eyes.job(), exports=("vtt", "prompts", "sharegpt4video"))
    return tmp_path / "out.jsonl"


@pytest.fixture
def load(tmp_path):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()

    def load(kind: str, path: Path, **options):
        return datasets.load_dataset(
            kind, data_files=str(path), split="train", cache_dir=str(tmp_path / "c"), **options
        )

    return load


def test_datasets_loads_jsonl_and_parquet_alike(done, tmp_path, load) -> None:
    pytest.importorskip("pyarrow")
    merge_outputs([done], tmp_path / "out.parquet")
    lines, table = load("json", done), load("parquet", tmp_path / "out.parquet")
    assert len(lines) == len(table) == 5
    assert tuple(table.column_names) == COLUMNS
    for left, right, row in zip(lines, table, rows(done), strict=True):
        assert left == right == row


def test_no_column_changes_its_type_however_late_something_happens(done, tmp_path, load) -> None:
    good = next(row for row in rows(done) if row["status"] == "ok")
    bad = next(row for row in rows(done) if row["status"] == "failed")
    late = {**good, "flags": "looping", "notes": "n", "data": "{}", "keyframe": []}
    path = tmp_path / "many.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [good] * 300 + [bad, late]), encoding="utf-8")
    loaded = load("json", path, chunksize=4096)
    assert loaded[301]["flags"] == "looping"
    assert loaded[300]["error"] == "unreadable"


def test_the_sharegpt4video_export_has_its_columns_and_only_captions(done, load) -> None:
    path = done.with_name("out.sharegpt4video.jsonl")
    found = rows(path)
    assert len(found) == 4
    for row, full in zip(found, rows(done)[1:], strict=True):
        assert tuple(row) == SHAREGPT4VIDEO
        assert {entry["idx"]: entry["content"] for entry in row["captions"]}["-1"] == full["caption"]
        assert all(tuple(entry) == ("idx", "content") for entry in row["captions"])
    assert load("json", path).column_names == list(SHAREGPT4VIDEO)


def test_prompts_keep_the_order_and_the_number_of_clips(done) -> None:
    lines = done.with_name("out.prompts.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert len(lines) == 5
    assert [bool(line) for line in lines] == [False, True, True, True, True]


def test_subtitles_are_real_webvtt(done) -> None:
    av = pytest.importorskip("av")
    files = sorted(done.with_name("out-vtt").iterdir())
    assert len(files) == 4
    with av.open(str(files[0])) as container:
        (stream,) = container.streams.subtitles
        cues = [packet for packet in container.demux(stream) if packet.size]
    assert len(cues) == files[0].read_text(encoding="utf-8").count("-->") > 0
    said = b"".join(bytes(cue) for cue in cues).decode()
    steps = [entry for entry in rows(done)[1]["captions"] if entry["idx"] != "-1"]
    assert all(step["content"] in said for step in steps)
    assert {float(cue.pts * cue.time_base) for cue in cues} <= {round(step["start"], 3) for step in steps}


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@given(TEXT, st.lists(st.tuples(TEXT, st.floats(0, 9000), st.floats(0, 50)), max_size=5))
@example("\r", [])
@example("", [("a", 0.0, 1e-9), ("b", 0.0, 1.0), ("c", 2.0, 0.0), (" ", 3.0, 1.0)])
def test_no_text_breaks_out_of_its_cue_or_is_lost(caption, steps) -> None:
    captions = [
        {"idx": str(number), "content": text, "start": start, "end": start + length, "scene": 0, "flags": ""}
        for number, (text, start, length) in enumerate(steps)
    ]
    row = ClipRow(
        caption or "id", "p", "ok", caption=caption, captions=tuple(captions), timestamp=(0.0, 10.0)
    ).to_dict()
    text = webvtt(row)
    assert f"{text}\n".startswith("WEBVTT\n\n")
    blocks = text.rstrip("\n").split("\n\n")
    assert all(block == "WEBVTT" or block.startswith("NOTE\n") or " --> " in block.split("\n")[0] for block in blocks)
    assert text.count("-->") == sum(" --> " in block.split("\n")[0] for block in blocks)
    for block in (block for block in blocks if " --> " in block.split("\n")[0]):
        begin, _, end = block.split("\n")[0].partition(" --> ")
        assert begin < end
    shown = html.unescape(text)
    assert all(" ".join(said.split()) in shown for said, _, _ in steps)


@given(TEXT.filter(bool), TEXT.filter(bool))
def test_file_names_are_safe_and_do_not_meet(first, second) -> None:
    name = file_name(first)
    assert name not in (".", "..")
    assert not set(name) & set('/\\\0\n:*?"<>|')
    assert len(name.encode()) < 200
    assert first == second or file_name(second) != name


def test_shards_make_the_whole(clips, tmp_path, eyes) -> None:
    run(clips, tmp_path / "whole.jsonl", eyes.job("fast"))
    parts = []
    for index in (1, 2, 3):
        summary = run(clips, tmp_path / "out.jsonl", eyes.job("fast"), shard=Shard(index, 3))
        parts.append(summary.output)
    assert parts[0].name == "out-00001-of-00003.jsonl"
    joined = merge_outputs(parts, tmp_path / "joined.jsonl")
    assert (joined.ok, joined.missing, joined.doubled) == (4, (), 0)
    both = [sorted(rows(tmp_path / name), key=lambda row: row["video_id"]) for name in ("whole.jsonl", "joined.jsonl")]
    assert both[0] == both[1]
    assert merge_outputs(parts[:2], tmp_path / "some.jsonl").missing == ("out-00003-of-00003.jsonl",)
    assert merge_outputs([*parts, parts[0]], tmp_path / "again.jsonl").doubled == len(rows(parts[0]))


def test_what_cannot_be_merged_is_refused(done, tmp_path, clips, eyes) -> None:
    run(clips, tmp_path / "other.jsonl", eyes.job("fast"))
    (tmp_path / "alien.jsonl").write_text('{"a": 1}\n')
    for parts, output in (
        ([done, tmp_path / "other.jsonl"], "m.jsonl"),
        ([tmp_path / "alien.jsonl"], "m.jsonl"),
        ([tmp_path / "nowhere.jsonl"], "m.jsonl"),
        ([done], "other.jsonl"),
        ([done], "out.jsonl"),
    ):
        with pytest.raises(InvalidInput):
            merge_outputs(parts, tmp_path / output)


def test_a_subtitle_output_holds_one_clip(clips, tmp_path, eyes) -> None:
    caption_clips([str(clips / "clip0.mp4")], tmp_path / "one.vtt", eyes.job(), resources=QUICK)
    assert (tmp_path / "one.vtt").read_text(encoding="utf-8").startswith("WEBVTT")
    with pytest.raises(InvalidInput, match="several clips"):
        run(clips, tmp_path / "all.vtt", eyes.job())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_refused_and_stays(clips, tmp_path, eyes) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(InvalidInput, match="a pipe or a device"):
        run(clips, pipe, eyes.job())
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["out.xml", "out", "folder.jsonl"])
def test_an_output_that_could_not_be_written_is_refused_first(tmp_path, name) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(InvalidInput):
        check_output(tmp_path / name)
    with pytest.raises(InvalidInput, match="no export"):
        check_output(tmp_path / "ok.jsonl", ["pdf"])


def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(clips, tmp_path, eyes) -> None:
    output = tmp_path / "out.jsonl"
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))\n"
        "from t2v_recaption.cli import main; main(sys.argv[2:])"
    )
    options = ["caption", str(clips), "-o", str(output), "--resume", "--base-url", eyes.url, "--model", "eyes"]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    full = subprocess.run(
        [sys.executable, "-c", code, "3000", *options], capture_output=True, text=True, env=environment, timeout=120
    )
    assert full.returncode == 1
    assert "--resume" in full.stderr
    assert "Traceback" not in full.stderr
    recorded = sum(len(path.read_bytes().splitlines()) for path in output.with_name("out.jsonl.ledger").glob("*.jsonl"))
    assert recorded > 0
    roomy = subprocess.run(
        [sys.executable, "-c", code, str(2**30), *options], capture_output=True, text=True, env=environment, timeout=120
    )
    assert roomy.returncode == 0, roomy.stderr
    assert len(rows(output)) == 4
