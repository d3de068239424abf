"""One HTTP/1.1 connection: h11 parses, this module reads and writes with deadlines and limits.

Every wait has an end: for the first byte, for the whole request however slowly it drips, for the answer to be taken. A
client that goes away while its request waits gets its work cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

import h11

from t2v_recaption.serve.limits import Limits

CHUNK = 64 * 2**10
LINGER_SECONDS, LINGER_BYTES = 2.0, 64 * 2**20
"""After an early refusal the rest of the request is read and thrown away for that long: closing at once would make the
system reset the connection, and the client would never see why."""


@dataclass(frozen=True)
class Head:
    """The first part of a request."""

    method: str
    path: str
    """Without the query."""
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True)
class Response:
    """An answer with a body of JSON."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(Exception):
    """A request that is answered before it has been read to its end."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class Application(Protocol):
    """What a connection serves."""

    stopping: bool

    def refuse(self, head: Head) -> Response | None:
        """The answer to a request that is not even read, or None."""

    def problem(self, status: int, message: str) -> Response:
        """The answer to a request that is no proper HTTP, too large or too slow."""

    async def answer(self, head: Head, body: bytes) -> Response:
        """The answer to a request. Never raises; is cancelled when the client goes away."""


@dataclass
class Connection:
    """Serves requests one after another until either side has enough."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    application: Application
    limits: Limits
    idle: bool = field(default=True, init=False)
    """Between two requests: nothing is lost by closing."""

    def __post_init__(self) -> None:
        self.wire = h11.Connection(h11.SERVER, max_incomplete_event_size=self.limits.head)
        # Waiting for a write then means: until the system has taken all of it.
        self.writer.transport.set_write_buffer_limits(high=0)
        self._method = ""

    async def serve(self) -> None:
        """Serve until the connection ends; always closes it."""
        try:
            # Stopping may begin between an answer and here: then nobody is left who would close the connection.
            while await self._exchange() and not self.application.stopping:
                self.wire.start_next_cycle()
                self.idle, self._method = True, ""
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            self.writer.transport.abort()
        finally:
            self.writer.close()
            with contextlib.suppress(OSError):
                await self.writer.wait_closed()

    async def turn_away(self, response: Response) -> None:
        """Answer without reading anything, and close."""
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            await self._send(response)
            await self._linger()
        self.writer.close()

    async def _exchange(self) -> bool:
        """One request and its answer; whether another may follow."""
        if not await self._first_byte():
            return False
        try:
            request = await asyncio.wait_for(self._request(), self.limits.read_seconds)
            if request is None:
                return False
            response = await self._answered(*request)
        except Refusal as refusal:
            response = refusal.response
        except h11.RemoteProtocolError as error:
            response = self.application.problem(error.error_status_hint, f"This is not proper HTTP: {error}.")
        except asyncio.TimeoutError:
            seconds = self.limits.read_seconds
            response = self.application.problem(408, f"The request did not arrive within {seconds:g} seconds.")
        await self._send(response)
        if self.wire.our_state is h11.DONE and self.wire.their_state is h11.DONE:
            return True
        await self._linger()
        return False

    async def _first_byte(self) -> bool:
        if self.wire.trailing_data[0]:  # the next request has come together with the last one
            self.idle = False
            return True
        try:
            data = await asyncio.wait_for(self.reader.read(CHUNK), self.limits.idle_seconds)
        except asyncio.TimeoutError:
            return False
        self.idle = False
        self.wire.receive_data(data)
        return bool(data)

    async def _request(self) -> tuple[Head, bytes] | None:
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        head = _head(event)
        self._method = head.method
        refused = self.application.refuse(head)
        if refused is not None:
            raise Refusal(refused)
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > self.limits.body:
                raise Refusal(self.application.problem(413, f"The body is over {self.limits.body} bytes."))
        if not isinstance(event, h11.EndOfMessage):
            return None
        return head, bytes(body)

    async def _event(self) -> h11.Event:
        while (event := self.wire.next_event()) is h11.NEED_DATA:
            if self.wire.they_are_waiting_for_100_continue:
                self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self.wire.receive_data(await self.reader.read(CHUNK))
        assert not isinstance(event, type)
        return event

    async def _answered(self, head: Head, body: bytes) -> Response:
        """The application's answer, unless the client goes away first."""
        work = asyncio.ensure_future(self.application.answer(head, body))
        watch = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done() and watch.result():
                raise ConnectionResetError
            return await work
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def _gone(self) -> bool:
        try:
            data = await self.reader.read(CHUNK)
        except OSError:
            return True
        if data:
            self.wire.receive_data(data)
        return not data

    async def _send(self, response: Response) -> None:
        keep = self.wire.their_state is h11.DONE and not self.application.stopping
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(response.body))),
            *response.headers,
            *([] if keep else [("Connection", "close")]),
        ]
        reason = HTTPStatus(response.status).phrase
        body = b"" if self._method == "HEAD" else response.body
        self._write(
            h11.Response(status_code=response.status, headers=headers, reason=reason),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        await asyncio.wait_for(self.writer.drain(), self.limits.write_seconds)

    def _write(self, *events: h11.Event) -> None:
        self.writer.write(b"".join(self.wire.send(event) or b"" for event in events))

    async def _linger(self) -> None:
        """Say that nothing more comes, and let the client finish its sentence."""
        if self.writer.can_write_eof():
            self.writer.write_eof()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._discard(), LINGER_SECONDS)

    async def _discard(self) -> None:
        left = LINGER_BYTES
        while left > 0 and (data := await self.reader.read(CHUNK)):
            left -= len(data)


def _head(event: h11.Request) -> Head:
    headers = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in event.headers}
    path = event.target.decode("ascii", "replace").partition("?")[0]
    return Head(event.method.decode("ascii"), path, headers)
