"""Where a model's weights are: a local folder, a GGUF file, or the Hugging Face Hub, downloaded once.

Only safetensors and GGUF are taken: a pickle can run code when it is read. A model that was downloaded once is used as
it is until another revision is asked for, also without a network.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from t2v_recaption.errors import BackendError, InvalidInput, MissingDependency, RecaptionError
from t2v_recaption.records import Record

log = logging.getLogger(__name__)

NAME = "transformers"
HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
# What a model needs besides its weights: configuration, tokenizer, chat template, processor.
SETTINGS = ("*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken")
SAMPLE_BYTES = 1 << 20
"""Read from either end of a weight file for its fingerprint: hashing gigabytes would take longer than loading them."""

OnDownload = Callable[[str, int], None]
Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Quantization = Literal["8bit", "4bit"]


@dataclass(frozen=True)
class LoadOptions(Record):
    """How to load a model."""

    dtype: Dtype = "auto"
    """`auto`: as the weights are stored, but float32 for small models on a CPU, where half precision is slow."""
    device: str = "auto"
    """`auto`: CUDA, then Apple's MPS, then the CPU; or a torch device such as `cuda:1`."""
    device_map: str | None = None
    """How accelerate spreads the model over several devices (`auto`), instead of `device`."""
    quantization: Quantization | None = None
    """Quantise while loading, with bitsandbytes."""
    attention: str | None = None
    """transformers' name of an attention implementation, such as `flash_attention_2`."""
    trust_remote_code: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """A model on this machine."""

    name: str
    """As it was asked for."""
    folder: Path
    gguf_file: str | None
    revision: str
    """The Hub's commit, or a fingerprint of the files."""

    @property
    def weight_bytes(self) -> int:
        """Size of the weight files."""
        files = [self.folder / self.gguf_file] if self.gguf_file else self.folder.glob("*.safetensors")
        return sum(file.stat().st_size for file in files)


def find(model: str, revision: str | None = None, gguf_file: str | None = None) -> Checkpoint | None:
    """The model, if it is on this machine; None for one of the Hub that is not.

    Raises:
        InvalidInput: it is a path to nothing, or to something that is no model.
    """
    path = Path(model).expanduser()
    if path.is_file():
        if path.suffix.lower() != ".gguf":
            raise InvalidInput(f"{model} is not a GGUF file.", hint="Name the folder that holds the safetensors.")
        return Checkpoint(model, path.parent, path.name, _fingerprint([path]))
    if path.is_dir():
        check_folder(path, gguf_file)
        return Checkpoint(model, path, gguf_file, _fingerprint(_files(path, gguf_file)))
    if not HUB_ID.fullmatch(model) or model.lower().endswith(".gguf") or model.startswith("."):
        raise InvalidInput(f"There is no model at {model!r}.", hint="Name a folder, a GGUF file or a Hugging Face id.")
    return _cached(model, revision, gguf_file)


def fetch(
    model: str, revision: str | None = None, gguf_file: str | None = None, on_download: OnDownload | None = None
) -> Checkpoint:
    """The model, downloaded when it is not on this machine; its size is said before.

    Raises:
        InvalidInput: it is a path to nothing, or it has no weights that can be used.
        BackendError: the Hub cannot be reached, has no such model, or does not let us have it.
    """
    found = find(model, revision, gguf_file)
    if found is not None:
        return found
    hub = _hub()
    patterns = _patterns(gguf_file)
    try:
        size = _announce(model, revision, gguf_file, on_download)
        log.info("Downloading %s (%.2f GB) into the Hugging Face cache.", model, size / 1e9)
        folder = Path(hub.snapshot_download(model, revision=revision, allow_patterns=patterns))
    except RecaptionError:
        raise
    except Exception as error:  # among them those of the HTTP client, which is another one in every version
        raise _hub_error(model, revision, error) from error
    check_folder(folder, gguf_file)
    return Checkpoint(model, folder, gguf_file, folder.name)


def commit(model: str, revision: str | None = None, gguf_file: str | None = None) -> str:
    """The commit or fingerprint of the model; asks the Hub, and downloads nothing, when it is not on this machine.

    Raises:
        InvalidInput: it is a path to nothing, or to something that is no model.
        BackendError: the Hub cannot be reached or has no such model.
    """
    found = find(model, revision, gguf_file)
    if found is not None:
        return found.revision
    try:
        return str(_hub().HfApi().model_info(model, revision=revision).sha)
    except Exception as error:  # as in `fetch`
        raise _hub_error(model, revision, error) from error


