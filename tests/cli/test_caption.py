"""`t2v caption`, `t2v ask` and `t2v merge` as users run them: what goes where, and the exit codes."""

import io
import json
import os
import subprocess
import sys

import pytest

from t2v_recaption.cli import main
from t2v_recaption.cli.caption import resources
from tests.batch.clips.conftest import Eyes, make_clips, rows


@pytest.fixture
def eyes():
    server = Eyes()
    yield server
    server.stop()


@pytest.fixture
def clips(tmp_path):
    return make_clips(tmp_path / "clips", 3)


@pytest.fixture
def t2v(capsys):
    def run(*arguments) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return stopped.value.code, told.out, told.err

    return run


@pytest.fixture
def model(eyes) -> list[str]:
    return ["--base-url", eyes.url, "--model", "eyes"]


def test_one_clip_gives_one_line_and_nothing_else(clips, t2v, model) -> None:
    code, out, err = t2v("caption", clips / "clip0.mp4", *model)
    assert code == 0
    assert out.count("\n") == 1
    assert out.startswith("A pattern named")
    assert err == ""


def test_json_has_the_columns_of_the_output(clips, tmp_path, t2v, model) -> None:
    _, out, _ = t2v("caption", clips / "clip0.mp4", "--mode", "fast", "--json", *model)
    alone = json.loads(out)
    code, _, _ = t2v("caption", clips / "clip0.mp4", "--mode", "fast", "-o", tmp_path / "o.jsonl", *model)
    assert code == 0
    (row,) = rows(tmp_path / "o.jsonl")
    assert alone.keys() == row.keys()
    assert {key for key in row if row[key] != alone[key]} <= {"settings", "provenance"}


def test_a_part_of_a_clip(clips, t2v, model) -> None:
    _, out, _ = t2v("caption", clips / "clip0.mp4", "--start", 2, "--end", 4, "--json", *model)
    row = json.loads(out)
    assert row["timestamp"] == [2.0, 4.0]
    assert all(2 <= time < 4 for time in row["keyframe"])


def test_without_a_model_it_says_what_is_measured_and_which_model_to_add(clips, tmp_path, t2v) -> None:
    code, out, err = t2v("caption", clips / "clip0.mp4")
    assert code == 0
    assert "second" in out
    assert "--model" in err
    code, _, err = t2v("caption", clips, "-o", tmp_path / "out.jsonl")
    assert code == 0
    assert {row["mode"] for row in rows(tmp_path / "out.jsonl")} == {"measured"}
    assert all(row["caption"] for row in rows(tmp_path / "out.jsonl"))


def test_many_clips_go_into_a_file_and_the_exit_code_tells(clips, tmp_path, t2v, model) -> None:
    code, out, err = t2v("caption", clips, "-o", tmp_path / "out.jsonl", "--export", "prompts", *model)
    assert (code, out) == (0, "")
    assert "3 of 3 captions" in err
    assert (tmp_path / "out.prompts.txt").is_file()
    (clips / "bad.mp4").write_bytes(b"x")
    code, out, err = t2v("caption", clips, "-o", tmp_path / "out.jsonl", "--resume", "--json", *model)
    assert code == 1
    assert json.loads(out)["failed"] == 1
    assert "bad.mp4" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["caption"],
        ["caption", "nowhere.mp4"],
        ["caption", "{clips}"],
        ["caption", "{clips}/clip0.mp4", "{clips}/clip1.mp4"],
        ["caption", "{clips}/clip0.mp4", "--resume"],
        ["caption", "{clips}/clip0.mp4", "--mode", "measured", "--model", "x"],
        ["caption", "{clips}", "-o", "{clips}/out.xml"],
        ["caption", "{clips}", "-o", "{clips}/out.jsonl", "--start", "3"],
        ["caption", "{clips}", "-o", "{clips}/out.jsonl", "--shard", "5/4"],
        ["caption", "{clips}", "-o", "{clips}/out.jsonl", "--split", "often"],
        ["caption", "{clips}", "-o", "{clips}/out.jsonl", "--sampling", "never", "--model", "x"],
        ["caption", "{clips}/clip0.mp4", "--schema", "{clips}/none.json", "--model", "x"],
        ["ask", "{clips}/clip0.mp4", "What?"],
        ["ask", "{clips}/clip0.mp4"],
        ["caption", "{clips}/clip0.mp4", "-o", "{clips}/out.txt"],
        ["merge", "{clips}/none.jsonl", "-o", "{clips}/out.jsonl"],
    ],
)
def test_wrong_usage_is_two_and_writes_nothing(clips, t2v, monkeypatch, arguments) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, out, err = t2v(*(argument.format(clips=clips) for argument in arguments))
    assert code == 2
    assert out == ""
    assert err.startswith(("Error", "Usage"))
    assert sorted(path.name for path in clips.iterdir()) == ["clip0.mp4", "clip1.mp4", "clip2.mp4"]


