"""The documents run: Python blocks, commands, quoted help. `python tests/test_docs.py` renews the help."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "benchmarks").glob("*.md"))]
HELP = ROOT / "docs" / "cli.md"
HELP_BLOCK = re.compile(r"(<!-- help -->\n```text\n).*?(```\n)", re.S)

NEEDS_MORE = (
    "t2v serve",
    "t2v backends install",
    "clip.mp4",
    "captions-*",
    "--base-url",
    "--backend",
    "--model",
    "--writer chat",
    "--file",
    "--review",
    "--image",
    ".mp4",
    "…",
    "| ",
    "> ",
)
"""What marks a command that needs a server, a model, a file or a terminal, or that does not end."""


TOURS = ["ab.md"]
"""Pages whose commands belong together: each makes what the next one needs."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)


def commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in blocks(page, "bash") if page.name not in TOURS else []:
            for line in block.replace("\\\n", " ").splitlines():
                command = line.split("  #")[0].strip()
                if re.match(r"t2v(-enhance)? ", command) and not any(mark in command for mark in NEEDS_MORE):
                    found.append((page.name, command))
    return found


def help_text() -> str:
    from click.testing import CliRunner

    from t2v_recaption.cli.enhance import enhance

    result = CliRunner().invoke(enhance, ["--help"], prog_name="t2v-enhance", terminal_width=110)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("page", [p for p in PAGES if p.is_file() and blocks(p, "python")], ids=lambda page: page.name)
def test_python_blocks_run(page: Path, tmp_path) -> None:
    code = "\n".join(blocks(page, "python"))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("page", "command"), commands())
def test_commands_run(page: str, command: str, capsys) -> None:
    from t2v_recaption.cli import enhance_main, main

    name, *arguments = shlex.split(command)
    with pytest.raises(SystemExit) as stopped:
        (enhance_main if name == "t2v-enhance" else main)(arguments)
    assert stopped.value.code == 0, capsys.readouterr().err
    assert capsys.readouterr().out.strip()


@pytest.mark.slow
@pytest.mark.parametrize("page", TOURS)
def test_tours_run(page: str, tmp_path) -> None:
    start = (
        f"set -e\nt2v() {{ '{sys.executable}' -m t2v_recaption \"$@\"; }}\npython() {{ '{sys.executable}' \"$@\"; }}\n"
    )
    script = start + "\n".join(blocks(ROOT / "docs" / page, "bash"))
    paths = {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=240, env=os.environ | paths
    )
    assert done.returncode == 0, done.stderr


def test_the_quoted_help_is_the_real_one() -> None:
    quoted = HELP_BLOCK.search(HELP.read_text(encoding="utf-8"))
    assert quoted is not None
    assert help_text() in quoted.group(0), "renew it with: python tests/test_docs.py"


def test_the_readme_shows_the_real_caption() -> None:
    from t2v_recaption import enhance

    (shown,) = blocks(ROOT / "README.md", "text output")
    assert " ".join(shown.split()) == enhance("a cat playing the piano").caption


def test_every_public_name_is_documented() -> None:
    import t2v_recaption

    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert [name for name in t2v_recaption.__all__ if not re.search(rf"`{name}\b", text)] == []


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readmes_file_tree_is_true() -> None:
    (tree,) = blocks(ROOT / "README.md", "text tree") or [""]
    names = [line.split()[0] for line in tree.splitlines() if line.strip()]
    assert [name for name in names if not (ROOT / name).exists()] == []


if __name__ == "__main__":
    page = HELP.read_text(encoding="utf-8")
    HELP.write_text(HELP_BLOCK.sub(lambda m: m[1] + help_text() + m[2], page), encoding="utf-8")
