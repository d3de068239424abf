"""The API: which path does what, who is refused, and what the answers look like. `openapi.json` describes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files
from typing import Any

from t2v_recaption import __version__, targets
from t2v_recaption.enhancement import Failure, Outcome
from t2v_recaption.errors import InvalidInput, RecaptionError, UnknownName
from t2v_recaption.pipeline import Job
from t2v_recaption.serve import errors, fields
from t2v_recaption.serve.access import has_token, is_local_name
from t2v_recaption.serve.errors import problem, reply
from t2v_recaption.serve.http import Head, Response
from t2v_recaption.serve.kitchen import Kitchen
from t2v_recaption.serve.limits import Limits
from t2v_recaption.serve.work import Order, QueueFull, Workshop

log = logging.getLogger(__name__)

OPEN = ("/health", "/openapi.json")
"""Paths that need no token: they tell nothing about prompts or settings."""

ONE_TARGET = "/v1/targets/"


class Api:
    """Answers requests with the captions of a `Kitchen`, made in a `Workshop`.

    Args:
        kitchen: makes the enhancer that a request describes.
        workshop: does the work.
        limits: of a request.
        token: empty when everybody on this machine may ask.
    """

    def __init__(self, kitchen: Kitchen, workshop: Workshop, limits: Limits, token: str) -> None:
        self.kitchen, self.workshop, self.limits, self.token = kitchen, workshop, limits, token
        self.stopping = False
        self._routes: dict[str, tuple[str, Callable[[bytes], Awaitable[Response]]]] = {
            "/health": ("GET", self._health),
            "/openapi.json": ("GET", self._openapi),
            "/v1/batch": ("POST", self._batch),
            "/v1/enhance": ("POST", self._enhance),
            "/v1/targets": ("GET", self._targets),
        }

    def refuse(self, head: Head) -> Response | None:
        """The answer to a request that is not read: wrong token, path, method, type or size."""
        if self.stopping:
            return problem(503, "The server is stopping.", ("Retry-After", "5"))
        if refused := self._refuse_access(head):
            return refused
        method = self._method(_path(head))
        if not method:
            return problem(404, f"There is nothing at {head.path!r}.", hint=f"There is: {', '.join(self._routes)}.")
        if head.method != method:
            return problem(405, f"{head.path} takes {method}.", ("Allow", method))
        return self._refuse_body(head) if method == "POST" else None

    def problem(self, status: int, message: str) -> Response:
        """The answer to a request that is no proper HTTP, too large or too slow."""
        return problem(status, message)

    async def answer(self, head: Head, body: bytes) -> Response:
        """The answer to a request. Never raises, except when it is cancelled."""
        try:
            path = _path(head)
            return _one_target(path) if path.startswith(ONE_TARGET) else await self._routes[path][1](body)
        except RecaptionError as error:
            return errors.failure(error, getattr(error, "param", ""))
        except QueueFull as full:
            wait = str(full.retry_after)
            return problem(429, f"{self.workshop.limit} prompts wait already.", ("Retry-After", wait))
        except asyncio.TimeoutError:
            return problem(504, f"There was no caption within {self.limits.work_seconds:g} seconds.")
        except Exception:
            log.exception("A request failed because of a fault in this program.")
            return problem(500, "The server has a fault; its log tells more.")

    def _method(self, path: str) -> str:
        """The method that a path takes; empty for a path that there is not."""
        return "GET" if path.startswith(ONE_TARGET) else self._routes.get(path, ("",))[0]

    def _refuse_access(self, head: Head) -> Response | None:
        if self.token:
            if head.path in OPEN or has_token(head.headers, self.token):
                return None
            return problem(401, "The token is missing or wrong.", ("WWW-Authenticate", "Bearer"))
        if is_local_name(head.headers.get("host", "")):
            return None
        return problem(403, "Without a token, only this machine's own names are answered.", hint="Use 127.0.0.1.")

    def _refuse_body(self, head: Head) -> Response | None:
        kind = head.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            # Also what keeps pages in a browser out: they cannot send this type elsewhere without being allowed to.
            return problem(415, "The body must be sent as application/json.")
        length = head.headers.get("content-length", "0")
        if length.isdigit() and int(length) > self.limits.body:
            return problem(413, f"The body has {length} bytes; at most {self.limits.body} are taken.")
        return None

    async def _health(self, body: bytes) -> Response:
        work = {"pending": self.workshop.pending, "limit": self.workshop.limit}
        return reply(200, {"status": "ok", "version": __version__, "prompts": work})

    async def _openapi(self, body: bytes) -> Response:
        return Response(200, files("t2v_recaption.serve").joinpath("openapi.json").read_bytes())

    async def _targets(self, body: bytes) -> Response:
        listed = [targets.load(name).to_dict() for name in targets.names()]
        return reply(200, {"object": "list", "data": listed})

    async def _enhance(self, body: bytes) -> Response:
        given = fields.read(fields.parse(body), fields.OPTIONS | fields.JOB)
        own = {name: given.pop(name) for name in fields.JOB if name in given}
        job = fields.job(own)
        fields.check_kept(given.get("keep", ()), job.prompt)
        (outcome,) = await self._made(given, [job])
        return errors.failure(outcome.exception) if isinstance(outcome, Failure) else reply(200, _described(outcome))

    async def _batch(self, body: bytes) -> Response:
        given = fields.read(fields.parse(body), fields.OPTIONS | fields.BATCH)
        jobs = fields.jobs(given.pop("prompts", None), given.pop("seed", None), self.limits.batch)
        good = [job for job in jobs if isinstance(job, Job)]
        made = iter(await self._made(given, good) if good else ())
        listed = [_described(next(made)) if isinstance(job, Job) else _refused(job) for job in jobs]
        return reply(200, {"object": "list", "data": listed})

    async def _made(self, options: dict[str, Any], jobs: Sequence[Job]) -> list[Outcome]:
        """The outcomes of some prompts with the options that a request gives."""
        key, enhancer = self.kitchen.enhancer(options, jobs)
        future = asyncio.wrap_future(self.workshop.submit(Order(key, enhancer, jobs)))
        return await asyncio.wait_for(future, self.limits.work_seconds)


def _one_target(path: str) -> Response:
    try:
        return reply(200, targets.load(fields.target("target", path.removeprefix(ONE_TARGET))).to_dict())
    except UnknownName as error:
        return errors.failure(error, "target", status=404)


def _path(head: Head) -> str:
    return head.path.rstrip("/") or "/"


def _described(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Failure):
        return {"object": "error", "prompt": outcome.prompt, "error": errors.describe(outcome.exception)}
    return {"object": "enhancement", **outcome.to_dict(), "passed": outcome.report.passed}


def _refused(error: InvalidInput) -> dict[str, Any]:
    return {"object": "error", "prompt": None, "error": errors.describe(error, getattr(error, "param", ""))}
