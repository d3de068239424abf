"""`t2v verify`: tables for people, JSON and JUnit for machines, and exit codes."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.backends.conftest import Server, answer
from tests.cli.test_enhance import run as run_entry
from tests.verify.conftest import check, clip_of, still  # noqa: F401 -- fixtures

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str):
    from t2v_recaption.cli import main

    return run_entry("verify", *arguments, entry=main)


def test_a_clip_and_a_prompt(still: Path) -> None:  # noqa: F811
    result = run(str(still), "--prompt", "a cat, static shot, black and white")
    assert result.exit_code == 0
    assert "✓ The camera stands still." in result.stdout
    assert "✗ The video is in black and white." in result.stdout
    assert "? There is a cat." in result.stdout
    assert "Score     0.50" in result.stdout
    assert "1 of 3 claims need a vision model" in result.stdout
    assert "--judge" in result.stdout


def test_json_is_the_whole_verification(still: Path) -> None:  # noqa: F811
    result = run(str(still), "--prompt", "static shot, a cat", "--json")
    found = json.loads(result.stdout)
    assert found["score"] == 1.0
    assert [claim["status"] for claim in found["results"]] == ["supported", "undetermined"]
    assert found["clip"]["path"] == str(still)
    assert found["measurements"]["shots"]
    assert result.stdout.count("\n") == 1


def test_fail_under_decides_the_exit_code(still: Path) -> None:  # noqa: F811
    prompt = "static shot, black and white"
    assert run(str(still), "--prompt", prompt, "--fail-under", "0.4").exit_code == 0
    failed = run(str(still), "--prompt", prompt, "--fail-under", "0.6")
    assert failed.exit_code == 1
    assert "the score is 0.50, --fail-under is 0.6" in failed.stderr
    open_ = run(str(still), "--prompt", "a cat", "--fail-under", "0.1")
    assert open_.exit_code == 1
    assert "nothing was decided" in open_.stderr


def test_junit_has_a_case_for_each_claim(still: Path, tmp_path: Path) -> None:  # noqa: F811
    report = tmp_path / "report.xml"
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video \x00")
    table = tmp_path / "clips.jsonl"
    rows = [{"clip": str(still), "prompt": "static shot, black and white, a cat \x07 & <dog>"},
            {"clip": "broken.mp4", "prompt": "a cat"}]  # fmt: skip
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = run("--prompts", str(table), "--junit", str(report))
    assert result.exit_code == 1
    assert "broken.mp4" in result.stderr
    good, bad = ElementTree.parse(report).getroot()
    assert (good.get("failures"), good.get("errors"), good.get("skipped")) == ("1", "0", "2")
    assert int(good.get("tests")) == len(good.findall("testcase")) == 4
    assert [case.find("failure") is not None for case in good.findall("testcase")].count(True) == 1
    assert (bad.get("tests"), bad.get("errors")) == ("1", "1")


def test_prompts_from_files(still: Path, clip_of: Callable[[str], Path], tmp_path: Path) -> None:  # noqa: F811
    lines = tmp_path / "prompts.txt"
    lines.write_text("static shot\n\nthe camera pans right\n", encoding="utf-8")
    result = run(str(still), str(clip_of("pan")), "--prompts", str(lines), "--json")
    assert [json.loads(line)["score"] for line in result.stdout.splitlines()] == [1.0, 1.0]
    table = tmp_path / "clips.csv"
    table.write_text(f"clip,prompt\n{still},static shot\n", encoding="utf-8")
    assert run("--prompts", str(table), "--json").exit_code == 0
    wrong = run(str(still), "--prompts", str(lines))
    assert wrong.exit_code == 2
    assert "2 prompts for 1 clips" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give what the user asked for"),
        (["clip.mp4"], "Give what the user asked for"),
        (["--prompt", "a cat"], "Name the clips"),
        (["missing.mp4", "--prompt", "a cat"], "missing.mp4"),
        (["x", "--prompts", "missing.txt"], "missing.txt"),
        (["clip.mp4", "--prompt", "a", "--frames", "0"], "--frames"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_lines_that_are_no_pairs(tmp_path: Path) -> None:
    for name, content, message in (
        ("a.jsonl", "[1]\n", "no JSON object"),
        ("b.jsonl", "{\n", "no JSON"),
        ("c.jsonl", '{"clip": "x"}\n', "no prompt"),
        ("d.csv", "clip,words\nx,y\n", "no prompt"),
        ("e.txt", b"\xff\xfe\x00", "UTF-8"),
    ):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        result = run("--prompts", str(file))
        assert result.exit_code == 2
        assert message in result.stderr


def test_claims_alone_need_no_clip() -> None:
    result = run("--prompt", "two red cars", "--claims")
    assert result.exit_code == 0
    assert "How many cars are in the video?" in result.stdout
    data = json.loads(run("--prompt", "two red cars", "--claims", "--json").stdout)
    assert [claim["expected"] for claim in data["claims"]] == ["2", "red", "yes"]
    assert data["hash"] in result.stdout


def test_a_judge_from_the_command_line(still: Path, tmp_path: Path) -> None:  # noqa: F811
    answers = tmp_path / "answers.txt"
    answers.write_text("No | | nothing\n" * 40, encoding="utf-8")
    result = run(str(still), "--prompt", "a cat", "--backend", "scripted", "--judge", str(answers), "--explain")
    assert result.exit_code == 0
    assert "Unreliable" in result.stdout  # it says no to everything
    assert "does not count" in result.stdout
    assert "--judge MODEL" not in result.stdout


def test_judges_behind_different_backends_and_all_clips_together(still: Path, tmp_path: Path) -> None:  # noqa: F811
    for name, said in (("yes.txt", "Yes"), ("no.txt", "No")):
        (tmp_path / name).write_text(f"{said}\n" * 99, encoding="utf-8")
    server = Server()
    server.default = answer("Cannot tell")
    judges = (f"tiny,base_url={server.url},retries=0", f"{tmp_path / 'yes.txt'},backend=scripted",
              f"{tmp_path / 'no.txt'},backend=scripted")  # fmt: skip
    given = [part for judge in judges for part in ("--judge", judge)]
    result = run(str(still), str(still), "--prompt", "a cat, static shot", *given, "--no-cache")
    server.stop()
    assert result.exit_code == 0
    one, together = result.stdout.split("All clips\n")
    assert "2 of 2 clips verified, mean score 1.00 over 2" in together
    lines = {line.split(": ")[0].split()[-1]: line for line in together.splitlines()[1:]}
    assert set(lines) == {"tiny", "yes.txt", "no.txt"}
    assert lines["yes.txt"].startswith("Unreliable")
    each = next(line for line in one.splitlines() if "yes.txt" in line)
    foils = int(re.search(r"false things called false: 0/(\d+)", each)[1])
    assert f"0/{2 * foils}" in lines["yes.txt"]
    assert server.seen


@pytest.mark.parametrize("judge", ["", "base_url=http://localhost:1", ",backend=scripted"])
def test_a_judge_without_a_name(still: Path, judge: str) -> None:  # noqa: F811
    result = run(str(still), "--prompt", "a cat", "--judge", judge)
    assert result.exit_code == 2
    assert "names no model" in result.stderr


def test_every_option_is_documented_and_has_an_environment_variable() -> None:
    from t2v_recaption.cli.verify import verify

    page = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    for parameter in (p for p in verify.params if p.param_type_name == "option"):
        assert str(parameter.envvar).startswith("T2V_")
        assert f"`{parameter.opts[-1]}" in page


@pytest.mark.parametrize("option", ["--report", "--junit"])
def test_a_file_that_cannot_be_written_loses_nothing(still: Path, option: str, tmp_path: Path) -> None:  # noqa: F811
    result = run(str(still), "--prompt", "static shot", option, str(tmp_path / "missing" / "file"))
    assert result.exit_code == 1
    assert "✓ The camera stands still." in result.stdout
    assert "cannot be written" in result.stderr
    assert "→" not in result.stderr


def terminal(columns: int, *arguments: str) -> str:
    """What a terminal of that width gets."""
    parent, child = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "t2v_recaption", "verify", *arguments],
        stdout=child, stderr=subprocess.DEVNULL, env=environment, cwd=ROOT,
    )  # fmt: skip
    os.close(child)
    chunks = []
    while select.select([parent], [], [], 60)[0]:
        try:
            chunk = os.read(parent, 65536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    assert process.wait() == 0
    return b"".join(chunks).decode()


def test_a_narrow_terminal_loses_nothing(still: Path) -> None:  # noqa: F811
    shown = terminal(40, str(still), "--prompt", "a cat on a sofa, static shot")
    assert "The camera stands still." in shown
    assert "\x1b[" in shown
    plain = "".join(part.split("m", 1)[-1] for part in shown.split("\x1b["))
    table = plain.split("Score")[0]
    assert max(len(line.rstrip()) for line in table.splitlines()) <= 40


def test_offline_imports_no_model_library(still: Path) -> None:  # noqa: F811
    code = (
        "import sys; from t2v_recaption.cli import main\n"
        f"try: main(['verify', {str(still)!r}, '--prompt', 'a cat, static shot', '--json'])\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        "heavy = {'torch', 'transformers', 'openai', 'onnxruntime', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
