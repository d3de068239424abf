"""The server: starts, accepts connections, and stops without losing what is under way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from t2v_recaption.enhancer import Enhancer
from t2v_recaption.errors import InvalidInput
from t2v_recaption.serve.access import check_address
from t2v_recaption.serve.api import Api
from t2v_recaption.serve.http import Connection
from t2v_recaption.serve.kitchen import Kitchen
from t2v_recaption.serve.limits import Limits
from t2v_recaption.serve.work import Workshop

log = logging.getLogger(__name__)

PORT = 8765

SPARE = 64
"""Connections that are told that there are too many; beyond them they are just closed."""


class Server:
    """Captions over HTTP.

    Args:
        enhancer: makes the captions; its settings are what requests leave open. It stays yours to close.
        host: the address to listen on; any but this machine's own needs a token.
        port: 0 takes any free one.
        token: what requests have to bring; empty for none.
        limits: how much is taken on.

    Raises:
        InvalidInput: the address can be reached from elsewhere and there is no token.
    """

    def __init__(
        self,
        enhancer: Enhancer,
        *,
        host: str = "127.0.0.1",
        port: int = PORT,
        token: str = "",
        limits: Limits | None = None,
    ) -> None:
        check_address(host, token)
        self.host, self.port = host, port
        self.limits = limits or Limits()
        self.workshop = Workshop(self.limits.queue, self.limits.workers)
        self.api = Api(Kitchen(enhancer), self.workshop, self.limits, token)
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()

    def run(self, started: Callable[[str], None] = lambda url: None) -> bool:
        """Serve until `stop`, Ctrl-C or SIGTERM; a second one of them does not wait for what is under way.

        Args:
            started: called with the server's address as soon as it listens.

        Returns:
            Whether everything that was under way was answered.

        Raises:
            InvalidInput: the address or port cannot be listened on.
        """
        return asyncio.run(self.serve(started))

    async def serve(self, started: Callable[[str], None] = lambda url: None) -> bool:
        """Like `run`, inside a running event loop."""
        self._loop = asyncio.get_running_loop()
        listener = await self._listen()
        try:
            with self._signals():
                started(_url(listener.sockets[0]))
                await self._stopping.wait()
                return await self._finish(listener)
        finally:
            listener.close()
            self.workshop.stop()

    def stop(self) -> None:
        """Stop after what is under way; called again, at once. Works from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        (self._hurrying if self._stopping.is_set() else self._stopping).set()

    async def _listen(self) -> asyncio.Server:
        try:
            return await asyncio.start_server(self._accept, self.host, self.port, backlog=1024)
        except (OSError, OverflowError, UnicodeError) as error:
            raise InvalidInput(
                f"{self.host} port {self.port} cannot be listened on: {_why(error)}.",
                hint="Choose another with --port.",
            ) from error

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self.api, self.limits)
        open_now = len(self._connections)
        if open_now >= self.limits.connections + SPARE:
            writer.transport.abort()
            return
        if open_now >= self.limits.connections:
            refusal = self.api.problem(503, f"There are {self.limits.connections} connections already.")
            task = asyncio.ensure_future(connection.turn_away(refusal))
        else:
            task = asyncio.ensure_future(connection.serve())
        self._connections[task] = connection
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._connections[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A connection ended because of a fault in this program.", exc_info=error)

    async def _finish(self, listener: asyncio.Server) -> bool:
        """Close what is idle, wait for what is under way; whether all of that was answered."""
        self.api.stopping = True
        listener.close()
        for task, connection in list(self._connections.items()):
            if connection.idle:
                task.cancel()
        hurry = asyncio.ensure_future(self._hurrying.wait())
        rest = asyncio.ensure_future(self._all_ended())
        await asyncio.wait({hurry, rest}, timeout=self.limits.grace_seconds, return_when=asyncio.FIRST_COMPLETED)
        answered = rest.done()
        left: list[asyncio.Future[Any]] = [hurry, rest, *self._connections]
        for unfinished in left:
            unfinished.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return answered

    async def _all_ended(self) -> None:
        while self._connections:
            await asyncio.wait(list(self._connections))

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM stop the server, where Python lets signals be handled at all: in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(number: int, frame: FrameType | None) -> None:
            self.stop()

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _why(error: Exception) -> str:
    """A reason in words, without the address that asyncio repeats in its own."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    return str(error)


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
