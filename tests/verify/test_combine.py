"""Combining: the rules of `combine.py`, one by one, and what holds for any verdicts."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.combine import combined, result_of, score
from t2v_recaption.verify.model import Claim, ClaimStatus, Verdict

S, R, U, E, N = (ClaimStatus.SUPPORTED, ClaimStatus.REFUTED, ClaimStatus.UNDETERMINED, ClaimStatus.ERROR,
                 ClaimStatus.NOT_APPLICABLE)  # fmt: skip


def claim(number: int = 1, parents: tuple[str, ...] = (), criticality: str = "normal") -> Claim:
    return Claim(f"c{number}", Kind.SUBJECT, f"Claim {number}.", "Is it so?", "yes", parents=parents,
                 criticality=criticality)  # type: ignore[arg-type]  # fmt: skip


def says(status: ClaimStatus, route: str = "judge", confidence: float = 0.8, by: str = "a", *, counts: bool = True,
         number: int = 1) -> Verdict:  # fmt: skip
    sure = confidence if status.decided else 0.0
    return Verdict(f"c{number}", status, route, by, sure, f"{by} says {status.value}.", counts=counts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdicts", "status", "disputed"),
    [
        ([], U, False),
        ([says(S)], S, False),
        ([says(U)], U, False),
        ([says(E)], E, False),
        ([says(E), says(U, by="b")], U, False),
        ([says(E), says(S, by="b")], S, False),
        ([says(S), says(R, by="b")], U, True),
        ([says(S), says(S, by="b"), says(R, by="c")], S, True),
        ([says(S), says(R, by="b"), says(U, by="c")], U, True),
        ([says(S, "measurement", 0.9)], S, False),
        ([says(R, "measurement", 0.9), says(S), says(S, by="b")], R, True),
        ([says(R, "measurement", 0.5), says(S), says(S, by="b")], U, True),
        ([says(R, "measurement", 0.5), says(R)], R, False),
        ([says(R, "measurement", 0.5), says(U)], R, False),
        ([says(R, "measurement", 0.5), says(S, "captioner")], R, True),
        ([says(S, "captioner")], S, False),
        ([says(R, "captioner"), says(S)], S, True),
        ([says(R, "captioner"), says(U)], R, False),
        ([says(S, counts=False)], U, False),
        ([says(S, counts=False), says(R, by="b")], R, False),
    ],
)
def test_who_decides(verdicts: list[Verdict], status: ClaimStatus, disputed: bool) -> None:
    found = result_of(claim(), verdicts)
    assert (found.status, found.disputed) == (status, disputed)
    assert found.verdicts == tuple(verdicts)
    assert found.reason


def test_a_disputed_claim_is_less_sure() -> None:
    agreed = result_of(claim(), [says(S), says(S, by="b")])
    outvoted = result_of(claim(), [says(S), says(S, by="b"), says(R, by="c")])
    against_caption = result_of(claim(), [says(S), says(R, "captioner")])
    assert agreed.confidence == pytest.approx(0.8)
    assert outvoted.confidence == pytest.approx(0.8 * 2 / 3)
    assert against_caption.confidence == pytest.approx(0.4)


def test_a_result_tells_which_routes_spoke() -> None:
    found = result_of(claim(), [says(S, "measurement"), says(E), says(U, "captioner")])
    assert found.routes == ("measurement", "captioner")


def test_children_of_what_is_not_there_are_not_applicable_near_and_far() -> None:
    claims = [claim(1), claim(2, ("c1",)), claim(3, ("c2",)), claim(4)]
    found = combined(claims, [says(R), says(S, number=2), says(S, number=3), says(S, number=4)])
    assert [result.status for result in found] == [R, N, N, S]
    assert "Claim 1." in found[1].reason
    assert score(found) == (0.5, 1.0)


def test_a_child_that_is_refuted_says_nothing_about_its_parent() -> None:
    found = combined([claim(1), claim(2, ("c1",))], [says(S), says(R, number=2)])
    assert [result.status for result in found] == [S, R]


def test_the_score_is_weighted_and_leaves_out_what_nobody_decided() -> None:
    claims = [claim(1, criticality="critical"), claim(2), claim(3, criticality="minor"), claim(4)]
    found = combined(claims, [says(S), says(R, number=2), says(E, number=3), says(U, number=4)])
    assert score(found) == (pytest.approx(2 / 3), pytest.approx(3 / 4.5))


def test_without_a_decision_there_is_no_score() -> None:
    assert score(combined([claim(1)], [says(E)])) == (None, 0.0)
    assert score(()) == (None, 0.0)


VERDICTS = st.builds(
    says,
    st.sampled_from([S, R, U, E]),
    st.sampled_from(["measurement", "judge", "captioner"]),
    st.floats(0.01, 1),
    st.sampled_from("abc"),
    counts=st.booleans(),
    number=st.integers(1, 4),
)
PARENTS = [(), ("c1",), ("c1", "c2"), ("c3",)]


@given(st.lists(VERDICTS, max_size=12))
def test_no_verdicts_make_a_score_out_of_errors(verdicts: list[Verdict]) -> None:
    claims = [claim(n + 1, parents) for n, parents in enumerate(PARENTS)]
    found = combined(claims, verdicts)
    value, coverage = score(found)
    decided = [result for result in found if result.status.decided]
    assert (value is None) == (not decided)
    assert value is None or 0 <= value <= 1
    assert 0 <= coverage <= 1
    for result in found:
        assert 0 <= result.confidence <= 1
        own = [v for v in result.verdicts if v.counts and v.status is result.status]
        assert not result.status.decided or own
        assert result.status.decided == (result.confidence > 0)


@given(st.lists(VERDICTS, max_size=4))
def test_the_order_of_verdicts_decides_nothing(verdicts: list[Verdict]) -> None:
    own = [v for v in verdicts if v.claim == "c1"]
    found = {result_of(claim(), list(order)).status for order in permutations(own)}
    assert len(found) == 1
