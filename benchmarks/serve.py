"""`python -m benchmarks serve`: many clients at once against the real server on loopback.

Every client keeps one connection and asks again as soon as it is answered. An answer counts only when it is the very
caption that the library writes for that prompt and seed; anything else is lost. The server runs in its own process, so
that its memory is its own; the clients share the processors with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import click

from benchmarks.speed import made_prompts
from t2v_recaption import Enhancement, Enhancer

SEED = 5


@dataclass
class Tally:
    """What the clients have seen."""

    right: int = 0
    lost: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    """MiB of the server, once a second."""


@click.command("serve")
@click.option("--clients", default=200, show_default=True, help="Requests under way at once.")
@click.option("--seconds", default=30.0, show_default=True, help="How long.")
def main(clients: int, seconds: float) -> None:
    """Load on the HTTP server: nothing lost, memory flat. Prints the figures as JSON; fails when something is lost."""
    figures = measure(clients, seconds)
    click.echo(json.dumps(figures, indent=1))
    sys.exit(1 if figures["lost"] else 0)


def measure(clients: int, seconds: float) -> dict[str, Any]:
    """Run server and clients; the figures."""
    prompts = made_prompts(252)
    expected = [made.caption for made in Enhancer(seed=SEED).batch(prompts) if isinstance(made, Enhancement)]
    with running_server("--seed", str(SEED)) as (url, process):
        tally = asyncio.run(_load(url, process.pid, list(zip(prompts, expected, strict=True)), clients, seconds))
    took = sorted(tally.seconds)
    memory = tally.memory[:: max(1, len(tally.memory) // 6)]
    return {
        "clients": clients,
        "seconds": seconds,
        "answered": tally.right,
        "lost": len(tally.lost),
        "first_losses": tally.lost[:3],
        "answers_per_s": round(tally.right / seconds),
        "latency_ms": {"median": _ms(statistics.median(took)), "p99": _ms(took[int(0.99 * len(took))])},
        "memory_mib_over_time": [*memory, tally.memory[-1]],
    }


@contextlib.contextmanager
def running_server(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The real command on a free port, in its own process; stopped at the end."""
    command = [sys.executable, "-m", "t2v_recaption", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.wait(timeout=60)


async def _load(url: str, pid: int, work: list[tuple[str, str]], clients: int, seconds: float) -> Tally:
    tally = Tally()
    end = time.monotonic() + seconds
    watch = asyncio.ensure_future(_watch(pid, tally))
    await asyncio.gather(*(_client(url, work[number % len(work) :] + work, end, tally) for number in range(clients)))
    tally.memory.append(_memory(pid))
    watch.cancel()
    return tally


async def _client(url: str, work: list[tuple[str, str]], end: float, tally: Tally) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    number = 0
    while time.monotonic() < end:
        prompt, caption = work[number % len(work)]
        number += 1
        start = time.monotonic()
        try:
            status, answer = await asyncio.wait_for(_ask(reader, writer, {"prompt": prompt}), 60)
            if status == 200 and (answer["prompt"], answer["caption"]) == (prompt, caption):
                tally.right += 1
            else:
                tally.lost.append(f"{status} for {prompt!r}: {str(answer)[:200]}")
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError) as error:
            tally.lost.append(f"{error!r} for {prompt!r}")
            return
        tally.seconds.append(time.monotonic() - start)
    writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: Any) -> tuple[int, dict[str, Any]]:
    body = json.dumps(content).encode()
    lines = ("POST /v1/enhance HTTP/1.1", "Host: localhost", "Content-Type: application/json")
    writer.write("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.split("content-length:")[1].split("\r\n")[0])
    answer: dict[str, Any] = json.loads(await reader.readexactly(length))
    return int(head.split()[1]), answer


async def _watch(pid: int, tally: Tally) -> None:
    while True:
        await asyncio.sleep(1)
        tally.memory.append(_memory(pid))


def _memory(pid: int) -> float:
    """MiB in memory of a process."""
    import psutil  # type: ignore[import-untyped]

    return round(float(psutil.Process(pid).memory_info().rss) / 2**20, 1)


def _ms(seconds: float) -> int:
    return round(1000 * seconds)
