"""Choice: picks that depend on the seed and the prompt only, spread evenly over the variants."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar
from zlib import crc32

T = TypeVar("T")

_MASK = (1 << 64) - 1


def _mix(value: int) -> int:
    """splitmix64's finaliser (Steele, Lea, Flood 2014): every input bit reaches every output bit."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class Choice:
    """Picks for one caption. The same prompt and seed always give the same picks.

    Each pick has a key. Neighbouring seeds pick neighbouring options, so that candidates made with seeds
    n, n+1, n+2 … really differ instead of meeting by chance.
    """

    __slots__ = ("_base", "_seed")

    def __init__(self, prompt: str, seed: int) -> None:
        digest = blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._base = int.from_bytes(digest, "big")
        self._seed = seed

    def number(self, key: str, size: int) -> int:
        """A number below `size` (which is at least 1)."""
        if size <= 1:
            return 0
        code = crc32(key.encode())
        turn, step = divmod(self._seed, size)
        start = _mix((self._base ^ (code * 0x9E3779B97F4A7C15)) & _MASK)
        if turn:
            start ^= _mix((turn & _MASK) ^ code)
        return (start + step) % size

    def pick(self, key: str, options: Sequence[T]) -> T:
        """One of the options (there is at least one)."""
        return options[self.number(key, len(options))]

    def prefer(self, key: str, best: Sequence[T], rest: Sequence[T], *, spread: int = 4) -> T:
        """One of the best for the first seeds; of the rest where `spread` seeds in a row would repeat themselves."""
        at = self._seed % max(len(best), spread)
        if at < len(best) or not rest:
            return best[(_mix(self._base ^ crc32(key.encode())) + at) % len(best)]
        return rest[(_mix(self._base ^ crc32(key.encode())) + at) % len(rest)]

    def order(self, key: str, options: Sequence[T]) -> list[T]:
        """All options, the picked one first."""
        at = self.number(key, len(options)) if options else 0
        return [*options[at:], *options[:at]]

    def chance(self, key: str, percent: int) -> bool:
        """True for about `percent` of prompts."""
        return _mix(self._base ^ (crc32(key.encode()) << 7) ^ _mix(self._seed & _MASK)) % 100 < percent
