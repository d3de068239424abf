"""The other process: answers requests with a model, one JSON object a line over standard input and output.

Runs in an environment of its own, so it imports nothing but the standard library, and the model's module when told
which. Python 3.8 is enough.

Every line that is sent begins with MARK; whatever else comes out of the process is noise. Libraries print to standard
output as they like, so what they print is turned to standard error first, and the protocol keeps a channel of its own.

    worker → hello      {"type": "hello", "protocol": 1, "python": "3.10.4", "pid": 7}
    → load              {"type": "load", "module": PATH, "options": {…}}
    worker → download   {"type": "download", "bytes": 17000000000}            (at most once, before a download)
    worker → ready      {"type": "ready", "about": {…}}   or   error
    → answer            {"type": "answer", "id": 3, "request": {…}}
    worker → reply      {"type": "reply", "id": 3, "text": …, …}   or   error
    → quit              (or the end of standard input)
    worker → error      {"type": "error", "id": 3, "kind": "OutOfMemoryError", "message": …}
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

MARK = "@t2v-recaption "
PROTOCOL = 1


class Channel:
    """Lines to and from the parent, apart from what libraries print."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        os.dup2(2, 1)  # from here on, prints of Python and of C go to standard error

    def send(self, **message: Any) -> None:
        """Send one message."""
        self._out.write(MARK + json.dumps(message, ensure_ascii=True) + "\n")
        self._out.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """What the parent sends, until it ends."""
        for line in sys.stdin.buffer:
            text = line.decode("utf-8").strip()
            if text:
                yield json.loads(text)


def serve(channel: Channel) -> None:
    """Do what the parent says until it says quit."""
    channel.send(type="hello", protocol=PROTOCOL, python=sys.version.split()[0], pid=os.getpid())
    model: Any = None
    for message in channel.messages():
        kind = message.get("type")
        if kind == "quit":
            return
        try:
            if kind == "load":
                model = load_module(message["module"]).load(message["options"], announcer(channel))
                channel.send(type="ready", about=model.about)
            elif kind == "answer" and model is not None:
                channel.send(type="reply", id=message["id"], **model.answer(message["request"]))
            else:
                raise ValueError("no model is loaded" if kind == "answer" else f"no message of type {kind!r}")
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            text = " ".join(str(error).split()) or type(error).__name__
            channel.send(type="error", id=message.get("id"), kind=type(error).__name__, message=text[:2000])


def announcer(channel: Channel) -> Callable[[int], None]:
    """What a model calls with the size of a download before it begins."""
    return lambda size: channel.send(type="download", bytes=size)


def load_module(path: str) -> Any:
    """The module in this file."""
    spec = importlib.util.spec_from_file_location("t2v_worker_model", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    serve(Channel())
