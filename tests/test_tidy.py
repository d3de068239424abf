"""tidy: what a prompt looks like before anything reads it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.tidy import tidy


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("  a  cat\n on a\tmat ", "a cat on a mat"),
        ("a cat\x00\x1b[31m red\x1b[0m", "a cat red"),
        ("a \x1b[cat", "a [cat"),
        ("a \ud800cat", "a cat"),
        ("family 👨‍👩‍👧 walking", "family 👨‍👩‍👧 walking"),
        ("{{ 7*7 }} <b>bold</b> %s", "{{ 7*7 }} <b>bold</b> %s"),
        ("كلب يجري", "كلب يجري"),
        ("cafe\u0301", "café"),
        ("\ufeffa cat\u2028and a dog", "a cat and a dog"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
    ],
)
def test_table(prompt: str, expected: str) -> None:
    assert tidy(prompt)[0] == expected


def test_what_went_is_said() -> None:
    assert tidy("a\x00b\x01 \ud800")[1] == ("Removed from the prompt: 2 control characters, 1 broken character.",)
    assert tidy("a cat")[1] == ()


@given(st.text(alphabet=st.characters()))
def test_always_one_clean_line_and_stable(prompt: str) -> None:
    text, _ = tidy(prompt)
    assert "\n" not in text
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
    assert tidy(text) == (text, ())
    text.encode("utf-8")


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S"))))
def test_letters_digits_and_symbols_are_never_lost(prompt: str) -> None:
    assert tidy(prompt)[0] == " ".join(unicodedata.normalize("NFC", prompt).split())
