"""`t2v ab` as a user types it: real processes, pipes and terminals."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
T2V = [sys.executable, "-m", "t2v_recaption", "ab"]


def t2v(*arguments, cwd, **environment):
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([*T2V, *map(str, arguments)], cwd=cwd, env=env, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def here(tmp_path, prompt_file):
    from tests.compare.conftest import SHORTENED

    (tmp_path / "short.txt").write_text("\n".join(SHORTENED) + "\n")
    return tmp_path


def test_from_two_arms_to_a_verdict(here) -> None:
    done = t2v("prompts.txt", "--arm", "raw", "--arm", "short.txt", "--report", "out.html", "--csv", "o.csv", cwd=here)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("raw is better than short: ")
    assert "Facts of the prompt kept (decides)" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) > 60
    assert "Report → out.html" in done.stderr
    assert (here / "prompts.ab" / "ab.lock.json").is_file()
    again = t2v("prompts.txt", "--arm", "raw", "--arm", "short.txt", cwd=here)
    assert again.stdout == done.stdout


def test_json_and_exit_codes(here) -> None:
    arms = ("--arm", "raw", "--arm", "short.txt")
    done = t2v("run", "prompts.txt", *arms, "--json", "--fail-if-worse", cwd=here)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["primary"]["contest"]["comparisons"][0]["verdict"]["call"] == "first"
    turned = ("--baseline", "short", "--run", "other")
    assert t2v("prompts.txt", *arms, *turned, "--fail-if-worse", cwd=here).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("prompts.txt",), "two arms"),
        (("prompts.txt", "--arm", "raw"), "two arms"),
        (("missing.txt", "--arm", "raw", "--arm", "composer"), "missing.txt"),
        (("run",), "no prompts"),
        (("prompts.txt", "--arm", "raw", "--arm", "nobody"), "nobody"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--baseline", "x"), "'x'"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--primary", "beauty"), "beauty"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--resamples", "10"), "10 resamples"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--generate", "x {prompt}"), "{out}"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--level", "clip"), "makes the clips"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--max-cost", "3"), "--price"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--price", "clip"), "KEY=VALUE"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--margin", "nan"), "margin"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--seeds", "a"), "seed"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--judge", "nobody:model=x"), "nobody"),
        (("prompts.txt", "--arm", "raw", "--arm", "composer", "--check", "x=1", "--level", "clip"), "no setting"),
        (("--plan", "missing.yaml"), "missing.yaml"),
    ],
)
def test_wrong_usage_is_said_and_leaves_nothing(here, arguments, said) -> None:
    done = t2v(*arguments, cwd=here)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert done.stdout == ""
    assert not (here / "prompts.ab" / "ab.lock.json").exists()


def test_a_changed_plan_is_refused(here) -> None:
    t2v("prompts.txt", "--arm", "raw", "--arm", "short.txt", cwd=here)
    done = t2v("prompts.txt", "--arm", "raw", "--arm", "composer", cwd=here)
    assert done.returncode == 2
    assert "arms: short is gone; arms: composer is new" in done.stderr
    done = t2v("prompts.txt", "--arm", "raw", "--arm", "composer", "--new-plan", cwd=here)
    assert done.returncode == 0
    assert "was replaced" in done.stdout


def test_a_plan_file(here) -> None:
    plan = """
prompts: prompts.txt
arms:
  - raw
  - {name: brief, file: short.txt}
