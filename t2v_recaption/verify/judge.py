"""Judges: vision models that are shown the frames of a clip and asked about each claim, never told what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest, Message
from t2v_recaption.errors import BackendError
from t2v_recaption.records import Record
from t2v_recaption.templates import digest, render
from t2v_recaption.verify.answers import Answer, read, says_yes, unsure
from t2v_recaption.verify.compare import Judged, compare, options
from t2v_recaption.verify.frames import Look, nearest, shown
from t2v_recaption.verify.model import (
    Claim,
    ClaimSet,
    ClaimStatus,
    Evidence,
    Form,
    JudgeReliability,
    Probe,
    Verdict,
    Window,
)
from t2v_recaption.verify.probes import Question, answered, reliability

CHOICES = ("Yes", "No", "Cannot tell")
MAX_TOKENS = 120
ATTEMPTS = 2
"""How often a question is put whose answer cannot be read."""

MOVING: tuple[Form, ...] = ("order",)
"""Answers that one frame cannot give."""

WANTED: dict[Form, str] = {
    "yes_no": "Yes or No",
    "count": "the number in figures",
    "colour": "the colour in one or two words",
    "direction": "one of the words {options}, or neither",
    "order": "a or b",
    "words": "the words exactly as they are written, or None",
}


@dataclass(frozen=True)
class Judgement(Record):
    """What one judge said about one clip."""

    verdicts: tuple[Verdict, ...]
    reliability: JudgeReliability


@dataclass(frozen=True)
class _Asked:
    """A question on its way."""

    question: str
    form: Form
    wanted: str
    window: Window
    claim: Claim | None = None
    probe: Question | None = None


def judge_clip(
    name: str, backend: Backend, look: Look, claims: ClaimSet, probes: Sequence[Question], *, seed: int = 0
) -> Judgement:
    """Put every claim and probe to one judge, all in one call of the backend; what cannot be read is asked once more.

    A failed request makes an `error` for its own claim only. A backend that fails as a whole makes one for all.

    Raises:
        InvalidInput: a setting of the backend cannot be used (no such model, no key).
        MissingDependency: a package that the backend needs is not installed.
    """
    asked = [_of_claim(claim) for claim in claims if claim.checker not in ("measurement", "none")]
    mixed = _mixed(asked, [_of_probe(probe) for probe in probes])
    replies = _ask(backend, look, mixed, seed)
    answers = [_usable(question, reply) for question, reply in zip(mixed, replies, strict=True)]
    judged: dict[str, Verdict] = {}
    for question, reply, answer in zip(mixed, replies, answers, strict=True):
        if question.claim is not None:
            judged[question.claim.id] = _verdict(name, question.claim, look, reply, answer)
    found = [
        answered(question.probe, answer, _status(judged, question.probe.claim))
        for question, answer in zip(mixed, answers, strict=True)
        if question.probe is not None
    ]
    failures = sum(answer is None for answer in answers)
    trust = reliability(name, found, failures=failures, asked=len(mixed))
    return Judgement(_weighed(judged, found, trust), trust)


def identity(backend: Backend) -> dict[str, Any]:
    """What decides a judge's answers, for provenance."""
    templates = {name: digest(name) for name in ("verify-role", "verify-question")}
    return {"backend": backend.identity(), "templates": templates}


def _of_claim(claim: Claim) -> _Asked:
    wanted = WANTED[claim.form].replace("{options}", ", ".join(options(claim)))
    return _Asked(claim.question, claim.form, wanted, claim.window, claim=claim)


def _of_probe(probe: Question) -> _Asked:
    return _Asked(probe.question, "yes_no", WANTED["yes_no"], probe.window, probe=probe)


