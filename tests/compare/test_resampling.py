"""Intervals and p by resampling: closed forms, scipy, and what must hold whatever the data."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from t2v_recaption.compare.resampling import bootstrap, deviation, sign_flip, standard_error
from t2v_recaption.errors import InvalidInput

METHODS = ("symmetric", "bca", "percentile")

sixteenths = st.integers(-16, 16).map(lambda n: n / 16)
data = st.lists(sixteenths, min_size=6, max_size=40)
few = settings(max_examples=25, deadline=None)


def ends(found):
    return (found.low, found.high)


@pytest.mark.parametrize("method", METHODS)
@few
@given(data, st.randoms(use_true_random=False))
def test_order_and_names_do_not_matter(method, differences, random) -> None:
    shuffled = random.sample(differences, len(differences))
    assert bootstrap(differences, method=method, resamples=2000) == bootstrap(shuffled, method=method, resamples=2000)
    assert sign_flip(differences, resamples=2000) == sign_flip(shuffled, resamples=2000)


@pytest.mark.parametrize("method", METHODS)
@few
@given(data)
def test_swapping_the_arms_mirrors_the_interval(method, differences) -> None:
    one = bootstrap(differences, method=method, resamples=2000)
    other = bootstrap([-d for d in differences], method=method, resamples=2000)
    assert (one is None) == (other is None)
    if one is not None:
        assert ends(-one) == ends(other)
    assert sign_flip(differences, resamples=2000) == sign_flip([-d for d in differences], resamples=2000)


@pytest.mark.parametrize("method", METHODS)
@few
@given(data, st.sampled_from([0.01, 3.0, 250.0]))
def test_the_unit_of_measurement_does_not_matter(method, differences, factor) -> None:
    one = bootstrap(differences, method=method, resamples=2000)
    other = bootstrap([factor * d for d in differences], method=method, resamples=2000)
    assert (one is None) == (other is None)
    if one is not None:
        assert ends(other) == pytest.approx([factor * e for e in ends(one)], rel=1e-6, abs=1e-9 * factor)
    scaled = sign_flip([factor * d for d in differences], resamples=2000)
    assert scaled == pytest.approx(sign_flip(differences, resamples=2000))


@few
@given(data, st.floats(0.05, 3))
def test_a_lead_moves_the_interval(differences, lead) -> None:
    assume(len(set(differences)) > 3)
    one = bootstrap(differences, resamples=2000)
    other = bootstrap([d + lead for d in differences], resamples=2000)
    assume(one is not None and other is not None)
    # The mirror image may be resampled instead, so only about the same.
    width = one.high - one.low
    assert ends(other) == pytest.approx([e + lead for e in ends(one)], abs=0.25 * width + 1e-9)


@few
@given(st.lists(st.integers(1, 16).map(lambda n: n / 16), min_size=1, max_size=30))
def test_where_one_arm_always_leads_p_is_as_small_as_it_can_be(differences) -> None:
    n = len(differences)
    if n <= 16:
        assert sign_flip(differences) == pytest.approx(2 / 2**n)
    else:
        assert sign_flip(differences) <= 2 / 10_001


@few
@given(st.lists(sixteenths, min_size=1, max_size=9))
def test_the_sign_flips_of_few_prompts_are_all_counted(differences) -> None:
    observed = abs(sum(differences))
    flips = itertools.product((-1, 1), repeat=len(differences))
    extreme = [abs(sum(s * d for s, d in zip(flip, differences, strict=True))) >= observed - 1e-9 for flip in flips]
    assert sign_flip(differences) == pytest.approx(sum(extreme) / len(extreme))


def test_the_sign_flip_is_scipys() -> None:
    differences = np.random.default_rng(3).normal(0.2, 1, 12)
    theirs = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(list(differences)) == pytest.approx(theirs.pvalue)
    many = list(np.random.default_rng(4).normal(0.25, 1, 60))
    theirs = stats.permutation_test((many,), np.mean, permutation_type="samples", n_resamples=20_000, rng=1)
    assert sign_flip(many, resamples=20_000) == pytest.approx(theirs.pvalue, abs=0.01)


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_the_bootstrap_is_scipys(method, theirs) -> None:
    differences = np.random.default_rng(5).exponential(1, 40) - 0.7
    found = bootstrap(list(differences), method=method, resamples=40_000)
    other = stats.bootstrap((differences,), np.mean, method=theirs, n_resamples=40_000, rng=2).confidence_interval
    assert ends(found) == pytest.approx((other.low, other.high), abs=0.02)


def test_of_normal_data_the_interval_is_students() -> None:
    differences = np.random.default_rng(6).normal(0.1, 0.3, 80)
    found = bootstrap(list(differences), resamples=40_000)
    exact = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert ends(found) == pytest.approx((exact.low, exact.high), abs=0.006)
    assert standard_error(list(differences)) == pytest.approx(stats.sem(differences))


def test_a_higher_level_makes_a_wider_interval() -> None:
    differences = list(np.random.default_rng(7).normal(0, 1, 50))
    widths = [bootstrap(differences, level=level).high for level in (0.8, 0.9, 0.95, 0.99)]
    assert widths == sorted(widths)


def test_the_seed_decides_and_nothing_else() -> None:
    differences = list(np.random.default_rng(8).normal(0, 1, 50))
    state = np.random.get_state()[1].tolist()
    one = bootstrap(differences, seed=1)
    assert bootstrap(differences, seed=1) == one
    assert bootstrap(differences, seed=2) != one
    assert sign_flip(differences, seed=1) == sign_flip(differences, seed=1)
    assert np.random.get_state()[1].tolist() == state


def test_degenerate_data() -> None:
    assert bootstrap([]) is None
    assert bootstrap([0.5]) is None
    assert bootstrap([0.5, -0.5]) is None  # symmetric: half of the resamples have no spread
    assert ends(bootstrap([0.25] * 9)) == (0.25, 0.25)
    assert ends(bootstrap([0.0] * 9)) == (0.0, 0.0)
    assert sign_flip([]) == sign_flip([0.0] * 5) == sign_flip([1.0]) == 1.0
    assert deviation([1.0]) is None
    assert deviation([1.0, 3.0]) == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_cannot_be_averaged_is_refused(wrong) -> None:
    for function in (bootstrap, sign_flip):
        with pytest.raises(InvalidInput, match="cannot be averaged"):
            function([0.1, wrong])
        with pytest.raises(InvalidInput, match="too few"):
            function([0.1, 0.2], resamples=1999)
    with pytest.raises(InvalidInput, match="level"):
        bootstrap([0.1, 0.2], level=95)


def test_without_numpy_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from t2v_recaption.compare import Score, compare\n"
        "from t2v_recaption.errors import MissingDependency\n"
        "try: compare([Score('a', 1.0)], [Score('a', 0.0)])\n"
        "except MissingDependency as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[ab]" in done.stdout
