"""Writers turn intents into captions: `composer` (no model), `chat` (any language model), `sharecaptioner`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from t2v_recaption.errors import InvalidInput
from t2v_recaption.writers.base import Writer

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend

__all__ = ["Writer", "make_backend", "make_writer"]


def make_writer(
    name: str,
    *,
    backend: str | Backend | None = None,
    backend_options: Mapping[str, Any] | None = None,
    cache: bool = True,
    **options: Any,
) -> Writer:
    """The writer of that name, on a backend where it needs one.

    Args:
        name: `composer`, `chat`, `sharecaptioner`, or one that another package adds.
        backend: a backend or its name; None chooses as `make_backend` says.
        backend_options: passed to the backend (`model`, `base_url`, `dtype`, …).
        cache: keep the model's replies in the user's cache folder and reuse them.
        options: passed to the writer; those that are None are left out.

    Raises:
        UnknownName: no such writer or backend.
        MissingDependency: a package that it needs is not installed.
        InvalidInput: options that it does not know, or a backend for a writer that uses none.
    """
    from t2v_recaption.registry import WRITERS

    given = {key: value for key, value in options.items() if value is not None}
    if name == "composer":
        if backend is not None or backend_options:
            raise InvalidInput("The composer uses no model.", hint="For a language model, use the writer chat.")
        return WRITERS.create(name, **given)
    WRITERS.entry(name)
    return WRITERS.create(name, backend=make_backend(backend, backend_options or {}, cache=cache), **given)


def make_backend(
    backend: str | Backend | None, options: Mapping[str, Any], *, cache: bool = True, sees: bool = False
) -> Backend:
    """A backend, by name or as given, behind the reply cache unless `cache` is False.

    Without a name: `openai` where a server or key is known (`base_url`, OPENAI_BASE_URL, OPENAI_API_KEY), otherwise
    `transformers`.

    Args:
        backend: a backend, its name, or None.
        options: passed to the backend (`model`, `base_url`, `dtype`, …).
        cache: keep the model's replies in the user's cache folder and reuse them.
        sees: whether it will be shown images or video: `transformers` then takes a vision-language model where none is
            named (`backends.transformers.DEFAULT_VISION_MODEL`).

    Raises:
        UnknownName: no such backend.
        MissingDependency: a package that it needs is not installed.
        InvalidInput: options that it does not know.
    """
    from t2v_recaption.backends.base import Backend
    from t2v_recaption.cache import CachedBackend, ReplyStore
    from t2v_recaption.registry import BACKENDS

    if isinstance(backend, Backend):
        return backend
    served = "base_url" in options or os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_KEY")
    name = backend or ("openai" if served else "transformers")
    if sees and name == "transformers" and not options.get("model"):
        from t2v_recaption.backends.transformers import DEFAULT_VISION_MODEL

        options = {**options, "model": DEFAULT_VISION_MODEL}
    made = BACKENDS.create(name, **options)
    return CachedBackend(made, ReplyStore()) if cache and made.name != "scripted" else made
