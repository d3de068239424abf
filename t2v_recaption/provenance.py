"""Provenance: everything that decided a caption, so that it can be made again."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from t2v_recaption import __version__
from t2v_recaption.targets import Target
from t2v_recaption.writers.base import Draft, WriteOptions


def provenance(target: Target, options: WriteOptions, draft: Draft) -> dict[str, Any]:
    """Versions, settings and hashes behind one draft."""
    return {
        "t2v_recaption": __version__,
        "target": target.name,
        "target_digest": _target_digest(target),
        "options": options.to_dict(),
        **draft.provenance,
    }


@lru_cache(maxsize=64)
def _target_digest(target: Target) -> str:
    return hashlib.sha256(target.to_json().encode()).hexdigest()[:16]
