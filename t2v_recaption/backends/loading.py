"""Loading a model into memory: safetensors or GGUF, on the device and in the number format asked for."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from transformers.utils import logging as transformers_logging

from t2v_recaption.backends.checkpoint import NAME, Checkpoint, Dtype, LoadOptions, Quantization
from t2v_recaption.errors import BackendError, InvalidInput, MissingDependency

log = logging.getLogger(__name__)

SMALL, SMALL_GGUF = 4e9, 1e9
"""Bytes of weights, in half precision and quantised to about 4 bits, that are 8 GB in float32 and fit most machines."""


@dataclass(frozen=True)
class Loaded:
    """A model that is ready to run."""

    model: Any
    tokenizer: Any
    ends: frozenset[int]
    """Tokens that end an answer."""
    context: int
    """Tokens that the model can look at, prompt and answer together."""
    sees: bool
    """Whether it takes images."""


def load(checkpoint: Checkpoint, options: LoadOptions) -> Loaded:
    """Load tokenizer and model.

    Raises:
        InvalidInput: the files are no model that can be loaded, or an option cannot be used.
        MissingDependency: a package that the format or the quantisation needs is not installed.
        BackendError: there is not enough memory.
    """
    device = pick_device(options.device)
    source = {"gguf_file": checkpoint.gguf_file} if checkpoint.gguf_file else {}
    source_options = {**source, "trust_remote_code": options.trust_remote_code, "local_files_only": True}
    _check_packages(checkpoint, options)
    log.info("Loading %s (%.1f GB) onto %s.", checkpoint.name, checkpoint.weight_bytes / 1e9, device)
    with _readable(checkpoint), no_progress_bars():
        tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint.folder, **source_options)
        config = transformers.AutoConfig.from_pretrained(checkpoint.folder, **source_options)
        sees = getattr(config, "vision_config", None) is not None
        model = _model(checkpoint, options, device, sees, source_options)
    return Loaded(model, tokenizer, _ends(model, tokenizer), context_of(model.config), sees)


def pick_device(device: str) -> torch.device:
    """The torch device of that name; `auto` takes the best there is.

    Raises:
        InvalidInput: there is no such device.
    """
    if device == "auto":
        mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidInput(f"The device {device!r} cannot be used: {reason}", hint="Use cpu, or auto.") from error
    return chosen


def _model(
    checkpoint: Checkpoint, options: LoadOptions, device: torch.device, sees: bool, source: dict[str, Any]
) -> Any:
    kind = transformers.AutoModelForImageTextToText if sees else transformers.AutoModelForCausalLM
    spread = options.device_map or ({"": str(device)} if options.quantization else None)
    extra = {"quantization_config": _quantization(options.quantization)} if options.quantization else {}
    if options.attention:
        extra["attn_implementation"] = options.attention
    model, report = kind.from_pretrained(
        checkpoint.folder,
        dtype=number_format(options.dtype, device, checkpoint),
        device_map=spread,
        use_safetensors=None if checkpoint.gguf_file else True,
        output_loading_info=True,
        **extra,
        **source,
    )
    _check_complete(checkpoint, report)
    return (model if spread else model.to(device)).eval()


def number_format(dtype: Dtype, device: torch.device, checkpoint: Checkpoint) -> Any:
    """The torch dtype that a model is loaded in, or `auto`: as its weights are stored.

    Raises:
        InvalidInput: there is no such dtype.
    """
    if dtype == "auto":
        # By the size of the files and not by the memory that is free now: the same call must give the same answer.
        small = checkpoint.weight_bytes <= (SMALL_GGUF if checkpoint.gguf_file else SMALL)
        if device.type == "cpu" and small:
            return torch.float32
        return torch.bfloat16 if checkpoint.gguf_file else "auto"
    if dtype not in ("float32", "bfloat16", "float16"):
        raise InvalidInput(f"There is no dtype {dtype!r}.", hint="Use auto, float32, bfloat16 or float16.")
    return getattr(torch, dtype)


def _quantization(quantization: Quantization) -> Any:
    if quantization == "8bit":
        return transformers.BitsAndBytesConfig(load_in_8bit=True)
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )


def _check_packages(checkpoint: Checkpoint, options: LoadOptions) -> None:
    from importlib.util import find_spec

    if options.quantization not in (None, "8bit", "4bit"):
        raise InvalidInput(f"There is no quantization {options.quantization!r}.", hint="Use 8bit or 4bit.")
    needed = [("Reading GGUF files", "gguf", "local")] if checkpoint.gguf_file else []
    if options.quantization:
        needed.append(("Quantisation", "bitsandbytes", "quantization"))
    if options.quantization or options.device_map:
        needed.append(("Spreading a model over devices", "accelerate", "local"))
    for feature, package, extra in needed:
        if find_spec(package) is None:
            raise MissingDependency(feature, package, extra)


def _check_complete(checkpoint: Checkpoint, report: dict[str, Any]) -> None:
    # transformers fills what is missing with random numbers, and the model then talks nonsense.
    missing = sorted(report.get("missing_keys") or ())
    if missing:
        raise InvalidInput(
            f"{checkpoint.name} lacks {len(missing)} of its tensors, {missing[0]} among them.",
            hint="Download it again.",
        )


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    found: set[int] = set()
    for ids in (model.generation_config.eos_token_id, tokenizer.eos_token_id):
        found.update(ids if isinstance(ids, (list, tuple)) else [] if ids is None else [ids])
    return frozenset(found)


def context_of(config: Any) -> int:
    """Tokens that a model of this configuration can look at, prompt and answer together."""
    return int(getattr(config.get_text_config(decoder=True), "max_position_embeddings", None) or 1 << 30)


@contextlib.contextmanager
def _readable(checkpoint: Checkpoint) -> Iterator[None]:
    """What transformers and safetensors raise over bad files, as ours."""
    try:
        yield
    except (InvalidInput, MissingDependency):
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        hint = "Use a smaller model, quantization='4bit', or a server."
        raise BackendError(f"There is not enough memory for {checkpoint.name}.", hint=hint, backend=NAME) from error
    except Exception as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        hint = "It may be damaged, or need a newer transformers."
        raise InvalidInput(f"The model {checkpoint.name} cannot be loaded: {reason}", hint=hint) from error


@contextlib.contextmanager
def no_progress_bars() -> Iterator[None]:
    """Without the bars for every tensor that transformers draws, which get into the way of our own."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()
