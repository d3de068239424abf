"""Preference: which of two texts or clips a judge model or a person likes better, in both orders, ties allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from t2v_recaption.compare.asking import Shown, answer_of
from t2v_recaption.compare.exact import Wins, sign_test, wilson, wins
from t2v_recaption.compare.ranking import Choice, Ranking, rank
from t2v_recaption.compare.store import Outcome, Store
from t2v_recaption.records import Record

if TYPE_CHECKING:
    from t2v_recaption.backends.base import Backend

Side = Literal["first", "second", "tie"]


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
