"""Shard: which clips belong to part i of n, the same on every machine, and one output made of the parts'."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from t2v_recaption.errors import InvalidInput


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, counted from 1."""

    index: int
    count: int

    def holds(self, id: str) -> bool:
        """Whether the clip of that id belongs to this part: decided by the id alone, so that no part depends on what
        else there is.
        """
        digest = sha256(id.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1

    def named(self, output: Path) -> Path:
        """The output of this part: `captions.jsonl` becomes `captions-00002-of-00008.jsonl`."""
        return output.with_name(f"{output.stem}-{self.index:05d}-of-{self.count:05d}{output.suffix}")


def parse_shard(text: str) -> Shard:
    """`2/8` as a shard.

    Raises:
        InvalidInput: it is no such fraction, or out of range.
    """
    match = re.fullmatch(r"\s*([0-9]+)\s*/\s*([0-9]+)\s*", text)
    if match is None:
        raise InvalidInput(f"{text!r} is no shard.", hint="Write i/n, for example --shard 1/8 … --shard 8/8.")
    index, count = int(match[1]), int(match[2])
    if not 1 <= index <= count:
        raise InvalidInput(f"There is no shard {index} of {count}.", hint=f"The first is 1/{count or 'n'}.")
    return Shard(index, count)
