"""Judges: flips, and what their errors do."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.compare.reliability import Calibration, corrected_difference, corrected_rate, flip_rate
from t2v_recaption.errors import InvalidInput

counts = st.integers(1, 200)


def test_a_judge_that_flips() -> None:
    found = flip_rate(
        {"a": ["yes", "no"], "b": ["yes", "yes"], "c": ["no", "no", "yes"], "d": ["yes"], "e": [None, "no"]}
    )
    assert (found.items, found.flipped) == (4, 3)
    assert found.rate == pytest.approx((1 + 0 + 2 / 3 + 1) / 4)
    assert 0 <= found.interval.low <= found.rate <= found.interval.high <= 1
    with pytest.raises(InvalidInput, match="twice"):
        flip_rate({"a": ["yes"]})


def test_the_error_behind_the_flips_is_found() -> None:
    rng = random.Random(1)
    answers = {}
    for n in range(4000):
        truth = rng.random() < 0.6
        answers[str(n)] = [truth != (rng.random() < 0.15) for _ in range(2)]
    found = flip_rate(answers, resamples=2000)
    assert found.error == pytest.approx(0.15, abs=0.02)
    assert found.attenuation == pytest.approx(0.7, abs=0.04)


@settings(deadline=None)
@given(st.floats(0, 1), counts, counts, counts, counts)
def test_the_errors_of_a_judge_are_taken_out(rate, tp, fn, tn, fp) -> None:
    judge = Calibration(tp, fn, tn, fp)
    if judge.informedness <= 0:
        with pytest.raises(InvalidInput, match="no better than guessing"):
            corrected_rate(rate, judge)
        return
    seen = rate * judge.sensitivity + (1 - rate) * (1 - judge.specificity)
    assert corrected_rate(seen, judge) == pytest.approx(rate, abs=1e-6)
    assert 0 <= corrected_rate(rate, judge) <= 1


def test_a_corrected_difference_covers_the_true_one() -> None:
    rng = np.random.default_rng(4)
    hits = 0
    for run in range(300):
        seen = rng.normal(0.2 * 0.7, 0.03)  # sensitivity 0.9, specificity 0.8: 0.7 of the difference is left
        judge = Calibration(
            *(lambda k: (k, 80 - k))(int(rng.binomial(80, 0.9))), *(lambda k: (k, 80 - k))(int(rng.binomial(80, 0.8)))
        )
        hits += corrected_difference(seen, 0.03, judge, resamples=2000, seed=run).interval.holds(0.2)
    assert 0.91 <= hits / 300 <= 0.99


def test_a_perfect_judge_changes_nothing() -> None:
    found = corrected_difference(0.1, 0.02, Calibration(10_000, 0, 10_000, 0))
    assert found.difference == 0.1
    assert (found.interval.low, found.interval.high) == pytest.approx((0.061, 0.139), abs=0.003)


def test_what_was_never_tried_is_not_known() -> None:
    with pytest.raises(InvalidInput, match="no claims that do not hold"):
        corrected_rate(0.5, Calibration(5, 1, 0, 0))
    with pytest.raises(InvalidInput, match="no pass rate"):
        corrected_rate(1.2, Calibration(5, 1, 5, 1))
