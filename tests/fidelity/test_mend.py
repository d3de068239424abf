import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from t2v_recaption import fidelity, intent
from t2v_recaption.fidelity.report import Report
from t2v_recaption.intent.model import Intent, Kind
from t2v_recaption.mend import mend
from t2v_recaption.statements import sentence
from t2v_recaption.writers.base import Sentence


def mended(prompt: str, text: str, allowed: frozenset[Kind] = frozenset()) -> tuple[str, tuple[str, ...], Report]:
    parsed: Intent = intent.parse(prompt)
    rows, repairs = mend(parsed, text, fidelity.check(parsed, text, allowed=allowed))
    out = " ".join(row.text for row in rows)
    return out, repairs, fidelity.check(parsed, out, allowed=allowed)


def test_nothing_to_do_changes_nothing() -> None:
    text = "A cat plays the piano. Its paws hop from key to key."
    out, repairs, report = mended("a cat playing the piano", text)
    assert out == text
    assert not repairs
    assert report.passed


@pytest.mark.parametrize(
    ("prompt", "text", "stays", "goes"),
    [
        (
            "two cats on a sofa",
            "Three cats lie on a sofa. Dust turns in the light.",
            "Dust turns in the light.",
            "Three",
        ),
        ("a red car in a street", "A blue car stands in a street. Rain falls.", "Rain falls.", "blue"),
        ("a cat on a roof", "A cat sits on a roof. The camera pans left. Wind lifts its fur.", "Wind lifts", "pans"),
        ("a cat on a roof", "A cat sits on a roof. A policeman climbs up. Wind lifts its fur.", "Wind", "policeman"),
        ("a street, no people", "A street in the rain. People hurry past. Puddles tremble.", "Puddles", "People"),
        ('a sign that says "OPEN"', 'A sign says "OPFN". Rain falls.', "Rain falls.", "OPFN"),
        ("a cat on a roof, zoom in", "A cat sits on a roof. Wind lifts its fur.", "Wind lifts its fur.", ""),
        ("a cat on a roof, anime style", "A cat sits on a roof. Wind lifts its fur.", "Wind lifts its fur.", ""),
        ("a woman grooming a horse", "A woman pets a horse. Straw rustles.", "Straw rustles.", ""),
        ("a cup on the left of a laptop", "A cup stands on the right of a laptop. Steam rises.", "Steam", "right"),
    ],
)
def test_mends(prompt: str, text: str, stays: str, goes: str) -> None:
    out, repairs, report = mended(prompt, text)
    assert report.passed, (out, report.failures, report.forbidden)
    assert repairs
    assert stays in out
    assert not goes or goes not in out


def test_camera_comes_back_as_the_camera_does_it() -> None:
    assert "The camera zooms in." in mended("a cat on a roof, zoom in", "A cat sits on a roof.")[0]


def test_untouched_sentences_keep_their_aspect_and_importance() -> None:
    parsed = intent.parse("a cat on a roof, zoom in")
    rows = (Sentence("A cat sits on a roof.", "prompt", 1.0), Sentence("Wind lifts its fur.", "weather", 0.3))
    report = fidelity.check(parsed, " ".join(row.text for row in rows))
    out, _ = mend(parsed, rows, report)
    assert out[: len(rows)] == rows
    assert all(row.importance == 1.0 for row in out[len(rows) :])


def test_allowed_inventions_stay() -> None:
    text = "A cat sits on a roof. The camera pans left."
    assert mended("a cat on a roof", text, frozenset((Kind.CAMERA,)))[0] == text


def test_leaked_detail_goes() -> None:
    parsed = intent.parse("a cat on a roof")
    text = "A cat sits on a roof. Beside it lies a brass telescope."
    rows, repairs = mend(parsed, text, fidelity.check(parsed, text, leaked=["brass telescope"]))
    assert [row.text for row in rows] == ["A cat sits on a roof."]
    assert repairs


def test_empty_text_becomes_the_prompt() -> None:
    out, _, report = mended("a red car and a dog, zoom in", "")
    assert report.passed, out
    assert out


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a cat", "A cat."),
        ("3 cats run.", "3 cats run."),
        ("a\n cat ,", "A cat."),
        ("一只猫。", "一只猫。"),
        ("ßtraße", "ßtraße."),
        ('a sign "OPEN"', 'A sign "OPEN"'),
    ],
)
def test_sentence(text: str, line: str) -> None:
    assert sentence(text) == line


PIECES = (
    'a the two three red blue old cat dog man woman runs sits on left of under no without zoom in then "Hi" Paris'
    " and , . car grooming at night anime style from to with by 4k behind first"
)
WORDS = st.sampled_from(PIECES.split())
LINE = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)


@settings(max_examples=100, deadline=None)
@given(LINE, st.lists(LINE.map(lambda line: f"{line.capitalize()}."), max_size=4).map(" ".join))
def test_what_is_mended_passes(prompt: str, text: str) -> None:
    out, _, report = mended(prompt, text)
    assert report.passed, (out, report.failures, report.forbidden)


@settings(max_examples=60, deadline=None)
@example("A:B:B:B㐀B:B𠀀B:B%À\x08ꀀ", "")
@given(st.text(min_size=1, max_size=60).filter(str.strip), st.text(max_size=120))
def test_any_text_can_be_mended(prompt: str, text: str) -> None:
    assert mended(prompt, text)[2].passed
