"""Sentences are tagged once and remembered; what comes of it must not depend on what was read before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.language import analyse
from t2v_recaption.language import tagged as tagging

PIECES = [
    "A cat",
    " runs",
    ".",
    "!",
    "\n",
    ' "Open now"',
    " in front of",
    " it's",
    " 4k",
    " é",
    ";",
    " slow pan",
    " as",
    "'",
]


def fresh(text: str) -> object:
    tagging._remembered.clear()
    return analyse.__wrapped__(text)


@pytest.mark.parametrize(
    "text",
    [
        "A cat sits on a mat. A dog runs in front of it.",
        "The sign says “Open. Now.” and glows. A cat sits on a mat.",
        "Un café à 4k30. A dog runs in front of it 4k30.",
        "Camera zooms in; it stops\nA dog runs. no. 5 runs. ",
    ],
)
def test_the_same_after_other_texts(text: str) -> None:
    expected = fresh(text)
    for other in ("A dog runs in front of it 4k30. A cat sits on a mat. Camera zooms in;", text):
        analyse.__wrapped__(other)
    assert analyse.__wrapped__(text) == expected


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), min_size=2, max_size=4))
def test_never_depends_on_what_was_read_before(texts: list[str]) -> None:
    expected = [fresh(text) for text in texts]
    tagging._remembered.clear()
    assert [analyse.__wrapped__(text) for text in texts] == expected


def test_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging, "REMEMBERED", 8)
    for number in range(40):
        analyse.__wrapped__(f"The cat number {number} sits there.")
    assert len(tagging._remembered) <= 8
