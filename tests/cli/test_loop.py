"""`t2v loop`: the whole way from a prompt to the best clip, with a real program that makes clips."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from t2v_recaption.backends.base import ChatRequest, Message
from t2v_recaption.cli.enhance import enhance
from t2v_recaption.cli.loop import loop
from t2v_recaption.errors import InvalidInput
from t2v_recaption.video import Clip
from tests.backends.conftest import Server, completion, send
from tests.loop.films import command
from tests.verify.judges import question_of
from tests.verify.test_asking import at_once

PROMPT = "a red ball on a wooden floor, the camera pans left"


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(loop, arguments, standalone_mode=False, catch_exceptions=False)
    code = done.return_value if isinstance(done.return_value, int) else done.exit_code
    return code, done.stdout, done.stderr


def test_it_insists_until_the_camera_pans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    given = (PROMPT, "--generate", command(tmp_path), "--max-generations", "12", "-o", "best.mp4", "--report", "r.html")
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


@pytest.fixture
def server() -> Iterator[Server]:
    """A vision model behind HTTP: it sees a red ball on a wooden floor, and nothing else."""
    truth = {
        "Is there a ball in the video?": "Yes",
        "What colour is the ball?": "red",
        "Is there a floor in the video?": "Yes",
    }
    judge = at_once(lambda request: _seen(truth, question_of(request)))
    running = Server()

    def act(handler: Any, body: dict[str, Any]) -> None:
        text = body["messages"][-1]["content"][-1]["text"]
        send(handler, 200, completion(judge(ChatRequest((Message("user", text),)))))

    running.default = act
    yield running
    running.stop()


def _seen(truth: dict[str, str], question: str) -> str:
    there = ("ball on", "wooden", "wood", "floor", "in colour", "made out", "much")
    return truth.get(
        question, "Yes" if any(word in question for word in there) and "Is this so" not in question else "No"
    )


@pytest.mark.parametrize("ask", ["each", "together"])
def test_a_judge_and_a_measurement_decide_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server, ask: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("T2V_JUDGE", f"tiny,base_url={server.url}")
    monkeypatch.setenv("T2V_ASK", ask)
    monkeypatch.setenv("T2V_RUN", "kept")
    given = (PROMPT, "--generate", command(tmp_path), "--max-generations", "10", "--no-cache", "-o", "best.mp4")
    code, _, err = run(*given)
    assert code == 0, err
    assert "Every critical claim is supported." in err
    assert "Round 2: kept" in err
    events = [json.loads(line) for line in (tmp_path / "kept" / "history.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "end"
    asked = len(server.seen)
    assert asked > 0
    assert run(*given)[0] == 0
    assert len(server.seen) == asked  # found again, not judged again


def test_a_judge_that_says_yes_to_everything_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    server.default = lambda handler, body: send(handler, 200, completion("Yes"))
    code, _, err = run(
        "a dog", "--generate", command(tmp_path), "--judge", "tiny", "--judge-base-url", server.url, "--no-cache"
    )
    assert code == 1
    assert "The judges are unreliable." in err
    assert "tiny fails the questions with known answers" in err


def test_a_place_that_cannot_be_written_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    given = (PROMPT, "--generate", command(tmp_path), "--max-generations", "2", "-o", "missing/best.mp4")
    code, out, err = run(*given, "--report", "missing/r.html")
    assert code == 1
    assert out.count("\n") == 1
    assert err.count("cannot be written") == 2


def test_every_option_has_an_environment_variable() -> None:
    for parameter in loop.params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            assert str(parameter.envvar).startswith("T2V_"), parameter.name


def test_the_documents_name_every_option() -> None:
    page = (Path(__file__).parents[2] / "docs" / "loop.md").read_text(encoding="utf-8")
    shared = {parameter.name for parameter in enhance.params}
    own = [p for p in loop.params if isinstance(p, click.Option) and p.name not in shared]
    missing = [p.opts[-1] for p in own if f"`{p.opts[-1]}" not in page]
    assert not missing
