"""The report and the other outputs: whole, safe, honest; and looked at in a real browser."""

import csv
import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.compare import export
from t2v_recaption.compare.arms import Arm, parse_arm
from t2v_recaption.compare.design import Design
from t2v_recaption.compare.items import Item, unique
from t2v_recaption.compare.report import report
from t2v_recaption.compare.run import run_ab
from t2v_recaption.verify.model import ClaimStatus
from tests.browser import browse, checked, screenshot
from tests.compare.conftest import FAST, PROMPTS, SHORTENED
from tests.compare.test_run import Truth, always

HOSTILE = "a cat <script>alert(1)</script> & \"quotes\" 'x' </style><img src=x onerror=alert(2)> {{ 7*7 }} https://evil.example"


def text_result(tmp_path, items, **more):
    (tmp_path / "r.txt").write_text("\n".join(SHORTENED))
    arms = (Arm("raw", "raw"), parse_arm("composer"), parse_arm("short=r.txt", tmp_path))
    design = Design(items, arms, settings=FAST, measures=("inventions", "words"))
    return run_ab(design, tmp_path / "run", **more)


def test_the_report_is_whole_safe_and_says_the_verdict_first(tmp_path, items) -> None:
    result = text_result(tmp_path, items)
    page = checked(report(result))
    text = " ".join(" ".join(page.text).split())
    words = result.comparisons[1].verdict.text.partition(":")[0]
    assert 0 < text.index(words) < text.index("How large") < text.index("All prompts") < text.index("How this was done")
    for said in (result.lock.digest, result.lock.claims_hash, "By kind: short", "By group of prompts: short", *PROMPTS):
        assert said in text
    assert sum(tag == "svg" for tag, _ in page.tags) > 10
    assert all(
        at.get("aria-label") or at.get("aria-hidden") or "viewbox" in at for tag, at in page.tags if tag == "svg"
    )


def test_hostile_text_stays_text(tmp_path) -> None:
    items = unique(Item(f"p{n}", f"{HOSTILE} {n}", HOSTILE) for n in range(7))
    arms = (Arm("raw", "raw"), Arm.of("b", lambda p: p + "<b>bold</b>"), Arm.of("c", lambda p: 1 / 0))
    design = Design(items, arms, settings=FAST)
    html = report(run_ab(design, tmp_path, judge=ScriptedBackend(lambda r: "<i>no choice</i>")))
    page = checked(html)
    assert html.count("<script") == 1
    assert not [tag for tag, _ in page.tags if tag in ("img", "b", "i")]
    assert f"{HOSTILE} 3" in "".join(page.text)


def test_failures_and_a_changed_plan_are_in_the_report(tmp_path, items) -> None:
    arms = (Arm("raw", "raw"), Arm.of("broken", lambda p: p if "cat" in p else None))
    design = Design(items, arms, settings=FAST)
    run_ab(design, tmp_path)
    result = run_ab(replace(design, settings=replace(FAST, margin=0.3)), tmp_path, new_plan=True)
    text = " ".join("".join(checked(report(result)).text).split())
    assert "What failed" in text
    assert "gave int" not in text
    assert "The plan was changed." in text
    assert "If everything unscored had gone one way" in text


@pytest.mark.parametrize("prompts", [["a red car"], ["a cat", "a dog"], PROMPTS])
def test_ties_and_few_prompts(tmp_path, prompts) -> None:
    items = unique(Item(f"p{n}", prompt) for n, prompt in enumerate(prompts))
    result = run_ab(Design(items, (Arm("raw", "raw"), Arm("same", "raw")), settings=FAST), tmp_path)
    text = "".join(checked(report(result)).text)
    assert "inconclusive" in text
    assert "All prompts tie" in text


def test_nothing_was_scored(tmp_path, items) -> None:
    arms = (Arm.of("a", lambda p: None), Arm.of("b", lambda p: ""))
    result = run_ab(Design(items, arms, settings=FAST), tmp_path)
    assert "nothing to show" in "".join(checked(report(result)).text)
    export.write_csv(result, tmp_path / "out.csv")
    export.write_junit(result, tmp_path / "out.xml")
    json.loads(result.to_json())


def test_preferences_are_shown_with_the_bias(tmp_path, items) -> None:
    result = text_result(tmp_path, items, judge=ScriptedBackend(lambda request: "1"))
    text = "".join(checked(report(result)).text)
    assert "100% for the first" in text
    assert "Strength of all arms" in text


def clip_result(tmp_path, items):
    """A run over real, tiny clips."""
    import av
    import numpy as np

    for arm, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        (tmp_path / arm).mkdir()
        for item in items.items:
            with av.open(str(tmp_path / arm / f"{item.id}.mp4"), "w") as container:
                stream = container.add_stream("mpeg4", rate=8)
                stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
                for _ in range(8):
                    frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), colour, np.uint8), format="rgb24")
                    container.mux(stream.encode(frame))
                container.mux(stream.encode())
    (tmp_path / "blue" / "p2.mp4").write_text("not a clip")
    arms = tuple(parse_arm(name, tmp_path) for name in ("red", "blue"))
    design = Design(items, arms, level="clip", settings=FAST)
    return run_ab(design, tmp_path / "run", verifier=Bytes())


