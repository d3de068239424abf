"""Probes: judges that agree with everything, deny everything or contradict themselves are found out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.verify.answers import read
from t2v_recaption.verify.claims import claims_of
from t2v_recaption.verify.model import ClaimStatus
from t2v_recaption.verify.probes import Question, answered, pooled, probes_for, rate, reliability

FOIL, CONTROL = Question("foil", "Is there a harp?", "no"), Question("control", "Is it in colour?", "yes")
OPPOSITE = Question("opposite", "Is this so: the car is blue?", "no", "c1")


def told(question: Question, *answers: str, claimed: ClaimStatus | None = None):
    return [answered(question, read(answer), claimed) for answer in answers]


@pytest.mark.parametrize(
    ("foils", "controls", "reliable"),
    [
        ("No No No No", "Yes Yes", True),
        ("Yes No No No", "Yes Yes", True),
        ("Yes Yes No No", "Yes Yes", False),
        ("Yes Yes Yes Yes", "Yes Yes", False),
        ("No No No No", "No No", False),
        ("No No No No", "", True),
        ("No No", "Yes No", True),
        ("No No", "Yes No No", False),
        ("Yes", "No", True),
    ],
)
def test_who_is_reliable(foils: str, controls: str, reliable: bool) -> None:
    probes = [*told(FOIL, *foils.split()), *told(CONTROL, *controls.split())]
    found = reliability("judge", probes, failures=0, asked=10)
    assert found.reliable is reliable
    assert found.reason
    assert found.specificity.asked == len(foils.split())
    assert found.sensitivity.asked == len(controls.split())


def test_agreeing_with_a_claim_and_with_its_opposite_is_a_contradiction() -> None:
    agreed = told(OPPOSITE, "Yes", "Yes", claimed=ClaimStatus.SUPPORTED)
    found = reliability("judge", agreed, failures=0, asked=10)
    assert (found.reliable, found.contradictions) == (False, 2)
    denied = told(OPPOSITE, "Yes", "Yes", claimed=ClaimStatus.REFUTED)
    assert [probe.right for probe in denied] == [None, None]
    assert told(OPPOSITE, "No", claimed=ClaimStatus.SUPPORTED)[0].right is True


def test_a_judge_that_mostly_gives_no_answer_is_unreliable() -> None:
    assert not reliability("judge", [], failures=6, asked=10).reliable
    assert reliability("judge", [], failures=5, asked=10).reliable


def test_no_probes_say_that_nobody_knows() -> None:
    found = reliability("judge", [], failures=0, asked=10)
    assert "nobody knows" in found.reason
    assert (found.sensitivity.share, found.sensitivity.low, found.sensitivity.high) == (None, 0.0, 1.0)


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"), [(6, 10, 0.31, 0.83), (30, 50, 0.46, 0.72), (10, 10, 0.72, 1.0)]
)
def test_the_interval_is_wilsons(right: int, asked: int, low: float, high: float) -> None:
    found = rate(right, asked)
    assert found.low == pytest.approx(low, abs=0.006)
    assert found.high == pytest.approx(high, abs=0.006)


@given(st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share(numbers: tuple[int, int]) -> None:
    found = rate(*numbers)
    assert 0 <= found.low <= found.high <= 1
    assert found.share is None or found.low - 1e-9 <= found.share <= found.high + 1e-9


@pytest.mark.parametrize(
    "prompt", ["a penguin beside a windmill", "a giraffe and a fire hydrant", "a knight in armour"]
)
def test_foils_leave_out_what_the_prompt_speaks_of(prompt: str) -> None:
    probes = probes_for(claims_of(prompt), None, foils=30, seed="1")
    asked = " ".join(probe.question for probe in probes if probe.kind == "foil")
    for word in ("penguin", "windmill", "giraffe", "fire hydrant", "knight", "armour"):
        assert word not in prompt or word not in asked


def test_probes_are_the_same_for_the_same_seed() -> None:
    claims = claims_of("a red car on the left of a truck")
    assert probes_for(claims, None, foils=4, seed="1") == probes_for(claims, None, foils=4, seed="1")
    assert probes_for(claims, None, foils=4, seed="1") != probes_for(claims, None, foils=4, seed="2")
    assert probes_for(claims, None, foils=0, seed="1") == ()


def test_opposites_are_made_of_claims_with_open_answers() -> None:
    claims = claims_of("a red car on the left of a truck")
    asked = [probe.question for probe in probes_for(claims, None, foils=4, seed="1") if probe.kind == "opposite"]
    assert "Is this so: the car is green?" in asked
    assert "Is this so: the car is to the right of the truck?" in asked


def test_several_clips_are_pooled() -> None:
    probes = told(FOIL, "No", "No", "Yes", "No")
    one = reliability("judge", probes, failures=0, asked=10)
    both = pooled([one, one])
    assert both is not None
    assert (both.specificity.right, both.specificity.asked) == (6, 8)
    assert pooled([]) is None


def test_simulated_judges_are_found_out_and_good_ones_are_not_wronged() -> None:
    from benchmarks.judges import simulate

    assert simulate(1.0, 0.0, 8, 6, 0).unreliable == 1.0
    assert simulate(0.0, 1.0, 8, 6, 0).unreliable == 1.0
    good = simulate(1.0, 1.0, 8, 6, 0)
    assert (good.unreliable, good.decided, good.right) == (0.0, 1.0, 1.0)
