"""The verifier of a comparison: `t2v_recaption.verify` as a design's `checks` describe it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2v_recaption import __version__
from t2v_recaption.cache import uncached
from t2v_recaption.compare.arms import no_secrets, options_of
from t2v_recaption.errors import InvalidInput

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend
    from t2v_recaption.verify import ClaimSet, Verification, Verifier

MODELS = ("judge", "captioner")
SETTINGS = ("measurements", "frames", "side", "foils", "seed", "mode")


class DesignVerifier:
    """Verifies clips as a design says; models are loaded when the first clip comes.

    Args:
        checks: `judge` (a vision model as `openai:model=…`, or a list of them), `captioner` (the same),
            `measurements`, `frames`, `side`, `foils`, `seed`, `mode`.

    Raises:
        InvalidInput: it says something else.
    """

    def __init__(self, checks: Mapping[str, Any]) -> None:
        for name in checks:
            if name not in (*MODELS, *SETTINGS):
                raise InvalidInput(
                    f"--check {name!r} is no setting of the verification.",
                    hint=f"There are: {', '.join((*MODELS, *SETTINGS))}.",
                )
        self.checks = dict(checks)
        given = self.checks.get("judge") or []
        self._judges = [backend_of(spec) for spec in (given if isinstance(given, list) else [given])]
        captioner = self.checks.get("captioner")
        self._captions = backend_of(captioner) if captioner else None

    def identity(self) -> dict[str, Any]:
        """Version, settings and models."""
        return {
            "t2v_recaption": __version__,
            "settings": {name: self.checks[name] for name in SETTINGS if name in self.checks},
            "judges": [judge.identity() for judge in self._judges],
            "captioner": self._captions.identity() if self._captions else None,
        }

    def verify(self, clip: Path, claims: ClaimSet) -> Verification:
        """Hold a clip against claims."""
        return self._verifier(clip, claims)

    def uncached(self) -> DesignVerifier:
        """The same models, which answer anew what they were asked before."""
        other = DesignVerifier({name: self.checks[name] for name in SETTINGS if name in self.checks})
        other._judges = [uncached(judge) for judge in self._judges]
        other._captions = self._captions
        return other

    def close(self) -> None:
        """Free the models."""
        for backend in (*self._judges, *([self._captions] if self._captions else [])):
            backend.close()

    @cached_property
    def _verifier(self) -> Verifier:
        from t2v_recaption.captioners import Captioner
        from t2v_recaption.verify import Verifier

        captioner = Captioner(self._captions) if self._captions else None
        options = {name: self.checks[name] for name in SETTINGS if name in self.checks}
        return Verifier(judges=self._judges, captioner=captioner, **options)


def backend_of(spec: Any) -> Backend:
    """The backend that `BACKEND:key=value,…`, or a mapping with `backend` and its options, describes.

    Raises:
        UnknownName: no such backend.
        InvalidInput: it holds a key, or options that the backend does not know.
    """
    from t2v_recaption.writers import make_backend

    if isinstance(spec, Mapping):
        options = dict(spec)
        name = options.pop("backend", None)
    else:
        name, _, rest = str(spec).partition(":")
        options = options_of(rest, name)
    no_secrets(options, name or "judge")
    return make_backend(name, options)
