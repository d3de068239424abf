"""The error tree: everything the package raises on purpose.

    RecaptionError              message (what is wrong, with the value) + hint (what to do next)
    ├── InvalidInput            a prompt, file, option or setting that cannot be used
    │   └── InvalidTemplate     a prompt template that does not render
    ├── UnknownName             no target, writer, backend … of that name
    ├── MissingDependency       an optional package that the chosen feature needs
    ├── BackendError            a model or model server failed (`retryable` says whether to try again)
    └── NotKept                 no caption could be made that keeps what the prompt states

Nothing here knows the command line: `t2v_recaption.cli` turns these into messages and exit codes in one place.
"""

from __future__ import annotations

from collections.abc import Iterable


class RecaptionError(Exception):
    """Base of all errors of this package.

    Args:
        message: what is wrong, with the offending value, one sentence.
        hint: what to do about it, one sentence, preferably a command to paste.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InvalidInput(RecaptionError):
    """A prompt, file, option or setting that cannot be used as it is."""


class InvalidTemplate(InvalidInput):
    """A prompt template that does not parse or does not render."""


class UnknownName(RecaptionError):
    """A name that is in no table; the message offers the nearest ones."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        import difflib

        names = sorted(known)
        near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Available: {', '.join(names)}."
        super().__init__(f"There is no {what} named {name!r}.", hint=hint)
        self.name = name
        self.nearest = tuple(near)


class MissingDependency(RecaptionError):
    """An optional package that the chosen feature needs is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package}, which is not installed.",
            hint=f"Install it with: python -m pip install 't2v-recaption[{extra}]'",
        )
        self.package = package
        self.extra = extra


class BackendError(RecaptionError):
    """A model or a model server failed.

    Args:
        retryable: whether the same call may succeed later (rate limit, timeout, cut connection).
        status: the HTTP status, where there is one.
        backend: the name of the backend that failed.
    """

    def __init__(
        self, message: str, *, hint: str = "", retryable: bool = False, status: int | None = None, backend: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable
        self.status = status
        self.backend = backend


class NotKept(RecaptionError):
    """No caption could be made that keeps everything the prompt states.

    `report` is the fidelity report of the best attempt and `text` that attempt, so nothing is lost.
    """

    def __init__(self, message: str, *, hint: str = "", report: object = None, text: str = "") -> None:
        super().__init__(message, hint=hint)
        self.report = report
        self.text = text
