"""Power: against scipy's noncentral t, and against the simulated generator of the benchmark."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.calibration import Generator
from t2v_recaption.compare.power import detectable, guess_spread, plan_power, prompts_for_equality, prompts_needed
from t2v_recaption.errors import InvalidInput


def power_of_t(n: int, difference: float, spread: float) -> float:
    shift = difference / spread * math.sqrt(n)
    edge = stats.t.ppf(0.975, n - 1)
    return stats.nct.sf(edge, n - 1, shift) + stats.nct.cdf(-edge, n - 1, shift)


@pytest.mark.parametrize("difference", [0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_prompts_needed_is_that_of_the_t_test(difference, power) -> None:
    n = prompts_needed(difference, 0.3, power=power)
    assert power_of_t(n, difference, 0.3) == pytest.approx(power, abs=0.02)
    assert power_of_t(n + 2, difference, 0.3) > power


@settings(deadline=None)
@given(st.integers(10, 2000), st.floats(0.01, 1), st.sampled_from([0.8, 0.9]))
def test_what_is_detectable_needs_that_many_prompts(n, spread, power) -> None:
    assert prompts_needed(detectable(n, spread, power=power), spread, power=power) in (n, n + 1)


@settings(deadline=None)
@given(st.floats(0.01, 0.5), st.floats(0.05, 1))
def test_more_is_needed_for_less(difference, spread) -> None:
    assert prompts_needed(difference / 2, spread) >= prompts_needed(difference, spread)
    assert prompts_needed(difference, 2 * spread) >= prompts_needed(difference, spread)
    assert prompts_needed(-difference, spread) == prompts_needed(difference, spread)
    assert prompts_needed(difference, spread, power=0.9) >= prompts_needed(difference, spread, power=0.8)


def test_prompts_for_equality_by_simulation() -> None:
    rng = np.random.default_rng(0)
    for true in (0.0, 0.02):
        n = prompts_for_equality(0.05, 0.3, difference=true)
        means = rng.normal(true, 0.3 / math.sqrt(n), 20_000)
        half = stats.norm.ppf(0.975) * 0.3 / math.sqrt(n)
        assert np.mean((means - half > -0.05) & (means + half < 0.05)) == pytest.approx(0.8, abs=0.02)
    assert prompts_for_equality(0.05, 0.3, difference=0.05) is None


@pytest.mark.parametrize(("claims", "seeds"), [(8, 2), (8, 1), (4, 1), (12, 4)])
def test_the_guess_is_that_of_the_simulated_generator(claims, seeds) -> None:
    first, second = Generator().run(np.random.default_rng(1), 4000, claims, seeds, 0.0)
    measured = (second.mean(axis=(1, 2)) - first.mean(axis=(1, 2))).std(ddof=1)
    assert guess_spread(claims, seeds, float(first.mean())) == pytest.approx(measured, rel=0.1)


def test_a_plan_in_words() -> None:
    guessed = plan_power(60, claims=8, seeds=2, margin=0.05)
    assert "60 prompts can show a difference of" in guessed.text
    assert guessed.basis == "guess"
    assert guessed.needed > 60
    assert plan_power(guessed.needed, claims=8, seeds=2).detectable == pytest.approx(0.05, abs=0.001)
    assert plan_power(60, spread=0.2).spread == 0.2
    assert plan_power(60).needed is None
    assert plan_power(2).detectable > 0.3
    assert plan_power(1).detectable == math.inf


def test_a_pilot_is_taken_with_caution() -> None:
    pilot = list(np.random.default_rng(2).normal(0.1, 0.3, 10))
    planned = plan_power(60, pilot=pilot)
    exact = np.std(pilot, ddof=1) * math.sqrt(9 / stats.chi2.ppf(0.1, 9))
    assert planned.spread == pytest.approx(exact, rel=0.01)
    assert planned.basis == "pilot of 10 prompts"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: plan_power(0),
        lambda: plan_power(10, pilot=[0.1]),
        lambda: plan_power(10, spread=-1),
        lambda: plan_power(10, spread=math.nan),
        lambda: plan_power(10, power=1.5),
        lambda: plan_power(10, claims=0),
        lambda: prompts_needed(0, 0.3),
    ],
)
def test_what_cannot_be_planned_is_refused(wrong) -> None:
    with pytest.raises(InvalidInput):
        wrong()