class Bytes(Truth):
    """Supports half the claims, by the clip's bytes."""

    def __init__(self) -> None:
        super().__init__(None)

    def verify(self, clip, claims):
        even = sum(clip.read_bytes()) % 2 == 0
        truth = (
            always("supported")
            if even
            else Truth(lambda text, claim: ClaimStatus.REFUTED if claim.id == "c1" else ClaimStatus.SUPPORTED)
        )
        truth.seen = []
        text = clip.with_suffix(".txt")
        text.write_text("x")
        return truth.verify(text, claims)


def test_clips_are_shown_as_strips_inside_the_page(tmp_path, items) -> None:
    html = report(clip_result(tmp_path, items))
    page = checked(html)
    pictures = [at["src"] for tag, at in page.tags if tag == "img"]
    assert len(pictures) > 6 * len(items.items)
    assert all(src.startswith("data:image/webp;base64,") for src in pictures)
    assert len(html) < 2_000_000


def test_csv_has_a_row_a_prompt_and_arm_and_no_formula(tmp_path) -> None:
    items = unique([Item("p1", "=1+1 a red car"), Item("p2", "a dog")])
    result = run_ab(Design(items, (Arm("raw", "raw"), Arm.of("b", lambda p: None)), settings=FAST), tmp_path)
    export.write_csv(result, tmp_path / "out.csv")
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert [(row["id"], row["arm"], row["score"]) for row in rows] == [
        ("p1", "raw", ""),
        ("p1", "b", ""),
        ("p2", "raw", ""),
        ("p2", "b", ""),
    ]
    assert rows[0]["prompt"] == "'=1+1 a red car"


def test_junit_fails_what_is_worse_and_skips_what_cannot_be_told(tmp_path, items) -> None:
    export.write_junit(text_result(tmp_path, items), tmp_path / "out.xml")
    suite = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert suite.attrib["tests"] == "2"
    assert suite.attrib["failures"] == "1"
    assert suite.attrib["skipped"] == "1"
    assert [case.attrib["name"] for case in suite] == ["composer against raw", "short against raw"]


def test_what_xml_cannot_hold_is_left_out(tmp_path, items) -> None:
    result = text_result(tmp_path, items)
    found = result.comparisons[0]
    odd = replace(found, verdict=replace(found.verdict, text="a\x00b\x1bc \ud800 <&> \ufffe"))
    contest = replace(result.primary.contest, comparisons=(odd,))
    export.write_junit(replace(result, primary=replace(result.primary, contest=contest)), tmp_path / "out.xml")
    ElementTree.parse(tmp_path / "out.xml")


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (390, True)])
def test_the_report_in_a_real_browser(tmp_path, items, width, dark) -> None:
    from PIL import Image

    path = tmp_path / "out.html"
    export.write_html(clip_result(tmp_path, items), path)
    picture = screenshot(path, tmp_path / "s.png", width=width, height=1600, profile=tmp_path / "profile", dark=dark)
    image = Image.open(picture).convert("RGB")
    assert len(image.getcolors(1 << 24)) > 50
    right = image.crop((width - 3, 0, width, 1600))
    assert len(right.getcolors(1 << 16)) == 1, "something is wider than the page"


def test_the_filter_and_the_print_work_in_a_real_browser(tmp_path, items) -> None:
    path = tmp_path / "out.html"
    export.write_html(text_result(tmp_path, items), path)
    shown = browse(path, "--dump-dom", profile=tmp_path / "profile")
    assert f"{len(PROMPTS)} of {len(PROMPTS)}" in shown
    browse(path, f"--print-to-pdf={tmp_path / 'out.pdf'}", "--no-pdf-header-footer", profile=tmp_path / "profile")
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")


def test_real_clips_are_verified_and_measured(tmp_path) -> None:
    """Two functions that draw: one as the prompt says, one not; nothing stands in for the verification."""
    import numpy as np

    prompts = [f"the camera pans right over a {thing}" for thing in ("wall", "meadow", "street")]
    items = unique(Item(f"p{n}", prompt) for n, prompt in enumerate(prompts))
    picture = np.random.default_rng(0).integers(0, 255, (32, 120, 3), np.uint8).repeat(4, 0).repeat(4, 1)

    def draw(prompt, seed):
        step = 0 if prompt.startswith("still") else 5
        return [np.ascontiguousarray(picture[:, n * step + seed : n * step + seed + 192]) for n in range(24)]

    arms = (Arm("raw", "raw"), Arm.of("still", lambda prompt: f"still: {prompt}"))
    design = Design(
        items, arms, level="clip", settings=FAST, measures=("motion", "static", "flicker", "coverage", "cuts")
    )
    result = run_ab(design, tmp_path, generator=draw)
    assert result.problems == ()
    (found,) = result.comparisons
    assert (found.mean_first, found.mean_second) == (1.0, 0.0)
    (static,) = [each for each in result.others if each.name == "static"]
    assert [mean for _, mean in static.means] == [0.0, 1.0]
    assert any("camera" in reason for reason in result.rows[0].cells["still"].failed)
    assert any("vision model" in note for note in result.notes)
    checked(report(result))
