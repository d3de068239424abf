"""The captioner route: what a caption states, excludes and leaves open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from t2v_recaption import BackendError, Captioner, Verification
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.verify import ClaimStatus, verify

Check = Callable[..., Verification]
S, R, U, E = ClaimStatus.SUPPORTED, ClaimStatus.REFUTED, ClaimStatus.UNDETERMINED, ClaimStatus.ERROR


def captioner(text: str | BackendError) -> Captioner:
    return Captioner(ScriptedBackend(lambda request: text))


@pytest.mark.parametrize(
    ("caption", "prompt", "claim", "status"),
    [
        ("A red car drives down a street.", "a red car", "The car is red.", S),
        ("A red car drives down a street.", "a red car", "There is a car.", S),
        ("A blue car drives down a street.", "a red car", "The car is red.", R),
        ("A car drives down a street.", "a red car", "The car is red.", U),
        ("A street at night.", "a red car", "There is a car.", U),
        ("Three dogs run on grass.", "two dogs", "There are two dogs.", R),
        ("Two dogs run on grass.", "two dogs", "There are two dogs.", S),
        ("A cat stands to the right of a dog.", "a cat on the left of a dog", "The cat is to the left of the dog.", R),
        ("A cat stands to the left of a dog.", "a cat on the left of a dog", "The cat is to the left of the dog.", S),
        ("A man plays the guitar.", "a man plays a guitar", "The man plays a guitar.", S),
        ("A woman stands in a crowd of people.", "a woman, no people", "There are no people.", R),
        ("A street with parked cars.", "a street, no dogs", "There are no dogs.", U),
    ],
)
def test_what_a_caption_says(check: Check, caption: str, prompt: str, claim: str, status: ClaimStatus) -> None:
    found = check(prompt, captioner=captioner(caption))
    result = next(result for result in found if result.claim.text == claim)
    assert result.status is status
    assert found.captions == (caption,)
    if status.decided:
        assert result.routes == ("captioner",)
        assert 0 < result.confidence <= 0.7
        assert result.verdicts[0].answer.lower() in caption.lower()


def test_a_caption_never_overrules_a_judge(check: Check) -> None:
    judge = ScriptedBackend(lambda request: "No")
    found = check("a cat", judges=judge, captioner=captioner("A cat sits on a wall."), foils=0)
    assert (found["c1"].status, found["c1"].disputed) == (R, True)
    assert found["c1"].routes == ("judge", "captioner")


def test_a_captioner_that_fails_makes_errors(check: Check) -> None:
    found = check("a cat", captioner=captioner(BackendError("Out of memory.")))
    assert found["c1"].status is E
    assert found.captions == ()
    assert any("Out of memory" in note for note in found.notes)


def test_a_clip_of_something_else_is_refuted_by_its_own_caption(check: Check) -> None:
    found = check(
        "a red car on the left of a blue truck", captioner=captioner("A blue car is to the right of a truck.")
    )
    assert found.score is not None
    assert found.score < 0.7


def test_the_measured_captioner_needs_no_model(still: Path) -> None:
    measured = pytest.importorskip("t2v_recaption.captioners.measured")
    found = verify(still, "static shot", captioner=measured.MeasuredCaptioner(), mode="measured")
    assert found.captions
    assert found["c1"].status is S
