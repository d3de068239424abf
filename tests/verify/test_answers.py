"""Reading and comparing answers: exact where it matters, and undetermined rather than guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.answers import read, says_yes
from t2v_recaption.verify.compare import compare
from t2v_recaption.verify.model import Claim, ClaimStatus

S, R, U = ClaimStatus.SUPPORTED, ClaimStatus.REFUTED, ClaimStatus.UNDETERMINED


def claim(form: str, expected: str) -> Claim:
    return Claim("c1", Kind.PHRASE, "It is so.", "Is it so?", expected, form)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("form", "expected", "said", "status"),
    [
        ("yes_no", "yes", "Yes | 1.0 s, 2.0 s | a dog on grass", S),
        ("yes_no", "yes", "**Yes**, there is a dog.", S),
        ("yes_no", "yes", "No | | nothing but a wall", R),
        ("yes_no", "no", "No.", S),
        ("yes_no", "no", "yes", R),
        ("yes_no", "yes", "Cannot tell | | too dark", U),
        ("yes_no", "yes", "I can't tell from these frames", U),
        ("yes_no", "yes", "unclear", U),
        ("yes_no", "yes", "The answer is yes.", S),
        ("yes_no", "yes", "Yes and no", U),
        ("yes_no", "yes", "There is something brown that may or may not be a dog in it", U),
        ("yes_no", "yes", '{"seen": "a dog", "times": [1.5], "answer": "Yes"}', S),
        ("yes_no", "yes", '```json\n{"answer": false, "times": [], "seen": ""}\n```', R),
        ("count", "2", "2", S),
        ("count", "2", "Two dogs | 1.0 s | …", S),
        ("count", "2", "There are two dogs on a beach.", S),
        ("count", "2", "a pair", S),
        ("count", "2", "3 | 0.5 s", R),
        ("count", "2", "2 or 3", U),
        ("count", "2", "none", R),
        ("count", "2", "several", U),
        ("count", "1", "several", R),
        ("count", "9", "10", U),
        ("count", "9", "9", S),
        ("count", "9", "4", R),
        ("count", "2", "dogs", U),
        ("count", "1", "Cannot tell", U),
        ("colour", "red", "red", S),
        ("colour", "red", "It is bright red.", S),
        ("colour", "red", "crimson", S),
        ("colour", "red", "blue | 1.0 s | a blue car", R),
        ("colour", "red", "orange", U),
        ("colour", "red", "white with red stripes", S),
        ("colour", "grey", "gray", S),
        ("colour", "grey", "silver", S),
        ("colour", "blonde", "dark brown", U),
        ("colour", "blonde", "black", R),
        ("colour", "red", "it is a car", U),
        ("direction", "left", "left", S),
        ("direction", "left", "To the right of it | 1 s | …", R),
        ("direction", "left", "on the left and on the right", U),
        ("direction", "left", "neither", R),
        ("direction", "left", "not to the right, left", S),
        ("direction", "in front", "behind it", R),
        ("direction", "in front", "in front of it", S),
        ("direction", "above", "below", R),
        ("direction", "pan right", "pan left", R),
        ("direction", "pan right", "It pans right.", S),
        ("direction", "zoom in", "zoom in", S),
        ("direction", "zoom in", "neither", R),
        ("direction", "move backward", "backward", S),
        ("direction", "left", "a dog", U),
        ("order", "a", "a", S),
        ("order", "a", "(b) | 3 s", R),
        ("order", "b", "b", S),
        ("order", "a", "both at the same time", R),
        ("order", "a", "only one of them happens", U),
        ("words", "LTX-2.3", '"LTX-2.3"', S),
        ("words", "LTX-2.3", "The sign reads LTX 2.3.", S),
        ("words", "LTX-2.3", "LTX-2.8", U),
        ("words", "OPEN", "CLOSED", R),
        ("words", "OPEN", "None", R),
    ],
)
def test_what_an_answer_means(form: str, expected: str, said: str, status: ClaimStatus) -> None:
    answer = read(said)
    assert answer is not None
    assert compare(claim(form, expected), answer).status is status


@pytest.mark.parametrize("said", ["", "   ", "I'm sorry, but I can't help with that.", "I cannot assist with this."])
def test_silence_and_refusals_are_no_answers(said: str) -> None:
    assert read(said) is None


def test_an_answer_has_its_times_and_what_is_seen() -> None:
    answer = read("Yes | 1.25 s, 2.5 s | a dog on grass")
    assert answer is not None
    assert (answer.said, answer.times, answer.seen) == ("Yes", (1.25, 2.5), "a dog on grass")
    as_json = read('{"answer": "red", "times": [3, 1.5, -2, true], "seen": "a red car"}')
    assert as_json is not None
    assert (as_json.said, as_json.times) == ("red", (1.5, 3.0))


@pytest.mark.parametrize(
    ("odds", "yes"),
    [
        ({"Yes": 0.9, "No": 0.05, "Cannot tell": 0.01}, True),
        ({"Yes": 0.1, "No": 0.8, "Cannot tell": 0.05}, False),
        ({"Yes": 0.5, "No": 0.4, "Cannot tell": 0.05}, None),
    ],
)
def test_probabilities_decide_where_they_are_clear(odds: dict[str, float], yes: bool | None) -> None:
    answer = read("Yes", odds)
    assert answer is not None
    assert says_yes(answer) is yes


def test_probabilities_that_went_elsewhere_mean_nothing() -> None:
    answer = read("No", {"Yes": 0.05, "No": 0.1, "Cannot tell": 0.0})
    assert answer is not None
    assert answer.yes is None
    assert says_yes(answer) is False


FORMS = st.sampled_from([("yes_no", "yes"), ("count", "3"), ("colour", "red"), ("direction", "left"), ("order", "a"),
                         ("words", "OPEN")])  # fmt: skip


@given(FORMS, st.text(max_size=80), st.none() | st.dictionaries(st.sampled_from(["Yes", "No"]), st.floats(0, 1)))
def test_any_text_gives_a_status_and_a_confidence_that_fits(
    form: tuple[str, str], said: str, odds: dict[str, float] | None
) -> None:
    answer = read(said, odds)
    if answer is not None:
        found = compare(claim(*form), answer)
        assert found.status in (S, R, U)
        assert 0 <= found.confidence <= 1
        assert found.status.decided == (found.confidence > 0)
