"""Fixtures for all tests: no network hubs, no home directory, no leftovers."""

from pathlib import Path

import pytest

PROMPTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "prompts" / "vbench_category_800.txt"


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory, monkeypatch) -> None:
    """User folders in a temporary place, hubs off, and no setting of the developer's own."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "T2V_TARGET", "T2V_WRITER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def short_prompts() -> list[str]:
    """800 published short prompts; tests that want them skip where they are not at hand."""
    if not PROMPTS.is_file():
        pytest.skip("the 800 reference prompts are not on this machine")
    return PROMPTS.read_text(encoding="utf-8").splitlines()
