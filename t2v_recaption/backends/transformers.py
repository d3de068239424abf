"""The transformers backend: a language or vision-language model in this process.

What Hugging Face's `generate` called once a prompt does not give: the instruction that all prompts share is run once,
prompts run in batches whose composition does not change the answers, and every request has its own seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any

from t2v_recaption.backends import checkpoint
from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest, Estimate
from t2v_recaption.backends.checkpoint import Dtype, LoadOptions, OnDownload, Quantization
from t2v_recaption.errors import BackendError, InvalidInput, MissingDependency, RecaptionError

if TYPE_CHECKING:
    from t2v_recaption.backends.engine import Engine
    from t2v_recaption.backends.planning import Planner

DEFAULT_MODEL = "Qwen/Qwen3-4B-Instruct-2507"
"""Apache-2.0, 4 billion parameters (8 GB), follows instructions without thinking aloud, knows over a hundred languages,
has full attention in every layer, so that the shared prefix can be reused, and runs with every transformers >= 4.51."""


DEFAULT_VISION_MODEL = "Qwen/Qwen3-VL-4B-Instruct"
"""Apache-2.0, 4.4 billion parameters (8.9 GB), sees images and video natively with times, 256 000 tokens of context."""


class TransformersBackend(Backend):
    """A model that runs in this process. Loads on first use.

    Args:
        model: a folder with safetensors, a GGUF file, or a Hugging Face id (downloaded once, with a progress bar).
            A GGUF file is unpacked to `dtype` while loading: a model of 135 million parameters then takes 0.6 GB in
            float32 and 15 seconds to load, where its Q4 file has 0.1 GB.
        revision: commit, tag or branch of a Hugging Face id; None is `main`, once downloaded the commit it then was.
        gguf_file: the name of a GGUF file in that folder or repository.
        dtype: `auto`, `float32`, `bfloat16` or `float16`; see `LoadOptions`.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps` …
        device_map: `auto` spreads the model over all devices, with accelerate.
        quantization: `8bit` or `4bit`, with bitsandbytes.
        batch_size: requests that run together; halved by itself when memory runs out.
        share_prefix: run what the prompts of a batch have in common only once.
        chat_template: a jinja2 template, or its path, instead of the model's own.
        thinking: let a model that can think before it answers do so.
        attention: transformers' name of an attention implementation.
        memory_gb: memory in GB that may be used beside the weights for requests with images; None takes most of what is
            free. Batches are cut, and then images made smaller, to stay within it.
        trust_remote_code: run Python code that comes with the model. Only for models that you trust.
        on_download: called with the model's name and its size in bytes before a download.
    """

    name = "transformers"
    accepts_images = True
    supports_choices = True
    supports_beams = True

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        revision: str | None = None,
        gguf_file: str | None = None,
        dtype: Dtype = "auto",
        device: str = "auto",
        device_map: str | None = None,
        quantization: Quantization | None = None,
        batch_size: int = 16,
        share_prefix: bool = True,
        chat_template: str | None = None,
        thinking: bool = False,
        attention: str | None = None,
        memory_gb: float | None = None,
        trust_remote_code: bool = False,
        on_download: OnDownload | None = None,
    ) -> None:
        if batch_size < 1:
            raise InvalidInput(f"batch_size must be at least 1, and is {batch_size}.")
        self.model, self.revision, self.gguf_file = str(model), revision, gguf_file
        if memory_gb is not None and memory_gb <= 0:
            raise InvalidInput(f"memory_gb must be above 0, and is {memory_gb}.")
        self.batch_size, self.share_prefix, self.memory_gb = batch_size, share_prefix, memory_gb
        self.chat_template, self.thinking = chat_template, thinking
        self.load_options = LoadOptions(dtype, device, device_map, quantization, attention, trust_remote_code)
        self._on_download = on_download
        self._engine: Engine | None = None
        self._planner: Planner | None = None
        self._commit: str | None = None
        self._lock = RLock()
        self._planning = RLock()  # whoever asks what the model takes need not wait until it has answered

    def generate(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """One reply a request, in order. Calls from several threads wait for each other.

        Raises:
            InvalidInput: the model cannot be found or loaded, or an option cannot be used.
            MissingDependency: a package that it needs is not installed.
            BackendError: the model cannot be downloaded, or does not fit into memory.
        """
        if not requests:
            return []
        with self._lock:
            engine = self._engine or self._start()
            replies = engine.reply(requests)
        return [replace(reply, model=self.model) for reply in replies]

    def prepare(self, request: ChatRequest) -> None:
        """Read and scale what the request shows; nothing before the model is loaded."""
        engine = self._engine
        if engine is not None:
            engine.prepare(request)

    @property
    def accepts_video(self) -> bool:  # type: ignore[override]  # only the model's configuration tells
        """Whether the model takes `Footage` as video here; reads its configuration, and downloads a model that is not
        on this machine, as the first request would. Needs torchvision.

        Raises:
            InvalidInput: the model cannot be found.
            BackendError: it cannot be downloaded.
            MissingDependency: a package that it needs is not installed.
        """
        with self._planning:
            return self._plans().video

    def estimate(self, request: ChatRequest) -> Estimate | None:
        """Tokens and memory of a request, from the model's processor and configuration; loads no weights.

        The tokens are exact. The memory is what the request takes when it runs alone: keys and values, and what running
        the prompt needs, about.

        Raises:
            InvalidInput, BackendError, MissingDependency: as `generate` does, and where the request does not fit.
        """
        with self._planning:
            return self._plans().estimate(request)

    def identity(self) -> dict[str, Any]:
        """Model, commit or fingerprint, options and versions; asks the Hub for the commit if need be."""
        if self._commit is None:
            self._commit = checkpoint.commit(self.model, self.revision, self.gguf_file)
        return {
            "backend": self.name,
            "model": self.model,
            "revision": self._commit,
            **{key: value for key, value in self.load_options.to_dict().items() if value is not None},
            "chat_template": self.chat_template,
            "thinking": self.thinking,
            "video": _version("torchvision"),
            "torch": _version("torch"),
            "transformers": _version("transformers"),
        }

    def close(self) -> None:
        """Free the model's memory, on the accelerator too."""
        with self._lock, self._planning:
            engine, self._engine, self._planner = self._engine, None, None
        if engine is not None:
            engine.close()

    def _start(self) -> Engine:
        try:
            from t2v_recaption.backends.engine import Engine
            from t2v_recaption.backends.loading import load
        except ModuleNotFoundError as error:
            raise MissingDependency("The backend 'transformers'", error.name or "transformers", "local") from error
        found = self._found()
        self._engine = Engine(found, load(found, self.load_options), self)
        return self._engine

    def _plans(self) -> Planner:
        if self._planner is None:
            try:
                from t2v_recaption.backends.planning import Planner
            except ModuleNotFoundError as error:
                raise MissingDependency("The backend 'transformers'", error.name or "transformers", "local") from error
            self._planner = Planner(self._found(), self)
        return self._planner

    def _found(self) -> checkpoint.Checkpoint:
        with self._planning:  # one download, whoever needs the model first
            found = checkpoint.fetch(self.model, self.revision, self.gguf_file, self._on_download)
            self._commit = found.revision
        return found


@cache
def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def failed(error: Exception) -> ChatReply:
    """The reply to a request that failed."""
    if isinstance(error, MemoryError):
        hint = "Shorten it, lower max_tokens, or use a smaller model or quantization='4bit'."
        failure = BackendError("There is not enough memory for one request.", hint=hint, backend="transformers")
    elif isinstance(error, BackendError):
        failure = error
    elif isinstance(error, RecaptionError):
        failure = BackendError(error.message, hint=error.hint, backend="transformers")
    else:
        failure = BackendError(f"The model failed: {type(error).__name__}: {error}", backend="transformers")
    return ChatReply("", finish_reason="error", error=failure)
