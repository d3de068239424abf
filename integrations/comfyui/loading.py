"""A backend from what a workflow says, within what a workflow may say.

Workflows are shared files, often inside pictures, and are run without being read. So one may choose a model and a
server, but it cannot turn on remote code, name the environment variable that is sent as a key, or have a key sent to
a server that only the workflow names.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from t2v_recaption import Backend, InvalidInput, UnknownName, make_backend

OPTIONS = (
    "attention",
    "batch_size",
    "concurrency",
    "device",
    "device_map",
    "dtype",
    "gguf_file",
    "quantization",
    "retries",
    "revision",
    "thinking",
    "timeout",
    "unload",
)
"""What a workflow may set."""

KEY = "T2V_COMFYUI_KEY"
"""The key for servers that workflows name. OPENAI_API_KEY goes only to OpenAI or the server in OPENAI_BASE_URL."""


def load_backend(name: str, model: str, base_url: str, options: str, *, cache: bool) -> Backend:
    """The backend, not loaded yet.

    Raises:
        UnknownName: there is no such backend, or a workflow may not use it or set that option.
        InvalidInput: a line of the options is not KEY=VALUE, or an option does not fit the backend.
        MissingDependency: a package that the backend needs is not installed.
    """
    if name == "scripted":  # reads its answers from any file on this machine
        raise InvalidInput("The scripted backend is for tests.", hint="Use openai or transformers.")
    settings = read_options(options)
    if model.strip():
        settings["model"] = model.strip()
    if base_url.strip():
        settings |= {"base_url": base_url.strip(), "key_env_var": KEY}
    return make_backend(name, settings, cache=cache)


def read_options(text: str) -> dict[str, Any]:
    """`KEY=VALUE` lines, values as YAML (true, 4, bfloat16).

    Raises:
        UnknownName: a key that is not in `OPTIONS`.
        InvalidInput: a line without `=`, or a value that is not YAML.
    """
    settings = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, sign, value = line.partition("=")
        if not sign:
            raise InvalidInput(f"The option {line!r} is not KEY=VALUE.", hint="For example: dtype=bfloat16")
        name = key.strip().replace("-", "_")
        if name not in OPTIONS:
            raise UnknownName("option for workflows", name, OPTIONS)
        settings[name] = _value(value)
    return settings


def _value(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInput(f"The value {text.strip()!r} cannot be read: {error}.", hint="Quote it.") from error


def fingerprint(model: str) -> str:
    """What tells that a local model's files have changed: names, sizes and times. Empty for any other model."""
    path = Path(model.strip())
    try:
        if not model.strip() or not path.exists():
            return ""
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        found = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    except (OSError, ValueError):
        return ""
    return hashlib.sha256(repr(found).encode()).hexdigest()
