"""Stand-ins for hosts: small packages with a host's names, whose scripts print what a video model would get."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Ran:
    """What a launcher did."""

    code: int
    calls: list[dict[str, Any]]
    """What the host's script printed with `tell(…)`."""
    out: str
    err: str


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write the files of a host's checkout; folders with Python files become packages."""

    def write(files: Mapping[str, str]) -> Path:
        folder = tmp_path / "checkout"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (folder / "telling.py").write_text("import json\ndef tell(**k): print('CALL', json.dumps(k), flush=True)\n")
        (folder / "a.png").write_bytes(PNG)
        (folder / "b.png").write_bytes(PNG)
        return folder

    return write


def launch(host: str, folder: Path, *arguments: str, **environment: str) -> Ran:
    """Run a launcher in a checkout, as a user does."""
    done = subprocess.run(
        [sys.executable, "-m", f"t2v_recaption.integrations.{host}", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    calls = [json.loads(line.removeprefix("CALL ")) for line in done.stdout.splitlines() if line.startswith("CALL ")]
    return Ran(done.returncode, calls, done.stdout, done.stderr)


def seeing(folder: Path, *answers: str) -> list[str]:
    """Options for a model that sees images and answers with these lines."""
    (folder / "answers.txt").write_text("".join(f"{answer}\n" for answer in answers), encoding="utf-8")
    return ["--backend", "scripted", "--model", "answers.txt", "--no-cache", "--attempts", "0", "--"]


@pytest.fixture
def run() -> Callable[..., Ran]:
    """`launch`, for tests."""
    return launch


@pytest.fixture
def scripted() -> Callable[..., list[str]]:
    """`seeing`, for tests."""
    return seeing
