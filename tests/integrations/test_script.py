"""Reading and changing other people's arguments, and running their scripts."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption import InvalidInput
from t2v_recaption.cli.launch import split
from t2v_recaption.integrations._script import find_package, script_of, value_of, with_value, without

ROOT = Path(__file__).resolve().parents[2]

ARGUMENTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=6)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(TEXT)
def test_argparse_reads_back_every_prompt_that_was_put_in(text: str) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt")
    parser.add_argument("--seed", type=int)
    for given_before in (["--prompt", "old", "--seed", "3"], ["--seed=3", "--prompt=old"], ["--seed", "3"]):
        arguments = with_value(given_before, "--prompt", text)
        assert vars(parser.parse_args(arguments)) == {"prompt": text, "seed": 3}
        assert value_of(arguments, "--prompt") == text


@given(ARGUMENTS, TEXT)
def test_other_arguments_are_left_alone(arguments: list[str], text: str) -> None:
    others = [argument for argument in arguments if argument.partition("=")[0] != "--prompt"]
    assert without([*others, "--prompt", text], "--prompt", values=1) == others
    assert without(["--prompt=x", *others], "--prompt", values=1) == others
    assert value_of(others, "--prompt") is None


def test_the_last_of_an_option_counts_and_one_without_value_has_none() -> None:
    assert value_of(["--a", "1", "--a=2"], "--a") == "2"
    assert value_of(["--a"], "--a") is None


@given(ARGUMENTS)
def test_the_first_two_hyphens_part_ours_from_theirs(arguments: list[str]) -> None:
    ours, theirs = split(["--seed", "3", "--", *arguments])
    assert (ours, theirs) == (["--seed", "3"], arguments)


def test_without_them_everything_is_theirs_but_a_lone_help() -> None:
    assert split(["generate.py", "--help"]) == ([], ["generate.py", "--help"])
    assert split(["--help"]) == (["--help"], [])
    assert split([]) == ([], [])


def test_a_script_that_is_none_says_what_to_do(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput) as caught:
        script_of(["--prompt", "x"], "python -m x generate.py", "Wan")
    assert "generate.py" in caught.value.hint
    with pytest.raises(InvalidInput) as caught:
        script_of(["generate.py"], "…", "Wan")
    assert "folder of your Wan checkout" in caught.value.hint


def test_a_host_that_is_not_there_says_what_to_put_on_the_path(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput) as caught:
        find_package("opensora_of_nobody", "sample/sample.py", "Open-Sora-Plan")
    assert "cannot be imported" in caught.value.message
    assert "PYTHONPATH" in caught.value.hint


def test_another_projects_package_of_the_same_name_is_not_taken(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "opensora_x").mkdir()
    (tmp_path / "opensora_x" / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="is no Open-Sora-Plan"):
        find_package("opensora_x", "sample/sample.py", "Open-Sora-Plan")
    (tmp_path / "opensora_x" / "sample").mkdir()
    assert find_package("opensora_x", "sample", "Open-Sora-Plan") == tmp_path / "opensora_x"


def in_process(tmp_path: Path, code: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "run.py").write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", encoding="utf-8")
    return subprocess.run([sys.executable, "run.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)


SCRIPT = '''"""A script that defines what it calls."""
from __future__ import annotations
import pickle, sys, helper

class Thing:
    pass

def convert(text, times=1):
    raise AssertionError("the script's own function ran")

def call(text):
    return convert(text, times=2)

if __name__ == "__main__":
    assert pickle.loads(pickle.dumps(Thing())).__class__ is Thing
    print(call("a cat"), sys.argv, __file__, helper.NAME)
'''


def test_a_scripts_own_function_is_replaced_and_the_rest_is_as_ever(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "script.py").write_text(SCRIPT)
    (tmp_path / "host" / "helper.py").write_text("NAME = 'beside the script'")
    done = in_process(
        tmp_path,
        "from pathlib import Path\nfrom t2v_recaption.integrations._script import run_script\n"
        "run_script(Path('host/script.py'), ['--x', '1'], {'convert': lambda text, times: f'{text}!' * times})\n"
        "import __main__; print(__main__.__file__)",
    )
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first == "a cat!a cat! ['host/script.py', '--x', '1'] host/script.py beside the script"
    assert last.endswith("run.py")
    assert (tmp_path / "host" / "script.py").read_text() == SCRIPT


def test_a_script_of_another_version_says_so(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("print('ran')")
    done = in_process(
        tmp_path,
        "from pathlib import Path\nfrom t2v_recaption.integrations._script import run_script\n"
        "run_script(Path('script.py'), [], {'convert': print})",
    )
    assert "defines no convert" in done.stderr
    assert "ran" not in done.stdout