def test_a_model_that_cannot_be_used_is_the_runs_error_and_no_clips_fault(clips, tmp_path, t2v) -> None:
    url = ["--base-url", "http://127.0.0.1:9/v1", "--model", "eyes", "--option", "retries=0"]
    code, _, err = t2v("caption", clips, "-o", tmp_path / "out.jsonl", *url)
    assert code == 1
    assert err.startswith("Error")


@pytest.mark.parametrize(
    "arguments", [["caption", "x.mp4"], ["caption", "x.mp4", "-o", "o.jsonl"], ["ask", "x.mp4", "Q?"]]
)
def test_without_the_packages_for_video_it_says_what_to_install(tmp_path, arguments) -> None:
    (tmp_path / "x.mp4").write_bytes(b"video")
    code = "import sys; sys.modules.update(dict.fromkeys(['numpy', 'av', 'cv2', 'PIL'])); "
    code += "from t2v_recaption.cli import main; main(sys.argv[1:])"
    for line, expected in ((arguments, 1), ([arguments[0], "--help"], 0)):
        model = ["--model", "m", "--base-url", "http://127.0.0.1:9/v1"]
        command = [sys.executable, "-c", code, *line, *model]
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.getcwd()}, capture_output=True, text=True
        )
        assert done.returncode == expected, done.stderr
        assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]


def test_questions_are_answered_in_order(clips, t2v, model, monkeypatch) -> None:
    code, out, _ = t2v("ask", clips / "clip0.mp4", "What is it?", "And then?", *model)
    assert code == 0
    assert len(set(out.splitlines())) == 2
    monkeypatch.setattr(sys, "stdin", io.StringIO("What is it?\n\nAnd then?\n"))
    assert t2v("ask", clips / "clip0.mp4", "-", *model)[1] == out
    _, out, _ = t2v("ask", clips / "clip0.mp4", "What is it?", "--json", *model)
    assert {"question", "text", "times", "frames"} <= json.loads(out).keys()


def test_an_answer_that_is_none_fails_and_faults_are_told(clips, t2v, model, eyes) -> None:
    eyes.answer = lambda digest, body: "" if "Nothing" in json.dumps(body) else "It moves at 0.5 s and at 99 seconds."
    code, out, err = t2v("ask", clips / "clip0.mp4", "Nothing?", "When?", *model)
    assert (code, out.splitlines()) == (1, ["", "It moves at 0.5 s and at 99 seconds."])
    assert "'Nothing?': the answer has faults that asking again did not cure: empty" in err
    assert "'When?': times outside the clip were cited and left out: 99" in err


def test_a_conversation_remembers(clips, t2v, model, eyes, monkeypatch) -> None:
    seen = []
    answer = eyes.answer
    eyes.answer = lambda digest, body: seen.append(len(body["messages"])) or answer(digest, body)
    monkeypatch.setattr(sys, "stdin", io.StringIO("And then?\nquit\nnever asked\n"))
    code, out, _ = t2v("ask", clips / "clip0.mp4", "What is it?", "-i", *model)
    assert code == 0
    assert len(out.splitlines()) == 2
    assert len(seen) == 2
    assert seen[1] > seen[0]


def test_shards_are_merged(clips, tmp_path, t2v, model) -> None:
    for index in (1, 2):
        t2v("caption", clips, "-o", tmp_path / "out.jsonl", "--shard", f"{index}/2", "--mode", "fast", *model)
    parts = sorted(tmp_path.glob("out-*.jsonl"))
    code, _, err = t2v("merge", *parts, "-o", tmp_path / "all.jsonl")
    assert (code, len(rows(tmp_path / "all.jsonl"))) == (0, 3)
    assert "3 of 3" in err
    code, _, err = t2v("merge", parts[0], "-o", tmp_path / "some.jsonl")
    assert code == 1
    assert parts[1].name in err


def test_options_decide_how_much_of_the_machine_is_used() -> None:
    many = {"workers": 3, "batch_size": 5, "timeout": 7.0, "clip_timeout": 9.0, "patience": 11, "memory": 0.5}
    found = resources(many)
    assert (found.workers, found.batch, found.timeout, found.limit, found.patience) == (3, 5, 7.0, 9.0, 11)
    assert found.memory == 2**29
