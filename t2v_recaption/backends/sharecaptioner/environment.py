"""The environment of the other process: a virtual environment with the versions that the model was made for."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from t2v_recaption.errors import BackendError, InvalidInput

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
OLDEST, NEWEST = (3, 8), (3, 11)
"""Pythons that torch 2.1.2 has wheels for."""
NAME = "sharecaptioner"
DONE = "installed.json"


def folder() -> Path:
    """Where the environment is (`~/.local/share/t2v_recaption/sharecaptioner-…` on Linux), one for each pinned list."""
    from platformdirs import user_data_path

    pinned = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    return user_data_path("t2v_recaption") / f"{NAME}-{pinned}"


def interpreter(where: Path | None = None) -> Path:
    """The environment's Python.

    Raises:
        InvalidInput: the environment was not made, or not to its end.
    """
    place = where or folder()
    if not (place / DONE).is_file():
        hint = "Make it with: t2v backends install sharecaptioner"
        raise InvalidInput(f"The environment of ShareCaptioner-Video is not at {place}.", hint=hint)
    return _python(place)


def install(
    python: str | None = None,
    where: Path | None = None,
    requirements: Path = REQUIREMENTS,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Make the environment, or go on where it was interrupted; gives its Python.

    Args:
        python: the interpreter to make it with; None looks for one of a version that has wheels.
        where: its folder; None takes the user's data folder.
        requirements: the pinned list.
        say: told what is being done, and what pip says.

    Raises:
        InvalidInput: there is no such Python, or it has the wrong version.
        BackendError: pip fails.
    """
    place, base = where or folder(), _suitable(python)
    if (place / DONE).is_file():
        say(f"It is there: {place}")
        return _python(place)
    say(f"Making a virtual environment in {place} with {base}")
    _run([base, "-m", "venv", str(place)], say)
    say("Installing what is pinned: some 5 GB with CUDA")
    _run([str(_python(place)), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(requirements)], say)
    (place / DONE).write_text(json.dumps({"requirements": requirements.read_text("utf-8")}), encoding="utf-8")
    say("Done.")
    return _python(place)


def remove(where: Path | None = None) -> bool:
    """Delete the environment; False where there was none."""
    place = where or folder()
    if not place.is_dir():
        return False
    shutil.rmtree(place)
    return True


def _suitable(python: str | None) -> str:
    names = (
        [python] if python else [sys.executable, *(f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1))]
    )
    versions = {name: _version(name) for name in names}
    for name, version in versions.items():
        if version is not None and OLDEST <= version <= NEWEST:
            return name
    found = ", ".join(f"{n} is {v[0]}.{v[1]}" if v else f"there is no {n}" for n, v in versions.items())
    hint = "Name one with: t2v backends install sharecaptioner --python python3.10"
    raise InvalidInput(f"ShareCaptioner-Video needs Python 3.8 to 3.11: {found}.", hint=hint)


def _version(python: str) -> tuple[int, int] | None:
    code = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, timeout=60)
        major, minor = map(int, done.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return major, minor


def _run(command: list[str], say: Callable[[str], None]) -> None:
    last = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            last = line.strip() or last
            say(line.rstrip())
    if run.returncode:
        hint = "Run the command again to go on; it needs a network and some 10 GB of disk."
        raise BackendError(f"{Path(command[0]).name} failed: {last}", hint=hint, backend=NAME)


def _python(place: Path) -> Path:
    windows = place / "Scripts" / "python.exe"
    return windows if windows.is_file() else place / "bin" / "python"
