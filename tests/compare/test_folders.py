import json

import pytest

from t2v_recaption.compare.arms import Arm, parse_arm
from t2v_recaption.compare.design import Design, Job
from t2v_recaption.compare.folders import ClipFolder
from t2v_recaption.compare.items import Item, unique
from t2v_recaption.compare.run import run_ab
from t2v_recaption.errors import InvalidInput
from tests.compare.conftest import FAST
from tests.compare.test_run import always

ITEMS = unique([Item("p1", "a cat"), Item("p2", "a dog that runs " + "very " * 60 + "fast")])


def job(item=0, position=0, seed=0):
    return Job(ITEMS.items[item], "arm", position, seed)


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


@pytest.mark.parametrize("name", ["a cat-3.mp4", "p1-3.webm", "p1_3.gif", "p1/3.mp4", "sub/../a cat-3.mp4"])
def test_clips_are_found_by_name(tmp_path, name) -> None:
    (tmp_path / "sub").mkdir()
    touch(tmp_path, name)
    folder = ClipFolder(tmp_path, ITEMS, (3, 4))
    assert folder.find(job(seed=3)).name.startswith(("a cat", "p1", "3"))
    assert folder.find(job(seed=4, position=1)) is None


def test_a_name_cut_as_vbench_2_does(tmp_path) -> None:
    touch(tmp_path, ITEMS.items[1].prompt[:180] + "-0.mp4")
    assert ClipFolder(tmp_path, ITEMS).find(job(item=1)) is not None


def test_places_count_where_seeds_are_not_in_the_names_and_never_both(tmp_path) -> None:
    touch(tmp_path, "a cat-0.mp4", "a cat-1.mp4")
    folder = ClipFolder(tmp_path, ITEMS, (1, 2))
    found = [folder.find(job(position=p, seed=s)) for p, s in enumerate((1, 2))]
    assert [path.name for path in found] == ["a cat-0.mp4", "a cat-1.mp4"]


def test_one_clip_without_a_number(tmp_path) -> None:
    touch(tmp_path, "p1.mp4")
    assert ClipFolder(tmp_path, ITEMS, (7, 8)).find(job(seed=7)) is None
    assert ClipFolder(tmp_path, ITEMS, (7,)).find(job(seed=7)).name == "p1.mp4"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "manifest.jsonl",
            '{"prompt": "a cat", "seed": 5, "video": "x.mp4"}\n{"prompt": "a bird", "video": "y.mp4"}\n',
        ),
        ("manifest.json", json.dumps([{"id": "p1", "seed": "5", "path": "x.mp4"}, {"prompt": "a bird"}])),
        ("manifest.csv", "prompt,seed,file\na cat,5,x.mp4\na bird,5,y.mp4\n"),
        ("manifest.json", json.dumps({"a  cat": ["x.mp4"], "a bird": "y.mp4"})),
    ],
)
def test_a_manifest_wins_over_names(tmp_path, name, text) -> None:
    touch(tmp_path, "x.mp4", "a cat-5.mp4")
    (tmp_path / name).write_text(text)
    folder = ClipFolder(tmp_path, ITEMS, (5,))
    assert folder.find(job(seed=5)).name == "x.mp4"
    assert folder.find(job(item=1, seed=5)) is None
    assert "1 row of other prompts" in folder.notes[0]


@pytest.mark.parametrize("text", ["{", "[1]", '"x"'])
def test_a_manifest_that_is_none(tmp_path, text) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InvalidInput):
        ClipFolder(tmp_path, ITEMS)


def test_missing_clips_are_missing_scores(tmp_path, items) -> None:
    for name in ("a", "b"):
        touch(tmp_path / name, *(f"{item.id}.mp4" for item in items.items))
    (tmp_path / "b" / "p3.mp4").unlink()
    arms = tuple(parse_arm(name, tmp_path) for name in ("a", "b"))
    result = run_ab(Design(items, arms, level="clip", settings=FAST), tmp_path / "run", verifier=always("supported"))
    assert [(p.arm, p.item, "Missing" in p.message) for p in result.problems] == [("b", "p3", True)]
    assert result.comparisons[0].prompts == len(items.items) - 1


def test_a_clip_that_was_replaced_is_checked_again(tmp_path, items) -> None:
    for name in ("a", "b"):
        touch(tmp_path / name, *(f"{item.id}.mp4" for item in items.items))
    arms = tuple(parse_arm(name, tmp_path) for name in ("a", "b"))
    design, truth = Design(items, arms, level="clip", settings=FAST), always("supported")
    run_ab(design, tmp_path / "run", verifier=truth)
    before = len(truth.seen)
    (tmp_path / "b" / "p3.mp4").write_text("another clip")
    run_ab(design, tmp_path / "run", verifier=truth)
    assert truth.seen[before:] == ["another clip"]


def test_an_arm_without_anything_that_makes_clips(items, tmp_path) -> None:
    design = Design(items, (Arm("raw", "raw"), Arm("b", "raw")), level="clip")
    with pytest.raises(InvalidInput, match="makes the clips"):
        run_ab(design, tmp_path)
    assert not (tmp_path / "ab.lock.json").exists()
