"""Opening a video file with FFmpeg's libraries, and choosing the stream to read."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import IO, Any

import av

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.pixels import check_size

OPTIONS = {"protocol_whitelist": "file,pipe,crypto,data"}
"""A playlist that somebody calls video must not make us open addresses on the network."""

HINT = "Is it damaged, protected, or not a video at all?"

_NOT_VIDEO = {
    "hls",
    "concat",
    "dash",
    "sdp",
    "imf",
    "rtsp",
    "lavfi",
    "ffmetadata",
    "tty",
    "srt",
    "ass",
    "webvtt",
    "vobsub",
}
"""Containers that are lists of other files, or text."""


@contextmanager
def opened(source: str | bytes, name: str) -> Iterator[av.container.InputContainer]:
    """The open container of a path or of bytes; `name` stands in messages. Raises InvalidInput."""
    try:
        container = av.open(_handle(source), options=OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InvalidInput(f"{name} is not a video that can be read: {reason(error)}.", hint=HINT) from error
    try:
        yield container
    finally:
        container.close()


def video_stream(container: av.container.InputContainer, name: str) -> av.VideoStream:
    """The stream to read: the first that is not a cover picture. Raises InvalidInput when there is none."""
    kind = container.format.name
    if kind.split(",")[0] in _NOT_VIDEO:
        raise InvalidInput(f"{name} is a list or a text ({kind}), not a video.")
    covers = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & covers]
    if not streams:
        others: list[str] = sorted({s.type for s in container.streams if s.type != "video"})
        others += ["a cover picture"] if container.streams.video else []
        raise InvalidInput(f"{name} has no video, only {' and '.join(others) or 'a header'}.")
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


def base_of(stream: av.VideoStream) -> Fraction:
    """Seconds that one unit of time stamps lasts."""
    return stream.time_base or Fraction(1, 1000)


def gap_of(stream: av.VideoStream) -> int:
    """Usual distance of two frames in time stamps; 40 ms where nothing tells it."""
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    return max(1, round(1 / (rate * base_of(stream))))


def regular_file(path: str) -> None:
    """Raise InvalidInput when `path` is not a file that can be opened, saying why."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for whoever writes to it
            raise InvalidInput(f"{path!r} is no file but a pipe or a device.", hint="Save it to a file first.")
        with open(path, "rb"):
            pass
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path!r} cannot be read: {reason(error)}.") from error
    if found.st_size == 0:
        raise InvalidInput(f"{path!r} is empty.")


def reason(error: Exception) -> str:
    """What the operating system or FFmpeg says, as a part of a sentence."""
    text = getattr(error, "strerror", None) or str(error)
    return text[0].lower() + text[1:].rstrip(".") if text else type(error).__name__


def _handle(source: str | bytes) -> Any:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        source.encode("utf-8")
    except UnicodeEncodeError:  # a file name that is not valid UTF-8: FFmpeg gets the open file
        handle: IO[bytes] = open(source, "rb")  # noqa: SIM115 - closed when the container is collected
        return handle
    return f"file:{source}"
