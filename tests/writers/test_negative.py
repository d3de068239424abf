"""What a prompt rules out, as a negative prompt."""

import pytest

from t2v_recaption import intent
from t2v_recaption.writers.negative import ruled_out


@pytest.mark.parametrize(
    ("prompt", "negative"),
    [
        ("an empty beach, no people", "people"),
        ("street at night, no cars, nobody", "cars, people"),
        ("a man not wearing a hat", "wearing hat"),
        ("a room without any windows", "windows"),
        ("a cat on a sofa", ""),
        ("a cat without a collar", "collar"),
    ],
)
def test_table(prompt: str, negative: str) -> None:
    assert ruled_out(intent.parse(prompt)) == negative
