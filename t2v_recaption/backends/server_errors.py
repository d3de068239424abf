"""Errors of a model server as ours: one sentence on what is wrong and one on what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from t2v_recaption.errors import BackendError

NAME = "openai"
LONGEST_QUOTE = 300
"""Characters of a server's message that are passed on; some send whole HTML pages."""
RETRYABLE = (408, 409, 429)
# The command that starts the server which listens on this port by default.
START = {
    11434: "ollama serve",
    8000: "vllm serve MODEL",
    30000: "python -m sglang.launch_server --model-path MODEL",
    8080: "llama-server -m MODEL.gguf",
    1234: "lms server start",
}


@dataclass(frozen=True)
class Server:
    """What messages say about a server. The key is here only to be cut out of them."""

    base_url: str
    model: str
    key_env_var: str
    key: str = field(repr=False)
    timeout: float

    @property
    def address(self) -> str:
        """The base URL without user name and password."""
        parts = urlsplit(self.base_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def quote(self, error: Exception) -> str:
        """What the server said, short, on one line, without the key."""
        said = " ".join(str(_said(error)).split())
        if len(self.key) >= 4:
            said = said.replace(self.key, "[key]")
        return said if len(said) <= LONGEST_QUOTE else said[:LONGEST_QUOTE] + "…"


def is_hopeless(error: Exception) -> bool:
    """Whether every other request to the same server would fail in the same way."""
    import openai

    refused = isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError)
    return (refused and _never_connected(error)) or getattr(error, "status_code", None) in (401, 403, 404)


def normalise(error: Exception, server: Server, models: Sequence[str] = ()) -> BackendError:
    """The error as a `BackendError`. `models` are the server's models, where it was asked for them."""
    import openai

    if isinstance(error, BackendError):
        return error
    if isinstance(error, openai.APITimeoutError):
        return _timeout(server)
    if isinstance(error, openai.APIConnectionError):
        return _no_connection(error, server)
    if isinstance(error, openai.APIStatusError):
        return _status(error, server, models)
    if isinstance(error, ValueError):
        return _error(f"The answer of {server.address} is not the JSON it should be.", "Try again.", retryable=True)
    return _error(f"The server at {server.address} failed: {server.quote(error)}", "")


def _timeout(server: Server) -> BackendError:
    hint = "Give it more time with a longer timeout, or lower the concurrency."
    return _error(f"The server at {server.address} did not answer in {server.timeout:g} seconds.", hint, retryable=True)


def _no_connection(error: Exception, server: Server) -> BackendError:
    port = urlsplit(server.base_url).port
    if not _never_connected(error):
        message = f"The server at {server.address} cut the connection."
        return _error(message, "Look at the server's log; it may have run out of memory.", retryable=True)
    start = f" Start it with: {START[port]}" if port in START else ""
    return _error(f"There is no server at {server.address}.", f"Is it running?{start}".strip(), retryable=True)


def _status(error: Any, server: Server, models: Sequence[str]) -> BackendError:
    status = int(error.status_code)
    message = f"The server at {server.address} answered {status}: {server.quote(error)}"
    retryable = status in RETRYABLE or status >= 500
    return _error(message, _hint(status, server, models), retryable=retryable, status=status)


def _hint(status: int, server: Server, models: Sequence[str]) -> str:
    if status in (401, 403):
        which = "The key in {} is not accepted" if server.key else "Put the server's key into {}"
        return which.format(server.key_env_var) + "."
    if status == 404:
        if models and server.model not in models:
            return f"It has no model {server.model!r}; it has: {', '.join(models[:20])}."
        return "Check the model's name and that the address ends in /v1."
    if status == 413:
        return "Send smaller images or a shorter prompt."
    if status == 429:
        return "Lower the concurrency, or wait."
    return "Look at the server's log." if status >= 500 else "The server does not take this request."


def _never_connected(error: Exception) -> bool:
    # The library's error wraps its HTTP client's, which is of another package in another version: known by its name.
    return type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout", "ProxyError", "UnsupportedProtocol")


def _said(error: Exception) -> object:
    body = getattr(error, "body", None)
    if isinstance(body, dict) and body.get("message"):
        return body["message"]
    return getattr(error, "message", None) or error


def _error(message: str, hint: str, *, retryable: bool = False, status: int | None = None) -> BackendError:
    return BackendError(message, hint=hint, retryable=retryable, status=status, backend=NAME)
