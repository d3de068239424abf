"""The command: captions alone in a pipe, more on a terminal, exit codes, and one clear sentence for bad input."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from t2v_recaption import enhance as enhance_prompt
from t2v_recaption.cli import enhance_main, main
from t2v_recaption.cli.show import show

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, stdin: str | bytes | None = None, entry=enhance_main) -> Result:
    """Run an entry point in-process, with its exit code and both streams."""
    import click

    @click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
    @click.argument("rest", nargs=-1, type=click.UNPROCESSED)
    def outer(rest: tuple[str, ...]) -> None:
        entry(list(rest))

    return CliRunner().invoke(outer, list(arguments), input=stdin)


def test_a_pipe_gets_the_caption_and_nothing_else() -> None:
    result = run("a cat playing the piano")
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""
    assert result.stdout.strip() == enhance_prompt("a cat playing the piano").caption


def test_words_need_no_quotes() -> None:
    assert run("a", "cat").stdout == run("a cat").stdout


def test_candidates_are_one_a_line() -> None:
    lines = run("a cat", "--candidates", "3").stdout.splitlines()
    assert len(set(lines)) == 3


def test_json_is_the_whole_result() -> None:
    result = json.loads(run("a cat on a red sofa", "--json", "--target", "wan2.2").stdout)
    assert result["prompt"] == "a cat on a red sofa"
    assert result["target"] == "wan2.2"
    assert {"caption", "negative", "report", "fit", "provenance", "intent"} <= result.keys()


def test_explain_shows_facts_with_places_and_verdicts() -> None:
    output = run("two cats, no dogs", "--explain").stdout
    for word in ("count", "two", "0-3", "kept", "negation", "Tokens"):
        assert word in output


def test_standard_input_is_one_prompt_a_line() -> None:
    result = run("-", stdin="a cat\n\ntwo dogs\n")
    lines = result.stdout.split("\n")
    assert len(lines) == 4
    assert "cat" in lines[0]
    assert lines[1] == ""
    assert "dogs" in lines[2]


def test_standard_input_that_is_not_utf8() -> None:
    result = run("-", stdin="a café".encode("latin-1"))
    assert result.exit_code == 2
    assert "not UTF-8" in result.stderr


def test_a_bad_line_of_standard_input_fails_alone() -> None:
    result = run("-", stdin="a cat\n...\na dog\n")
    assert result.exit_code == 1
    assert [bool(line) for line in result.stdout.split("\n")] == [True, False, True, False]
    assert "Error: line 2: The prompt is empty." in result.stderr


def test_notes_of_a_pipe_go_to_standard_error() -> None:
    result = run("eine Katze spielt Klavier")
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    assert "Note: The composer writes English" in result.stderr
    assert "Note: line 2: The composer writes English" in run("-", stdin="a cat\n一只猫\n").stderr


def test_an_option_that_no_writer_reads_is_said() -> None:
    assert "--template and --option changed nothing" in run("a cat", "--template", "x", "--option", "y").stderr
    assert run("a cat", "--template", "x", "--writer", "composer").stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_takes_no_more_is_one_clear_error() -> None:
    command = f"{sys.executable} -m t2v_recaption enhance 'a cat' > /dev/full"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "Error: The output cannot be written: No space left on device.\n"


def test_a_file_is_enhanced_and_resumed(tmp_path) -> None:
    source, output = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("a cat\n\na dog\n")
    result = run("--file", str(source), "--output", str(output))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "3 of 3 rows" in result.stderr
    assert len(output.read_text().splitlines()) == 3
    again = run("--file", str(source), "--output", str(output))
    assert again.exit_code == 2
    assert "--resume" in again.stderr
    assert run("--file", str(source), "--output", str(output), "--resume").exit_code == 0


def test_failures_of_a_file_are_listed_and_the_exit_code_says_so(tmp_path) -> None:
    source, answers = tmp_path / "in.txt", tmp_path / "answers.txt"
    source.write_text("a red ball\n")
    answers.write_text("I cannot help.\n" * 3)
    model = ("--writer", "chat", "--backend", "scripted", "--model", str(answers))
    result = run("--file", str(source), "--output", str(tmp_path / "out.txt"), *model)
    assert result.exit_code == 1
    assert result.stderr.startswith("0 of 1 rows")
    assert "1 failed" in result.stderr
    assert "row 1" in result.stderr
    again = run("--file", str(source), "--output", str(tmp_path / "out.txt"), *model, "--resume")
    assert "Every error → " in again.stderr


def test_a_model_can_be_named_and_failing_is_a_setting(tmp_path) -> None:
    answers = tmp_path / "answers.txt"
    answers.write_text("I cannot help.\n" * 3)
    model = ("--backend", "scripted", "--model", str(answers))
    failed = run("a red ball", *model)
    assert failed.exit_code == 1
    assert failed.stdout == ""
    assert "Hint: " in failed.stderr
    composed = run("a red ball", *model, "--on-failure", "compose")
    assert composed.exit_code == 0
    assert "red ball" in composed.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "Say what the video shows"),
        ([""], 2, "The prompt is empty"),
        (["a cat", "--target", "wan22x"], 2, "Did you mean wan22"),
        (["a cat", "--writer", "composr"], 2, "Did you mean composer"),
        (["a cat", "--backend", "opnai"], 2, "Did you mean openai"),
        (["a cat", "--strength", "huge"], 2, "light"),
        (["a cat", "--keep", "dog"], 2, "not in the prompt"),
        (["a cat", "--output", "x.txt"], 2, "go with --file"),
        (["a cat", "--file", "x.txt"], 2, "not both"),
        (["--file", "x.txt"], 2, "needs --output"),
        (["--file", "none.txt", "--output", "x.txt"], 2, "no file"),
        (["a cat", "--review"], 2, "needs a terminal"),
        (["a cat", "--image", "none.png"], 2, "does not exist"),
        (["a cat", "--target", "mochi", "--task", "i2v"], 2, "It does: t2v"),
        (["a cat", "--tokenizer", "/none"], 2, "no folder"),
        (["a cat", "--backend", "scripted", "--option", "nonsense"], 2, "KEY=VALUE"),
        (["a cat " * 20000], 2, "--file"),
    ],
)
def test_bad_input_gets_one_clear_sentence(arguments, code, message) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_control_characters_never_reach_the_terminal() -> None:
    outcome = enhance_prompt("\x1b[31ma red ball\x07 rolls")
    console = Console(file=None, record=True, width=80, force_terminal=True, color_system=None)
    with console.capture() as capture:
        show(outcome, explain=True, console=console)
    assert "\x1b[31m" not in capture.get()
    assert "\x07" not in capture.get()


@pytest.mark.parametrize("width", [30, 60, 200])
def test_a_terminal_of_any_width_shows_caption_additions_tokens_and_the_command(width) -> None:
    outcome = enhance_prompt("two [bold]cats[/bold] on a sofa, no dogs", target="hunyuanvideo-1.5")
    console = Console(record=True, width=width, force_terminal=True, color_system=None)
    with console.capture() as capture:
        show(outcome, explain=True, console=console)
    text = capture.get()
    *above, again = text.splitlines()
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in above) <= width
    assert "Again" in again  # one line, that can be pasted
    for word in ("Tokens", "Negative", "Again", "kept"):
        assert word in text
    assert "[bold]" in text


def test_a_real_terminal_shows_more_than_a_pipe() -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "t2v_recaption", "enhance", "a cat on a sofa"]
    environment = os.environ | {"COLUMNS": "90", "TERM": "xterm"}
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=follower, env=environment)
    os.close(follower)
    seen = b""
    while select.select([leader], [], [], 20)[0]:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    assert process.wait() == 0
    assert b"Tokens" in seen
    assert b"Again" in seen


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m t2v_recaption enhance 'a cat' --candidates 64 | head -1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "cat" in done.stdout


def test_environment_variables_and_a_config_file_set_defaults(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("T2V_TARGET", "mochi")
    assert json.loads(run("a cat", "--json").stdout)["target"] == "mochi"
    monkeypatch.delenv("T2V_TARGET")
    config = tmp_path / "config.yaml"
    config.write_text("target: latte\nseed: 4\n")
    monkeypatch.setenv("T2V_CONFIG", str(config))
    result = json.loads(run("a cat", "--json").stdout)
    assert (result["target"], result["seed"]) == ("latte", 4)
    result = json.loads(run("enhance", "a cat", "--json", entry=main).stdout)
    assert (result["target"], result["seed"]) == ("latte", 4)
    config.write_text("- a\n")
    assert run("a cat").exit_code == 2
    config.unlink()
    assert "no config file" in run("a cat").stderr


def test_both_commands_are_the_same() -> None:
    assert run("enhance", "a cat", entry=main).stdout == run("a cat").stdout


def test_targets_are_listed_and_shown_with_their_sources() -> None:
    listed = run("targets", entry=main).stdout
    for name in ("wan2.2", "ltx-2.5", "animatediff"):
        assert name in listed
    assert len(listed.splitlines()) == 25  # a line each, for grep
    assert "cosmos-predict2.5 " in listed
    shown = run("targets", "show", "wan22", entry=main).stdout
    for word in ("UMT5-XXL", "512", "sources", "shared_config.py"):
        assert word in shown
    assert json.loads(run("targets", "show", "wan2.2", "--json", entry=main).stdout)["name"] == "wan2.2"
    assert len(json.loads(run("targets", "--json", entry=main).stdout)) == 24
    assert run("targets", "show", "wan3", entry=main).exit_code == 2


def test_backends_are_listed_with_what_to_install() -> None:
    listed = run("backends", entry=main).stdout
    for name in ("openai", "transformers", "scripted", "composer", "chat"):
        assert name in listed
    assert "backends" in json.loads(run("backends", "--json", entry=main).stdout)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["enhance", "--help"], ["targets", "--help"], ["backends", "-h"]]
)
def test_help_is_there(arguments) -> None:
    result = run(*arguments, entry=main)
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_both_commands_tell_the_version() -> None:
    assert run("--version").stdout.split()[-1] == run("--version", entry=main).stdout.split()[-1]


def test_every_option_has_help_and_an_environment_variable() -> None:
    from t2v_recaption.cli.enhance import enhance

    for parameter in enhance.params:
        if parameter.param_type_name == "option" and parameter.name not in ("version", "help"):
            assert parameter.help, parameter.name
            assert str(parameter.envvar).startswith("T2V_"), parameter.name


def test_review_accepts_edits_and_repeats(monkeypatch) -> None:
    import click

    from t2v_recaption.cli import review

    keys = iter("nea")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "getchar", lambda: next(keys))
    monkeypatch.setattr(click, "edit", lambda text: "A cat sits.\nA dog barks.")
    shown: list[str] = []
    monkeypatch.setattr(click, "echo", lambda message="", **_: shown.append(message))
    from t2v_recaption import Enhancer

    assert review.review_prompt(Enhancer(), "two cats", {}, False) == 0
    assert shown[-1] == "A cat sits. A dog barks."


def test_an_edited_caption_is_checked_again() -> None:
    from t2v_recaption import Enhancer
    from t2v_recaption.cli.review import edited

    enhancer = Enhancer()
    outcome = edited(enhancer, enhancer("two red balls"), "Two blue balls roll.")
    assert not outcome.report.passed
    assert any("Your text" in note for note in outcome.notes)


def test_with_a_frame_the_composer_writes_of_motion_and_says_that_it_did_not_look(tmp_path) -> None:
    frame = tmp_path / "first.png"
    frame.write_bytes(b"any")
    result = json.loads(run("the boat turns left", "--image", str(frame), "--target", "wan2.2", "--json").stdout)
    assert result["task"] == "i2v"
    assert any("does not look at images" in note for note in result["notes"])
    assert "boat turns left" in result["caption"]
