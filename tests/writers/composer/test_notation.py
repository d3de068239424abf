"""The notation of the knowledge becomes plain English."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.notation import Reference, compile_fragment, possessive, realise

DOG = Reference("the dog", "it", False, "the ball", "the beach")
DOGS = Reference("the two dogs", "they", True)
WOMAN = Reference("the woman", "she", False, "the piano", "the hall")
PERSON = Reference("the person", "they", False)


@pytest.mark.parametrize(
    ("source", "who", "named", "expected"),
    [
        ("{Their} [tail|tails] [swings|swing] low.", DOG, False, "Its tail swings low."),
        ("{Their} [tail|tails] [swings|swing] low.", DOGS, False, "Their tails swing low."),
        ("{They} <moves|move> low.", DOG, False, "It moves low."),
        ("{They} <moves|move> low.", PERSON, False, "They move low."),
        ("{They} <moves|move> low.", PERSON, True, "The person moves low."),
        ("{They} <moves|move> low.", DOGS, True, "The two dogs move low."),
        ("{Name} [turns|turn], and {they} <waits|wait>.", WOMAN, False, "The woman turns, and she waits."),
        ("{Name} [turns|turn], and {they} <waits|wait>.", PERSON, False, "The person turns, and they wait."),
        ("{Their} hand rests on {obj}.", WOMAN, True, "The woman's hand rests on the piano."),
        (
            "Light falls across {place} and {their} [back|backs].",
            DOG,
            False,
            "Light falls across the beach and its back.",
        ),
        ("{They} <steadies|steady> {themselves}.", WOMAN, False, "She steadies herself."),
        ("The light finds {them}.", WOMAN, False, "The light finds her."),
        ("A line without notation.", DOG, True, "A line without notation."),
    ],
)
def test_realise(source: str, who: Reference, named: bool, expected: str) -> None:
    assert realise(compile_fragment(source), who, Choice("p", 0), "k", named=named) == expected


def test_free_variation_is_picked_by_seed() -> None:
    fragment = compile_fragment("A (soft/thin/pale) line.")
    seen = {realise(fragment, DOG, Choice("p", seed), "k") for seed in range(3)}
    assert seen == {"A soft line.", "A thin line.", "A pale line."}


def test_brackets_that_are_no_notation_stay() -> None:
    assert (
        realise(compile_fragment("It costs (at least) 3 < 4."), DOG, Choice("p", 0), "k")
        == "It costs (at least) 3 < 4."
    )


@pytest.mark.parametrize(
    ("name", "expected"), [("the dog", "the dog's"), ("the dogs", "the dogs'"), ("the actress", "the actress's")]
)
def test_possessive(name: str, expected: str) -> None:
    assert possessive(name) == expected


@given(st.text(alphabet="abc {}[]<>()|/they'Name", max_size=60))
def test_never_raises(source: str) -> None:
    fragment = compile_fragment(source)
    realise(fragment, DOG, Choice("p", 0), "k", named=True)
