"""Slow, huge, half and too many: every one is told so, and nobody else notices."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from t2v_recaption import Enhancer, InvalidInput, targets
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.serve import Limits
from tests.serve.conftest import PATIENCE, Client, GatedComposer, eventually, received, serving

HEAD = b"POST /v1/enhance HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def exchange(client: Client, *parts: bytes) -> tuple[int, dict]:
    """Send bytes, read until the server closes; status and JSON of the first answer."""
    with client.connect() as connection:
        for part in parts:
            with contextlib.suppress(OSError):  # the server may have had enough
                connection.sendall(part)
        return parsed(received(connection))


def parsed(answer: bytes) -> tuple[int, dict]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_a_body_that_is_announced_too_large_is_refused_unread() -> None:
    with serving(body=1000) as (_, client):
        status, answer = exchange(client, HEAD + b"Content-Length: 1001\r\n\r\n")
        assert (status, answer["error"]["code"]) == (413, "too_large")


def test_the_refusal_arrives_although_the_client_goes_on_sending() -> None:
    with serving(body=1000) as (_, client):
        status, _ = exchange(client, HEAD + b"Content-Length: 9000000\r\n\r\n", b" " * 9_000_000)
        assert status == 413


def test_a_body_in_chunks_that_grows_too_large() -> None:
    with serving(body=1000) as (_, client):
        chunk = b"1f4\r\n" + b" " * 500 + b"\r\n"
        status, _ = exchange(client, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 3)
        assert status == 413


def test_headers_that_are_too_large() -> None:
    with serving(head=2000) as (_, client):
        status, answer = exchange(client, HEAD + b"X: " + b"a" * 3000)
        assert (status, answer["error"]["code"]) == (431, "headers_too_large")


@pytest.mark.parametrize("sent", [b"POST /v1/en", HEAD, HEAD + b'Content-Length: 90\r\n\r\n{"prompt": '])
def test_half_a_request_and_then_silence(sent: bytes) -> None:
    with serving(read_seconds=0.2) as (_, client):
        status, answer = exchange(client, sent)
        assert (status, answer["error"]["code"]) == (408, "too_slow")


def test_a_request_that_drips_is_not_waited_for() -> None:
    with serving(read_seconds=0.3) as (_, client), client.connect() as connection:
        connection.sendall(HEAD + b"X: ")
        done = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not done.wait(0.02):
                    connection.sendall(b"a")

        thread = threading.Thread(target=drip)
        thread.start()
        answer = received(connection)
        done.set()
        thread.join()
        assert parsed(answer)[0] == 408


def test_half_a_request_and_then_nobody() -> None:
    with serving() as (server, client):
        client.connect().close()
        connection = client.connect()
        connection.sendall(HEAD + b'Content-Length: 90\r\n\r\n{"prompt": ')
        connection.close()
        assert client.enhance().status == 200
        assert eventually(lambda: not server._connections)


def test_slow_clients_do_not_hold_up_others() -> None:
    with serving() as (_, client), contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(client.connect()).sendall(HEAD + b'Content-Length: 90\r\n\r\n{"prompt": ')
        assert client.enhance().status == 200


def test_a_client_that_does_not_take_its_answers_is_dropped() -> None:
    with serving(write_seconds=0.2) as (server, client), client.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def ask_on() -> None:
            with contextlib.suppress(OSError):
                for _ in range(1000):
                    connection.sendall(b"GET /v1/targets HTTP/1.1\r\nHost: localhost\r\n\r\n")

        thread = threading.Thread(target=ask_on)
        thread.start()
        assert eventually(lambda: bool(server._connections))
        assert eventually(lambda: not server._connections)
        thread.join(PATIENCE)
        assert client.enhance().status == 200


def test_a_connection_without_requests_is_closed() -> None:
    with serving(idle_seconds=0.1) as (_, client), client.connect() as connection:
        assert received(connection) == b""


def test_too_many_connections() -> None:
    with serving(connections=2) as (server, client), contextlib.ExitStack() as stack:
        held = [stack.enter_context(client.connect()) for _ in range(2)]
        assert eventually(lambda: len(server._connections) == 2)
        with client.connect() as third:
            status, answer = parsed(received(third))
        assert (status, answer["error"]["code"]) == (503, "unavailable")
        for connection in held:
            connection.close()
        assert eventually(lambda: client.ask("GET", "/health").status == 200)


def test_requests_that_come_together_are_answered_in_order() -> None:
    body = b'{"prompt": "a cat"}'
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with serving() as (_, client), client.connect() as connection:
        connection.sendall(request + b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        first, second, third = received(connection).split(b"HTTP/1.1 200 OK")
        assert not first
        assert b'"object": "enhancement"' in second
        assert b'"status": "ok"' in third


def test_a_client_may_ask_before_it_sends_its_body() -> None:
    body = b'{"prompt": "a cat"}'
    with serving() as (_, client), client.connect() as connection:
        expect = b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(HEAD + expect)
        assert connection.recv(4096).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert parsed(received(connection))[0] == 200


def test_head_and_old_http() -> None:
    with serving() as (_, client):
        with client.connect() as connection:
            connection.sendall(b"HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert received(connection).endswith(b"\r\n\r\n")
        assert exchange(client, b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")[0] == 200


def test_a_full_queue_says_when_to_come_back(writer: GatedComposer) -> None:
    with serving(Enhancer(writer=writer), queue=3, batch=3) as (_, client), ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(client.enhance, "a cat", seed=seed) for seed in range(3)]
        assert eventually(lambda: client.pending() == 3)
        refused = client.enhance("a dog")
        assert (refused.status, refused.json["error"]["code"]) == (429, "too_many_requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        writer.gate.set()
        assert [future.result(PATIENCE).status for future in waiting] == [200] * 3
        assert client.enhance("a dog").status == 200


def test_no_caption_in_time(writer: GatedComposer) -> None:
    with serving(Enhancer(writer=writer), work_seconds=0.2) as (_, client):
        assert client.enhance().status == 504
        assert client.enhance(seed=2).status == 504  # this one never left the queue
        writer.gate.set()
        assert eventually(lambda: client.pending() == 0)
        assert len(writer.groups) == 1


def test_a_client_that_goes_away_takes_its_work_along(writer: GatedComposer) -> None:
    body = b'{"prompt": "a dog"}'
    with serving(Enhancer(writer=writer)) as (_, client), ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.enhance)
        assert writer.entered.acquire(timeout=PATIENCE)
        with client.connect() as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert eventually(lambda: client.pending() == 2)
        assert eventually(lambda: client.pending() == 1)
        writer.gate.set()
        assert first.result(PATIENCE).status == 200
        assert writer.groups == [1]


def test_prompts_that_wait_together_are_made_together(writer: GatedComposer) -> None:
    with serving(Enhancer(writer=writer)) as (_, client), ThreadPoolExecutor(12) as pool:
        first = pool.submit(client.enhance, "a cat")
        assert writer.entered.acquire(timeout=PATIENCE)
        others = [pool.submit(client.enhance, "a dog", seed=seed) for seed in range(8)]
        different = [pool.submit(client.enhance, "a dog", target="mochi") for _ in range(2)]
        assert eventually(lambda: client.pending() == 11)
        writer.gate.set()
        answers = [future.result(PATIENCE).json for future in (first, *others, *different)]
        assert sorted(writer.groups) == [1, 2, 8]
        for seed, answer in enumerate(answers[1:9]):
            assert answer["caption"] == Enhancer(seed=seed)("a dog").caption
        assert answers[-1]["caption"] == Enhancer("mochi")("a dog").caption


def test_several_workers(writer: GatedComposer) -> None:
    with serving(Enhancer(writer=writer), workers=2) as (_, client), ThreadPoolExecutor(2) as pool:
        slow = [pool.submit(client.enhance, target=target) for target in ("mochi", "wan2.2")]
        for _ in range(2):  # both are being made at once
            assert writer.entered.acquire(timeout=PATIENCE)
        writer.gate.set()
        assert [future.result(PATIENCE).status for future in slow] == [200, 200]


def test_workers_share_a_model_for_different_targets() -> None:
    backend = ScriptedBackend(lambda request: "A cat sits on a sunny windowsill and looks out at the street.")
    names = targets.names()
    enhancer = Enhancer(writer="chat", backend=backend, on_failure="compose", attempts=0)
    with serving(enhancer, workers=4) as (_, client), ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(client.enhance, target=names[n % len(names)], seed=n) for n in range(96)]
        answers = [future.result(PATIENCE) for future in asked]
    assert [answer.status for answer in answers] == [200] * 96
    assert [answer.json["target"] for answer in answers] == [names[n % len(names)] for n in range(96)]


@pytest.mark.parametrize("limits", [{"queue": 0}, {"read_seconds": -1}, {"queue": 3, "batch": 4}])
def test_limits_that_make_no_sense(limits: dict) -> None:
    with pytest.raises(InvalidInput):
        Limits(**limits)
