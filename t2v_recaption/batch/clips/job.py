"""ClipJob: everything that decides what is said of a clip, as it goes to other processes and into the ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from t2v_recaption.captioners.base import Mode
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import to_plain

if TYPE_CHECKING:
    from t2v_recaption.captioners.captioner import Captioner


@dataclass(frozen=True)
class ClipJob:
    """What is to be done with every clip. Cheap to make and to send; the model is loaded where it is used."""

    mode: Mode = "sliding"
    backend: str | None = None
    backend_options: dict[str, Any] = field(default_factory=dict)
    profile: str = "generic"
    captioner_options: dict[str, Any] = field(default_factory=dict)
    """Further arguments of `Captioner`: focus, style, schema, language …"""
    sampling: str = ""
    """Which frames, like `every:2` or `uniform:16`; empty for what the profile says."""
    split: str = "none"
    """`none`, `scenes`, or a number of seconds: each part is a clip of its own."""
    make: Callable[[], Captioner] | None = None
    """Makes the captioner instead of the fields above (but `mode` and `split`), for captioners of your own."""

    def __post_init__(self) -> None:
        if self.split not in ("none", "scenes"):
            try:
                seconds = float(self.split)
            except ValueError:
                seconds = 0.0
            if not 0 < seconds < float("inf"):
                raise InvalidInput(
                    f"There is no split {self.split!r}.", hint="Use scenes, none or a number of seconds."
                )

    def captioner(self) -> Captioner:
        """The captioner, with its backend, nothing loaded yet.

        Raises:
            UnknownName, MissingDependency, InvalidInput: see `make_vision_backend` and `Captioner`.
        """
        if self.make is not None:
            return self.make()
        from t2v_recaption.captioners.captioner import Captioner
        from t2v_recaption.captioners.vision import make_vision_backend

        if self.sampling:
            from t2v_recaption.video import parse_sampling

            parse_sampling(self.sampling)
        # The ledger remembers better than the cache of replies, and frames are not worth hashing twice.
        backend = make_vision_backend(self.backend, self.backend_options, cache=False)
        return Captioner(backend, self.profile, sampling=self.sampling or None, **self.captioner_options)

    def settings(self, captioner: Captioner | None) -> dict[str, Any]:
        """Everything that decides the captions: a ledger is only gone on with under the same.

        Which server runs the model, and which version of this package asks, decide nothing that the rest does not.
        """
        known: dict[str, Any] = {"mode": self.mode, "split": self.split}
        if captioner is None:
            from t2v_recaption.captioners.measured import MeasuredCaptioner

            return {**known, **MeasuredCaptioner().identity()}
        identity = {key: value for key, value in captioner.identity().items() if key != "t2v_recaption"}
        identity["backend"] = {key: value for key, value in identity["backend"].items() if key != "base_url"}
        return {**known, "sampling": captioner.sampling(self.mode), **identity}


def digest(settings: dict[str, Any]) -> str:
    """A short hash of settings."""
    text = json.dumps(to_plain(settings), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
