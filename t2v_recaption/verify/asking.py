"""Asking: questions to a judge as requests, one each or many in one, and what it answered to each."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from t2v_recaption.backends.base import Backend, ChatReply, ChatRequest, Message
from t2v_recaption.errors import BackendError
from t2v_recaption.templates import render
from t2v_recaption.verify.answers import Answer, read, says_yes, unsure
from t2v_recaption.verify.compare import options
from t2v_recaption.verify.frames import Look, shown
from t2v_recaption.verify.model import Claim, Form, Window
from t2v_recaption.verify.probes import Question

Ask = Literal["each", "together"]
"""How questions are put: each in a request of its own, or all about a clip in as few requests as possible."""

CHOICES = ("Yes", "No", "Cannot tell")
MAX_TOKENS = 120
"""For the answer to one question."""

TOGETHER = 24
"""Questions in one request at most: of longer lists models lose the thread."""

WANTED: dict[Form, str] = {
    "yes_no": "Yes or No",
    "count": "the number in figures",
    "colour": "the colour in one or two words",
    "direction": "one of the words {options}, or neither",
    "order": "a or b",
    "words": "the words exactly as they are written, or None",
}

FIELDS: dict[str, Any] = {
    "seen": {"type": "string"},
    "times": {"type": "array", "items": {"type": "number"}},
    "answer": {"type": "string"},
}


@dataclass(frozen=True)
class Asked:
    """A question on its way: to a claim, or a probe."""

    question: str
    form: Form
    wanted: str
    window: Window
    claim: Claim | None = None
    probe: Question | None = None

    @classmethod
    def of_claim(cls, claim: Claim) -> Asked:
        """The question of a claim."""
        wanted = WANTED[claim.form].replace("{options}", ", ".join(options(claim)))
        return cls(claim.question, claim.form, wanted, claim.window, claim=claim)

    @classmethod
    def of_probe(cls, probe: Question) -> Asked:
        """The question of a probe."""
        return cls(probe.question, "yes_no", WANTED["yes_no"], probe.window, probe=probe)


@dataclass(frozen=True)
class Given:
    """What a judge gave for one question."""

    answer: Answer | None
    """None where it is no usable one."""
    text: str = ""
    """The reply as it came."""
    error: BackendError | None = None


class Asker:
    """Puts questions about one clip to one judge. `requests` counts what was sent.

    Args:
        backend: the judge.
        look: the frames, the same for all questions and first in each request, so that a backend that keeps prefixes
            looks at them once.
        ask: how questions are put.
        seed: of the requests; also mixes the questions that go together.
    """

    def __init__(self, backend: Backend, look: Look, ask: Ask = "each", *, seed: int = 0) -> None:
        self.backend, self.look, self.seed = backend, look, seed
        self.requests = 0
        self._together = ask == "together"
        self._parts = shown(look, backend)

    def __call__(self, asked: Sequence[Asked]) -> list[Given]:
        """What was given for each question, in order; what is no usable answer is asked for once more, by itself."""
        given = self._joined(asked) if self._together else self._alone(asked, again=False)
        again = [n for n, one in enumerate(given) if one.error is None and one.answer is None]
        for place, one in zip(again, self._alone([asked[n] for n in again], again=True), strict=True):
            if one.error is None:
                given[place] = one
        return given

    def _alone(self, asked: Sequence[Asked], *, again: bool) -> list[Given]:
        replies = self._generate([self._request(one, again=again) for one in asked])
        return [_given(one, reply) for one, reply in zip(asked, replies, strict=True)]

    def _joined(self, asked: Sequence[Asked]) -> list[Given]:
        groups = list(_groups(asked, self.seed))
        replies = self._generate([self._request_for([asked[n] for n in group]) for group in groups])
        given: dict[int, Given] = {}
        for group, reply in zip(groups, replies, strict=True):
            said = {} if reply.error is not None else answers_in(reply.text)
            for number, place in enumerate(group, 1):
                text = said.get(number, "")
                given[place] = Given(usable(asked[place], read(text)), text, reply.error)
        return [given[place] for place in range(len(asked))]

    def _generate(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """One call; a backend that fails as a whole fails each request."""
        if not requests:
            return []
        self.requests += len(requests)
        try:
            return self.backend.generate(requests)
        except BackendError as error:
            return [ChatReply("", finish_reason="error", error=error) for _ in requests]

    def _request(self, asked: Asked, *, again: bool) -> ChatRequest:
        odds = self.backend.supports_choices and asked.form == "yes_no"
        as_json = self.backend.supports_schema and not odds
        text = render(
            "verify-question",
            question=asked.question,
            wanted=asked.wanted,
            window=self._seconds(asked.window),
            as_json=as_json,
            again=again,
        )
        schema = _object(FIELDS) if as_json else None
        return self._asking(text, MAX_TOKENS, seed=self.seed + again, schema=schema, odds=odds)

    def _request_for(self, asked: Sequence[Asked]) -> ChatRequest:
        rows = [(one.question, one.wanted, self._seconds(one.window)) for one in asked]
        text = render("verify-questions", questions=rows)
        schema = _object({"answers": {"type": "array", "items": _object({"id": {"type": "integer"}, **FIELDS})}})
        return self._asking(text, MAX_TOKENS * (1 + len(asked)), seed=self.seed,
                            schema=schema if self.backend.supports_schema else None)  # fmt: skip

    def _asking(
        self, text: str, tokens: int, *, seed: int, schema: dict[str, Any] | None, odds: bool = False
    ) -> ChatRequest:
        messages = (Message("system", render("verify-role")), Message("user", text, parts=self._parts))
        return ChatRequest(
            messages, seed, temperature=0.0, max_tokens=tokens, schema=schema, choices=CHOICES if odds else ()
        )

    def _seconds(self, window: Window) -> list[str] | None:
        return None if window.whole else [f"{time:.2f}" for time in self.look.seconds(window)]


def _given(asked: Asked, reply: ChatReply) -> Given:
    if reply.error is not None:
        return Given(None, error=reply.error)
    return Given(usable(asked, read(reply.text, reply.probabilities)), reply.text)


def usable(asked: Asked, answer: Answer | None) -> Answer | None:
    """The answer, where it is one to this question: "lorem ipsum" is none to "is there a cat?"."""
    if answer is None or asked.form != "yes_no" or answer.yes is not None or unsure(answer):
        return answer
    return answer if says_yes(answer) is not None else None


def _groups(asked: Sequence[Asked], seed: int) -> Iterator[list[int]]:
    """Which questions go together, by place, in an order that tells nothing.

    An opposite is never beside the claim that it excludes: a judge that saw both would see what it is tested for.
    """
    opposite = [n for n, one in enumerate(asked) if one.probe is not None and one.probe.kind == "opposite"]
    others = [n for n in range(len(asked)) if n not in set(opposite)]
    for places in (others, opposite):
        mixed = sorted(places, key=_mixing(asked, seed))
        count = -(-len(mixed) // TOGETHER)
        for part in range(count):
            yield mixed[part::count]


def _mixing(asked: Sequence[Asked], seed: int) -> Callable[[int], bytes]:
    return lambda place: hashlib.sha256(f"{seed} {place} {asked[place].question}".encode()).digest()


def answers_in(text: str) -> dict[int, str]:
    """The JSON objects in a reply that answer a numbered question, by number, each as JSON again.

    What cannot be read is left out, so that a reply that was cut keeps what came before; a number that is answered in
    two ways has no answer.
    """
    found: dict[int, str] = {}
    for piece in re.findall(r"\{[^{}]*\}", text):
        try:
            row = json.loads(piece)
            number = int(row["id"])
        except (ValueError, KeyError, TypeError, OverflowError):
            continue
        found[number] = piece if found.get(number, piece) == piece else ""
    return found


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of an object with exactly these fields."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
