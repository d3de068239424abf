"""Claims that measurements decide, on clips whose truth is known."""

from collections.abc import Callable
from pathlib import Path

import pytest

from t2v_recaption.verify import ClaimStatus, verify

S, R, U = ClaimStatus.SUPPORTED, ClaimStatus.REFUTED, ClaimStatus.UNDETERMINED


@pytest.mark.parametrize(
    ("kind", "prompt", "status"),
    [
        ("still", "static shot", S),
        ("still", "no camera movement", S),
        ("still", "the camera moves", R),
        ("still", "the camera pans right", R),
        ("still", "the camera zooms in", R),
        ("still", "tracking shot", R),
        ("still", "the camera orbits around it", R),
        ("still", "no cuts", S),
        ("still", "black and white", R),
        ("still", "it gets darker", R),
        ("pan", "static shot", R),
        ("pan", "the camera pans right", S),
        ("pan", "the camera pans left", R),
        ("pan", "the camera moves to the right", S),
        ("pan", "the camera tilts up", R),
        ("pan", "no camera movement", R),
        ("cut", "one take", R),
        ("cut", "static shot", S),
        ("grey", "black and white", S),
        ("darker", "it gets darker", S),
        ("darker", "the scene turns bright", R),
        ("still", "2 seconds", S),
        ("still", "two seconds", S),
        ("still", "5 seconds", R),
        ("still", "16 fps", S),
        ("still", "30 fps", R),
        ("still", "16:9", S),
        ("still", "9:16", R),
        ("still", "vertical video", R),
        ("still", "256x144", S),
        ("still", "720p", R),
        ("still", "a cat", U),
    ],
)
def test_measured_claims_are_right(clip_of: Callable[[str], Path], kind: str, prompt: str, status: ClaimStatus) -> None:
    found = verify(clip_of(kind), prompt)
    (result,) = found.results
    assert result.status is status
    assert result.status.decided == bool(result.verdicts)
    if result.status.decided:
        (verdict,) = result.verdicts
        assert verdict.route == "measurement"
        assert verdict.evidence.observation


def test_a_cut_has_its_time_as_evidence(clip_of: Callable[[str], Path]) -> None:
    (result,) = verify(clip_of("cut"), "no cuts").results
    assert result.evidence.times == pytest.approx((1.0,), abs=0.1)


def test_a_move_has_its_stretch_of_time_as_evidence(clip_of: Callable[[str], Path]) -> None:
    (result,) = verify(clip_of("pan"), "the camera pans right").results
    ((start, end),) = result.evidence.spans
    assert start < 0.3
    assert end > 1.6
    assert "goes right by 0.6" in result.reason


def test_a_move_at_the_end_is_looked_for_at_the_end(clip_of: Callable[[str], Path]) -> None:
    found = verify(clip_of("pan"), "the camera pans right at the end")
    assert [result.status for result in found] == [S, S]
    still = verify(clip_of("still"), "the camera pans right at the end")
    assert [result.status for result in still] == [R, ClaimStatus.NOT_APPLICABLE]


def test_without_measurements_nothing_is_measured(still: Path) -> None:
    found = verify(still, "static shot", measurements=False)
    assert (found.score, found.measurements) == (None, None)
    assert found["c1"].status is U


def test_a_ready_measurement_is_used(still: Path) -> None:
    from t2v_recaption import Verifier, measure

    measured = measure(still)
    assert Verifier()(still, "static shot", measured=measured).measurements is measured
