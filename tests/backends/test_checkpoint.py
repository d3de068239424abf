"""Finding a model: folders, GGUF files and the Hugging Face Hub (a stand-in for it)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from t2v_recaption.backends import checkpoint
from t2v_recaption.errors import BackendError, InvalidInput

hub = pytest.importorskip("huggingface_hub")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def model_folder(path: Path, **files: bytes) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, content in {"config.json": b"{}", "model.safetensors": b"weights", **files}.items():
        (path / name).write_bytes(content)
    return path


# --- on this machine


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([], "no config.json"),
        (["config.json"], "no weights"),
        (["config.json", "pytorch_model.bin"], "no weights"),
        (["model.safetensors"], "no config.json"),
        (["tiny.gguf"], "tiny.gguf"),
    ],
)
def test_folders_without_a_model(tmp_path: Path, files: list[str], reason: str) -> None:
    for name in files:
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(InvalidInput) as caught:
        checkpoint.find(str(tmp_path))
    assert reason in str(caught.value)
    assert caught.value.hint


def test_pickled_weights_are_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InvalidInput, match="can run code"):
        checkpoint.find(str(tmp_path))


def test_a_shard_that_is_missing(tmp_path: Path) -> None:
    index = b'{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}'
    model_folder(tmp_path, **{"model.safetensors.index.json": index, "model-1.safetensors": b""})
    with pytest.raises(InvalidInput, match=r"model-2\.safetensors"):
        checkpoint.find(str(tmp_path))


@pytest.mark.parametrize(
    "name", ["/no/such/folder", "./here", "no.gguf", "a/b/c", "C:\\models\\x", "~/nowhere/at/all", "two words", ""]
)
def test_paths_to_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput):
        checkpoint.find(name)


def test_a_file_that_is_not_gguf(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"")
    with pytest.raises(InvalidInput, match="not a GGUF file"):
        checkpoint.find(str(path))


def test_a_gguf_file(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"x" * (3 * checkpoint.SAMPLE_BYTES))
    found = checkpoint.find(str(path))
    assert found is not None
    assert (found.folder, found.gguf_file) == (tmp_path, "tiny.gguf")
    named = checkpoint.find(str(tmp_path), None, "tiny.gguf")
    assert named is not None
    assert named.revision == found.revision


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    one, same = model_folder(tmp_path / "one"), model_folder(tmp_path / "same")
    other = model_folder(tmp_path / "other", **{"model.safetensors": b"Weights"})
    assert checkpoint.commit(str(one)) == checkpoint.commit(str(same)) != checkpoint.commit(str(other))


# --- on the Hub


class Hub:
    """Stands in for the Hub: one model, of which `downloaded` says whether it is in the cache."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.downloaded, self.asked = folder / COMMIT, False, []
        self.files = {"config.json": 2, "model.safetensors": 7, "model.bin": 99, "README.md": 5}
        self.error: Exception | None = None

    def snapshot_download(self, name: str, *, local_files_only: bool = False, **options: Any) -> str:
        if local_files_only and not self.downloaded:
            raise hub.errors.LocalEntryNotFoundError("not in the cache")
        self.asked.append((name, local_files_only, options))
        self.downloaded = True
        return str(model_folder(self.folder))

    def model_info(self, name: str, **_: Any) -> SimpleNamespace:
        if self.error is not None:
            raise self.error
        siblings = [SimpleNamespace(rfilename=name, size=size) for name, size in self.files.items()]
        return SimpleNamespace(sha=COMMIT, siblings=siblings)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub(tmp_path)
    monkeypatch.setattr(hub, "snapshot_download", made.snapshot_download)
    monkeypatch.setattr(hub, "HfApi", lambda: made)
    monkeypatch.chdir(tmp_path)
    return made


def test_the_size_is_said_before_the_download(stand_in: Hub) -> None:
    said: list[Any] = []
    found = checkpoint.fetch("me/model", on_download=lambda *news: said.append((news, stand_in.downloaded)))
    assert said == [(("me/model", 9), False)]
    assert found.revision == COMMIT
    patterns = stand_in.asked[0][2]["allow_patterns"]
    assert "*.safetensors" in patterns
    assert not any("bin" in pattern or "*.py" in pattern for pattern in patterns)


def test_what_was_downloaded_is_used_without_asking(stand_in: Hub) -> None:
    stand_in.downloaded = True
    stand_in.error = OSError("no network")
    said: list[Any] = []
    assert checkpoint.fetch("me/model", on_download=lambda *news: said.append(news)).revision == COMMIT
    assert said == []


def test_the_commit_is_known_before_the_download(stand_in: Hub) -> None:
    assert checkpoint.commit("me/model") == COMMIT
    assert not stand_in.downloaded


def test_a_model_without_safetensors(stand_in: Hub) -> None:
    del stand_in.files["model.safetensors"]
    with pytest.raises(InvalidInput, match="safetensors"):
        checkpoint.fetch("me/model")
    assert not stand_in.downloaded


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("Name or service not known"), "is not on this machine"),
        (type("ConnectError", (Exception,), {})("an HTTP client's own error"), "is not on this machine"),
        ("RepositoryNotFoundError", "There is no model"),
        ("GatedRepoError", "not open"),
        ("RevisionNotFoundError", "no revision"),
    ],
)
def test_what_the_hub_refuses(stand_in: Hub, error: Exception | str, reason: str) -> None:
    if isinstance(error, str):
        kind = getattr(hub.errors, error)
        error = kind.__new__(kind)
    stand_in.error = error
    for ask in (checkpoint.fetch, checkpoint.commit):
        with pytest.raises(BackendError, match=reason) as caught:
            ask("me/model", "v9")
        assert caught.value.hint
