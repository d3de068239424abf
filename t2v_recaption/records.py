"""Record: the base of every typed result; the one place where results become JSON."""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from pathlib import Path
from typing import Any


class Record:
    """Mixin for frozen dataclasses: `to_dict` and `to_json` with plain JSON types only."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """The record as plain dicts, lists, strings and numbers."""
        plain = to_plain(self)
        assert isinstance(plain, dict)
        return plain

    def to_json(self, *, indent: int | None = None) -> str:
        """The record as one JSON object, non-ASCII text kept readable."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)


def to_plain(value: Any) -> Any:
    """Any record, container or scalar of this package as plain JSON types."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.repr}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value
