"""VBench's look-up, imitated: videos are found by the original prompt, whatever the caption says."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancer, InvalidInput
from t2v_recaption.integrations._host import HostEnhancer
from t2v_recaption.integrations.vbench import SUITES, collect, enhance_list, video_name

VBENCH, VBENCH2 = SUITES["vbench"], SUITES["vbench2"]


def quiet(**settings) -> HostEnhancer:
    return HostEnhancer(Enhancer("wan2.1"), stream=StringIO(), **settings)


def rows_of(manifest: Path) -> list[dict]:
    return [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]


def test_captions_line_for_line_and_names_by_the_original(checkout, run) -> None:
    folder = checkout({"list.txt": "a cat playing the piano\nIn a still frame, a stop sign\n"})
    done = run("vbench", folder, "--target", "wan2.1", "--", "list.txt", "captions.txt")
    assert done.code == 0, done.err
    assert done.out.strip() == "captions.txt.jsonl"
    captions = (folder / "captions.txt").read_text(encoding="utf-8").splitlines()
    rows = rows_of(folder / "captions.txt.jsonl")
    assert [row["caption"] for row in rows] == captions
    assert [row["prompt"] for row in rows] == ["a cat playing the piano", "In a still frame, a stop sign"]
    assert rows[0]["videos"] == [f"a cat playing the piano-{k}.mp4" for k in range(5)]
    assert [row["line"] for row in rows] == [1, 2]


def test_the_second_suite_cuts_names_and_counts_otherwise(checkout, run) -> None:
    long = "a red balloon rises over a quiet town " + "and over the hills behind it " * 6
    info = [{"prompt_en": "a girl sings", "dimension": ["Diversity"]}]
    folder = checkout({"list.txt": f"{long}\na girl sings\n", "info.json": json.dumps(info)})
    done = run("vbench", folder, "list.txt", "c.txt", "--suite", "vbench2", "--full-info", "info.json")
    assert done.code == 0, done.err
    first, second = rows_of(folder / "c.txt.jsonl")
    assert first["videos"] == [f"{long.strip()[:180]}-{k}.mp4" for k in range(3)]
    assert len(second["videos"]) == 20


def test_nothing_is_written_when_one_fails_unless_chosen(checkout, run) -> None:
    folder = checkout({"list.txt": "a cat\n...\n"})
    assert run("vbench", folder, "list.txt", "c.txt").code == 1
    assert not (folder / "c.txt").exists()
    assert run("vbench", folder, "--original-on-failure", "--", "list.txt", "c.txt").code == 0
    assert (folder / "c.txt").read_text(encoding="utf-8").splitlines()[1] == "..."
    assert [row["status"] for row in rows_of(folder / "c.txt.jsonl")] == ["ok", "original"]


@pytest.mark.parametrize("text", ["a cat\n\na dog\n", "a cat/dog\n", "x" * 251 + "\n"])
def test_lists_that_cannot_work_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(InvalidInput):
        enhance_list(tmp_path / "list.txt", tmp_path / "c.txt", quiet())
    assert not (tmp_path / "c.txt").exists()


def test_two_prompts_that_would_share_a_name_are_refused(tmp_path: Path) -> None:
    same = "a red balloon rises over a quiet town " * 5
    (tmp_path / "list.txt").write_text(f"{same}at dawn\n{same}at night\n")
    with pytest.raises(InvalidInput, match="share the name"):
        enhance_list(tmp_path / "list.txt", tmp_path / "c.txt", quiet(), VBENCH2)


def test_a_prompt_that_is_listed_twice_is_fine(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a cat sits\na cat sits\n")
    rows = rows_of(enhance_list(tmp_path / "list.txt", tmp_path / "c.txt", quiet()))
    assert rows[0]["videos"] == rows[1]["videos"]
    assert rows[0]["caption"] == rows[1]["caption"]


def test_missing_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        enhance_list(tmp_path / "none.txt", tmp_path / "c.txt", quiet())
    (tmp_path / "list.txt").write_text("a cat\n")
    with pytest.raises(InvalidInput, match="full_info"):
        enhance_list(tmp_path / "list.txt", tmp_path / "c.txt", quiet(), full_info=tmp_path / "none.json")


def prompt_of(name: str) -> str:
    """What the suites take for the prompt of a file: its stem without a last hyphen and number."""
    return re.sub(r"-\d+$", "", Path(name).stem)


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="/"), max_size=60
    ),
    st.integers(0, 24),
)
def test_a_name_leads_back_to_its_prompt(prompt: str, index: int) -> None:
    assert prompt_of(video_name(prompt, index)) == prompt
    assert video_name(prompt, index, VBENCH2) == f"{prompt[:180]}-{index}.mp4"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a cat sits", "two dogs on a beach", "a girl sings"]), min_size=1, max_size=5))
def test_videos_named_by_index_are_renamed(tmp_path_factory, prompts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("videos")
    (folder / "list.txt").write_text("\n".join(prompts))
    manifest = enhance_list(folder / "list.txt", folder / "c.txt", quiet())
    for index in range(len(prompts)):
        (folder / f"PNDM_{index}_gs7.5_s50.mp4").write_text(str(index))
    renamed = collect(manifest, folder, "PNDM_{index}_gs7.5_s50.mp4", sample=2)
    assert {path.name for path in renamed} == {f"{prompt}-2.mp4" for prompt in prompts}
    for path in renamed:
        assert prompts[int(path.read_text())] == prompt_of(path.name)


def test_nothing_is_renamed_when_a_video_is_missing(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a cat sits\na girl sings\n")
    manifest = enhance_list(tmp_path / "list.txt", tmp_path / "c.txt", quiet())
    (tmp_path / "0.mp4").write_text("")
    with pytest.raises(InvalidInput, match=r"1\.mp4 is missing"):
        collect(manifest, tmp_path, "{index}.mp4")
    (tmp_path / "1.mp4").write_text("")
    (tmp_path / "a girl sings-0.mp4").write_text("")
    with pytest.raises(InvalidInput, match="exists already"):
        collect(manifest, tmp_path, "{index}.mp4")
    assert (tmp_path / "0.mp4").exists()
