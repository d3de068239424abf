"""Files that are there whole or not at all, whatever stops the program."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_whole(path: Path, content: str | Iterable[bytes]) -> None:
    """Write a file in one go, replacing what was there; pipes and devices are written to and links followed.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    pieces = [content.encode("utf-8")] if isinstance(content, str) else content
    if path.is_relative_to("/dev") or (path.exists() and not path.is_file()):
        with path.open("wb") as stream:
            stream.writelines(pieces)
        return
    path = path.resolve()
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with spare.open("wb") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        spare.replace(path)
    finally:
        spare.unlink(missing_ok=True)
