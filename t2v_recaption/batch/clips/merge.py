"""merge_outputs: the outputs of shards become one, each clip once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2v_recaption.batch.clips.output import check_output, write_output
from t2v_recaption.batch.clips.rows import COLUMNS
from t2v_recaption.errors import InvalidInput
from t2v_recaption.records import Record

SHARD_NAME = re.compile(r"(.*)-([0-9]{5})-of-([0-9]{5})(\.[^.]+)")


@dataclass(frozen=True)
class Merged(Record):
    """What became of a merge."""

    ok: int
    failed: int
    doubled: int
    """Rows left out since another row of the same clip was taken."""
    missing: tuple[str, ...]
    """Names of outputs that the others say there must be."""


def merge_outputs(
    parts: Sequence[Path], output: Path, *, exports: Sequence[str] = (), overwrite: bool = False
) -> Merged:
    """Join .jsonl outputs into one, in their order; a clip in several of them is taken once, good before failed.

    Raises:
        InvalidInput: a part that cannot be read or was made with other settings, or an output that exists.
    """
    check_output(output, exports)
    if output.exists() and not overwrite:
        raise InvalidInput(f"{output} exists already.", hint="Replace it with --overwrite.")
    if any(part.resolve() == output.resolve() for part in parts):
        raise InvalidInput(f"{output} is one of the parts.", hint="Give another --output.")
    chosen: dict[str, tuple[int, int, bool]] = {}
    count, settings = 0, ""
    for place, part in enumerate(parts):
        for offset, row in _rows(part):
            count += 1
            if settings and row["settings"] and row["settings"] != settings:
                raise InvalidInput(
                    f"{part} was made with other settings than {parts[0]}.", hint="Merge the parts of one job only."
                )
            settings = settings or row["settings"]
            good = row["status"] == "ok"
            if row["video_id"] not in chosen or (good and not chosen[row["video_id"]][2]):
                chosen[row["video_id"]] = (place, offset, good)

    def rows() -> Iterator[dict[str, Any]]:
        wanted = {(place, offset) for place, offset, _ in chosen.values()}
        for place, part in enumerate(parts):
            yield from (row for offset, row in _rows(part) if (place, offset) in wanted)

    write_output(output, rows, exports)
    ok = sum(good for _, _, good in chosen.values())
    return Merged(ok, len(chosen) - ok, count - len(chosen), _missing(parts))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open("rb") as stream:
            offset = 0
            for number, line in enumerate(stream, 1):
                row = json.loads(line)
                if not isinstance(row, dict) or not set(COLUMNS) <= row.keys():
                    raise InvalidInput(f"Line {number} of {path} is not a row of t2v caption.")
                yield offset, row
                offset += len(line)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(f"{path} cannot be read: {reason}.", hint="Give .jsonl outputs of t2v caption.") from error


def _missing(parts: Sequence[Path]) -> tuple[str, ...]:
    names = {part.name for part in parts}
    missing: dict[str, None] = {}
    for part in parts:
        match = SHARD_NAME.fullmatch(part.name)
        if match is not None:
            count = int(match[3])
            expected = (f"{match[1]}-{number:05d}-of-{count:05d}{match[4]}" for number in range(1, count + 1))
            missing.update(dict.fromkeys(name for name in expected if name not in names))
    return tuple(missing)
