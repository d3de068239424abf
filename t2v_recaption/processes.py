"""Commands of the user's own never outlive us: they are ended with everything that they started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ended_with_us(group: int) -> Iterator[None]:
    """End a process group as soon as this process is gone, even when it is killed and can do nothing itself.

    A shell waits for a line on a pipe that only this process holds: the end of the pipe is the end of this process. A
    command that lived on would keep the device from the clips of the next start. Not on Windows.
    """
    if not hasattr(os, "killpg"):
        yield
        return
    watch = ["/bin/sh", "-c", 'read -r line || kill -s KILL -- "-$1"', "watch", str(group)]
    nothing = subprocess.DEVNULL
    watcher = subprocess.Popen(watch, stdin=subprocess.PIPE, stdout=nothing, stderr=nothing, start_new_session=True)
    try:
        yield
    finally:
        watcher.communicate(b"done\n")


def end(process: subprocess.Popen[bytes]) -> None:
    """End the command, if it still runs, and everything that it started."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
