"""Bradley-Terry with ties: closed forms, a direct maximisation by scipy, symmetry, recovery of known strengths."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from t2v_recaption.compare.ranking import Choice, choices_from, rank
from t2v_recaption.errors import InvalidInput


def choices(first: int, second: int, ties: int, a: str = "a", b: str = "b") -> list[Choice]:
    kinds = ["first"] * first + ["second"] * second + ["tie"] * ties
    return [Choice(f"p{n}", a, b, kind) for n, kind in enumerate(kinds)]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_two_arms_have_a_closed_form(first, second, ties) -> None:
    found = rank(choices(first, second, ties), prior=0)
    strength = {r.arm: r.strength for r in found.ranks}
    assert strength["a"] - strength["b"] == pytest.approx(math.log(first / second), abs=1e-6)
    assert found.ties == pytest.approx(ties / math.sqrt(first * second), rel=1e-6)
    smoothed = {r.arm: r.strength for r in rank(choices(first, second, ties)).ranks}
    assert smoothed["a"] - smoothed["b"] == pytest.approx(math.log((first + 0.5) / (second + 0.5)), abs=1e-6)


def test_three_arms_against_a_direct_maximisation() -> None:
    told = [*choices(12, 5, 4), *choices(9, 9, 2, "a", "c"), *choices(3, 11, 6, "b", "c")]
    found = rank(told, prior=0)

    def loss(x: np.ndarray) -> float:
        strength, ties, total = dict(zip("abc", [x[0], x[1], 0], strict=True)), x[2], 0.0
        for c in told:
            i, j = strength[c.first], strength[c.second]
            options = {"first": i, "second": j, "tie": ties + (i + j) / 2}
            total -= options[c.chosen] - math.log(sum(map(math.exp, options.values())))
        return total

    x = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-8}).x
    strength = {r.arm: r.strength for r in found.ranks}
    expected = dict(zip("abc", np.array([x[0], x[1], 0]) - (x[0] + x[1]) / 3, strict=True))
    assert strength == pytest.approx(expected, abs=1e-4)
    assert found.ties == pytest.approx(math.exp(x[2]), rel=1e-4)
    assert sum(strength.values()) == pytest.approx(0)


def test_known_strengths_are_found() -> None:
    rng, true = random.Random(3), {"a": 0.8, "b": 0.0, "c": -0.8}
    told = []
    for n in range(600):
        i, j = rng.sample("abc", 2)
        weights = [math.exp(true[i]), math.exp(true[j]), 0.7 * math.exp((true[i] + true[j]) / 2)]
        told.append(Choice(f"p{n}", i, j, rng.choices(["first", "second", "tie"], weights)[0]))
    found = rank(told)
    assert [r.arm for r in found.ranks] == ["a", "b", "c"]
    assert all(r.interval.holds(true[r.arm]) for r in found.ranks)
    assert found.ties == pytest.approx(0.7, abs=0.2)
    assert found.leads["a over b"].low > 0
    assert found.ranks[0].best > 0.99
    assert sum(r.best for r in found.ranks) == pytest.approx(1)


def test_an_arm_that_never_lost_is_finite() -> None:
    found = rank([*choices(10, 0, 0), *choices(0, 10, 0, "c", "b")])
    assert found.ranks[0].arm == "a"
    assert all(math.isfinite(r.strength) and math.isfinite(r.interval.high) for r in found.ranks)


def test_who_is_shown_first_does_not_matter() -> None:
    told = [*choices(12, 5, 4), *choices(3, 11, 6, "b", "c")]
    swap = {"first": "second", "second": "first", "tie": "tie"}
    other = [Choice(c.prompt, c.second, c.first, swap[c.chosen]) for c in told]
    assert rank(told).ranks == rank(other).ranks


def test_all_ties_and_half_votes() -> None:
    equal = rank(choices(0, 0, 20))
    assert [r.strength for r in equal.ranks] == pytest.approx([0, 0])
    both = [Choice("p", "a", "b", "first", 0.5), Choice("p", "b", "a", "second", 0.5), *choices(3, 2, 1)]
    assert rank(both).ranks[0].arm == "a"


def test_equal_arms_share_the_first_place() -> None:
    tied = rank([Choice(f"p{k}", "a", "b", "tie") for k in range(9)])
    assert [each.best for each in tied.ranks] == [0.5, 0.5]


def test_choices_from_scores() -> None:
    found = choices_from({"a": {"p": 1, "q": 0.5, "r": 0.2}, "b": {"p": 0, "q": 0.52}}, tie=0.05)
    assert [(c.prompt, c.chosen) for c in found] == [("p", "first"), ("q", "tie")]


@pytest.mark.parametrize(
    "wrong",
    [[], [Choice("p", "a", "a", "tie")], [Choice("p", "a", "b", "both")], [Choice("p", "a", "b", "tie", 0)]],
)
def test_what_is_no_choice_is_refused(wrong) -> None:
    with pytest.raises(InvalidInput):
        rank(wrong)
    with pytest.raises(InvalidInput, match="too few"):
        rank(choices(1, 1, 1), resamples=100)
