import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.errors import InvalidInput
from t2v_recaption.generators import ClipRequest, CommandGenerator, FunctionGenerator, GenerationError

ROOT = Path(__file__).resolve().parents[2]
ECHO = "import json, sys; open(sys.argv[1], 'w').write(json.dumps(sys.argv[2:]))"


def echo(more: str, **options) -> CommandGenerator:
    return CommandGenerator(f'"{sys.executable}" -c "{ECHO}" {{out}} {more}', **options)


HOSTILE = [
    "$(touch hacked)",
    "; rm -rf ~",
    "`id`",
    "{seed} {out} {prompt}",
    "'\"",
    "a\nb",
    "--help",
    "%s",
    "\\",
    "你好",
    "|&",
]


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_prompt_is_one_argument_whatever_it_holds(tmp_path, prompt) -> None:
    out = tmp_path / "clip.mp4"
    echo("{prompt} --seed={seed} {negative} {id} cuda:{slot}").make(ClipRequest(prompt, 7, out, "blurry", "p1", 3))
    assert json.loads(out.read_text()) == [prompt, "--seed=7", "blurry", "p1", "cuda:3"]
    assert not os.path.exists("hacked")


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1))
def test_any_text_arrives(tmp_path_factory, prompt) -> None:
    out = tmp_path_factory.mktemp("out") / "clip.mp4"
    echo("{prompt}").make(ClipRequest(prompt, 0, out))
    assert json.loads(out.read_text()) == [prompt]


def test_a_prompt_as_a_file(tmp_path) -> None:
    code = "import sys; open(sys.argv[1], 'w').write(open(sys.argv[2], encoding='utf-8').read())"
    out = tmp_path / "clip.mp4"
    CommandGenerator(f'"{sys.executable}" -c "{code}" {{out}} {{prompt_file}}').make(ClipRequest("größer", 0, out))
    assert out.read_text() == "größer"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('CUDA out of memory')", "exit code 1.*CUDA out of memory"),
        ("pass", "made no clip"),
        ("import sys; open(sys.argv[1], 'w')", "made no clip"),
        ("import os; os.kill(os.getpid(), 9)", "exit code -9"),
    ],
)
def test_what_goes_wrong_is_said(tmp_path, code, said) -> None:
    generator = CommandGenerator(f'"{sys.executable}" -c "{code}" {{out}} {{prompt}}')
    with pytest.raises(GenerationError, match=said):
        generator.make(ClipRequest("a cat", 0, tmp_path / "clip.mp4"))


def test_a_command_that_is_not_there(tmp_path) -> None:
    with pytest.raises(GenerationError, match="cannot be started"):
        CommandGenerator("/no/such/program {prompt} {out}").make(ClipRequest("a cat", 0, tmp_path / "clip.mp4"))
    with pytest.raises(GenerationError, match="cannot be started"):
        echo("{prompt}").make(ClipRequest("a\0cat", 0, tmp_path / "clip.mp4"))


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path) -> None:
    pid = tmp_path / "pid"
    child = "import time; time.sleep(60)"
    code = (
        "import subprocess, sys; "
        f"p = subprocess.Popen([sys.executable, '-c', '{child}']); open(r'{pid}', 'w').write(str(p.pid)); p.wait()"
    )
    generator = CommandGenerator(f'"{sys.executable}" -c "{code}" {{out}} {{prompt}}', timeout=2.0)
    with pytest.raises(GenerationError, match="longer than 2 seconds"):
        generator.make(ClipRequest("a cat", 0, tmp_path / "clip.mp4"))
    _gone(int(pid.read_text()))


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_a_command_ends_when_we_are_killed(tmp_path) -> None:
    """Neither it nor what it started keeps the device."""
    log = tmp_path / "pids"
    child = "import time; time.sleep(120)"
    code = (
        "import os, subprocess, sys; "
        f"p = subprocess.Popen([sys.executable, '-c', '{child}']); "
        f"open(r'{log}', 'w').write(str(os.getpid()) + ' ' + str(p.pid) + chr(10)); p.wait()"
    )
    command = f'"{sys.executable}" -c "{code}" {{out}} {{prompt}}'
    ours = f"""
import subprocess
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from t2v_recaption.generators import ClipRequest, CommandGenerator
CommandGenerator({command!r}).make(ClipRequest("a cat", 0, Path({str(tmp_path / "clip.mp4")!r})))
"""
    process = subprocess.Popen([sys.executable, "-c", ours])
    while process.poll() is None and (not log.exists() or not log.read_text().endswith("\n")):
        time.sleep(0.02)
    time.sleep(0.5)  # the watcher is started after the command
    process.kill()
    process.wait()
    for pid in map(int, log.read_text().split()):
        _gone(pid)


def _gone(pid: int) -> None:
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    pytest.fail("a process lives on")


@pytest.mark.parametrize("command", ["", "x {prompt}", "x {out}", "x 'unclosed {prompt} {out}"])
def test_commands_that_cannot_be(command) -> None:
    with pytest.raises(InvalidInput):
        CommandGenerator(command)
    with pytest.raises(InvalidInput):
        CommandGenerator("x {prompt} {out}", timeout=0)


def test_functions_make_clips_too(tmp_path) -> None:
    out = tmp_path / "clip.mp4"

    def elsewhere(prompt, seed, out):
        (tmp_path / "other.mp4").write_text(prompt)
        return tmp_path / "other.mp4"

    FunctionGenerator(elsewhere, "mine").make(ClipRequest("a cat", 0, out))
    assert out.read_text() == "a cat"
    with pytest.raises(GenerationError, match="made no clip"):
        FunctionGenerator(lambda *a: None, "mine").make(ClipRequest("a cat", 0, tmp_path / "x.mp4"))
    with pytest.raises(GenerationError, match="ValueError: no"):
        FunctionGenerator(lambda *a: (_ for _ in ()).throw(ValueError("no")), "m").make(ClipRequest("c", 0, out))
