"""`t2v loop`: the whole way from a prompt to the best clip, with a real program that makes clips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from t2v_recaption.cli.loop import loop
from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import Clip
from tests.loop.films import command

PROMPT = "a red ball on a wooden floor, the camera pans left"


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(loop, arguments, standalone_mode=False, catch_exceptions=False)
    code = done.return_value if isinstance(done.return_value, int) else done.exit_code
    return code, done.stdout, done.stderr


def test_it_insists_until_the_camera_pans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    given = (PROMPT, "--generate", command(tmp_path), "--max-generations", "8", "-o", "best.mp4", "--report", "r.html")
    code, out, err = run(*given)
    assert code == 1  # without a judge, nobody can tell about the ball
    assert out.count("\n") == 1
    assert "During the whole clip, the camera pans left." in out
    assert "Round 2: kept" in err
    assert "add a judge" in err
    assert Clip(tmp_path / "best.mp4").info.duration == pytest.approx(2.0, abs=0.1)
    assert "Caption-video loop" in (tmp_path / "r.html").read_text(encoding="utf-8")

    (folder,) = tmp_path.glob("loop-a-red-ball-*")
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "clips").iterdir()}
    code, again, _ = run(*given, "--json")
    assert json.loads(again)["best"]["edits"]
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "clips").iterdir()} == before


def test_a_dry_run_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(PROMPT, "--generate", "make {prompt} {out}", "--dry-run", "--price", "0.5")
    assert code == 0
    assert "clips: 4 to 12" in out
    assert "money: 2 to 6" in out
    assert not list(tmp_path.glob("loop-*/clips/*"))


def test_a_command_without_a_place_for_the_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="out"):
        run(PROMPT, "--generate", "make {prompt}")
