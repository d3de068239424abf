"""Result files of other tools as scores: what they could not score is never a number."""

import json
from pathlib import Path

import pytest

from t2v_recaption.compare import Settings, compare
from t2v_recaption.compare.external import scores_from_compbench, scores_from_file, scores_from_vbench
from t2v_recaption.errors import InvalidInput


def vbench(path: Path, shift: float = 0.0, prompts: int = 9) -> Path:
    color = [
        {"video_path": f"/v/a red bus {k}-{s}.mp4", "video_results": 0.5 + shift}
        for k in range(prompts)
        for s in (0, 1)
    ]
    image = [
        {"video_path": "C:\\v\\a cat-3.mp4", "video_results": 71.5},
        {"video_path": "x.mp4", "video_results": None},
    ]
    degree = [{"video_path": "a dog-0.mp4", "video_results": True}]
    told = {"color": [0.5, color], "imaging_quality": [0.7, image], "dynamic_degree": [1.0, degree], "scene": [0.1]}
    path.write_text(json.dumps(told))
    return path


def test_vbench(tmp_path) -> None:
    file = vbench(tmp_path / "run_eval_results.json")
    found = scores_from_vbench(file, dimension="color", ids={"a red bus 0": "p0"})
    assert [(s.prompt, s.seed, s.value, s.category) for s in found[:3]] == [
        ("p0", 0, 0.5, "color"),
        ("p0", 1, 0.5, "color"),
        ("a red bus 1", 0, 0.5, "color"),
    ]
    image = scores_from_vbench(file, dimension="imaging_quality")
    assert [(s.prompt, s.seed, s.value) for s in image] == [("a cat", 3, 0.715), ("x", 0, None)]
    assert scores_from_vbench(file, dimension="dynamic_degree")[0].value == 1.0
    with pytest.raises(InvalidInput, match="only a mean"):
        scores_from_vbench(file, dimension="scene")
    with pytest.raises(InvalidInput, match="no results of human_action"):
        scores_from_vbench(file, dimension="human_action")


def test_two_runs_of_vbench_can_be_compared(tmp_path) -> None:
    # Nine prompts that all gain the same leave room for others that do not; forty hardly do.
    first = scores_from_vbench(vbench(tmp_path / "a.json", prompts=40), dimension="color")
    second = scores_from_vbench(vbench(tmp_path / "b.json", 0.25, prompts=40), dimension="color")
    found = compare(first, second, names=("old", "new"), settings=Settings(resamples=2000))
    assert (found.prompts, found.difference) == (40, 0.25)
    assert found.verdict.text.startswith("new is better")


def test_compbench_is_normalised_as_its_scripts_do(tmp_path) -> None:
    file = tmp_path / "m_consistent_attr_score.csv"
    file.write_text(
        "name,prompt,answer_1,answer_2,Score\n1.png,a red bus,x,y,5\n2.png,a cat,x,y,bad reply\nscore: ,0.9\n"
    )
    assert [(s.prompt, s.value) for s in scores_from_compbench(file)] == [("a red bus", 1.0), ("a cat", None)]
    file = tmp_path / "m_action_binding_score.csv"
    file.write_text("name,prompt,outputs_1,outputs_2,Score\n1.png,a dog runs,x,y,4\n")
    assert scores_from_compbench(file)[0].value == 0.8
    file = tmp_path / "m_score.csv"
    file.write_text("id,object_1,d_1,object_2,d_2,Score\n0001,cat,left,,,0.5\n0002,dog,up,,,-1\nscore: ,0.4\n")
    found = scores_from_compbench(file, prompts=["a cat goes left", "a dog goes up"], ids={"a dog goes up": "p2"})
    assert [(s.prompt, s.value) for s in found] == [("a cat goes left", pytest.approx(0.6)), ("p2", 0.0)]
    file = tmp_path / "m_numeracy_video.csv"
    file.write_text('id,Score_frame_1,Score_1\n0001.mp4,"[1.0, 0.5]",0.75\nscore: ,0.75\n')
    assert [(s.prompt, s.value, s.category) for s in scores_from_compbench(file)] == [("0001.mp4", 0.75, "numeracy")]
    with pytest.raises(InvalidInput, match="there are 1 prompts"):
        scores_from_compbench(tmp_path / "m_score.csv", prompts=["only one"])
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InvalidInput, match="no known category"):
        scores_from_compbench(tmp_path / "other.csv")


def test_any_file_of_scores(tmp_path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("prompt,value,seed,category\np1,0.5,2,x\np2,,0,x\np3,nan,,\n")
    assert [(s.prompt, s.value, s.seed, s.category) for s in scores_from_file(table)] == [
        ("p1", 0.5, 2, "x"),
        ("p2", None, 0, "x"),
        ("p3", None, 0, ""),
    ]
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"prompt": "p", "score": 1, "claim": "c1"}\n\n{"prompt": "q", "score": null}\n')
    assert [(s.prompt, s.value, s.claim) for s in scores_from_file(lines, value="score")] == [
        ("p", 1.0, "c1"),
        ("q", None, ""),
    ]
    with pytest.raises(InvalidInput, match="no 'value'"):
        scores_from_file(lines)


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"color": [0.5, [{"video_results": 1}]]}'])
def test_what_is_no_result_file_is_refused(tmp_path, content) -> None:
    file = tmp_path / "x_eval_results.json"
    file.write_text(content)
    with pytest.raises(InvalidInput):
        scores_from_vbench(file)
    with pytest.raises(InvalidInput):
        scores_from_vbench(tmp_path / "nowhere.json")
    for name in ("x.csv", "x.jsonl"):
        (tmp_path / name).write_text("[1]" if name == "x.jsonl" else "")
        with pytest.raises(InvalidInput):
            scores_from_file(tmp_path / name)