def _mixed(asked: list[_Asked], probes: list[_Asked]) -> list[_Asked]:
    """Probes spread evenly among the claims; the order does not matter to a backend, each question stands alone."""
    mixed = list(asked)
    step = max(1, len(asked) // (len(probes) + 1)) if probes else 1
    for number, probe in enumerate(probes, 1):
        mixed.insert(min(len(mixed), number * (step + 1) - 1), probe)
    return mixed


def _ask(backend: Backend, look: Look, asked: Sequence[_Asked], seed: int) -> list[ChatReply]:
    """The replies, in order; unreadable ones are asked for once more."""
    parts = shown(look, backend)
    role = Message("system", render("verify-role"))
    requests = [_request(backend, look, role, parts, question, seed) for question in asked]
    replies = _generate(backend, requests)
    pairs = list(zip(asked, replies, strict=True))
    again = [n for n, (one, reply) in enumerate(pairs) if reply.error is None and _usable(one, reply) is None]
    if again:
        repeated = [_request(backend, look, role, parts, asked[place], seed + 1, again=True) for place in again]
        for place, reply in zip(again, _generate(backend, repeated), strict=True):
            if reply.error is None:
                replies[place] = reply
    return replies


def _usable(asked: _Asked, reply: ChatReply) -> Answer | None:
    """The answer, where it is one to this question: "lorem ipsum" is none to "is there a cat?"."""
    answer = read(reply.text, reply.probabilities) if reply.error is None else None
    if answer is None or asked.form != "yes_no" or answer.yes is not None or unsure(answer):
        return answer
    return answer if says_yes(answer) is not None else None


def _generate(backend: Backend, requests: Sequence[ChatRequest]) -> list[ChatReply]:
    """One call; a backend that fails as a whole fails each request."""
    if not requests:
        return []
    try:
        return backend.generate(requests)
    except BackendError as error:
        return [ChatReply("", finish_reason="error", error=error) for _ in requests]


def _request(
    backend: Backend,
    look: Look,
    role: Message,
    parts: tuple[Any, ...],
    question: _Asked,
    seed: int,
    *,
    again: bool = False,
) -> ChatRequest:
    odds = backend.supports_choices and question.form == "yes_no"
    as_json = backend.supports_schema and not odds
    window = None if question.window.whole else [f"{t:.2f}" for t in look.seconds(question.window)]
    text = render(
        "verify-question",
        question=question.question,
        wanted=question.wanted,
        window=window,
        as_json=as_json,
        again=again,
    )
    return ChatRequest(
        (role, Message("user", text, parts=parts)),
        seed=seed,
        temperature=0.0,
        max_tokens=MAX_TOKENS,
        schema=SCHEMA if as_json else None,
        choices=CHOICES if odds else (),
    )


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "seen": {"type": "string"},
        "times": {"type": "array", "items": {"type": "number"}},
        "answer": {"type": "string"},
    },
    "required": ["seen", "times", "answer"],
    "additionalProperties": False,
}


def _verdict(name: str, claim: Claim, look: Look, reply: ChatReply, answer: Answer | None) -> Verdict:
    seen = look.within(claim.window)
    evidence = Evidence(seen=seen)
    if reply.error is not None:
        return Verdict(claim.id, ClaimStatus.ERROR, "judge", name, reason=reply.error.message, evidence=evidence)
    if answer is None:
        said = " ".join(reply.text.split())[:120]
        reason = f"It gave no usable answer: “{said}”." if said else "It gave no answer."
        return Verdict(claim.id, ClaimStatus.ERROR, "judge", name, reason=reason, answer=said, evidence=evidence)
    found = _bounded(claim, compare(claim, answer), len(seen))
    evidence = Evidence(nearest(answer.times, seen), observation=answer.seen, seen=seen)
    return Verdict(
        claim.id, found.status, "judge", name, found.confidence, found.reason, answer.said, answer.yes, evidence
    )


def _bounded(claim: Claim, found: Judged, frames: int) -> Judged:
    """Nobody is surer than what was looked at allows: n frames bound the confidence by n / (n + 1)."""
    if not found.status.decided:
        return found
    if not frames or (frames < 2 and claim.form in MOVING):
        return Judged(ClaimStatus.UNDETERMINED, 0.0, "Too few frames were seen to tell.")
    return replace(found, confidence=min(found.confidence, frames / (frames + 1)))


def _status(judged: dict[str, Verdict], claim: str) -> ClaimStatus | None:
    return judged[claim].status if claim in judged else None


def _weighed(judged: dict[str, Verdict], probes: Sequence[Probe], trust: JudgeReliability) -> tuple[Verdict, ...]:
    """The verdicts, those of an unreliable judge without weight, and those it contradicts undone."""
    undone = {probe.claim for probe in probes if probe.kind == "opposite" and probe.right is False}
    verdicts = []
    for verdict in judged.values():
        if verdict.claim in undone:
            reason = "It says yes to the opposite, too."
            verdict = replace(verdict, status=ClaimStatus.UNDETERMINED, confidence=0.0, reason=reason)
        verdicts.append(verdict if trust.reliable else replace(verdict, counts=False))
    return tuple(verdicts)
