"""Questions about a clip: several over the same frames, or one after the other in a conversation."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from t2v_recaption.backends.base import ChatReply, ChatRequest, Message
from t2v_recaption.captioners.answers import with_data
from t2v_recaption.captioners.asker import Ask, Asker, Said
from t2v_recaption.captioners.base import Step
from t2v_recaption.captioners.checks import Expected
from t2v_recaption.captioners.fast import thinned
from t2v_recaption.captioners.summary import Piece
from t2v_recaption.captioners.times import stated_times
from t2v_recaption.captioners.tokens import text_tokens
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.records import Record
from t2v_recaption.video.frame import Frame

SLACK = 0.05
"""Seconds that a cited time may lie outside the clip: it was rounded."""


@dataclass(frozen=True)
class Answer(Record):
    """What a model answers to a question about a clip. `error` is set, and `text` empty, when it failed."""

    question: str
    text: str
    times: tuple[float, ...] = ()
    """Seconds that the answer cites, those outside the clip left out."""
    frames: tuple[int, ...] = ()
    """Which of the frames that it saw are nearest to them: places in `shown`."""
    shown: tuple[float, ...] = ()
    """When the frames that it saw are shown, in seconds from the start of the video."""
    start: float = 0.0
    end: float = 0.0
    data: Any = None
    """The answer as JSON, validated, where a schema was asked for."""
    flags: tuple[str, ...] = ()
    """Faults that asking again did not cure; `times` where it cites times outside the clip."""
    notes: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    error: RecaptionError | None = field(default=None, repr=False)


def answers(
    asker: Asker,
    frames: Iterable[Frame],
    questions: Sequence[str],
    span: tuple[float, float] | None,
    *,
    history: Sequence[Answer] = (),
    steps: Sequence[Step] = (),
    provenance: dict[str, Any] | None = None,
) -> Generator[tuple[ChatRequest, ...], tuple[ChatReply, ...], list[Answer]]:
    """Ask all questions at once. Their messages begin alike, frames included, so that a backend can compute that once.

    Args:
        asker: asks.
        frames: what is shown, at least one.
        questions: what the user wants to know.
        span: start and end of the clip in seconds; None is from the first to the last frame.
        history: what was asked and answered before, on the same frames.
        steps: descriptions to go with the frames, for clips too long to be shown well.
        provenance: goes into the answers.
    """
    if not questions or not all(question.strip() for question in questions):
        raise InvalidInput("There is no question.", hint="Ask something.")
    kept, notes = thinned(frames, asker.profile.frames, asker.profile.side)
    span = span or (kept[0].time, kept[-1].time)
    turns, forgotten = remembered(history, asker.profile.context // 2)
    base = _first(asker, kept, span, (turns[0].question if turns else questions[0]), steps)
    asks = [
        Ask(_asked(asker, base, kept, span, question, turns, steps, len(history) + place), Expected(*span, prose=False))
        for place, question in enumerate(questions)
    ]
    said = yield from with_data(asker, asks)
    shown = tuple(frame.time for frame in kept)
    facts = (*asker.notes, *notes, *forgotten)
    return [
        _answer(question, one, span, shown, facts, provenance or {})
        for question, one in zip(questions, said, strict=True)
    ]


def remembered(history: Sequence[Answer], tokens: int) -> tuple[list[Answer], tuple[str, ...]]:
    """The latest turns of a conversation that fit into so many tokens (0 is no limit), and a note on the others."""
    kept: list[Answer] = []
    left = tokens
    for turn in reversed([turn for turn in history if turn.error is None]):
        left -= text_tokens(turn.question) + text_tokens(turn.text)
        if tokens and left < 0:
            gone = len(history) - len(kept)
            return kept[::-1], (f"the first {gone} turns of the conversation no longer fit, and were left out",)
        kept.append(turn)
    return kept[::-1], ()


def cited(text: str, span: tuple[float, float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The times that a text states: those inside the clip, each once and in order, and those outside."""
    stated = sorted(set(stated_times(text)))
    inside = tuple(time for time in stated if span[0] - SLACK <= time <= span[1] + SLACK)
    return inside, tuple(time for time in stated if time not in inside)


def nearest(times: Sequence[float], shown: Sequence[float]) -> tuple[int, ...]:
    """For each time the place of the frame shown nearest to it, each place once."""
    places = [min(range(len(shown)), key=lambda place: abs(shown[place] - time)) for time in times if shown]
    return tuple(dict.fromkeys(places))


def _first(
    asker: Asker, frames: Sequence[Frame], span: tuple[float, float], question: str, steps: Sequence[Step]
) -> ChatRequest:
    return asker.request("ask", frames, question=question, start=span[0], end=span[1], steps=_pieces(steps))


def _asked(
    asker: Asker,
    base: ChatRequest,
    frames: Sequence[Frame],
    span: tuple[float, float],
    question: str,
    turns: Sequence[Answer],
    steps: Sequence[Step],
    number: int,
) -> ChatRequest:
    """The question after the turns before it, on the very pictures of `base`."""
    opening = turns[0].question if turns else question
    words = asker.words("ask", frames, question=opening, start=span[0], end=span[1], steps=_pieces(steps))
    *before, first = base.messages
    messages = [*before, replace(first, text=words)]
    for place, turn in enumerate(turns):
        following = turns[place + 1].question if place + 1 < len(turns) else question
        messages += [Message("assistant", turn.text), Message("user", following)]
    return replace(base, messages=tuple(messages), seed=asker.seed + number)


def _pieces(steps: Sequence[Step]) -> list[Piece]:
    return [Piece.of(step) for step in steps]


def _answer(
    question: str,
    said: Said,
    span: tuple[float, float],
    shown: tuple[float, ...],
    notes: tuple[str, ...],
    provenance: dict[str, Any],
) -> Answer:
    times, outside = cited(said.text, span)
    flags = said.flags
    if outside:
        flags = tuple(dict.fromkeys((*flags, "times")))
        notes = (*notes, f"times outside the clip were cited and left out: {', '.join(f'{t:g}' for t in outside)}")
    return Answer(
        question,
        said.text,
        times,
        nearest(times, shown),
        shown,
        *span,
        data=said.data,
        flags=flags,
        notes=tuple(dict.fromkeys((*notes, *said.notes))),
        provenance={**provenance, "model": said.model, "attempts": said.attempts},
        error=said.error,
    )
