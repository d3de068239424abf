"""Whether anything refers to a packet of H.264 or HEVC, read from the headers of its units."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Unreferenced = Callable[[memoryview], bool]
"""Whether a packet can be left out: it holds pictures that no other refers to, and nothing else of consequence."""

_PARAMETERS_H264 = {7, 8, 13, 15}
_PARAMETERS_HEVC = {32, 33, 34}


def unreferenced(codec: str, extradata: bytes | None) -> Unreferenced | None:
    """The test for a stream of that codec; None for codecs whose packets are not read here.

    Args:
        codec: FFmpeg's name of it.
        extradata: what the container says for the decoder: with it comes how units are set apart.

    ISO/IEC 14496-10 (7.3.1, table 7-1) and 23008-2 (7.3.1.2, table 7-1); ISO/IEC 14496-15 for lengths.
    """
    kind = {"h264": _h264, "hevc": _hevc}.get(codec)
    if kind is None:
        return None
    size = _length_size(extradata or b"", 4 if codec == "h264" else 21)

    def test(packet: memoryview) -> bool:
        starts = _lengths(packet, size) if size else _marks(packet)
        return kind([bytes(packet[at : at + 2]) for at in starts])

    return test


def _length_size(extradata: bytes, where: int) -> int:
    """Bytes of the length before each unit; 0 where start codes stand between them, as in transport streams."""
    marked = extradata.startswith((b"\0\0\1", b"\0\0\0\1")) or len(extradata) <= where
    return 0 if marked else (extradata[where] & 3) + 1


def _h264(headers: list[bytes]) -> bool:
    kinds = {header[0] & 31 for header in headers}
    slices = [header[0] >> 5 & 3 for header in headers if 1 <= header[0] & 31 <= 5]
    return bool(slices) and not any(slices) and not kinds & _PARAMETERS_H264


def _hevc(headers: list[bytes]) -> bool:
    kinds = [header[0] >> 1 & 63 for header in headers]
    slices = [kind for kind in kinds if kind < 32]
    whole = all(len(header) == 2 and header[1] & 7 for header in headers)  # a layer of 0 is damage
    last = all(kind <= 14 and kind % 2 == 0 for kind in slices)
    return bool(slices) and whole and last and not _PARAMETERS_HEVC & {*kinds}


def _lengths(packet: memoryview, size: int) -> Iterator[int]:
    """Where each unit begins, when its length stands before it."""
    at = 0
    while at + size < len(packet):
        length = int.from_bytes(packet[at : at + size], "big")
        at += size
        if length:
            yield at
        at += length


def _marks(packet: memoryview) -> Iterator[int]:
    """Where each unit begins, when start codes stand between them."""
    content = bytes(packet)
    at = content.find(b"\0\0\1")
    while 0 <= at < len(content) - 3:
        yield at + 3
        at = content.find(b"\0\0\1", at + 3)
