"""Pairing: the prompt is the unit, and nothing unscored becomes a score."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.compare.scores import Score, pair_up
from t2v_recaption.errors import InvalidInput

values = st.one_of(st.none(), st.integers(0, 4).map(lambda n: n / 4))
arms = st.lists(st.builds(Score, st.sampled_from("pqr"), values, st.integers(0, 1), st.sampled_from("cd")), max_size=24)


def test_seeds_are_averaged_within_claims_and_claims_within_prompts() -> None:
    first = [Score("p", 1, 0, "c"), Score("p", 0, 1, "c"), Score("p", 1, 0, "d", weight=3), Score("q", 0, 0, "c")]
    second = [Score("p", 1, 0, "c"), Score("p", 0, 0, "d", weight=3), Score("q", 1, 0, "c")]
    found = pair_up(first, second)
    assert [(p.prompt, p.first, p.second, p.claims) for p in found.pairs] == [("p", 0.875, 0.25, 2), ("q", 0, 1, 1)]
    assert found.differences == (-0.625, 1.0)


def test_a_claim_that_one_arm_could_not_score_is_compared_in_neither() -> None:
    first = [Score("p", 1, 0, "easy"), Score("p", 0, 0, "hard")]
    second = [Score("p", 1, 0, "easy"), Score("p", None, 0, "hard")]
    found = pair_up(first, second, scale=(0, 1))
    assert found.differences == (0.0,)
    assert found.missing == (0, 1)
    assert [p.difference for p in (*found.lowest, *found.highest)] == [0.0, 0.5]


def test_worst_case_bounds_are_what_filling_in_gives() -> None:
    first = [Score("p", 1, s, "c") for s in (0, 1)] + [Score("q", None)]
    second = [Score("p", 0, 0, "c"), Score("p", None, 1, "c"), Score("q", 0.5)]
    found = pair_up(first, second, scale=(0, 1))
    assert [p.difference for p in found.lowest] == [-1.0, -0.5]
    assert [p.difference for p in found.highest] == [-0.5, 0.5]
    assert found.unscored == ("q",)
    assert pair_up(first, second).lowest == ()  # without ends there is no worst case


def test_arms_of_different_length_a_prompt_twice_and_nan_are_said() -> None:
    first = [Score("p", 1), Score("p", 0), Score("q", math.nan), Score("r", 1)]
    second = [Score("p", 1), Score("q", 1), *[Score(f"s{n}", 1) for n in range(5)]]
    found = pair_up(first, second, names=("raw", "new"))
    assert found.pairs[0].first == 0.5
    assert len(found.pairs) == 1
    assert set(found.unscored) == {"q", "r", "s0", "s1", "s2", "s3", "s4"}
    told = "\n".join(found.notes)
    assert "raw scores 1 prompt ('p') more than once" in told
    assert "raw has 1 scores that are not a number" in told
    assert "1 prompt ('r') is in raw only" in told
    assert "5 prompts ('s0', 's1', 's2', …) are in new only" in told


def test_one_yes_or_no_a_prompt_is_noticed() -> None:
    assert pair_up([Score("p", 1), Score("q", 0)], [Score("p", 0), Score("q", 0)]).binary
    assert not pair_up([Score("p", 1), Score("p", 0, 1)], [Score("p", 0)]).binary
    assert not pair_up([Score("p", 0.5)], [Score("p", 0)]).binary


@settings(deadline=None)
@given(arms, arms)
def test_pairing_never_invents_and_never_loses(first, second) -> None:
    if not first and not second:
        with pytest.raises(InvalidInput):
            pair_up(first, second)
        return
    found = pair_up(first, second, scale=(0, 1))
    everywhere = {score.prompt for score in [*first, *second]}
    assert {pair.prompt for pair in found.pairs} | set(found.unscored) == everywhere
    assert len(found.pairs) + len(found.unscored) == len(everywhere)
    assert all(0 <= pair.first <= 1 and 0 <= pair.second <= 1 for pair in found.pairs)
    swapped = pair_up(second, first, scale=(0, 1))
    mirrored = {pair.prompt: -pair.difference for pair in swapped.pairs}
    assert {p.prompt: p.difference for p in found.pairs} == pytest.approx(mirrored)
    if found.lowest:
        low = sum(p.difference for p in found.lowest) / len(found.lowest)
        high = sum(p.difference for p in found.highest) / len(found.highest)
        assert low <= high
        assert len(found.lowest) == len(everywhere)
    else:
        assert found.missing == (0, 0)


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (Score("p", math.inf), "outside the scale"),
        (Score("p", 1.5), "outside the scale"),
        (Score("p", -0.1), "outside the scale"),
        (Score("p", 1.0, weight=0), "not a positive number"),
        (Score("p", 1.0, weight=math.nan), "not a positive number"),
    ],
)
def test_what_is_no_score_is_refused(score, told) -> None:
    with pytest.raises(InvalidInput, match=told):
        pair_up([score], [Score("p", 1.0)], scale=(0, 1))
    if score.value == math.inf:
        with pytest.raises(InvalidInput, match="not a finite number"):
            pair_up([score], [Score("p", 1.0)])
