"""Articles, capitals, ends and agreement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.writers.composer import grammar


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("dog", "a"), ("apple", "an"), ("hour", "an"), ("university", "a"), ("uninhabited island", "an"),
        ("unique car", "a"),
        ("umbrella", "an"), ("European city", "a"), ("eucalyptus", "a"), ("one-eyed cat", "a"), ("owl", "an"),
        ("LED lamp", "an"),
        ("UFO", "a"), ("USB stick", "a"), ("X-ray", "an"), ("8-bit game", "an"), ("honest man", "an"), ("house", "a"),
        ("MRI scan", "an"), ("yellow car", "a"), ("", "a"), ("ukulele", "a"), ("Asian garden", "an"), ("unicorn", "a"),
        ("under construction house", "an"), ("unpaved road", "an"), ("uncooked egg", "an"), ("urban street", "an"),
    ],
)  # fmt: skip
def test_article(word: str, expected: str) -> None:
    assert grammar.article(word) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a dog", "A dog"), ("“a dog” barks", "“A dog” barks"), ("3 dogs", "3 dogs"), ("", ""), ("éclair", "Éclair")],
)
def test_capital(text: str, expected: str) -> None:
    assert grammar.capital(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a dog", "a dog."), ("a dog.", "a dog."), ("a dog, ", "a dog."), ("what?", "what?"),
     ('he says "go."', 'he says "go."'), ('he says "go"', 'he says "go".')],
)  # fmt: skip
def test_ended(text: str, expected: str) -> None:
    assert grammar.ended(text) == expected


@pytest.mark.parametrize(
    ("verb", "expected"),
    [("cut", "cuts"), ("watch", "watches"), ("carry", "carries"), ("play", "plays"), ("go", "goes"), ("have", "has")],
)
def test_third_person(verb: str, expected: str) -> None:
    assert grammar.third_person(verb) == expected


@given(st.text())
def test_never_raises(text: str) -> None:
    grammar.article(text)
    assert grammar.ended(grammar.capital(grammar.one_line(text)))
