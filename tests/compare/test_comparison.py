"""Comparisons and verdicts: what is said, and that it follows from the figures."""

import json
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.calibration import Generator, false_alarms, scores, verdicts
from t2v_recaption.compare import Call, Score, Settings, by_category, compare, compare_arms
from t2v_recaption.errors import InvalidInput

FAST = Settings(resamples=2000)


def arm(prompts: int, rate: float, seed: int, seeds: int = 2, claims: int = 8) -> list[Score]:
    rng = random.Random(seed)
    return [
        Score(f"p{k}", float(rng.random() < rate), s, f"c{c}", "count" if k % 2 else "order")
        for k in range(prompts)
        for s in range(seeds)
        for c in range(claims)
    ]


def given_differences(*differences: float) -> tuple[list[Score], list[Score]]:
    return (
        [Score(f"p{k}", 0.5 - d / 2) for k, d in enumerate(differences)],
        [Score(f"p{k}", 0.5 + d / 2) for k, d in enumerate(differences)],
    )


def test_a_clear_lead() -> None:
    found = compare(arm(60, 0.5, 1), arm(60, 0.7, 2), names=("raw", "new"))
    assert found.verdict.call is Call.SECOND
    assert found.verdict.text.startswith("new is better than raw: new minus raw +0.")
    assert found.interval.low > 0
    assert found.p < 0.001
    assert found.wins.second > found.wins.first
    assert found.difference == pytest.approx(found.mean_second - found.mean_first)
    assert found.worst is None
    assert found.mcnemar is None
    assert found.notes == ()


def test_where_lower_is_better_the_lead_is_the_other_arms() -> None:
    more = [Score(f"p{k}", 20.0 + k % 7) for k in range(40)]
    less = [Score(f"p{k}", 12.0 + k % 5) for k in range(40)]
    wanted = Settings(scale=None, margin=1.0, better="lower")
    assert compare(more, less, settings=wanted).verdict.call is Call.SECOND
    assert compare(less, more, settings=wanted).verdict.call is Call.FIRST
    told = compare(less, more, names=("a", "b"), settings=Settings(scale=None, margin=1.0, better="neither"))
    assert told.verdict.text.startswith("b is higher than a")


def test_no_difference_of_practical_size() -> None:
    found = compare(arm(300, 0.6, 1), arm(300, 0.6, 2), settings=FAST)
    assert found.verdict.call is Call.SAME
    assert found.interval.within(0.05)
    small = compare(*given_differences(*[0.01, 0.02, 0.03] * 30))
    assert small.verdict.call is Call.SAME  # surely above 0, and surely too small to matter
    strict = compare(*given_differences(*[0.01, 0.02, 0.03] * 30), settings=Settings(margin=0))
    assert strict.verdict.call is Call.SECOND


def test_inconclusive_says_about_how_many_more() -> None:
    found = compare(arm(20, 0.6, 1), arm(20, 0.63, 3))
    assert found.verdict.call is Call.INCONCLUSIVE
    assert found.verdict.more > 20
    assert "more prompts would settle it" in found.verdict.text


def test_all_ties() -> None:
    few, many = (compare(arm(n, 1.0, 1), arm(n, 1.0, 2)) for n in (20, 120))
    assert few.verdict.call is Call.INCONCLUSIVE
    assert few.interval.high > 0.05  # 20 ties do not exclude what 1 prompt in 10 would show
    assert many.verdict.call is Call.SAME
    settled = 20 + few.verdict.more
    assert compare(arm(settled, 1.0, 1), arm(settled, 1.0, 2)).verdict.call is Call.SAME
    assert compare(arm(settled - 2, 1.0, 1), arm(settled - 2, 1.0, 2)).verdict.call is Call.INCONCLUSIVE
    assert (many.p, many.wins.ties, many.wins.share) == (1.0, 120, None)
    unbounded = [Score(f"p{k}", 12.0) for k in range(30)]
    assert compare(unbounded, unbounded, settings=Settings(scale=None, margin=1)).difference == 0


