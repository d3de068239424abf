"""Opening a video file with FFmpeg's libraries, and what its header tells."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import av

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.info import ClipInfo
from t2v_recaption.video.pixels import check_size, fitted, hdr_kind, square_size, turn_of

OPTIONS = {"protocol_whitelist": "file,pipe,crypto,data"}
"""A playlist that somebody calls video must not make us open addresses on the network."""

_PLAYLISTS = {"hls", "concat", "dash", "sdp", "imf", "rtsp", "lavfi", "tty", "ffmetadata"}
_TEXT = {"srt", "ass", "webvtt", "vobsub", "subviewer", "microdvd", "mpl2"}
_LENGTHS_CHECKED = 4000


@dataclass(frozen=True)
class Index:
    """A container's list of its packets, where it has one."""

    keys: tuple[int, ...]
    """Time stamps of the key frames, ascending, as the container's index counts (mostly decoding time)."""
    frames: int | None
    """How many frames are shown; None when the list is not complete."""
    even: bool | None
    """Whether all frames last equally long."""
    cut: Fraction | None
    """Share of the file's frames that is really there, when the end of the file is missing."""


@contextmanager
def opened(source: str | bytes, name: str) -> Iterator[av.container.InputContainer]:
    """The open container of a path or of bytes; `name` stands in messages. Raises InvalidInput."""
    try:
        container = av.open(_handle(source), options=OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InvalidInput(f"{name} is not a video that can be read: {_reason(error)}.", hint=_HINT) from error
    try:
        yield container
    finally:
        container.close()


_HINT = "Is it damaged, protected, or not a video at all?"


def _handle(source: str | bytes) -> Any:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        source.encode("utf-8")
    except UnicodeEncodeError:  # a file name that is not valid UTF-8: FFmpeg gets the open file
        handle: IO[bytes] = open(source, "rb")  # noqa: SIM115 - closed with the container's garbage
        return handle
    return f"file:{source}"


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text[0].lower() + text[1:].rstrip(".") if text else type(error).__name__


def video_stream(container: av.container.InputContainer, name: str) -> av.VideoStream:
    """The stream to read: the first that is not a cover picture. Raises InvalidInput when there is none."""
    kind = container.format.name
    if kind.split(",")[0] in _PLAYLISTS | _TEXT:
        raise InvalidInput(f"{name} is a list or a text ({kind}), not a video.")
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        has = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        cover = " and a cover picture" if container.streams.video else ""
        has = has.replace("video", "").strip(", ") + cover if cover else has
        raise InvalidInput(f"{name} has no video, only {has.strip() or 'nothing'}.")
    stream = streams[0]
    if stream.codec_context is None:
        raise InvalidInput(f"{name} is coded in a way that cannot be decoded here.")
    check_size(stream.codec_context.width, stream.codec_context.height, name)
    return stream


def aspect_of(stream: av.VideoStream) -> float:
    """Sample aspect ratio; 1.0 when unknown, absurd, or within a hundredth of square (a rounding of encoders)."""
    ratio = stream.sample_aspect_ratio
    usable = ratio and Fraction(1, 16) < ratio < 16 and abs(ratio - 1) > Fraction(1, 100)
    return float(ratio) if ratio and usable else 1.0


def origin_of(stream: av.VideoStream) -> int:
    """The time stamp that counts as second 0: when the stream's first frame is shown."""
    return stream.start_time if stream.start_time is not None else 0


def index_of(container: av.container.InputContainer, stream: av.VideoStream) -> Index:
    """What the container's own index tells; all unknown when it has none."""
    entries = stream.index_entries
    complete = container.format.name.startswith(("mov", "avi")) and len(entries) > 1
    if not complete:
        return Index(_seekable_keys(container, stream), None, None, None)
    listed = list(entries)
    size = container.size
    there = [e for e in listed if size <= 0 or e.pos + e.size <= size]
    cut = Fraction(len(there), len(listed)) if len(there) < len(listed) else None
    shown = [e.timestamp for e in there if not e.is_discard]
    gaps = {b - a for a, b in pairwise(shown[:_LENGTHS_CHECKED])}
    even = max(gaps) - min(gaps) <= 1 if gaps else None
    return Index(tuple(e.timestamp for e in there if e.is_keyframe), len(shown), even, cut)


def _seekable_keys(container: av.container.InputContainer, stream: av.VideoStream) -> tuple[int, ...]:
    """Key frames of a Matroska file: its index is only read when something is sought."""
    if not container.format.name.startswith("matroska"):
        return ()
    try:
        container.seek(origin_of(stream), stream=stream)
    except (av.FFmpegError, OSError):
        return ()
    return tuple(e.timestamp for e in stream.index_entries if e.is_keyframe)


def duration_of(container: av.container.InputContainer, stream: av.VideoStream) -> float:
    """Seconds of video; the container's own duration where the stream has none."""
    if stream.duration and stream.time_base:
        return max(0.0, float(stream.duration * stream.time_base))
    if not container.duration:
        return 0.0
    base = stream.time_base or Fraction(1)
    late = float(origin_of(stream) * base) - (container.start_time or 0) / 1e6
    return max(0.0, container.duration / 1e6 - max(0.0, late))


def describe(container: av.container.InputContainer, stream: av.VideoStream, path: str) -> ClipInfo:
    """Everything that `ClipInfo` holds, from the header and the first frame."""
    index = index_of(container, stream)
    context = stream.codec_context
    info = ClipInfo(
        path=path,
        container=container.format.name.split(",")[0],
        codec=context.name,
        width=context.width,
        height=context.height,
        duration=duration_of(container, stream),
        fps=float(stream.average_rate or stream.guessed_rate or 0),
        frames=index.frames,
        sample_aspect=aspect_of(stream),
        variable_rate=None if index.even is None else not index.even,
        has_audio=bool(container.streams.audio),
    )
    return _with_first_frame(_with_index(info, index), container, stream)


def _with_index(info: ClipInfo, index: Index) -> ClipInfo:
    if index.cut is None:
        return info
    warning = f"the end of the file is missing: {float(index.cut):.0%} of its frames are there"
    return replace(info, duration=info.duration * float(index.cut), warnings=(warning,))


def _with_first_frame(info: ClipInfo, container: av.container.InputContainer, stream: av.VideoStream) -> ClipInfo:
    """Size, rotation, depth and HDR as they are really decoded; raises InvalidInput when nothing can be."""
    frame = first_frame(container, stream)
    if frame is None:
        name = Path(info.path).name if info.path else "the video"
        raise InvalidInput(f"No frame of {name} can be decoded.", hint=_HINT)
    turn = turn_of(frame)
    width, height = fitted(square_size(frame.width, frame.height, info.sample_aspect), None)
    if turn[0]:
        width, height = height, width
    depth = max((c.bits for c in frame.format.components), default=8)
    hdr = hdr_kind(frame.color_trc)
    warnings = info.warnings
    if hdr:
        warnings += (f"high dynamic range ({hdr.upper()}): frames are tone-mapped for an ordinary screen",)
    return replace(
        info,
        width=width,
        height=height,
        rotation=-frame.rotation % 360,
        bit_depth=depth,
        hdr=hdr,
        warnings=warnings,
    )


def first_frame(container: av.container.InputContainer, stream: av.VideoStream) -> av.VideoFrame | None:
    """The first frame that can be decoded, None when there is none."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            return None
        if packet is None:
            return None
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            continue
        if frames:
            frame = frames[0]
            assert isinstance(frame, av.VideoFrame)
            return frame


def regular_file(path: str) -> None:
    """Raise InvalidInput when `path` is not a file that can be opened, saying why."""
    try:
        size = os.stat(path).st_size
        with open(path, "rb"):
            pass
    except OSError as error:
        raise InvalidInput(f"{path!r} cannot be read: {_reason(error)}.") from error
    if size == 0:
        raise InvalidInput(f"{path!r} is empty.")
