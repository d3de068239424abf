"""Any script with a prompt on its command line, and the options of every launcher."""

from pathlib import Path

ANSWER = "A cat jumps down from a shelf and lands on its front paws on the floor."

ANY = {
    "cli.py": """
import argparse
from telling import tell
parser = argparse.ArgumentParser()
parser.add_argument("--text_prompt")
parser.add_argument("--seed", type=int)
parser.add_argument("--first_frame")
tell(**vars(parser.parse_args()))
""",
    "package/__init__.py": "",
    "package/run.py": "import sys\nfrom telling import tell\ntell(arguments=sys.argv[1:])\n",
}


def test_any_script_and_any_module(checkout, run, scripted) -> None:
    folder = checkout(ANY)
    done = run("script", folder, "--target", "mochi", "--", "cli.py", "--text_prompt", "a red balloon", "--seed", "3")
    assert done.code == 0, done.err
    assert done.calls[0]["seed"] == 3
    assert len(done.calls[0]["text_prompt"].split()) > 40
    frame = ["cli.py", "--text_prompt", "a cat jumps down", "--first_frame", "a.png"]
    assert run("script", folder, *scripted(folder, ANSWER), *frame).calls[0]["text_prompt"] == ANSWER
    module = run("script", folder, "-m", "package.run", "--prompt", "a red balloon")
    assert module.calls[0]["arguments"][0].startswith("--prompt=")
    assert "One of these is looked for" in run("script", folder, "cli.py", "--seed", "3").err
    missing = run("script", folder, "-m", "nowhere.run", "--prompt", "a red balloon")
    assert "There is no module 'nowhere.run'" in missing.err
    assert "→" not in missing.err


def test_options_come_from_the_environment_too(checkout, run) -> None:
    folder = checkout(ANY)
    plain = run("script", folder, "cli.py", "--text_prompt", "two dogs on a beach")
    seeded = run("script", folder, "cli.py", "--text_prompt", "two dogs on a beach", T2V_SEED="9")
    rich = run("script", folder, "cli.py", "--text_prompt", "two dogs on a beach", T2V_TARGET="no-such-model")
    assert plain.calls != seeded.calls
    assert rich.code == 2
    assert "There is no target named 'no-such-model'" in rich.err


def test_help_tells_the_options(tmp_path: Path, run) -> None:
    done = run("wan", tmp_path, "--help")
    assert done.code == 0
    assert "--original-on-failure" in done.out
    assert "--base-url" in done.out
