"""Preference: which of two texts or clips a judge model or a person likes better, in both orders, ties allowed."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from t2v_recaption.backends.base import ChatReply, ChatRequest, Footage, Message
from t2v_recaption.compare.budget import Budget
from t2v_recaption.compare.design import digest
from t2v_recaption.compare.exact import Wins, sign_test, wilson, wins
from t2v_recaption.compare.items import Item
from t2v_recaption.compare.ranking import Choice, Ranking, rank
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

Side = Literal["first", "second", "tie"]


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


@dataclass(frozen=True)
class Bias(Record):
    """How far the place of a side, and not what it holds, decided."""

    pairs: int
    """Pairs that were judged in both orders."""
    agreed: int
    """Of these, pairs with the same answer in both orders (ties included)."""
    first_place: int
    """Answers for the side that was shown first."""
    second_place: int
    p: float
    """Of the exact sign test on these two counts: small where the place decides."""


@dataclass(frozen=True)
class Preference(Record):
    """The choices between two arms."""

    by: str
    """The judge model, or `person`."""
    first: str
    second: str
    wins: Wins
    """Prompts that each arm wins; answers that differ by order are ties."""
    judged: int
    """Prompts with an answer."""
    failed: int
    """Prompts without one: the judge failed or answered something else. They are in no count."""
    bias: Bias | None
    """None where every pair was shown once (to a person, sides shuffled)."""
    text: str
    """The result in words."""


@dataclass(frozen=True)
class Preferences(Record):
    """All choices by one judge."""

    pairs: tuple[Preference, ...]
    ranking: Ranking | None
    """For three arms and more."""
    problems: tuple[str, ...] = ()


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


def preferences(pairs: Sequence[Shown], judge: Backend, store: Store, *, resamples: int, seed: int) -> Preferences:
    """What the judge's answers say of each two arms, and of all together."""
    answers = [(pair, [store.get(answer_of(judge, pair, swapped)) for swapped in (False, True)]) for pair in pairs]
    problems = tuple(dict.fromkeys(f"{pair.item.id}: {o.error}" for pair, two in answers for o in two if o and o.error))
    name = str(judge.identity().get("model") or judge.name)
    found = []
    choices: list[Choice] = []
    for first, second in dict.fromkeys((pair.first, pair.second) for pair in pairs):
        mine = [(pair, two) for pair, two in answers if (pair.first, pair.second) == (first, second)]
        votes: list[tuple[Shown, Side | None]] = [(pair, "tie" if pair.same else _vote(two)) for pair, two in mine]
        bias = _bias([two for _, two in mine])
        found.append(summed(name, first, second, [(pair.item.id, vote) for pair, vote in votes], bias))
        choices += [Choice(pair.item.id, first, second, vote) for pair, vote in votes if vote]
    arms = {arm for choice in choices for arm in (choice.first, choice.second)}
    ranking = rank(choices, resamples=max(2000, resamples // 5), seed=seed) if len(arms) > 2 else None
    return Preferences(tuple(found), ranking, problems)


def summed(by: str, first: str, second: str, votes: Iterable[tuple[str, Side | None]], bias: Bias | None) -> Preference:
    """The choices between two arms, counted by prompt: several seeds of one prompt are one vote."""
    worth = {"first": -1.0, "second": 1.0, "tie": 0.0}
    by_prompt: dict[str, list[float]] = {}
    for prompt, vote in votes:
        some = by_prompt.setdefault(prompt, [])
        if vote is not None:
            some.append(worth[vote])
    scored = [sum(some) / len(some) for some in by_prompt.values() if some]
    counted = wins(scored)
    failed = len(by_prompt) - len(scored)
    return Preference(
        by, first, second, counted, len(scored), failed, bias, _words(by, first, second, counted, failed, bias)
    )


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


def _vote(two: Sequence[Outcome | None]) -> Side | None:
    """The vote of a pair from its answers in both orders: two that differ are a tie, one that failed is no vote."""
    if any(outcome is None or not outcome.ok for outcome in two):
        return None
    plain, swapped = (outcome.value["better"] for outcome in two if outcome is not None)
    turned = {"1": "2", "2": "1", "tie": "tie"}[swapped]
    if plain != turned:
        return "tie"
    sides: dict[str, Side] = {"1": "first", "2": "second", "tie": "tie"}
    return sides[plain]


def _bias(pairs: Sequence[Sequence[Outcome | None]]) -> Bias:
    both = [
        [o.value["better"] for o in two if o is not None] for two in pairs if all(o is not None and o.ok for o in two)
    ]
    counts = Counter(answer for two in both for answer in two)
    agreed = sum(two[0] == {"1": "2", "2": "1", "tie": "tie"}[two[1]] for two in both)
    return Bias(len(both), agreed, counts["1"], counts["2"], sign_test(counts["1"], counts["2"]))


def _words(by: str, first: str, second: str, counted: Wins, failed: int, bias: Bias | None) -> str:
    told = f"{by}: {second} {counted.second}, {first} {counted.first}, ties {counted.ties}"
    if counted.share is not None:
        told += (
            f"; {second}'s share of the decided {counted.rate:.0%} [{counted.share.low:.0%}, {counted.share.high:.0%}]"
        )
        told += f", p {counted.p:.2g}"
    if failed:
        told += f"; {failed} without an answer"
    if bias is not None and bias.pairs:
        shown = bias.first_place + bias.second_place
        if shown:
            first_share = wilson(bias.first_place, shown)
            told += (
                f"; place: {bias.first_place / shown:.0%} for the first [{first_share.low:.0%}, {first_share.high:.0%}]"
            )
        told += f", same answer in both orders {bias.agreed} of {bias.pairs}"
    return told + "."
