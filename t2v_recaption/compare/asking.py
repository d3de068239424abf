"""Asking a judge model which of two sides is better: both orders, each answer kept, what cannot be read an error."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from t2v_recaption.backends.base import ChatReply, ChatRequest, Footage, Message
from t2v_recaption.compare.budget import Budget
from t2v_recaption.compare.design import digest
from t2v_recaption.compare.items import Item
from t2v_recaption.compare.store import Outcome, Store
from t2v_recaption.records import Record
from t2v_recaption.templates import digest as template_digest
from t2v_recaption.templates import render

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend

KIND = "judgement"
TEMPLATE = {"text": "prefer", "clip": "prefer_clips"}
CHUNK = 16
MAX_TOKENS = 200
FRAMES = 8
"""Frames of each clip that a judge is shown."""
SCHEMA = {
    "type": "object",
    "properties": {"why": {"type": "string"}, "better": {"type": "string", "enum": ["1", "2", "tie"]}},
    "required": ["why", "better"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Shown(Record):
    """Two sides of one prompt to choose from."""

    item: Item
    first: str
    second: str
    """The two arms."""
    sides: tuple[Any, Any]
    """What each has: a text, or the path of a clip."""
    seed: int = 0
    level: Literal["text", "clip"] = "text"

    @property
    def same(self) -> bool:
        """Whether both sides are one and the same: a tie that nobody has to be asked about."""
        return bool(_identity(self.sides[0]) == _identity(self.sides[1]))


Question = tuple[Shown, bool]
"""Two sides, and whether the second is shown first."""


def judge_pairs(
    pairs: Sequence[Shown],
    judge: Backend,
    store: Store,
    budget: Budget,
    done: Callable[[str, Outcome], None] = lambda kind, outcome: None,
) -> None:
    """Ask the judge about every pair in both orders; answers are kept, and asked for once."""
    left = [q for q in questions(pairs) if store.get(answer_of(judge, *q)) is None]
    while left:
        count = budget.allowed("judgement", CHUNK)
        some, left = left[:count], left[count:]
        outcomes = ask(judge, some)
        budget.spend("judgement", len(some))
        for question, outcome in zip(some, outcomes, strict=True):
            done(KIND, store.put(answer_of(judge, *question), KIND, outcome))


def questions(pairs: Sequence[Shown]) -> list[Question]:
    """What a judge is asked: every pair of two different sides, in both orders."""
    return [(pair, swapped) for pair in pairs if not pair.same for swapped in (False, True)]


def ask(judge: Backend, some: Sequence[Question]) -> list[Outcome]:
    """Put questions to a judge, all in one call; one outcome a question."""
    began = time.monotonic()
    replies = _replies(judge, some)
    each = (time.monotonic() - began) / max(1, len(some))
    return [reply if isinstance(reply, Outcome) else read_reply(reply, each) for reply in replies]


def missing(pairs: Sequence[Shown], judge: Backend, store: Store) -> int:
    """How many answers are still to be asked for."""
    return sum(store.get(answer_of(judge, *question)) is None for question in questions(pairs))


def pairs_of(
    items: Sequence[Item], arms: Sequence[str], side: Callable[[str, Item, int], Any], *, seeds: int, level: Any
) -> list[Shown]:
    """Every two arms of every prompt and seed that both have something to show for."""
    found = []
    for item in items:
        for first, second in combinations(arms, 2):
            for position in range(seeds):
                two = (side(first, item, position), side(second, item, position))
                if two[0] is not None and two[1] is not None:
                    found.append(Shown(item, first, second, two, position, level))
    return found


def read_reply(reply: ChatReply, seconds: float = 0.0) -> Outcome:
    """The answer in a judge's reply, or why there is none: what cannot be read is never a choice."""
    if reply.error is not None:
        return Outcome({}, f"The judge failed: {reply.error.message}", seconds)
    if found := re.search(r"\{.*\}", reply.text, re.DOTALL):
        try:
            answer = json.loads(found.group())
        except ValueError:
            answer = None
        if isinstance(answer, dict) and str(answer.get("better", "")).lower() in ("1", "2", "tie"):
            told = {"better": str(answer["better"]).lower(), "why": str(answer.get("why", ""))}
            return Outcome(told, "", seconds)
    plain = reply.text.strip().strip(".*\"'` ").lower()
    if plain in ("1", "2", "tie"):
        return Outcome({"better": plain, "why": ""}, "", seconds)
    return Outcome({}, f"The judge answered {reply.text.strip()[:120]!r}, which is no choice.", seconds)


def answer_of(judge: Backend, pair: Shown, swapped: bool) -> str:
    """The content address of an answer."""
    template = TEMPLATE[pair.level]
    sides = pair.sides[::-1] if swapped else pair.sides
    shown = [_identity(side) for side in sides]
    return digest([KIND, judge.identity(), template_digest(template), pair.item.prompt, pair.level, shown])


def _identity(side: Any) -> Any:
    return side if isinstance(side, str) else side[1]


def _replies(judge: Backend, some: Sequence[Question]) -> list[ChatReply | Outcome]:
    """One reply a question; whatever goes wrong with one costs only that one."""
    requests: list[ChatRequest | Outcome] = []
    for pair, swapped in some:
        try:
            requests.append(_request(judge, pair, swapped))
        except Exception as error:  # a clip that cannot be read, a template that is broken
            requests.append(Outcome({}, f"The question could not be put: {error}"))
    put = [request for request in requests if isinstance(request, ChatRequest)]
    try:
        given: list[ChatReply | Outcome] = list(judge.generate(put)) if put else []
    except Exception as error:
        given = [Outcome({}, f"The judge failed: {error}")] * len(put)
    replies = iter(given)
    return [next(replies) if isinstance(request, ChatRequest) else request for request in requests]


def _request(judge: Backend, pair: Shown, swapped: bool) -> ChatRequest:
    sides = pair.sides[::-1] if swapped else pair.sides
    schema = SCHEMA if judge.supports_schema else None
    if pair.level == "text":
        content = render(TEMPLATE["text"], prompt=pair.item.prompt, first=sides[0], second=sides[1])
        return ChatRequest((Message("user", content),), temperature=0.0, max_tokens=MAX_TOKENS, schema=schema)
    parts: list[Any] = []
    for number, side in enumerate(sides, 1):
        parts += [f"Clip {number}:", _footage(Path(side[0]))]
    content = render(TEMPLATE["clip"], prompt=pair.item.prompt)
    message = Message("user", content, parts=tuple(parts))
    return ChatRequest((message,), temperature=0.0, max_tokens=MAX_TOKENS, schema=schema)


def _footage(path: Path) -> Footage:
    from t2v_recaption.video import Clip, Uniform, sample

    frames = list(sample(Clip(path), Uniform(FRAMES)))
    return Footage(tuple(frame.pixels for frame in frames), tuple(frame.time for frame in frames))
