"""The backend of a captioner: as everywhere, but the model that is loaded by default can see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t2v_recaption.backends.base import Backend
from t2v_recaption.errors import InvalidInput


def make_vision_backend(backend: Backend | str | None, options: Mapping[str, Any], *, cache: bool = True) -> Backend:
    """A backend, by name or as given, as `make_backend` makes it; `transformers` without a model loads one that sees.

    Args:
        backend: a backend, its name, or None: `openai` where a server or key is known, otherwise `transformers`.
        options: passed to the backend.
        cache: keep the model's replies in the user's cache folder and reuse them.

    Raises:
        UnknownName: no such backend.
        MissingDependency: a package that it needs is not installed.
        InvalidInput: options that it does not know, or options for a backend that is made already.
    """
    from t2v_recaption.writers import make_backend

    if isinstance(backend, Backend):
        if options:
            raise InvalidInput(
                f"There is no option {', '.join(options)} for a backend that is made already.",
                hint="What captions shall be like goes into guidance=Guidance(…).",
            )
        return backend
    return make_backend(backend, options, cache=cache, sees=True)
