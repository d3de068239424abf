"""Open-Sora 2's calls, imitated: lists in and out, prompts through a CSV file, a suffix added afterwards."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from t2v_recaption import Enhancer, InvalidInput, RecaptionError
from t2v_recaption.integrations import open_sora
from t2v_recaption.integrations._host import HostEnhancer

ANSWER = "A cat jumps down from a shelf and lands on its front paws on the floor."


def quiet(target: str) -> HostEnhancer:
    return HostEnhancer(Enhancer(target), stream=StringIO())


OPEN_SORA = {
    "opensora/__init__.py": "",
    "opensora/utils/__init__.py": "",
    "opensora/utils/prompt_refine.py": """
def refine_prompts(prompts, retry_times=3, type="t2v", image_paths=None):
    assert type == "motion_score", "the host asked its own model"
    return ["7 motion score" for _ in prompts]
""",
    "opensora/utils/inference.py": """
import os
from opensora.utils.prompt_refine import refine_prompts

def create_tmp_csv(save_dir, prompt, ref=None, create=True):
    path = os.path.join(save_dir, "prompt.csv")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'text,ref\\n"{prompt}","{ref}"' if ref is not None else f'text\\n"{prompt}"')
    return path

def add_fps_info_to_text(text, fps=16):
    return [f"{item} {fps} FPS." for item in text]

def add_motion_score_to_text(text, motion_score):
    if motion_score == "dynamic":
        scores = refine_prompts(text, type="motion_score")
        return [f"{t} {scores[i]}." for i, t in enumerate(text)]
    return [f"{t} {motion_score} motion score." for t in text]
""",
    "inference.py": """
import csv, sys
from opensora.utils.inference import add_fps_info_to_text, add_motion_score_to_text, create_tmp_csv
from opensora.utils.prompt_refine import refine_prompts
from telling import tell

def main():
    cfg = {"prompt_refine": "False", "motion_score": "4"}
    for name, value in zip(sys.argv[2::2], sys.argv[3::2]):
        assert name.startswith("--"), name
        cfg[name[2:].replace("-", "_")] = value
    path = cfg.get("dataset.data_path")
    if cfg.get("prompt"):
        path = create_tmp_csv(".", cfg["prompt"], cfg.get("ref"), create=True)
    tell(models="loaded")
    for row in csv.DictReader(open(path, encoding="utf-8")):
        batch = {"text": [row["text"]]} | ({"ref": [row["ref"]]} if "ref" in row else {})
        text = batch["text"]
        if cfg["prompt_refine"] == "True":
            text = refine_prompts(text, type="t2i" if "ref" in row else "t2v", image_paths=batch.get("ref", None))
        tell(text=add_motion_score_to_text(add_fps_info_to_text(text, fps=24), cfg["motion_score"]))

if __name__ == "__main__":
    main()
""",
    "list.csv": 'text,ref,mark\n"a sign that says ""OPEN"", red",a.png,1\n"a cat jumps down",b.png,2\n',
}
SCRIPT = ["inference.py", "config.py"]


def test_open_sora_refines_before_its_models_load(checkout, run) -> None:
    folder = checkout(OPEN_SORA)
    done = run("open_sora", folder, *SCRIPT, "--prompt", 'a sign that says "OPEN"', "--refine-prompt", "True")
    assert done.code == 0, done.err
    (text,) = done.calls[1]["text"]
    assert '"OPEN"' in text
    assert text.endswith(" 24 FPS. 4 motion score.")
    failed = run("open_sora", folder, *SCRIPT, "--prompt", "...")
    assert failed.code == 2
    assert failed.calls == []


def test_open_sora_looks_at_its_images(checkout, run, scripted) -> None:
    folder = checkout(OPEN_SORA)
    answers = ('A red sign that says "OPEN" swings in the wind before a closed door.', ANSWER)
    done = run("open_sora", folder, *scripted(folder, *answers), *SCRIPT, "--dataset.data-path", "list.csv")
    assert done.code == 0, done.err
    assert [call["text"][0].partition(" 24 FPS")[0] for call in done.calls[1:]] == list(answers)


def test_open_sora_asks_its_own_model_for_motion_scores(checkout, run) -> None:
    done = run("open_sora", checkout(OPEN_SORA), *SCRIPT, "--prompt", "a cat", "--motion_score", "dynamic")
    assert done.calls[1]["text"][0].endswith(" 24 FPS. 7 motion score.")
    with pytest.raises(InvalidInput, match="no caption"):
        open_sora.Refiner(quiet("open-sora"))(["a cat"], type="motion_score")


def test_open_sora_csv_files(checkout, run) -> None:
    folder = checkout(OPEN_SORA)
    assert run("open_sora", folder, "list.csv", "new.csv").code == 0
    old, new = (list(csv.DictReader((folder / name).open(encoding="utf-8"))) for name in ("list.csv", "new.csv"))
    assert [row["original_text"] for row in new] == [row["text"] for row in old]
    assert [(row["ref"], row["mark"]) for row in new] == [("a.png", "1"), ("b.png", "2")]
    assert all(len(after["text"]) > len(before["text"]) for before, after in zip(old, new, strict=True))
    (folder / "bad.csv").write_text("text\na cat\n...\n")
    assert run("open_sora", folder, "bad.csv", "never.csv").code == 1
    assert not (folder / "never.csv").exists()


def test_open_sora_lists() -> None:
    refine = open_sora.Refiner(quiet("open-sora"))
    assert len(refine(["a cat", "two dogs"])) == 2
    assert refine([]) == []
    with pytest.raises(RecaptionError, match="prompt 2"):
        refine(["a cat", ""])
    with pytest.raises(InvalidInput, match="1 images"):
        refine(["a cat", "two dogs"], image_paths=["a.png"])
    rows = open_sora.jobs_of(["c.py", "--prompt", "a cat", "--ref", "a.png"])
    assert [(job.prompt, job.image) for job in rows] == [("a cat", "a.png")]
    assert open_sora.jobs_of(["c.py", "--dataset.data-path", "x.parquet"]) == []


def test_open_sora_enhances_only_the_rows_that_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text\n" + "".join(f"{n} cats\n" for n in range(9)))
    given = ["c.py", "--dataset.data-path", str(path), "--start-index", "2"]
    assert [job.prompt for job in open_sora.jobs_of([*given, "--end-index", "4"])] == ["2 cats", "3 cats"]
    assert [job.prompt for job in open_sora.jobs_of([*given, "--num-samples", "1"])] == ["2 cats"]
