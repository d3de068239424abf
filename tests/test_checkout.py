"""The tests test this checkout, and the checkout is laid out so that it installs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import t2v_recaption
import t2v_recaption.integrations
import t2v_recaption.prompts

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("package", [t2v_recaption, t2v_recaption.integrations, t2v_recaption.prompts])
def test_packages_come_from_this_checkout(package) -> None:
    assert Path(package.__file__).resolve().is_relative_to(ROOT)


def test_public_names_are_all_there_and_sorted() -> None:
    assert t2v_recaption.__all__ == sorted(t2v_recaption.__all__)
    for name in t2v_recaption.__all__:
        assert getattr(t2v_recaption, name).__name__.rpartition(".")[2] == name


def test_enhance_is_the_function_whatever_was_imported_first() -> None:
    code = "import t2v_recaption.enhancer; from t2v_recaption import enhance; assert callable(enhance)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("first", ["t2v_recaption.verify.model", "t2v_recaption.verify", "t2v_recaption"])
def test_verify_can_be_called_whatever_was_imported_first(first) -> None:
    code = (
        f"import {first}\n"
        "from t2v_recaption import claims_of, verify\n"
        "import t2v_recaption.verify as module\n"
        "assert callable(verify) and module is verify and module.claims_of is claims_of"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("arguments", [["--help"], ["a cat playing the piano", "--no-cache"]])
def test_the_command_imports_no_model_library(arguments) -> None:
    code = (
        "import sys; from t2v_recaption.cli import enhance_main\n"
        f"try: enhance_main({arguments!r})\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        "heavy = {'torch', 'transformers', 'diffusers', 'openai', 'numpy', 'huggingface_hub'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nothing_below_imports_the_command_line() -> None:
    package = ROOT / "t2v_recaption"
    files = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in ("cli", "__main__.py")]
    assert files
    for path in files:
        assert not re.search(r"(from|import) t2v_recaption\.cli\b", path.read_text(encoding="utf-8")), path
