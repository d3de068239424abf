"""Text on screen, read for real by RapidOCR."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks.measurements.renderer import Scene, write
from t2v_recaption.errors import MissingDependency
from t2v_recaption.video.measurements import ScreenText, TextLine, find_text, measure
from t2v_recaption.video.measurements import text as reading

SHARED = Path(os.environ.get("T2V_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def line(text: str, *, start: float = 0.0, end: float = 1.0, box=(0.1, 0.1, 0.5, 0.2)) -> TextLine:
    return TextLine(text, start, end, 0.9, box, start)


@pytest.mark.slow
def test_text_is_read_with_the_time_at_which_it_appears(tmp_path) -> None:
    pytest.importorskip("rapidocr")
    found = measure(write(Scene("text", "street", seconds=2), tmp_path / "t.mp4"), signals=["light"], text="Open 24")
    answer, where = find_text(found.text, "open 24")
    assert answer.value is True
    assert where is not None
    assert where.start == pytest.approx(0.4 * 2, abs=0.15)
    assert where.end == pytest.approx(2.0, abs=0.05)
    left, top, right, bottom = where.box
    assert left < 0.3 < 0.6 < right < 0.95
    assert 0.3 < top < bottom < 0.65
    assert find_text(found.text, "closed")[0].value is False


@pytest.mark.slow
def test_text_of_a_real_clip_is_readable_at_the_end_only() -> None:
    pytest.importorskip("rapidocr")
    path = SHARED / "data" / "clips" / "ltx23_machinery.mp4"
    if not path.is_file():
        pytest.skip("the labelled clips are not on this machine")
    found = measure(path, signals=["light"], text="LTX-2.3")
    answer, where = find_text(found.text, "LTX-2.3")
    assert answer.value is True
    assert where is not None
    assert 1.0 < where.start < 2.0
    assert where.end == pytest.approx(3.6, abs=0.1)
    assert [entry.text for entry in found.text.lines if "2.3" in entry.text] == ["LTX-2.3"]


def test_nothing_is_read_unless_asked_for(tmp_path) -> None:
    found = measure(write(Scene("text", "street", seconds=1), tmp_path / "t.mp4"), signals=["light"])
    assert found.text == ScreenText()
    assert find_text(found.text, "open")[0].value is None


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch) -> None:
    reading.engine.cache_clear()
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(MissingDependency, match=r"rapidocr.*t2v-recaption\[ocr\]"):
        measure(write(Scene("text", "street", seconds=1), tmp_path / "t.mp4"), text=True)


def test_words_are_found_whatever_their_case_spaces_and_lines() -> None:
    shown = ScreenText(
        True,
        (line("Grand  OPENING!"), line("Today", box=(0.1, 0.3, 0.5, 0.4)), line("SALE", box=(0.1, 0.5, 0.5, 0.6))),
        (0.0, 1.0),
    )
    assert find_text(shown, "grand opening")[0].value is True
    assert find_text(shown, "Opening! Today")[0].value is True
    nearly, nearest = find_text(shown, "Grand Openings")
    assert nearly.value is None
    assert nearest is not None
    assert nearest.text in nearly.reason
    assert find_text(shown, "closed")[0].value is False
    assert find_text(shown, "…")[0].value is None


def test_a_line_that_is_partly_hidden_is_the_same_line() -> None:
    assert reading.overlap((0.1, 0.1, 0.3, 0.2), (0.0, 0.0, 0.9, 0.9)) == pytest.approx(1.0)
    assert reading.overlap((0.1, 0.1, 0.3, 0.2), (0.5, 0.5, 0.9, 0.9)) == 0.0
    assert reading.same("the quick brown fox", "the quick brovn fox")
    assert not reading.same("x23", "ltx23")
