"""Who may ask: anybody on this machine by default; on any other address only who has the token."""

from __future__ import annotations

import hmac
import ipaddress
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from t2v_recaption.errors import InvalidInput

VARIABLE = "T2V_TOKEN"

SHORTEST = 16
"""Characters of a token: fewer can be guessed."""

MAKE_ONE = """Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))" """.strip()


def read_token(file: Path | None = None) -> str:
    """The token from a file, else from the environment variable `T2V_TOKEN`; empty when there is neither.

    It is never an argument: every user of a machine sees the arguments of every process.

    Raises:
        InvalidInput: the file cannot be read, or the token is too short or has characters that no header can hold.
    """
    if file is None and VARIABLE not in os.environ:
        return ""
    try:
        text = os.environ[VARIABLE] if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The token file {file} cannot be read: {getattr(error, 'strerror', None) or error}.", hint=MAKE_ONE
        ) from error
    token = text.strip()
    where = VARIABLE if file is None else str(file)
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput(
            f"The token in {where} must be {SHORTEST} or more letters, digits and signs without spaces.", hint=MAKE_ONE
        )
    return token


def is_loopback(host: str) -> bool:
    """Whether an address, or every address of a name, is this machine itself."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_loopback for entry in found)


def check_address(host: str, token: str) -> None:
    """Nothing but this machine without a token.

    Raises:
        InvalidInput: the address can be reached from elsewhere and there is no token.
    """
    if not token and not is_loopback(host):
        raise InvalidInput(
            f"The address {host!r} can be reached from other machines, so a token is needed.",
            hint=f"Set {VARIABLE} or name a --token-file. {MAKE_ONE}",
        )


def has_token(headers: Mapping[str, str], token: str) -> bool:
    """Whether `Authorization: Bearer …` carries the token; takes the same time however much of it is right."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("latin-1"), token.encode())


def is_local_name(header: str) -> bool:
    """Whether a Host header names this machine.

    A page in a browser can have its own name point to 127.0.0.1 and then talk to servers there (DNS rebinding): the
    name that it used gives it away.
    """
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() else header
    name = name.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
