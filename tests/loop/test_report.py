"""Reports of the loop and of verifications: whole, safe, readable; pictures of them in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from t2v_recaption.backends.base import ChatReply, ChatRequest
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.errors import InvalidInput
from t2v_recaption.loop import Budget, LoopResult, loop
from t2v_recaption.loop import report as loop_report
from t2v_recaption.verify import report as verify_report
from t2v_recaption.verify import verify
from t2v_recaption.video.write import write_clip
from tests.browser import checked, screenshot

HOSTILE = 'a red ball <script>alert(1)</script> & "quotes" on a wooden floor, the camera pans left'


def frames(text: str) -> list[Any]:
    made = []
    wall = np.random.default_rng(0).integers(0, 255, (64, 200, 3), np.uint8)
    for step in range(10):
        pixels = wall[:, 60 - 4 * step : 156 - 4 * step].copy()
        pixels[20:44, 40:64] = (220, 20, 20)
        made.append(pixels)
    return made


def judge(request: ChatRequest) -> ChatReply:
    asked = request.messages[-1].text.lower()
    return ChatReply("yes <b>sure</b>" if "ball" in asked else "no", model="judge <1>")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> LoopResult:
    folder = tmp_path_factory.mktemp("loop")
    return loop(HOSTILE, frames, judges=ScriptedBackend(judge), folder=folder, budget=Budget(5), fps=10)


def test_the_loops_report_is_whole_and_safe(result: LoopResult) -> None:
    html = loop_report.html(result)
    page = checked(html)
    text = " ".join(page.text)
    assert HOSTILE in text
    assert "<script>alert" not in html
    assert result.best.text in text
    assert result.reason in text
    assert all(claim.text in text for claim in result.claims)
    assert all(edit.change in text for wording in result.wordings for edit in wording.edits)
    assert sum(tag == "img" for tag, _ in page.tags) >= 5


def test_it_says_so_when_the_clips_are_gone(result: LoopResult) -> None:
    from dataclasses import replace

    trials = tuple(
        replace(t, clip="gone.mp4", verification={**t.verification, "clip": {"path": "gone.mp4"}})
        for t in result.trials
    )
    page = checked(loop_report.html(replace(result, trials=trials)))
    assert "The clip is not at hand" in " ".join(page.text)
    assert not any(tag == "img" for tag, _ in page.tags)


def test_a_verification_shows_prompt_claims_and_evidence(tmp_path: Path) -> None:
    clip = tmp_path / "clip <1>.mp4"
    write_clip(clip, frames(""), fps=10)
    found = verify(clip, HOSTILE, judges=ScriptedBackend(judge))
    verify_report.write_html([found, found], tmp_path / "report.html", title="Two <clips>")
    page = checked((tmp_path / "report.html").read_text(encoding="utf-8"))
    text = " ".join(page.text)
    assert "Two <clips>" in text
    assert "clip <1>.mp4" in text
    marks = [at for tag, at in page.tags if tag == "mark"]
    assert marks
    assert {at["class"] for at in marks} <= {"good", "bad", "unsure", "neutral"}
    for one in found:
        assert one.claim.text in text
    assert "Score" in text


def test_a_report_that_cannot_be_written(result: LoopResult, tmp_path: Path) -> None:
    for write in (lambda: loop_report.write_html(result, tmp_path), lambda: verify_report.write_html([], tmp_path)):
        with pytest.raises(InvalidInput, match="cannot be written"):
            write()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1100, 400])
@pytest.mark.parametrize("dark", [False, True])
def test_it_looks_like_something_in_a_browser(result: LoopResult, tmp_path: Path, width: int, dark: bool) -> None:
    from PIL import Image

    loop_report.write_html(result, tmp_path / "loop.html")
    picture = screenshot(
        tmp_path / "loop.html", tmp_path / "loop.png", width=width, height=1600, profile=tmp_path / "p", dark=dark
    )
    image = np.asarray(Image.open(picture).convert("L"))
    assert image.shape[1] == width
    paper = np.median(image)
    assert paper < 60 if dark else paper > 200
    assert (np.abs(image.astype(int) - paper) > 60).mean() > 0.01
