"""What goes between the run and its readers: calls in, messages out.

A message is JSON with the bytes of an array behind it, never a pickle: a reader looks at files that strangers made, and
what comes out of it must not be able to do anything here.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import IO, Any

HEAD = struct.Struct(">II")


@dataclass(frozen=True)
class Message:
    """Something that a reading gives."""

    type: str
    """`facts`, `frame`, `parts`, `caption`, `error` or `end`; `ready` and `alive` are for who runs the reader."""
    about: dict[str, Any] = field(default_factory=dict)
    payload: bytearray | bytes | memoryview = b""

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return len(self.payload) + 1024


def send(pipe: IO[bytes], message: Message) -> None:
    """Write a message."""
    about = json.dumps({"type": message.type, **message.about}, default=str).encode()
    pipe.write(HEAD.pack(len(about), len(message.payload)))
    pipe.write(about)
    pipe.write(message.payload)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Message | None:
    """Read a message; None when the other side is gone.

    Raises:
        ValueError: what came is no message.
    """
    head = _exactly(pipe, HEAD.size)
    if head is None:
        return None
    about_size, payload_size = HEAD.unpack(head)
    about, payload = _exactly(pipe, about_size), _exactly(pipe, payload_size)
    if about is None or payload is None:
        return None
    fields = json.loads(bytes(about))
    return Message(fields.pop("type"), fields, payload)


def send_call(pipe: IO[bytes], call: bytes) -> None:
    """Write a pickled call."""
    pipe.write(struct.pack(">I", len(call)))
    pipe.write(call)
    pipe.flush()


def receive_call(pipe: IO[bytes]) -> bytes | None:
    """Read a pickled call; None when there will be none."""
    head = _exactly(pipe, 4)
    body = None if head is None else _exactly(pipe, struct.unpack(">I", head)[0])
    return None if body is None else bytes(body)


def _exactly(pipe: IO[bytes], size: int) -> bytearray | None:
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        got = pipe.readinto(view[done:])  # type: ignore[attr-defined]
        if not got:
            return None
        done += got
    return data
