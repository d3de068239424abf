"""Stopping: the real command, signals, what is under way, and what cannot be waited for."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.serve import measure
from t2v_recaption import Enhancer
from tests.serve.conftest import (
    PATIENCE,
    ROOT,
    Client,
    GatedComposer,
    ModelServer,
    command,
    eventually,
    received,
    serving,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent differently there")


def model(server: ModelServer) -> tuple[str, ...]:
    return "--base-url", server.url, "--model", "m", "--no-cache", "--on-failure", "compose", "--attempts", "0"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_working_loses_nothing(model_server: ModelServer, number: int) -> None:
    with command(*model(model_server)) as (process, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.enhance, "a cat on a windowsill")
        assert model_server.asked.acquire(timeout=PATIENCE)
        process.send_signal(number)
        assert eventually(lambda: refuses(client))
        model_server.gate.set()
        got = answer.result(PATIENCE)
        assert (got.status, got.headers["connection"]) == (200, "close")
        assert "cat" in got.json["caption"]
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == ""


def test_a_second_signal_does_not_wait(model_server: ModelServer) -> None:
    with command(*model(model_server)) as (process, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.enhance)
        assert model_server.asked.acquire(timeout=PATIENCE)
        process.send_signal(signal.SIGTERM)
        assert eventually(lambda: refuses(client))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 1
        assert "Stopped before everything was answered." in process.stderr.read()
        assert isinstance(answer.exception(PATIENCE), OSError)


def test_the_grace_ends(model_server: ModelServer) -> None:
    with command(*model(model_server), "--grace", "0.2") as (process, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.enhance)
        assert model_server.asked.acquire(timeout=PATIENCE)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 1
        assert isinstance(answer.exception(PATIENCE), OSError)


def test_idle_connections_do_not_hold_it_up() -> None:
    with command() as (process, client), client.connect() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        received(connection)  # it has been closed


def test_requests_on_open_connections_are_refused_while_it_stops(writer: GatedComposer) -> None:
    body = b'{"prompt": "a cat"}'
    head = b"POST /v1/enhance HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with serving(Enhancer(writer=writer)) as (server, client), client.connect() as connection:
        connection.sendall(head)  # half a request is not idle
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.enhance)
            assert writer.entered.acquire(timeout=PATIENCE)
            server.stop()
            assert eventually(lambda: server.api.stopping)
            connection.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert received(connection).startswith(b"HTTP/1.1 503")
            writer.gate.set()
            assert answer.result(PATIENCE).status == 200


def test_a_port_that_is_taken_is_said_plainly() -> None:
    with command() as (_, client), command_fails("--port", str(client.port)) as (code, text):
        assert code == 2
        assert "cannot be listened on: Address already in use." in text
        assert "Traceback" not in text


def test_the_address_is_all_that_goes_to_standard_output() -> None:
    with command() as (process, client):
        assert client.enhance().status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stdout.read() == ""


def test_many_at_once_and_none_lost() -> None:
    """A short version of `python -m benchmarks serve`."""
    pytest.importorskip("psutil")
    figures = measure(clients=60, seconds=2.0)
    assert figures["lost"] == 0, figures["first_losses"]
    assert figures["answered"] >= 60


def refuses(client: Client) -> bool:
    try:
        client.connect().close()
    except OSError:
        return True
    return False


class command_fails:  # noqa: N801 -- reads as a statement
    """Run the command that should end at once; its exit code and what it said."""

    def __init__(self, *options: str) -> None:
        call = [sys.executable, "-m", "t2v_recaption", "serve", *options]
        done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
        self.result = done.returncode, done.stderr

    def __enter__(self) -> tuple[int, str]:
        return self.result

    def __exit__(self, *exc: object) -> None: ...
