"""Real clips with claims labelled by hand, where they are at hand: none that is measured is wrong."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from t2v_recaption import ClaimStatus, Verification, verify

SHARED = Path(os.environ.get("T2V_SHARED") or Path(__file__).resolve().parents[3] / "shared")
LABELS = SHARED / "data" / "clips.json"

ASKED = {
    "it is daytime": "it is daytime",
    "the camera keeps the fox in frame while the background moves": "a fox, tracking shot",
    "the camera is static": "static shot",
    "the image is black and white": "black and white",
    "the text LTX-2.3 is readable at the end": 'the text "LTX-2.3" at the end',
    "the text is readable in the first frame": 'the text "LTX-2.3" at the beginning',
    "the camera pulls back": "the camera pulls back",
}
"""A labelled claim as a user would have asked for it; a label that is not here is asked in its own words."""

MEASURED = frozenset(ASKED) - {"it is daytime"}
"""Labels that measurements can decide; all others need a vision model."""


def labelled() -> list[Any]:
    if not LABELS.is_file():
        return []
    clips = json.loads(LABELS.read_text(encoding="utf-8"))["clips"]
    return [
        pytest.param(LABELS.parent / clip["file"], text, truth, id=f"{Path(clip['file']).stem}: {text}")
        for clip in clips
        for text, truth in clip["claims"].items()
    ]


LABELLED = labelled()
cache: dict[tuple[Path, str], Verification] = {}


@pytest.mark.slow
@pytest.mark.skipif(not LABELLED, reason="the labelled clips are not on this machine")
@pytest.mark.parametrize(("path", "text", "truth"), [p for p in LABELLED if p.values[1] in MEASURED])
def test_what_is_measured_is_right_or_open(path: Path, text: str, truth: bool) -> None:
    found = verify(path, ASKED[text])
    parts = [result for result in found if not result.claim.window.whole]  # "at the end" is what the label speaks of
    for result in (result for result in parts or found if result.status.decided):
        assert (result.status is ClaimStatus.SUPPORTED) == truth, (result.claim.text, result.reason)


@pytest.mark.slow
@pytest.mark.skipif(not LABELLED, reason="the labelled clips are not on this machine")
def test_what_a_model_would_see_is_left_open() -> None:
    for case in [p for p in LABELLED if p.values[1] not in MEASURED][::6]:
        path, text, _ = case.values
        found = verify(path, text)
        assert all(not result.status.decided for result in found), text


@pytest.mark.slow
@pytest.mark.skipif(not LABELLED, reason="the labelled clips are not on this machine")
@pytest.mark.parametrize(
    ("name", "prompt", "status"),
    [
        ("wan21_fox", "a fox, tracking shot", ClaimStatus.SUPPORTED),
        ("wan21_bubbles", "static shot", ClaimStatus.SUPPORTED),
        ("hunyuan15_paper_plane", "static shot", ClaimStatus.REFUTED),
        ("ltx_two_women", "black and white", ClaimStatus.REFUTED),
        ("ltx23_machinery", 'the text "LTX-2.3" at the end', ClaimStatus.SUPPORTED),
    ],
)
def test_these_are_decided(name: str, prompt: str, status: ClaimStatus) -> None:
    found = verify(LABELS.parent / "clips" / f"{name}.mp4", prompt)
    statuses = [result.status for result in found if result.status.decided]
    assert statuses
    assert set(statuses) == {status}
