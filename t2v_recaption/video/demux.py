"""Packets of one stream, a few ahead of the decoder, with time stamps that only go forward."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeAlias

import av

from t2v_recaption.video.container import base_of, gap_of

Packet: TypeAlias = "av.Packet[av.VideoStream]"

DAMAGED = "some packets are damaged: frames are left out or not right"
LOOKAHEAD = 17
"""Packets to read ahead: one more than frames can be reordered by (H.264 and HEVC: 16)."""


def is_last(packet: Packet) -> bool:
    """Whether this is the empty packet after the last one, which makes the decoder give what it holds."""
    return not packet.size and packet.pts is None and packet.dts is None


class Packets:
    """The packets of a stream in decoding order; at least `LOOKAHEAD` of them are known before one is taken.

    Args:
        glued: whether the clock may be set back or far ahead in the middle, as in MPEG transport streams; the time
            stamps are then shifted so that each part follows on the one before.
        note: called with a sentence about each kind of damage that was met.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        stream: av.VideoStream,
        *,
        glued: bool,
        note: Callable[[str], None],
    ) -> None:
        self._container = container
        self._stream = stream
        self._glued = glued
        self._note = note
        self._base = float(base_of(stream))
        # A transport stream marks packets that lost a little; elsewhere a packet that is not whole is of no use.
        self._whole_only = not glued
        self.gap = gap_of(stream)
        """Usual distance of two frames, in time stamps."""
        self.restart()

    def restart(self) -> None:
        """Forget what was read ahead; to be called after a seek."""
        self._source: Iterator[Packet] = self._container.demux(self._stream)
        self._waiting: deque[Packet] = deque()
        self._stamps: list[int] = []
        self._shift = 0
        self._last: int | None = None
        self.ended = False
        """Whether the end was read; packets may still wait to be taken."""
        self.first_key: Packet | None = None
        self.latest_key: Packet | None = None
        """The first and the last key frame's packet that was read since the last seek."""

    def take(self) -> Packet | None:
        """The next packet, None at the end; the last one is empty and tells the decoder to give what it holds."""
        self.fill()
        if not self._waiting:
            return None
        packet = self._waiting.popleft()
        if packet.size and packet.pts is not None and not packet.is_discard:
            self._stamps.pop(bisect.bisect_left(self._stamps, packet.pts))
        return packet

    def fill(self) -> None:
        """Read ahead as far as it goes."""
        while not self.ended and len(self._waiting) < LOOKAHEAD:
            packet = self._next()
            if packet is None:
                self.ended = True
                return
            if packet.is_corrupt:
                self._note(DAMAGED)
                if self._whole_only:
                    continue
            if packet.size:
                self._register(packet)
            elif not is_last(packet):  # a frame that the container says to repeat
                continue
            self._waiting.append(packet)

    def later(self, stamp: int, limit: int) -> int:
        """How many waiting frames are shown after `stamp` and not after `limit`."""
        return bisect.bisect_right(self._stamps, limit) - bisect.bisect_right(self._stamps, stamp)

    def beyond(self, limit: int) -> bool:
        """Whether no frame that is shown at `limit` or before is still to come."""
        self.fill()
        if self._stamps and self._stamps[0] <= limit:
            return False
        if any(p.size and p.pts is None for p in self._waiting):
            return False
        return self.ended or len(self._stamps) >= LOOKAHEAD - 1 or self._decodes_after(limit)

    def timed(self) -> bool:
        """Whether the packets carry presentation times."""
        self.fill()
        return all(p.pts is not None for p in self._waiting if p.size)

    def _decodes_after(self, limit: int) -> bool:
        return any(p.dts is not None and p.dts > limit for p in self._waiting)

    def _register(self, packet: Packet) -> None:
        if self._glued:
            self._straighten(packet)
        if packet.is_keyframe:
            self.first_key = self.first_key or packet
            self.latest_key = packet
        if packet.pts is not None and not packet.is_discard:
            bisect.insort(self._stamps, packet.pts)

    def _straighten(self, packet: Packet) -> None:
        """Shift the packet's times so that they follow on the last one's where the clock was set anew."""
        if packet.dts is None:
            return
        stamp = packet.dts + self._shift
        if self._last is not None and not -0.5 <= (stamp - self._last) * self._base <= 10:
            self._note("the clock of the file jumps; the times of what follows were shifted to be continuous")
            self._shift += self._last + self.gap - stamp
        packet.dts += self._shift
        if packet.pts is not None:
            packet.pts += self._shift
        self._last = packet.dts

    def _next(self) -> Packet | None:
        try:
            return next(self._source, None)
        except (av.FFmpegError, OSError):
            self._note("the file breaks off or is damaged in the middle")
            return None
