"""Addresses of servers, as people write them."""

from __future__ import annotations

from urllib.parse import urlsplit

from t2v_recaption.errors import InvalidInput


def normal_url(url: str) -> str:
    """The address with scheme and path: `localhost:11434` becomes `http://localhost:11434/v1`.

    Raises:
        InvalidInput: it is no address.
    """
    full = url.strip() if "://" in url else f"http://{url.strip()}"
    try:
        parts = urlsplit(full)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput(f"{url!r} is no address of a server.", hint="It looks like http://localhost:8000/v1.")
    return full.rstrip("/") if parts.path.strip("/") else f"{full.rstrip('/')}/v1"


def host_of(url: str) -> str:
    """The name or number of the machine."""
    return urlsplit(url).hostname or ""