def check_folder(folder: Path, gguf_file: str | None = None) -> None:
    """Whether a model can be loaded from the folder: it has a configuration and all of its weights.

    Raises:
        InvalidInput: it cannot; says what is missing.
    """
    if gguf_file is not None:
        if not (folder / gguf_file).is_file():
            raise InvalidInput(f"{folder} holds no {gguf_file}.", hint=_others(folder, "*.gguf"))
        return
    if not (folder / "config.json").is_file():
        raise InvalidInput(f"{folder} holds no model: there is no config.json.", hint=_others(folder, "*.gguf"))
    if not any(folder.glob("*.safetensors")):
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt*"))
        hint = (
            "Its .bin files can run code when read: convert them to safetensors." if pickled else "Download it again."
        )
        raise InvalidInput(f"{folder} holds no weights: there is no .safetensors file.", hint=hint)
    missing = [name for name in _shards(folder) if not (folder / name).is_file()]
    if missing:
        raise InvalidInput(
            f"{folder} lacks {len(missing)} of its weight files: {missing[0]} …", hint="Download it again."
        )


def _shards(folder: Path) -> list[str]:
    index = folder / "model.safetensors.index.json"
    try:
        return sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values())) if index.is_file() else []
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InvalidInput(f"{index} cannot be read: {error}.", hint="Download the model again.") from error


def _others(folder: Path, pattern: str) -> str:
    names = sorted(path.name for path in folder.glob(pattern))
    return f"It holds {', '.join(names[:5])}: name that file." if names else "Name the folder that holds config.json."


def _files(folder: Path, gguf_file: str | None) -> list[Path]:
    if gguf_file is not None:
        return [folder / gguf_file]
    patterns = ("*.safetensors", *SETTINGS)
    return sorted({path for pattern in patterns for path in folder.glob(pattern)})


def _fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}\n".encode())
        with path.open("rb") as stream:
            digest.update(stream.read(SAMPLE_BYTES))
            if size > SAMPLE_BYTES:
                stream.seek(max(SAMPLE_BYTES, size - SAMPLE_BYTES))
                digest.update(stream.read())
    return f"sha256:{digest.hexdigest()[:32]}"


def _patterns(gguf_file: str | None) -> list[str]:
    return [gguf_file] if gguf_file else [*SETTINGS, "*.safetensors"]


def _cached(model: str, revision: str | None, gguf_file: str | None) -> Checkpoint | None:
    hub = _hub()
    try:
        folder = Path(
            hub.snapshot_download(model, revision=revision, allow_patterns=_patterns(gguf_file), local_files_only=True)
        )
        check_folder(folder, gguf_file)
    except (OSError, ValueError, InvalidInput):
        return None  # not there, or a download that was interrupted: fetch goes on with it
    return Checkpoint(model, folder, gguf_file, folder.name)


def _announce(model: str, revision: str | None, gguf_file: str | None, on_download: OnDownload | None) -> int:
    info = _hub().HfApi().model_info(model, revision=revision, files_metadata=True)
    wanted = [file for file in info.siblings or [] if any(Path(file.rfilename).match(p) for p in _patterns(gguf_file))]
    if not any(file.rfilename.endswith((".safetensors", ".gguf")) for file in wanted):
        raise InvalidInput(
            f"{model} has no {gguf_file or '.safetensors files'}.", hint="Choose a model with safetensors weights."
        )
    size = sum(file.size or 0 for file in wanted)
    if on_download is not None:
        on_download(model, size)
    return size


def _hub() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError as error:
        raise MissingDependency("Downloading models", "huggingface_hub", "local") from error
    return huggingface_hub


def _hub_error(model: str, revision: str | None, error: Exception) -> BackendError:
    errors = _hub().errors
    if isinstance(error, errors.GatedRepoError):
        hint = f"Accept its licence at https://huggingface.co/{model}, then run: hf auth login"
        return BackendError(f"{model} is not open to everybody.", hint=hint, backend=NAME)
    if isinstance(error, errors.RevisionNotFoundError):
        return BackendError(f"{model} has no revision {revision!r}.", hint="Leave it out for main.", backend=NAME)
    if isinstance(error, (errors.RepositoryNotFoundError, errors.HFValidationError)):
        hint = "Check the spelling; a private model needs: hf auth login"
        return BackendError(f"There is no model {model!r} on the Hugging Face Hub.", hint=hint, backend=NAME)
    message = f"{model} is not on this machine, and the Hugging Face Hub did not give it: {error}"
    hint = "Check the network, or name a local folder or GGUF file."
    return BackendError(message.splitlines()[0], hint=hint, retryable=True, backend=NAME)
