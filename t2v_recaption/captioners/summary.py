"""Summaries of descriptions, in parts where they would not fit into the model's context."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.captioners.answers import with_data
from t2v_recaption.captioners.asker import Ask, Asker, Said
from t2v_recaption.captioners.base import Step
from t2v_recaption.captioners.checks import Expected
from t2v_recaption.captioners.tokens import clipped, text_tokens
from t2v_recaption.errors import InvalidInput

OVERHEAD = 64
"""Tokens for a chat template's own marks."""

DIGITS = 4
"""Tokens for the longer numbers of later lines."""


@dataclass(frozen=True)
class Piece:
    """A description of a stretch of time: a step, or the summary of several."""

    start: float
    end: float
    text: str
    scene: int = 0
    number: int = 0

    @classmethod
    def of(cls, step: Step) -> Piece:
        """The piece that a step is."""
        return cls(step.start, step.end, step.text, step.scene, step.number)


def summarise(
    asker: Asker, steps: Sequence[Step], span: tuple[float, float]
) -> Generator[tuple[ChatRequest, ...], tuple[ChatReply, ...], Said]:
    """One text of many descriptions.

    When they do not fit into the profile's `context`, neighbouring ones are summarised in parts, all parts at once,
    until the rest fits; so every question fits, however long the clip is.

    Args:
        asker: asks.
        steps: what is to be summarised, in order of time.
        span: the clip's start and end in seconds.
    """
    pieces = [Piece.of(step) for step in steps if step.text]
    notes: list[str] = []
    while len(pieces) > 1 and not _fits(asker, pieces, span):
        groups = _groups(asker, pieces, span)
        notes.append(f"{len(pieces)} descriptions were summarised in {len(groups)} parts first")
        part = _part(asker)
        said = yield from asker.put([_ask(asker, part, group, _range(group), n) for n, group in enumerate(groups)])
        if failed := next((one for one in said if one.error is not None), None):
            return replace(failed, notes=(*notes, *failed.notes))
        pieces = [_joined(asker, group, one.text) for group, one in zip(groups, said, strict=True)]
    if not _fits(asker, pieces, span):
        room = asker.profile.context - _tokens(asker, "summary", (), span) - _line(asker, "summary", span)
        pieces = [replace(pieces[0], text=clipped(pieces[0].text, max(1, room)))]
        notes.append("a description was too long for the model's context, and was cut")
    (whole,) = yield from with_data(asker, [_ask(asker, "summary", pieces, span, len(steps))])
    return replace(whole, notes=tuple(dict.fromkeys((*notes, *whole.notes))))


def _ask(asker: Asker, name: str, pieces: Sequence[Piece], span: tuple[float, float], number: int) -> Ask:
    request = asker.request(name, number=number, steps=list(pieces), start=span[0], end=span[1])
    return Ask(request, Expected(*span, given=" ".join(piece.text for piece in pieces)))


def _fits(asker: Asker, pieces: Sequence[Piece], span: tuple[float, float]) -> bool:
    context = asker.profile.context
    return not context or _tokens(asker, "summary", pieces, span) <= context


def _tokens(asker: Asker, name: str, pieces: Sequence[Piece], span: tuple[float, float]) -> int:
    """What a question and its answer take, estimated from above."""
    request = asker.request(name, steps=list(pieces), start=span[0], end=span[1])
    return OVERHEAD + request.max_tokens + sum(text_tokens(message.text) for message in request.messages)


def _line(asker: Asker, name: str, span: tuple[float, float]) -> int:
    """Tokens that a question has for each description, beside its text."""
    piece = Piece(*span, "", number=9999)
    one, three = (_tokens(asker, name, [piece] * count, span) for count in (1, 3))
    return (three - one + 1) // 2 + DIGITS


def _groups(asker: Asker, pieces: Sequence[Piece], span: tuple[float, float]) -> list[list[Piece]]:
    """Neighbours, as many as fit together, cut at a scene's end where that leaves no crumbs."""
    room = asker.profile.context - _tokens(asker, _part(asker), (), span)
    line = _line(asker, _part(asker), span)
    if room < 4 * line:
        raise InvalidInput(
            f"A context of {asker.profile.context} tokens is too small for a summary.",
            hint="Use a profile with a larger context, or with a smaller max_tokens.",
        )
    pieces = [replace(piece, text=clipped(piece.text, room // 2 - line)) for piece in pieces]
    groups: list[list[Piece]] = []
    size = room + 1
    for piece in pieces:
        cost = text_tokens(piece.text) + line
        new_scene = bool(groups) and groups[-1][-1].scene != piece.scene and size > room * 2 // 3
        if size + cost > room or (new_scene and len(groups[-1]) > 1):
            groups.append([])
            size = 0
        groups[-1].append(piece)
        size += cost
    return groups


def _joined(asker: Asker, group: Sequence[Piece], text: str) -> Piece:
    """A summary as a piece; a model that answers at more length than it was asked for is cut, so that it ends."""
    question = asker.profile.question(_part(asker))
    limit = question.max_tokens or asker.profile.decode.max_tokens
    start, end = _range(group)
    return Piece(start, end, clipped(text, limit), group[0].scene, group[0].number)


def _part(asker: Asker) -> str:
    """The question about some of the descriptions; a profile without one asks about them as about all."""
    return "part" if "part" in asker.profile.questions else "summary"


def _range(pieces: Sequence[Piece]) -> tuple[float, float]:
    return pieces[0].start, pieces[-1].end
