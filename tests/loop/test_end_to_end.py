"""The loop on real generators: diffusers pipelines with tiny random components, a function, an external command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.errors import MissingDependency
from t2v_recaption.generators import (
    ClipRequest,
    CommandGenerator,
    FunctionGenerator,
    PipelineGenerator,
    as_generator,
)
from t2v_recaption.loop import Budget, Stop, loop, make_loop
from t2v_recaption.verify import Verifier
from t2v_recaption.video import Clip
from t2v_recaption.video.write import write_clip

PROMPT = "a red ball on a wooden floor"


def agreeable(request: ChatRequest) -> ChatReply:
    """A judge that sees the ball and denies everything that was made up."""
    asked = request.messages[-1].text.lower()
    return ChatReply("yes" if any(word in asked for word in ("ball", "floor")) else "no", model="agreeable")


@pytest.fixture(scope="module")
def wan() -> Any:
    pytest.importorskip("ftfy")
    from tests.integrations.pipelines.tiny import CASES

    made = CASES["wan"]()
    made.pipe.set_progress_bar_config(disable=True)
    return made


def test_a_real_pipeline_goes_round(wan: Any, tmp_path: Path) -> None:
    generator = PipelineGenerator(wan.pipe, **{**wan.arguments, "output_type": "np"})
    result = loop(
        PROMPT, generator, target="wan2.1", judges=ScriptedBackend(agreeable), folder=tmp_path, budget=Budget(4)
    )
    assert 2 <= len(result.trials) <= 4
    assert not any(trial.error for trial in result.trials), result.trials
    assert all(Clip(trial.clip).info.width >= 16 for trial in result.trials)
    assert result.provenance["generator"]["pipeline"] == type(wan.pipe).__name__
    assert result.trials[0].verification["prompt"] == PROMPT


def test_a_pipeline_is_recognised_and_its_seed_decides(wan: Any, tmp_path: Path) -> None:
    assert isinstance(as_generator(wan.pipe), PipelineGenerator)
    generator = PipelineGenerator(wan.pipe, **{**wan.arguments, "output_type": "np"})
    clips = []
    for number, seed in enumerate((1, 1, 2)):
        clips.append(tmp_path / f"{number}.mp4")
        generator.make(ClipRequest("a cat", seed, clips[-1]))
    again, once, other = (path.read_bytes() for path in clips)
    assert again == once != other


def squares(text: str, seed: int) -> list[Any]:
    """A red square on grey that moves right, as frames."""
    frames = []
    for step in range(12):
        pixels = np.full((64, 96, 3), 120, np.uint8)
        pixels[20:44, 8 + 5 * step : 32 + 5 * step] = (220, 20, 20)
        frames.append(pixels)
    return frames


def test_a_function_that_returns_frames(tmp_path: Path) -> None:
    result = loop(PROMPT, squares, judges=ScriptedBackend(agreeable), folder=tmp_path, budget=Budget(3), fps=12)
    assert result.trials[0].error == ""
    assert Clip(result.trials[0].clip).info.duration == pytest.approx(1.0, abs=0.1)


def test_without_a_judge_only_what_is_measured_decides(tmp_path: Path) -> None:
    result = loop("a red ball, static camera", squares, folder=tmp_path, budget=Budget(4), fps=12)
    assert result.stop in (Stop.UNDECIDED, Stop.BUDGET, Stop.NO_GAIN)
    assert result.best_trial is not None


def test_a_missing_package_ends_it_at_once(tmp_path: Path) -> None:
    ready = make_loop(
        PROMPT, FunctionGenerator(squares, "squares"), target="generic", verifier=Verifier(), folder=tmp_path
    )

    def missing(*_: Any) -> Any:
        raise MissingDependency("Reading clips", "av", "video")

    with pytest.raises(MissingDependency, match="av"):
        replace(ready, verify=missing).run()


SCRIPT = """
import sys, time
import numpy as np
from t2v_recaption.video.write import write_clip
prompt, negative, seed, out, log = sys.argv[1:]
open(log, "a").write(seed + "|" + prompt + "\\n")
time.sleep(0.3)
write_clip(__import__("pathlib").Path(out), [np.full((64, 64, 3), 40 * int(seed), np.uint8)] * 8, fps=8)
"""

DRIVER = """
import sys
from pathlib import Path
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.backends.base import ChatReply
from t2v_recaption.loop import Budget, loop
result = loop("a red ball on a wooden floor", sys.argv[1], folder=sys.argv[2], budget=Budget(7),
              judges=ScriptedBackend(lambda request: ChatReply("no", model="no")))
print(result.to_json())
"""


def driven(command: str, folder: Path, *, kill_after: float | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, command, str(folder)], env=environment, stdout=subprocess.PIPE, text=True
    )
    if kill_after is not None:
        deadline = time.monotonic() + 60
        while len(list((folder / "trials").glob("*.json"))) < kill_after and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    return process.communicate(timeout=120)[0]


@pytest.mark.slow
def test_killed_it_goes_on_and_makes_no_clip_twice(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(SCRIPT)
    log = tmp_path / "log.txt"
    log.touch()
    command = f"{sys.executable} {tmp_path / 'sample.py'} {{prompt}} {{negative}} {{seed}} {{out}} {log}"
    folder = tmp_path / "run"
    for finished in (1, 3):
        driven(command, folder, kill_after=finished)
    result = json.loads(driven(command, folder))
    made = log.read_text().splitlines()
    # What was under way when it was killed is made again; what was finished is not.
    assert len(made) - len(set(made)) <= 2
    assert len(result["trials"]) == len({(t["wording"], t["seed"]) for t in result["trials"]}) <= 7
    assert result["stop"]


def test_the_command_gets_the_prompt_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample.py").write_text(SCRIPT)
    log = tmp_path / "log.txt"
    hostile = '$(touch x); "{seed}" `ls` \\ %s {out}'
    command = f"{sys.executable} {tmp_path / 'sample.py'} {{prompt}} {{negative}} {{seed}} {{out}} {log}"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    CommandGenerator(command).make(ClipRequest(hostile, 3, tmp_path / "clip.mp4"))
    assert log.read_text() == f"3|{hostile}\n"
    assert not (tmp_path / "x").exists()


def test_odd_sizes_are_written_whole(tmp_path: Path) -> None:
    write_clip(tmp_path / "odd.mp4", [np.full((33, 47, 3), 200, np.uint8)] * 3, fps=24000 / 1001)
    info = Clip(tmp_path / "odd.mp4").info
    assert (info.width, info.height) == (48, 34)