def test_nearly_all_prompts_alike_have_an_interval_that_says_what_may_be_unseen() -> None:
    found = compare(*given_differences(*[-1.0] * 7, -2 / 3))
    assert found.verdict.call is Call.FIRST
    assert found.interval.low == -1
    # Clopper and Pearson: one of eight may be up to 52.7 of 100; each of them as far as +1, 2 from -1.
    assert found.interval.high == pytest.approx(found.difference + 2 * (0.526509 - 1 / 8), abs=1e-5)
    alike = compare(*given_differences(*[0.5] * 8))
    assert alike.interval.holds(0)
    assert alike.verdict.call is Call.INCONCLUSIVE
    settled = 8 + alike.verdict.more
    assert compare(*given_differences(*[0.5] * settled)).verdict.call is Call.SECOND
    assert compare(*given_differences(*[0.5] * (settled - 1))).verdict.call is Call.INCONCLUSIVE


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=12), st.randoms())
def test_swapped_arms_and_shuffled_prompts_say_the_same(differences, random) -> None:
    shuffled = random.sample(differences, len(differences))
    one = compare(*given_differences(*differences), settings=FAST)
    other = compare(*given_differences(*shuffled), settings=FAST)
    swapped = compare(*reversed(given_differences(*differences)), settings=FAST)
    assert one.interval == other.interval
    assert (one.interval is None) == (swapped.interval is None)
    if one.interval is not None:
        assert (-one.interval.high, -one.interval.low) == pytest.approx((swapped.interval.low, swapped.interval.high))
        assert -1 <= one.interval.low <= one.difference <= one.interval.high <= 1


def test_two_prompts_never_exclude_zero() -> None:
    found = compare(*given_differences(0.0, 1.0))
    assert found.interval.holds(0)
    assert found.interval.low < -0.9


@pytest.mark.parametrize("prompts", [6, 8, 12, 20, 40])
@pytest.mark.parametrize("values", [(-1.0, -2 / 3), (-1.0, 1.0), (0.5, 0.0), (0.0, 1.0), (0.25, -0.25)])
@pytest.mark.parametrize("share", [0.05, 0.1])
def test_intervals_cover_the_truth_where_nearly_all_prompts_are_alike(prompts, values, share) -> None:
    usual, other = values
    truth = usual + share * (other - usual)
    random, covered = np.random.default_rng(prompts), 0
    for _ in range(60):
        drawn = [other if rare else usual for rare in random.random(prompts) < share]
        interval = compare(*given_differences(*drawn), settings=Settings(resamples=2000)).interval
        covered += interval.low - 1e-9 <= truth <= interval.high + 1e-9
    assert covered >= 54  # of 60; at 95 % fewer happen in 3 of 1,000 draws


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_too_few_prompts_never_have_a_winner(count) -> None:
    found = compare(*given_differences(*[0.9] * count))
    assert found.verdict.call is Call.INCONCLUSIVE
    assert found.difference == pytest.approx(0.9)
    assert json.loads(found.to_json())["verdict"]["call"] == "inconclusive"


def test_nothing_in_common_is_no_result() -> None:
    found = compare([Score("a", 1.0)], [Score("b", 1.0)])
    assert (found.prompts, found.difference, found.interval) == (0, None, None)
    assert "no prompt was scored in both arms" in found.verdict.text
    assert (found.worst.low, found.worst.high) == (-0.5, 0.5)
    with pytest.raises(InvalidInput, match="no scores"):
        compare([], [])


def test_unscored_items_bound_the_result() -> None:
    first, second = arm(60, 0.5, 1), arm(60, 0.7, 2)
    few = [Score(s.prompt, None if k == 0 else s.value, s.seed, s.claim) for k, s in enumerate(second)]
    many = [Score(s.prompt, None if k % 2 else s.value, s.seed, s.claim) for k, s in enumerate(second)]
    mild, harsh = compare(first, few), compare(first, many)
    assert mild.worst.low <= mild.difference <= mild.worst.high
    assert mild.worst.stands(mild.verdict.call)
    assert harsh.verdict.call is Call.SECOND
    assert harsh.worst.calls == (Call.FIRST, Call.SECOND)
    assert any("would not stand" in note for note in harsh.notes)
    assert any("480 in B" in note for note in harsh.notes)


def test_mcnemar_only_where_there_is_one_outcome_a_prompt() -> None:
    found = compare(arm(40, 0.5, 1, 1, 1), arm(40, 0.8, 2, 1, 1))
    assert found.mcnemar.only_second - found.mcnemar.only_first == round(40 * found.difference)
    assert found.mcnemar.p == found.wins.p


def test_more_arms_and_categories_are_corrected() -> None:
    found = compare_arms({"raw": arm(50, 0.5, 1), "same": arm(50, 0.5, 2), "new": arm(50, 0.75, 3)}, settings=FAST)
    assert [c.second for c in found.comparisons] == ["same", "new"]
    assert found.comparisons[1].p == pytest.approx(2 * found.comparisons[1].raw_p)
    assert "(of 2 comparisons)" in found.comparisons[1].verdict.text
    assert [c.name for c in found.categories["new"]] == ["order", "count"]
    assert sum(c.comparison.prompts for c in found.categories["new"]) == 50
    assert compare_arms({"a": arm(9, 1, 1), "b": arm(9, 1, 1)}, baseline="b", settings=FAST).baseline == "b"
    for wrong in ({"a": []}, {}):
        with pytest.raises(InvalidInput, match="cannot be compared"):
            compare_arms(wrong)
    with pytest.raises(InvalidInput, match="cannot be compared"):
        compare_arms({"a": [], "b": []}, baseline="c")


