"""Asking: a profile's question about frames as a request; its answer checked, and asked for again if it is faulty."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from t2v_recaption import templates
from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest, Message
from t2v_recaption.captioners.checks import Expected, faults, named
from t2v_recaption.captioners.guidance import Guidance
from t2v_recaption.captioners.pictures import shown
from t2v_recaption.captioners.profile import Profile
from t2v_recaption.captioners.times import seconds
from t2v_recaption.errors import RecaptionError
from t2v_recaption.video.frame import Frame
from t2v_recaption.writers.chat import language_name
from t2v_recaption.writers.clean import unwrapped, without_reasoning

WARMER = 0.5
"""Temperature of a repeated question at least: greedy decoding would say the same again."""

NO_BEAMS = "the backend has no beam search: answers were decoded greedily"


@dataclass(frozen=True)
class Ask:
    """A request, and what its answer is checked against."""

    request: ChatRequest
    expected: Expected = field(default_factory=Expected)


@dataclass(frozen=True)
class Said:
    """An answer after the checks."""

    text: str
    flags: tuple[str, ...] = ()
    attempts: int = 1
    model: str = ""
    notes: tuple[str, ...] = ()
    data: Any = None
    error: RecaptionError | None = None


@dataclass(frozen=True)
class Asker:
    """Puts a profile's questions to one backend.

    Args:
        profile: the questions.
        guidance: the user's wishes.
        seed: the same seed gives the same answers.
        video, beams: what the backend can do.
    """

    profile: Profile
    guidance: Guidance = field(default_factory=Guidance)
    seed: int = 0
    video: bool = False
    beams: bool = False

    @classmethod
    def of(cls, backend: Backend, profile: Profile, guidance: Guidance, seed: int) -> Asker:
        """The asker for a backend."""
        return cls(profile, guidance, seed, backend.accepts_video, backend.supports_beams)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the backend cannot do as the profile wants it."""
        return (NO_BEAMS,) if self.profile.decode.beams > 1 and not self.beams else ()

    def request(self, name: str, frames: Sequence[Frame] = (), *, number: int = 0, **variables: Any) -> ChatRequest:
        """A question about frames.

        Args:
            name: which of the profile's questions.
            frames: what is shown.
            number: shifts the seed, so that the questions of a clip have different ones.
            variables: of its template, besides `guidance`, `language`, `language_code`, `times` and `seconds`.
        """
        question = self.profile.question(name)
        values = self._values(frames, variables)
        images, parts = shown(question, frames, video=self.video)
        decode = self.profile.decode
        return ChatRequest(
            (*self._system(values), Message("user", question.render(**values), images, parts)),
            seed=self.seed + number,
            temperature=decode.temperature,
            top_p=decode.top_p,
            max_tokens=question.max_tokens or decode.max_tokens,
            beams=decode.beams if self.beams else 1,
        )

    def words(self, name: str, frames: Sequence[Frame] = (), **variables: Any) -> str:
        """The text of a question alone."""
        return self.profile.question(name).render(**self._values(frames, variables))

    def _values(self, frames: Sequence[Frame], variables: Mapping[str, Any]) -> dict[str, Any]:
        guidance = self.guidance
        return {
            "guidance": guidance,
            "language": language_name(guidance.language),
            "language_code": guidance.language,
            "seconds": seconds,
            "times": [frame.time for frame in frames],
            **variables,
        }

    def _system(self, values: dict[str, Any]) -> tuple[Message, ...]:
        if self.guidance.template:
            return (Message("system", templates.render(self.guidance.template, **values)),)
        return () if self.profile.system is None else (Message("system", self.profile.system.render(**values)),)

    def put(self, asks: Sequence[Ask]) -> Generator[tuple[ChatRequest, ...], tuple[ChatReply, ...], list[Said]]:
        """Ask several things at once. A faulty answer is asked for once more; the better of the two is kept."""
        replies = yield tuple(ask.request for ask in asks)
        said = [self.heard(ask, reply) for ask, reply in zip(asks, replies, strict=True)]
        again = [place for place, one in enumerate(said) if one.flags and one.error is None]
        if not again or not self.profile.repeats:
            return said
        seconds_ = yield tuple(self._changed(asks[place].request, said[place]) for place in again)
        for place, reply in zip(again, seconds_, strict=True):
            said[place] = better(said[place], self.heard(asks[place], reply))
        return said

    def heard(self, ask: Ask, reply: ChatReply) -> Said:
        """A reply with its faults, without what is around the text where the profile says so."""
        if reply.error is not None:
            return Said("", model=reply.model, notes=reply.notes, error=reply.error)
        text, expected = reply.text.strip(), ask.expected
        if self.profile.unwraps:
            expected = replace(expected, language=self.guidance.language)
            text = unwrapped(text)[0] if expected.prose else without_reasoning(text).strip()
        flags = faults(text, expected, finish_reason=reply.finish_reason)
        return Said(text, flags, model=reply.model, notes=reply.notes)

    def _changed(self, request: ChatRequest, said: Said) -> ChatRequest:
        """The request with another decoding; where the profile allows words of ours, with the fault named."""
        changed = replace(
            request,
            seed=request.seed + 7919,  # away from the seeds of the neighbouring questions
            temperature=max(WARMER, request.temperature),
            top_p=min(request.top_p, 0.95),
            beams=1,
        )
        if not self.profile.corrects:
            return changed
        *before, last = request.messages
        hint = templates.render("clip-again", fault=named(said.flags), flags=said.flags)
        return replace(changed, messages=(*before, replace(last, text=f"{last.text}\n\n{hint}")))


def better(first: Said, second: Said) -> Said:
    """Whichever has fewer faults, the first when both have as many; an empty text never wins over one that says
    something.
    """
    if second.error is not None or not second.text or (first.text and len(second.flags) >= len(first.flags)):
        return replace(first, attempts=2)
    return replace(second, attempts=2, notes=tuple(dict.fromkeys((*first.notes, *second.notes))))
