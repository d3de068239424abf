"""The shell lines of docs/hosts.md, run with stand-ins for `python` and `torchrun` that note their arguments."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "hosts.md").read_text(encoding="utf-8")
BLOCKS = [block for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.S | re.M) if block.startswith("t2v-enhance")]
PROMPTS = ["two dogs on a beach", 'a sign that says "OPEN" above a door']
NOTE = (
    '#!/bin/sh\nexec {python} -c \'import json, sys; print(json.dumps(sys.argv[1:]), file=open("calls", "a"))\' "$@"\n'
)
ENHANCE = "#!/bin/sh\nexec {python} -c 'from t2v_recaption.cli import enhance_main; enhance_main()' \"$@\"\n"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def target_of(block: str) -> str:
    return re.findall(r"--target (\S+)", block)[0] + ("-sed" if "sed " in block else "")


def executable(path: Path, text: str) -> None:
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)


@pytest.mark.parametrize("block", BLOCKS, ids=target_of)
def test_the_lines_hand_over_whole_captions(block: str, tmp_path: Path) -> None:
    assert block.count("\n") <= 3
    for folder in ("bin", "configs", "examples"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("python", "torchrun"):
        executable(tmp_path / "bin" / name, NOTE)
    executable(tmp_path / "bin" / "t2v-enhance", ENHANCE)
    for name in ("prompts.txt", "examples/sora.txt"):
        (tmp_path / name).write_text("".join(f"{prompt}\n" for prompt in PROMPTS), encoding="utf-8")
    (tmp_path / "configs/inference.yaml").write_text("args:\n  input_file: configs/test.txt\n")
    ltx = tmp_path / "configs/ltxv-13b-0.9.8-distilled.yaml"
    ltx.write_text("prompt_enhancement_words_threshold: 120\nprecision: bfloat16\n")
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    captions = (tmp_path / "captions.txt").read_text(encoding="utf-8").splitlines()
    assert len(captions) == len(PROMPTS)
    calls = [json.loads(line) for line in (tmp_path / "calls").read_text(encoding="utf-8").splitlines()]
    assert handed_over(calls, tmp_path) == captions
    if (plain := tmp_path / "plain.yaml").exists():
        assert plain.read_text() == "prompt_enhancement_words_threshold: 0\nprecision: bfloat16\n"


def handed_over(calls: list[list[str]], folder: Path) -> list[str]:
    """The captions that the host would read: from `--prompt`, a text file, a configuration or a CSV file."""
    if "--prompt" in calls[0]:
        return [call[call.index("--prompt") + 1] for call in calls]
    (call,) = calls
    if "captions.csv" in call:
        with (folder / "captions.csv").open(encoding="utf-8", newline="") as stream:
            return [row["text"] for row in csv.DictReader(stream)]
    if "configs/captions.yaml" in call:
        assert (folder / "configs/captions.yaml").read_text() == "args:\n  input_file: captions.txt\n"
    else:
        assert call[call.index("--text_prompt") + 1] == "captions.txt"
    return (folder / "captions.txt").read_text(encoding="utf-8").splitlines()
