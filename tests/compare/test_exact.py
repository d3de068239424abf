"""Counts: against closed forms, published figures and scipy."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from t2v_recaption.compare.exact import Interval, at_least, at_most, clopper_pearson, mcnemar, sign_test, wilson, wins
from t2v_recaption.compare.multiple import benjamini_hochberg, holm
from t2v_recaption.errors import InvalidInput

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
ps = st.dictionaries(st.text(min_size=1), st.floats(0, 1), min_size=1, max_size=12)


@settings(deadline=None)
@given(counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_intervals_of_a_share_are_scipys(count, level) -> None:
    k, n = count
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        theirs = stats.binomtest(k, n).proportion_ci(level, method)
        found = ours(k, n, level)
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-7)


@pytest.mark.parametrize(
    ("n", "low", "high"), [(10, 0.31, 0.83), (20, 0.39, 0.78), (50, 0.46, 0.72), (100, 0.50, 0.69), (200, 0.53, 0.67)]
)
def test_wilson_of_sixty_percent(n, low, high) -> None:
    found = wilson(round(0.6 * n), n)
    assert (round(found.low, 2), round(found.high, 2)) == (low, high)


@settings(deadline=None)
@given(counts)
def test_binomial_tails_are_scipys(count) -> None:
    k, n = count
    assert at_most(k, n, 0.3) == pytest.approx(stats.binom.cdf(k, n, 0.3), abs=1e-10)
    assert at_least(k, n, 0.3) == pytest.approx(stats.binom.sf(k - 1, n, 0.3), abs=1e-10)


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 200))
def test_the_sign_test_is_scipys_and_has_no_side(first, second) -> None:
    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert sign_test(first, second) == pytest.approx(expected, abs=1e-10)
    assert sign_test(first, second) == sign_test(second, first)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans())))
def test_mcnemar_counts_what_differs(outcomes) -> None:
    found = mcnemar(outcomes)
    assert found.only_first == outcomes.count((True, False))
    assert found.only_second == outcomes.count((False, True))
    assert found.p == sign_test(found.only_first, found.only_second)


def test_wins_ties_and_losses() -> None:
    found = wins([0.1, -0.1, 0.0, 0.3, 1e-15, 0.02], tie=0.05)
    assert (found.first, found.ties, found.second) == (1, 3, 2)
    assert found.rate == pytest.approx(2 / 3)
    assert found.share == wilson(2, 3)
    nothing = wins([0.0, 0.0])
    assert (nothing.rate, nothing.share, nothing.p) == (None, None, 1.0)


@settings(deadline=None)
@given(ps)
def test_holm_and_benjamini_hochberg(found) -> None:
    names = sorted(found, key=lambda name: found[name])
    strict, loose = holm(found), benjamini_hochberg(found)
    theirs = stats.false_discovery_control([found[name] for name in names])
    assert [loose[name] for name in names] == pytest.approx(list(theirs), abs=1e-12)
    running = 0.0
    for rank, name in enumerate(names):
        running = max(running, min(1.0, found[name] * (len(names) - rank)))
        assert strict[name] == pytest.approx(running)
    assert all(found[n] - 1e-12 <= loose[n] <= strict[n] + 1e-12 for n in found)
    assert list(strict) == list(loose) == list(found)


@settings(deadline=None)
@given(st.floats(-1, 1), st.floats(0, 1))
def test_an_interval_mirrors(low, width) -> None:
    found = Interval(low, low + width)
    assert (-found).low == -found.high
    assert (-found).high == -found.low
    assert found.holds(low)
    assert found.within(max(abs(low), abs(low + width)))
    assert not found.within(max(abs(low), abs(low + width)) - 0.001)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: wilson(1, 0),
        lambda: wilson(3, 2),
        lambda: wilson(1, 2, level=1.0),
        lambda: holm({"a": 1.2}),
        lambda: benjamini_hochberg({"a": math.nan}),
    ],
)
def test_what_is_no_share_is_refused(wrong) -> None:
    with pytest.raises(InvalidInput):
        wrong()