def test_a_corrected_p_can_take_a_winner_away() -> None:
    arms = {f"a{k}": arm(30, 0.5 + (k == 1) * 0.1, k) for k in range(12)}
    found = compare_arms(arms, baseline="a0", settings=FAST)
    for each in found.comparisons:
        assert each.p >= each.raw_p
        if each.p >= 0.05:
            assert each.verdict.call in (Call.INCONCLUSIVE, Call.SAME)


differences = st.lists(st.integers(-8, 8).map(lambda n: n / 8), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(differences, st.sampled_from([0.0, 0.05, 0.3]))
def test_never_a_winner_from_an_interval_that_holds_zero(values, margin) -> None:
    chosen = Settings(resamples=2000, margin=margin)
    first, second = given_differences(*values)
    found, swapped = (compare(a, b, settings=chosen) for a, b in ((first, second), (second, first)))
    if found.verdict.call in (Call.FIRST, Call.SECOND):
        assert not found.interval.holds(0)
        assert found.p < 0.05
        assert (found.difference > 0) == (found.verdict.call is Call.SECOND)
    if found.verdict.call is Call.SAME:
        assert found.interval.within(margin)
        assert abs(found.difference) <= margin
    mirrored = {Call.FIRST: Call.SECOND, Call.SECOND: Call.FIRST}
    assert swapped.verdict.call is mirrored.get(found.verdict.call, found.verdict.call)
    assert swapped.p == found.p
    if found.interval:
        assert (swapped.interval.low, swapped.interval.high) == pytest.approx(
            (-found.interval.high, -found.interval.low)
        )
        assert -1 <= found.difference <= 1
    if found.verdict.call is Call.INCONCLUSIVE and found.verdict.more is not None:
        assert found.verdict.more >= 1
    json.dumps(found.to_dict(), allow_nan=False)


@settings(max_examples=20, deadline=None)
@given(differences, st.integers(0, 3))
def test_the_same_data_and_seed_say_the_same(values, seed) -> None:
    first, second = given_differences(*values)
    chosen = Settings(resamples=2000, seed=seed)
    assert compare(first, second, settings=chosen) == compare(first, second, settings=chosen)
    shuffled = compare(first[::-1], second, settings=chosen)
    assert shuffled.interval == compare(first, second, settings=chosen).interval


@pytest.mark.parametrize(
    "wrong",
    [
        {"resamples": 1000},
        {"margin": -1},
        {"margin": math.nan},
        {"tie": -0.1},
        {"level": 95},
        {"power": 0},
        {"scale": (1, 0)},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong) -> None:
    with pytest.raises(InvalidInput):
        Settings(**wrong)


@pytest.mark.parametrize("prompts", [20, 50])
def test_false_alarms_are_as_rare_as_they_say(prompts) -> None:
    found = false_alarms(prompts, 8, 2, 300, 11)
    # 300 runs: the Monte Carlo error of 5 % is 1.3 points; the benchmark's record has 4,000.
    assert found["a verdict for one arm"] <= 0.09
    assert found["unpaired z over claims"] > 0.09
    assert found["McNemar over claims"] > 0.09


def test_the_verdict_is_right_as_often_as_it_says() -> None:
    found = verdicts(60, 8, 2, 150, 5)
    assert found["right"]["one arm is better"] >= 0.95
    assert found["coverage"] >= 0.9
    assert found["found_of_real"] > 0.4


def test_the_true_difference_of_the_simulated_generator() -> None:
    first, second = Generator().run(np.random.default_rng(2), 20_000, 4, 2, 0.6)
    assert Generator().truth(0.6) == pytest.approx(second.mean() - first.mean(), abs=0.006)
    assert Generator().truth(0.0) == 0
    assert len(scores(first[:3])) == 3 * 2 * 4


def test_by_category_takes_the_kind_of_claim_too() -> None:
    first = [Score(f"p{k}", k % 2, 0, c, c) for k in range(10) for c in ("count", "colour")]
    second = [Score(f"p{k}", 1, 0, c, c) for k in range(10) for c in ("count", "colour")]
    assert [(c.name, c.comparison.difference) for c in by_category(first, second)] == [("count", 0.5), ("colour", 0.5)]
