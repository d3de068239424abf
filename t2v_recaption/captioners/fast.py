"""Fast captions: frames of the whole clip and one question."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.captioners.answers import with_data
from t2v_recaption.captioners.asker import Ask, Asker, Said
from t2v_recaption.captioners.checks import Expected
from t2v_recaption.captioners.pictures import smaller
from t2v_recaption.video.frame import Frame


@dataclass(frozen=True)
class Glance:
    """What one look at a clip gave."""

    said: Said
    times: tuple[float, ...]
    notes: tuple[str, ...] = ()


def glance(
    asker: Asker, frames: Iterable[Frame], span: tuple[float, float] | None, *, query: str = ""
) -> Generator[tuple[ChatRequest, ...], tuple[ChatReply, ...], Glance]:
    """Ask one question about frames of the whole clip; there must be at least one.

    Args:
        asker: asks.
        frames: the clip, in order of time.
        span: its start and end in seconds; None is from the first to the last frame.
        query: what to ask instead of the profile's own question, where the profile has a place for it.
    """
    kept, notes = thinned(frames, asker.profile.frames, asker.profile.side)
    span = span or (kept[0].time, kept[-1].time)
    request = asker.request("fast", kept, query=query or asker.profile.query, start=span[0], end=span[1])
    (said,) = yield from with_data(asker, [Ask(request, Expected(*span))])
    return Glance(said, tuple(frame.time for frame in kept), notes)


def thinned(frames: Iterable[Frame], limit: int, side: int = 0) -> tuple[list[Frame], tuple[str, ...]]:
    """The frames, every second one left out as often as needed to keep no more than `limit` (0 is none).

    Never holds more than `limit` + 1 frames.
    """
    kept: list[Frame] = []
    stride, count = 1, 0
    for frame in frames:
        if count % stride == 0:
            kept.append(smaller(frame, side))
        count += 1
        if limit and len(kept) > limit:
            kept, stride = kept[::2], stride * 2
    note = f"{len(kept)} of {count} frames were shown, every {stride}th: the limit is {limit}"
    return kept, (note,) if stride > 1 else ()