baseline: raw
margin: 0.1
run: kept
report: out.html
"""
    (here / "sub").mkdir()
    for name in ("prompts.txt", "short.txt"):
        (here / name).rename(here / "sub" / name)
    (here / "sub" / "plan.yaml").write_text(plan)
    done = t2v("--plan", "sub/plan.yaml", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "raw is better than brief" in done.stdout
    assert (here / "sub" / "out.html").is_file()
    assert (here / "sub" / "kept" / "result.json").is_file()
    assert t2v("--plan", "sub/plan.yaml", "--margin", "0.2", cwd=here).returncode == 2
    (here / "sub" / "plan.yaml").write_text(plan + "colour: red\n")
    done = t2v("--plan", "sub/plan.yaml", cwd=here)
    assert "'colour'" in done.stderr


def test_a_dry_run_makes_nothing(here, sampler) -> None:
    command, log = sampler
    arms = ("--arm", "raw", "--arm", "composer", "--generate", command, "--seeds", "0-2")
    done = t2v("prompts.txt", *arms, "--price", "clip=0.25", "--dry-run", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "12.00" in done.stdout
    assert "not known yet" in done.stdout
    assert "can show a difference of" in done.stdout
    told = json.loads(t2v("prompts.txt", *arms, "--dry-run", "--json", cwd=here).stdout)
    assert [each["step"] for each in told["estimates"]] == ["text", "clip", "check"]
    assert not log.exists()


def test_a_limit_ends_with_one_and_says_how_to_go_on(here, sampler) -> None:
    command, log = sampler
    done = t2v(
        "prompts.txt", "--arm", "raw", "--arm", "composer", "--generate", command, "--max-generations", 3, cwd=here
    )
    assert done.returncode == 1
    assert len(log.read_text().splitlines()) == 3
    assert "3 clips made" in done.stdout
    assert "goes on from here" in done.stdout


def test_a_suite_brings_its_strata_and_claims(here) -> None:
    from t2v_recaption.verify.claims import claims_of

    rows = []
    for number, prompt in enumerate(("a red car", "two dogs on a beach")):
        claims = [claim.to_dict() for claim in claims_of(prompt) if not claim.parents]
        rows.append({"id": f"s{number}", "stratum": f"group {number}", "prompt": prompt, "claims": claims})
    (here / "suite.jsonl").write_text("\n".join(map(json.dumps, rows)))
    arms = ("--arm", "raw", "--arm", "composer")
    done = t2v("suite.jsonl", "--suite", "claims", *arms, "--json", cwd=here)
    assert done.returncode == 0, done.stderr
    assert [row["stratum"] for row in json.loads(done.stdout)["rows"]] == ["group 0", "group 1"]


def test_drawing_prompts(here) -> None:
    done = t2v("prompts.txt", "--arm", "raw", "--arm", "composer", "--limit", 3, "--json", cwd=here)
    assert len(json.loads(done.stdout)["rows"]) == 3


@pytest.mark.parametrize("columns", [40, 100])
def test_on_a_terminal_nothing_is_wider_than_it(here, columns) -> None:
    parent, child = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "xterm"}
    command = [*T2V, "prompts.txt", "--arm", "raw", "--arm", "short.txt"]
    process = subprocess.Popen(command, cwd=here, env=env, stdout=child, stderr=subprocess.DEVNULL)
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(parent)
    assert process.wait() == 0
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "").split("\n")
    assert "raw is better than short" in " ".join(lines[:3])
    assert max(len(line) for line in lines if "→" not in line) <= columns
    assert "\x1b[3" not in shown.decode()


def test_help_imports_nothing_heavy(here) -> None:
    heavy = "sorted({'numpy', 'av', 'cv2', 'PIL', 'torch'} & set(sys.modules))"
    code = f"import sys; from t2v_recaption.cli import main\ntry:\n main(['ab', '--help'])\nfinally:\n print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.rstrip().endswith("[]")
    assert "t2v ab prompts.txt --arm raw --arm composer" in done.stdout
    done = t2v("run", "--help", cwd=here)
    assert done.returncode == 0
    assert "[NAME=]WHAT" in done.stdout


def test_one_prompt_is_planned_and_compared_honestly(here) -> None:
    (here / "one.txt").write_text("a red car\n")
    arms = ("one.txt", "--arm", "raw", "--arm", "composer")
    told = json.loads(t2v(*arms, "--dry-run", "--json", cwd=here).stdout, parse_constant=pytest.fail)
    assert told["power"]["detectable"] is None
    assert not (here / "one.ab").exists()
    done = t2v(*arms, cwd=here)
    assert done.returncode == 0
    assert done.stdout.startswith("Inconclusive: 1 prompt cannot tell chance from difference")
    assert "too few to show anything" in done.stderr


def test_defaults_from_the_config_file(here) -> None:
    (here / "config.yaml").write_text("margin: 0.25\n")
    arms = ("prompts.txt", "--arm", "raw", "--arm", "composer", "--json")
    told = json.loads(t2v(*arms, cwd=here, T2V_CONFIG=str(here / "config.yaml")).stdout)
    assert told["lock"]["design"]["settings"]["margin"] == 0.25


@pytest.mark.parametrize("jobs", [1, 3])
def test_ctrl_c_ends_the_command_too_and_says_how_to_go_on(here, sampler, jobs) -> None:
    command, log = sampler
    arms = ["prompts.txt", "--arm", "raw", "--arm", "composer", "--generate", command, "--jobs", str(jobs)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "SAMPLER_SECONDS": "0.2"}
    process = subprocess.Popen(
        [*T2V, *arms],
        cwd=here,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    while process.poll() is None and (not log.exists() or len(log.read_text().splitlines()) < 3):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    asked = len(log.read_text().splitlines())
    made = list((here / "prompts.ab" / "clips").rglob("*.mp4"))
    assert asked - jobs <= len(made) <= asked
    again = t2v(*arms, "--dry-run", "--json", cwd=here)
    clips = next(each for each in json.loads(again.stdout)["estimates"] if each["step"] == "clip")
    assert len(made) - jobs <= clips["done"] <= len(made)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full")
def test_a_report_that_cannot_be_written_costs_no_result_and_no_device(here) -> None:
    arms = ("prompts.txt", "--arm", "raw", "--arm", "composer")
    found = t2v(*arms, "--report", "/dev/full", cwd=here)
    assert found.returncode == 1
    assert "composer minus raw" in found.stdout
    assert "No space left" in found.stderr
    assert "Traceback" not in found.stderr
    assert Path("/dev/full").is_char_device()


def test_a_link_stays_a_link(here) -> None:
    (here / "real.html").write_text("old")
    (here / "link.html").symlink_to("real.html")
    assert t2v("prompts.txt", "--arm", "raw", "--arm", "composer", "--report", "link.html", cwd=here).returncode == 0
    assert (here / "link.html").is_symlink()
    assert "<!doctype html>" in (here / "real.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--report", "--csv", "--junit"])
@pytest.mark.parametrize("path", ["nowhere/out", "."])
def test_a_report_with_nowhere_to_go_is_said_before_anything_is_made(here, option, path) -> None:
    found = t2v("prompts.txt", "--arm", "raw", "--arm", "composer", option, path, cwd=here)
    assert found.returncode == 2
    assert "folder" in found.stderr or "is a directory" in found.stderr
    assert not (here / "prompts.ab").exists()


def test_a_run_that_has_no_place(here) -> None:
    (here / "file").write_text("")
    found = t2v("prompts.txt", "--arm", "raw", "--arm", "composer", "--run", "file/run", cwd=here)
    assert found.returncode == 2
    assert "cannot be made" in found.stderr
    assert "Traceback" not in found.stderr


def test_where_nothing_can_be_compared_the_command_fails(here) -> None:
    dead = "chat:model=none,base_url=http://127.0.0.1:9/v1"
    found = t2v("prompts.txt", "--arm", "raw", "--arm", dead, cwd=here)
    assert found.returncode == 1
    assert "no prompt was scored in both arms" in found.stdout
    assert "--retry" in found.stdout


MEETING = """
import pathlib, sys, time
out, slot, place = sys.argv[1:4]
pathlib.Path(place, slot).touch()
while not all(pathlib.Path(place, each).exists() for each in ("0", "1")):  # by itself it would wait for ever
    time.sleep(0.01)
pathlib.Path(out).write_text("a clip")
"""


def test_jobs_make_clips_at_once_in_slots_of_their_own(here) -> None:
    (here / "meeting.py").write_text(MEETING)
    (here / "place").mkdir()
    command = f"'{sys.executable}' meeting.py {{out}} {{slot}} place --prompt={{prompt}}"
    arms = ("prompts.txt", "--arm", "raw", "--arm", "composer", "--jobs", "2", "--timeout", "60")
    t2v(*arms, "--generate", command, cwd=here)
    assert {each.name for each in (here / "place").iterdir()} == {"0", "1"}
    assert len(list((here / "prompts.ab" / "clips").rglob("*.mp4"))) > 2
