"""The package costs nothing until it is used, and says what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_it_imports_no_model_library() -> None:
    code = (
        "import sys, t2v_recaption.integrations.diffusers as here; assert here.__all__ and dir(here); "
        "print([name for name in ('torch', 'diffusers', 'transformers') if name in sys.modules])"
    )
    assert run(code).strip() == "[]"


def test_without_diffusers_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['diffusers'] = None\n"
        "from t2v_recaption import MissingDependency\n"
        "from t2v_recaption.integrations import diffusers as here\n"
        "try: here.PromptEnhanceStep\n"
        "except MissingDependency as error: print(error)"
    )
    assert "t2v-recaption[diffusers]" in run(code)


def test_diffusers_is_the_real_one() -> None:
    """Not this package of the same name, from wherever it is imported."""
    pytest.importorskip("diffusers")
    code = "import t2v_recaption.integrations.diffusers.modular as m; print(m.ModularPipelineBlocks.__module__)"
    pytest.importorskip("torch")
    assert run(code).strip().startswith("diffusers.modular_pipelines")


def test_unknown_names_are_errors() -> None:
    from t2v_recaption.integrations import diffusers as here

    with pytest.raises(AttributeError, match="nothing"):
        here.nothing  # noqa: B018


def test_all_cases_are_run(missing: list[str]) -> None:
    if missing:
        pytest.skip(f"the tests of diffusers pipelines need {', '.join(missing)}")
    from conftest import NAMES
    from tiny import CASES

    assert tuple(CASES) == NAMES
