"""Names of backends and writers."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption import registry
from t2v_recaption.backends.base import Backend
from t2v_recaption.errors import InvalidInput, MissingDependency, UnknownName
from t2v_recaption.registry import BACKENDS, WRITERS, Entry, Registry


@pytest.mark.parametrize(("table", "name"), [(BACKENDS, name) for name in BACKENDS.names()])
def test_every_name_leads_to_its_class(table: Registry[Any], name: str) -> None:
    pytest.importorskip("transformers" if name == "transformers" else "openai" if name == "openai" else "json")
    assert table.load(name).name == name
    assert issubclass(table.load(name), Backend)


def test_an_unknown_name_brings_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"'tranformers'.*transformers") as caught:
        BACKENDS.load("tranformers")
    assert caught.value.nearest == ("transformers",)
    with pytest.raises(UnknownName, match="composer"):
        WRITERS.entry("compose")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_installed", lambda package: package != "torch")
    with pytest.raises(MissingDependency, match=r"torch.*\[local\]"):
        BACKENDS.create("transformers")
    described = {item.name: item for item in BACKENDS.describe()}
    assert not described["transformers"].installed
    assert described["transformers"].missing == ("torch",)
    assert "[local]" in described["transformers"].install
    assert described["scripted"].installed


def test_an_unknown_option_brings_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"base_url.*answers"):
        BACKENDS.create("scripted", base_url="x")


def test_describe_imports_nothing() -> None:
    code = (
        "import sys; from t2v_recaption import registry; registry.describe();"
        "print([m for m in ('torch', 'transformers', 'openai', 'httpx', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_describe_is_json() -> None:
    plain = {kind: [item.to_dict() for item in items] for kind, items in registry.describe().items()}
    assert [item["name"] for item in json.loads(json.dumps(plain))["writers"]][:1] == ["composer"]


# --- other people's


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "their_package.py").write_text(
        "from t2v_recaption.backends.base import Backend\nclass Mine(Backend):\n    name = 'mine'\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [
        EntryPoint("mine", "their_package:Mine", BACKENDS.group),
        EntryPoint("gone", "their_package:Gone", BACKENDS.group),
        EntryPoint("broken", "no_such_package:Mine", BACKENDS.group),
        EntryPoint("openai", "their_package:Mine", BACKENDS.group),
    ]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points if group == BACKENDS.group else [])
    return points


@pytest.mark.usefixtures("plugin")
def test_an_entry_point_adds_a_name() -> None:
    assert BACKENDS.create("mine").name == "mine"
    assert "mine" in BACKENDS.names()
    with pytest.raises(UnknownName, match="mine"):
        BACKENDS.load("mime")


@pytest.mark.usefixtures("plugin")
def test_an_entry_point_cannot_replace_ours() -> None:
    assert BACKENDS.load("openai").__module__ == "t2v_recaption.backends.openai"


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("name", ["gone", "broken"])
def test_a_broken_entry_point_says_which(name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        BACKENDS.load(name)


def test_a_module_that_lacks_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_more.py").write_text("import not_installed_at_all\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    table: Registry[Any] = Registry("backend", "none", {"x": Entry("needs_more:X", "", extra="local")})
    with pytest.raises(MissingDependency, match="not_installed_at_all"):
        table.load("x")
