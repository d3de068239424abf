"""What a container's header, index and first frame tell about a video, and what of it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import av

from t2v_recaption.video.container import aspect_of, base_of, gap_of, opened, origin_of, video_stream
from t2v_recaption.video.info import ClipInfo
from t2v_recaption.video.pixels import hdr_kind, square_size, turn_of

_LENGTHS_CHECKED = 4000
_TRUSTED = 0.5
"""Seconds by which a header may be wrong about the duration without a word about it."""


@dataclass(frozen=True)
class Index:
    """A container's list of its packets, as far as it has one."""

    keys: tuple[int, ...] = ()
    """Time stamps of the key frames, ascending, as the index counts them (decoding time, but in Matroska)."""
    frames: int | None = None
    """How many frames are shown; None when the list is not complete."""
    even: bool | None = None
    """Whether all frames last equally long."""
    there: Fraction = Fraction(1)
    """Share of the listed frames that the file really holds."""


def index_of(container: av.container.InputContainer, stream: av.VideoStream) -> Index:
    """The index of an open container; empty when it has none."""
    if container.format.name.startswith("matroska"):
        return Index(_cues(container, stream))
    entries = list(stream.index_entries)
    if not container.format.name.startswith(("mov", "avi")) or len(entries) < 2:
        return Index()
    size = container.size
    there = [e for e in entries if size <= 0 or e.pos + e.size <= size]
    shown = [e.timestamp for e in there if not e.is_discard]
    gaps = {b - a for a, b in pairwise(shown[:_LENGTHS_CHECKED])}
    even = max(gaps) - min(gaps) <= 1 if gaps else None
    keys = tuple(e.timestamp for e in there if e.is_keyframe)
    ascending = all(a < b for a, b in pairwise(keys))
    return Index(keys if ascending else (), len(shown), even, Fraction(len(there), len(entries)))


def describe(
    container: av.container.InputContainer, stream: av.VideoStream, index: Index, frame: av.VideoFrame, path: str
) -> ClipInfo:
    """Everything that `ClipInfo` holds; `frame` is the first one that was decoded."""
    width, height = square_size(frame.width, frame.height, aspect_of(stream))
    if turn_of(frame)[0]:
        width, height = height, width
    hdr = hdr_kind(frame.color_trc)
    info = ClipInfo(
        path=path,
        container=container.format.name.split(",")[0],
        codec=stream.codec_context.name,
        width=width,
        height=height,
        duration=header_duration(container, stream) * float(index.there),
        fps=float(stream.average_rate or stream.guessed_rate or 0),
        frames=index.frames,
        rotation=-frame.rotation % 360,
        sample_aspect=aspect_of(stream),
        bit_depth=max((c.bits for c in frame.format.components), default=8),
        hdr=hdr,
        variable_rate=None if index.even is None else not index.even,
        has_audio=bool(container.streams.audio),
    )
    warnings = []
    if index.there < 1:
        warnings.append(f"the end of the file is missing: {float(index.there):.0%} of its frames are there")
    if hdr:
        warnings.append(f"high dynamic range ({hdr.upper()}): frames are tone-mapped for an ordinary screen")
    return replace(info, warnings=tuple(warnings))


def header_duration(container: av.container.InputContainer, stream: av.VideoStream) -> float:
    """Seconds of video as the header says; 0 when it does not."""
    if stream.duration and stream.duration > 0:
        return float(stream.duration * base_of(stream))
    if not container.duration or container.duration < 0:
        return 0.0
    late = float(origin_of(stream) * base_of(stream)) - (container.start_time or 0) / 1e6
    return max(0.0, container.duration / 1e6 - max(0.0, late))


def with_real_end(info: ClipInfo, source: str | bytes, name: str) -> ClipInfo:
    """`info` with the duration that the packets show, where the container has no list of them to rely on."""
    if info.frames is not None:
        return info
    with opened(source, name) as container:
        stream = video_stream(container, name)
        end = _end_of(container, stream, info.duration)
    if end is None:
        return info
    said = info.duration
    warnings = info.warnings
    if said and abs(end - said) > _TRUSTED:
        warnings += (f"the header speaks of {said:.2f} s, but the video ends at {end:.2f} s",)
    return replace(info, duration=end, warnings=warnings)


def _end_of(container: av.container.InputContainer, stream: av.VideoStream, duration: float) -> float | None:
    """When the last frame ends: read from the last packets, or from all of them where there is no way to the last."""
    base, origin = base_of(stream), origin_of(stream)
    if duration > 10:
        try:
            container.seek(origin + int((duration - 5) / base), stream=stream)
        except (av.FFmpegError, OSError):
            return None
    count, last = 0, None
    for packet in _packets(container, stream):
        count += 1
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and not packet.is_discard:
            end = stamp + (packet.duration or gap_of(stream))
            last = end if last is None else max(last, end)
    if last is not None and last > origin:
        return float((last - origin) * base)
    return float(count * gap_of(stream) * base) or None if last is None and duration <= 10 else None


def _packets(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.Packet[av.VideoStream]]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            return
        if packet is None:
            return
        if packet.size and not packet.is_corrupt:
            yield packet


def _cues(container: av.container.InputContainer, stream: av.VideoStream) -> tuple[int, ...]:
    """Key frames of a Matroska file: its index is only read when something is sought."""
    try:
        container.seek(origin_of(stream), stream=stream)
    except (av.FFmpegError, OSError):
        return ()
    return tuple(e.timestamp for e in stream.index_entries if e.is_keyframe)
