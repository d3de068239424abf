import math
import re
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.pages import page
from t2v_recaption.pages.charts import TONES, Band, Interval, Line, Share, intervals, shares, timeline
from t2v_recaption.pages.page import policy, source
from t2v_recaption.pages.text import Mark, marked
from tests.browser import Page, browse, checked, screenshot

HOSTILE = "<script>alert(1)</script> & \"quotes\" 'single' </style> <img src=x onerror=alert(1)> {{ 7*7 }} \u202e"
numbers = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))
words = st.text(max_size=30)


def inside(fragment: str) -> str:
    """A fragment in a page of its own."""
    return f"<!doctype html><main>{fragment}</main>"


def text_of(fragment: str) -> str:
    return "".join(Page(inside(fragment)).text)


def test_a_page_is_whole_and_says_what_may_load() -> None:
    found = checked(page("base.html", title="A title"))
    assert "A title" in "".join(found.text)


def test_titles_are_escaped() -> None:
    html = page("base.html", title=HOSTILE)
    assert "<script" not in html
    assert HOSTILE in "".join(checked(html).text)


def test_a_script_runs_only_by_its_hash_and_cannot_end_early() -> None:
    html = page("base.html", title="t", script="document.title = 'ran';")
    assert "script-src 'sha256-" in policy(source("style.css"), "document.title = 'ran';")
    checked(html)
    with pytest.raises(ValueError, match="must not hold"):
        page("base.html", title="t", script="x = '</script>'")


def test_the_browser_runs_our_script_and_no_other(tmp_path) -> None:
    html = page("base.html", title="t", script="document.querySelector('main').textContent = 'ours ran';")
    html = html.replace(
        "</main>", "</main><script>document.title = 'theirs ran';</script><img src='https://example.org/x.png'>"
    )
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    shown = browse(tmp_path / "page.html", "--dump-dom", profile=tmp_path / "profile")
    assert "ours ran" in shown
    assert "<title>t</title>" in shown


def test_a_screenshot_has_a_dark_and_a_light_form(tmp_path) -> None:
    from PIL import Image

    (tmp_path / "page.html").write_text(page("base.html", title="t"), encoding="utf-8")
    corners = []
    for dark in (False, True):
        to = tmp_path / f"{dark}.png"
        screenshot(tmp_path / "page.html", to, width=600, height=400, profile=tmp_path / "profile", dark=dark)
        corners.append(sum(Image.open(to).convert("RGB").getpixel((5, 300))))
    assert corners[0] > 600
    assert corners[1] < 200


@settings(deadline=None)
@given(st.lists(st.tuples(words, numbers, numbers, numbers, words, st.sampled_from(TONES), words), max_size=6), numbers)
def test_an_interval_plot_never_breaks_the_page(rows, zero) -> None:
    zero = zero if zero is not None and math.isfinite(zero) and abs(zero) < 1e300 else None
    html = inside(intervals([Interval(*row) for row in rows], zero=zero, margin=0.02))
    assert Page(html).problems == []
    for place in re.findall(r'(?:x1|x2|cx|x|width)="(-?[\d.e+-]+|nan|inf)%"', html):
        assert 0 <= float(place) <= 100


def test_an_interval_plot_names_every_row_and_its_value() -> None:
    drawn = intervals(
        [Interval("action", -0.1, 0.05, 0.2, "+5 points"), Interval(HOSTILE, None, None, None)], axis="points"
    )
    assert "<script" not in drawn
    text = text_of(drawn)
    assert "action" in text
    assert "+5 points" in text
    assert HOSTILE in text
    assert "nothing to show" in text
    assert drawn.count("<circle") == 1


@settings(deadline=None)
@given(st.lists(st.tuples(words, st.floats(0, 1e6, allow_subnormal=False), st.sampled_from(TONES)), max_size=6))
def test_shares_fill_the_bar(parts) -> None:
    html = inside(shares([Share(*part) for part in parts]))
    assert Page(html).problems == []
    widths = [float(width) for width in re.findall(r'<rect x="[\d.]+%" width="([\d.]+)%"', html)]
    assert sum(widths) == pytest.approx(100 if any(amount for _, amount, _ in parts) else 0, abs=0.05)


def test_a_timeline_breaks_where_nothing_is_known() -> None:
    line = Line("motion", [(0, 1), (1, 2), (2, math.nan), (3, 1), (4, 0)])
    drawn = timeline([line], start=0, end=4, bands=[Band(1, 2, "cut & <b>"), Band(3, 3)])
    assert Page(inside(drawn)).problems == []
    assert drawn.count("<polyline") == 2
    assert "cut & <b>" in text_of(drawn)


@settings(deadline=None)
@given(
    st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70), st.sampled_from(TONES), words))
)
def test_marking_keeps_every_character(text, marks) -> None:
    drawn = marked(text, [Mark(*mark) for mark in marks])
    page = Page(inside(drawn))
    assert page.problems == []
    # HTML reads these as something else; none of them is a letter that a person typed
    normal = {"\r": "", "\0": ""}
    assert "".join(page.text).translate(str.maketrans(normal)) == text.translate(str.maketrans(normal))


def test_where_marks_overlap_the_worst_one_shows() -> None:
    drawn = marked("a red car", [Mark(0, 9, "good", "kept"), Mark(2, 5, "bad", "lost")])
    assert drawn == (
        '<mark class="good" title="kept">a </mark><mark class="bad" title="kept; lost">red</mark>'
        '<mark class="good" title="kept"> car</mark>'
    )


def test_pictures_are_small_and_inside_the_page() -> None:
    import numpy as np
    from PIL import Image

    from t2v_recaption.pages.pictures import Picture, data_uri, pictures, strip
    from t2v_recaption.video.frame import Frame

    pixels = np.zeros((1080, 1920, 3), np.uint8)
    uri = data_uri(pixels)
    assert uri.startswith("data:image/webp;base64,")
    assert len(uri) < 2000
    (shown,) = pictures([Frame(0, 1.5, pixels)], format="jpeg")
    assert shown.uri.startswith("data:image/jpeg")
    assert shown.caption == "1.50 s"
    html = inside(strip([shown, Picture(data_uri(Image.new("RGB", (8, 8))), HOSTILE, tone="bad")]))
    assert Page(html).problems == []
    assert "<script" not in html


def test_pictures_without_pillow_name_the_extra(monkeypatch) -> None:
    import sys

    from t2v_recaption.errors import MissingDependency
    from t2v_recaption.pages.pictures import data_uri

    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingDependency, match=r"t2v-recaption\[video\]"):
        data_uri(SimpleNamespace())
