"""One forward pass through a stream: every frame, or the frames shown at wanted times.

The pass seeks only when a later key frame lies at or before the next wanted time, and lets the decoder skip frames that
are neither wanted nor referred to. Both are exact: after a seek a frame counts only from the key frame on that the
decoder started at, and the frames right before a wanted time are all decoded.
"""

from __future__ import annotations

import bisect
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import av

from t2v_recaption.video.container import base_of, origin_of
from t2v_recaption.video.demux import DAMAGED, Packet, Packets
from t2v_recaption.video.nal import unreferenced

TOLERANCE = 0.0005
"""Seconds by which a frame may begin after a wanted time and still be the one that is shown: containers that count in
milliseconds round that far."""

_SURE = 3
"""Frames right before a wanted time that are always decoded: in some streams a packet is a field, or shows nothing."""
_SKIPPING = {"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4"}
"""Codecs whose decoder can be told to skip what nothing refers to."""
_MIN_JUMP = 6
"""Frames that a jump must save: a seek empties the decoder."""
_GLUED = ("mpegts", "mpeg", "flv")
"""Containers whose clock may jump in the middle."""


class Pass:
    """Frames of one open stream, in the order of their times.

    Args:
        keys: time stamps of key frames that can be jumped to, as the container's index counts them.
        note: called with a sentence about each kind of damage that was met.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        stream: av.VideoStream,
        keys: Sequence[int],
        note: Callable[[str], None],
    ) -> None:
        self._container = container
        self._stream = stream
        self._note = note
        self._base = base_of(stream)
        self._origin = origin_of(stream)
        self._keys = tuple(keys)
        glued = not self._keys and container.format.name.startswith(_GLUED)
        self._packets = Packets(container, stream, glued=glued, note=note)
        self._skips = stream.codec_context.name in _SKIPPING
        self._unreferenced = unreferenced(stream.codec_context.name, stream.codec_context.extradata)
        # AVI knows no presentation times: where frames are reordered, what FFmpeg gives for them is a guess.
        reordered_avi = container.format.name == "avi" and stream.codec_context.has_b_frames
        self._timed = self._packets.timed() and not reordered_avi
        if not self._timed:  # frames are counted instead, and nothing finds one again after a seek
            self._keys = ()
        self._jumped = False
        self._goes_on = False
        self._skipping = False
        self._reset()

    def _reset(self) -> None:
        self._out: deque[av.VideoFrame] = deque()
        self._shown: av.VideoFrame | None = None
        self._drained = False
        self._trusted = -math.inf
        self._counted = 0

    def seconds(self, frame: av.VideoFrame) -> float:
        """When a frame is shown, in seconds from the start of the stream."""
        return float((_stamp(frame) - self._origin) * self._base)

    def key_times(self) -> list[float]:
        """About when each key frame is shown that can be jumped to, in seconds, ascending."""
        base = float(self._base)  # a fraction for each would be slow where every frame is a key frame
        return [(key - self._origin) * base for key in self._keys]

    def stamp(self, seconds: float) -> int:
        """The last time stamp at which a frame may begin and be shown at `seconds`."""
        return self._origin + math.floor((seconds + TOLERANCE) / float(self._base) + 1e-3)

    def first(self) -> av.VideoFrame | None:
        """The first frame, which is still to come in what is read next; None when there is none."""
        while not self._out and self._feed(None):
            pass
        return self._out[0] if self._out else None

    def onward(self, start: float) -> Iterator[av.VideoFrame]:
        """The frame shown at `start`, then every later one."""
        self._goes_on = True
        limit = self.stamp(start)
        for frame in self.shown([start]):
            yield frame
            limit = max(limit, _stamp(frame))
        while True:
            while self._out:
                frame = self._out.popleft()
                if _stamp(frame) > limit:
                    limit = _stamp(frame)
                    yield frame
            if not self._feed(None):
                return

    def shown(self, times: Sequence[float]) -> Iterator[av.VideoFrame]:
        """The frame shown at each of the ascending `times`: one for each, the same again where none is between.

        A time before the first frame gets the first one, a time after the last one the last.
        """
        limits = [self.stamp(t) for t in times]
        for limit, following in zip(limits, [*limits[1:], None], strict=True):
            frame = self._at(limit, following)
            if frame is None:
                return
            yield frame

    def _at(self, limit: int, following: int | None) -> av.VideoFrame | None:
        key = self._worth_jumping(limit)
        if key is not None:
            self._jump(key)
        elif self._drained and not self._packets.ended:
            self._jump(self._key_before(limit))
        frame = self._advance(limit, following)
        step = 1
        while (
            frame is None and self._jumped and self._keys and key != 0
        ):  # that key frame was of no use: an earlier one
            key = max(0, (self._key_before(limit) if key is None else key) - step)
            step *= 2
            self._jump(key)
            frame = self._advance(limit, following)
        return frame or (self._out[0] if self._out else None)

    # -- decoding

    def _advance(self, limit: int, following: int | None) -> av.VideoFrame | None:
        """Decode up to the frame shown at `limit`; None when all frames are later."""
        while True:
            while self._out and _stamp(self._out[0]) <= limit:
                self._shown = self._out.popleft()
            if self._out or self._drained:
                return self._shown
            if self._timed and self._packets.beyond(limit) and self._leaves(following):
                self._drain()
            else:
                self._feed(limit if self._timed else None)

    def _leaves(self, following: int | None) -> bool:
        """Whether the pass stops or jumps next, so that nothing more has to be put into the decoder here."""
        if following is None:
            return not self._goes_on
        return self._worth_jumping(following) is not None

    def _feed(self, limit: int | None) -> bool:
        """Decode one more packet; False at the end. `limit` is the wanted time; None when every frame is wanted."""
        packet = self._packets.take()
        if packet is None:
            self._drain()
            return False
        if self._skips and packet.size:
            unneeded = limit is not None and packet.pts is not None and self._packets.later(packet.pts, limit) >= _SURE
            if unneeded and self._unreferenced and self._unreferenced(memoryview(packet)):
                return True  # a thread of the decoder that is to skip it would stand idle meanwhile
            if unneeded is not self._skipping:
                self._skipping = unneeded
                self._stream.codec_context.skip_frame = "NONREF" if unneeded else "DEFAULT"
        self._collect(packet)
        self._drained = not packet.size
        return True

    def _drain(self) -> None:
        if not self._drained:
            self._collect(None)
            self._drained = True

    def _collect(self, packet: Packet | None) -> None:
        try:
            frames = self._stream.codec_context.decode(packet)
        except EOFError:
            return
        except (av.FFmpegError, ValueError):
            self._note(DAMAGED)
            return
        for frame in frames:
            if not self._timed or frame.pts is None:
                frame.pts = self._origin + self._counted * self._packets.gap
            self._counted += 1
            if frame.is_corrupt:
                self._note(DAMAGED)
            if frame.pts >= self._trusted:
                self._out.append(frame)

    # -- jumping

    def _worth_jumping(self, limit: int) -> int | None:
        """The key frame to jump to for the frame shown at `limit`, None when reading on is as good."""
        if not self._keys:
            return None
        key = self._key_before(limit)
        here = self._packets.latest_key
        if here is None:
            self._packets.fill()
            here = self._packets.latest_key
        at = self._clock(here) if here is not None else self._keys[0]
        return key if self._keys[key] - at > _MIN_JUMP * self._packets.gap else None

    def _key_before(self, limit: int) -> int:
        """The last key frame that is shown at `limit` or before, as far as the index tells."""
        return max(0, bisect.bisect_right(self._keys, limit - self._delay()) - 1)

    def _delay(self) -> int:
        """How much later than the index says a key frame is shown, from the last one that was read."""
        here = self._packets.latest_key
        return 0 if here is None or here.pts is None else here.pts - self._clock(here)

    def _clock(self, packet: Packet) -> int:
        """A packet's time as the index counts: decoding time where there is one."""
        if packet.dts is not None and not self._container.format.name.startswith("matroska"):
            return packet.dts
        return packet.pts or 0

    def _jump(self, key: int) -> None:
        try:
            # FFmpeg takes the time for that of presentation: anything less would land one key frame earlier.
            self._container.seek(self._keys[key] + self._delay(), stream=self._stream)
        except (av.FFmpegError, OSError):
            self._keys = ()
            return
        self._jumped = True
        self._reset()
        self._packets.restart()
        self._packets.fill()
        start = self._packets.first_key
        self._trusted = start.pts if start is not None and start.pts is not None else -math.inf


def _stamp(frame: av.VideoFrame) -> int:
    assert frame.pts is not None  # set in _collect where the stream has none
    return frame.pts
