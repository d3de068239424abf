"""Errors as JSON, in the form of OpenAI's API: `{"error": {"message", "type", "param", "code"}}` and a hint."""

from __future__ import annotations

import json
from typing import Any

from t2v_recaption.errors import (
    BackendError,
    InvalidInput,
    MissingDependency,
    NotKept,
    RecaptionError,
    UnknownName,
)
from t2v_recaption.serve.http import Response

STATUS: tuple[tuple[type[RecaptionError], int], ...] = (
    (InvalidInput, 400),
    (UnknownName, 400),
    (NotKept, 422),
    (BackendError, 502),
    (MissingDependency, 501),
)

CODES = {
    400: "bad_request",
    401: "wrong_token",
    403: "wrong_host",
    404: "not_found",
    405: "wrong_method",
    408: "too_slow",
    413: "too_large",
    415: "not_json",
    429: "too_many_requests",
    431: "headers_too_large",
    500: "internal",
    503: "unavailable",
    504: "timeout",
}


def reply(status: int, content: dict[str, Any], *headers: tuple[str, str]) -> Response:
    """A JSON answer. Plain ASCII: a prompt may hold lone surrogates, which UTF-8 cannot."""
    return Response(status, json.dumps(content, ensure_ascii=True, allow_nan=False).encode(), headers)


def problem(status: int, message: str, *headers: tuple[str, str], param: str = "", hint: str = "") -> Response:
    """An error answer of the server's own."""
    error = _error(status, message, CODES.get(status, "bad_request"), param, hint)
    return reply(status, {"error": error}, *headers)


def describe(error: RecaptionError, param: str = "") -> dict[str, Any]:
    """An error of the package, as it stands in an answer."""
    code = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == RecaptionError.__module__)
    described = _error(status_of(error), error.message, code, param, error.hint)
    if isinstance(error, NotKept) and error.text:
        described["best_attempt"] = error.text
    if isinstance(error, BackendError):
        described["retryable"] = error.retryable
    return described


def failure(error: RecaptionError, param: str = "", *, status: int | None = None) -> Response:
    """The answer that an error of the package means."""
    return reply(status or status_of(error), {"error": describe(error, param)})


def status_of(error: RecaptionError) -> int:
    """The HTTP status for an error of the package."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def _error(status: int, message: str, code: str, param: str, hint: str) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 429 else "rate_limit_error" if status == 429 else "server_error"
    return {"message": message, "type": kind, "param": param or None, "code": code, "hint": hint}
