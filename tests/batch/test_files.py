"""Files in, files out: same order and count, nothing lost or doubled, whatever stops a run."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancer, InvalidInput, RecaptionError
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.batch import open_source, run_file
from t2v_recaption.errors import BackendError
from t2v_recaption.writers.chat import ChatWriter

PROMPTS = ["a cat playing the piano", "", "two dogs on a beach", "a red car", "  ", "rain on a window at night"]


@pytest.fixture(scope="module")
def enhancer() -> Enhancer:
    return Enhancer()


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "prompts.txt"
    path.write_text("\n".join(PROMPTS) + "\n", encoding="utf-8")
    return path


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def records(path: Path) -> list[dict]:
    return [json.loads(line) for line in lines(path)]


def test_text_keeps_order_count_and_blank_lines(source, tmp_path, enhancer) -> None:
    summary = run_file(source, tmp_path / "out.txt", enhancer)
    captions = lines(tmp_path / "out.txt")
    assert len(captions) == len(PROMPTS)
    assert [bool(caption) for caption in captions] == [bool(prompt.strip()) for prompt in PROMPTS]
    assert "piano" in captions[0]
    assert (summary.total, summary.done, summary.failed, summary.blank) == (6, 6, 0, 2)


def test_the_sidecar_tells_everything(source, tmp_path, enhancer) -> None:
    summary = run_file(source, tmp_path / "out.txt", enhancer)
    rows = records(summary.sidecar)
    assert summary.sidecar.name == "out.txt.jsonl"
    assert [row["prompt"] for row in rows] == PROMPTS
    assert [row["caption"] for row in rows] == lines(tmp_path / "out.txt")
    assert [row["status"] for row in rows] == ["ok", "blank", "ok", "ok", "blank", "ok"]
    assert rows[0]["facts"][0]["status"] == "kept"
    assert rows[0]["provenance"]["writer"] == "composer"
    assert rows[0]["tokens"][0]["limit"] == 226


def test_csv_keeps_its_columns(tmp_path, enhancer) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        'id,prompt,caption\n7,"a cat, on a sofa",old\n8,,x\n9,"a ""big"" dog\nrunning",y\n', encoding="utf-8"
    )
    run_file(path, tmp_path / "out.csv", enhancer)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == ["7", "8", "9"]
    assert [row["caption"] for row in rows] == ["old", "x", "y"]
    assert [row["status"] for row in rows] == ["ok", "blank", "ok"]
    assert rows[2]["prompt"] == 'a "big" dog\nrunning'
    assert "\n" not in rows[2]["enhanced_caption"]
    assert "dog" in rows[2]["enhanced_caption"]


def test_jsonl_keeps_its_keys_and_takes_plain_strings(tmp_path, enhancer) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(
        '{"text": "a cat", "id": 1, "row": "mine"}\n"a dog"\n\n{"text": "a cow", "seed": 5}\n', encoding="utf-8"
    )
    summary = run_file(path, tmp_path / "out.jsonl", enhancer)
    rows = records(tmp_path / "out.jsonl")
    assert [row["prompt"] for row in rows] == ["a cat", "a dog", "", "a cow"]
    assert (rows[0]["id"], rows[0]["input_row"], rows[0]["row"]) == (1, "mine", 1)
    assert rows[3]["seed"] == 5
    assert summary.sidecar == summary.output


def test_a_broken_row_is_its_own_failure(tmp_path, enhancer) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"prompt": "a cat"}\n{"prompt": \n[1]\n{"prompt": 5}\n{"prompt": "a dog"}\n', encoding="utf-8")
    summary = run_file(path, tmp_path / "out.jsonl", enhancer)
    assert [row["status"] for row in records(tmp_path / "out.jsonl")] == ["ok", "failed", "failed", "failed", "ok"]
    assert "not valid JSON" in summary.failures[0]
    assert "neither" in summary.failures[1]


def test_a_failed_prompt_has_an_empty_line_and_its_error_in_the_sidecar(source, tmp_path) -> None:
    good = "A cat plays the piano. Its paws press the keys."
    enhancer = Enhancer(writer=ChatWriter(ScriptedBackend(lambda r: good if "cat" in r.messages[-1].text else "No")))
    failing = Enhancer(writer=ChatWriter(ScriptedBackend(lambda _: BackendError("The server is down."))))
    assert run_file(source, tmp_path / "out.txt", failing).failed == 4
    assert lines(tmp_path / "out.txt") == [""] * 6
    assert "down" in records(tmp_path / "out.txt.jsonl")[0]["error"]
    assert run_file(source, tmp_path / "other.txt", enhancer).total == 6


def test_an_existing_output_is_not_replaced_unless_told_so(source, tmp_path, enhancer) -> None:
    (tmp_path / "out.txt").write_text("mine\n")
    with pytest.raises(InvalidInput, match="exists already"):
        run_file(source, tmp_path / "out.txt", enhancer)
    assert (tmp_path / "out.txt").read_text() == "mine\n"
    run_file(source, tmp_path / "out.txt", enhancer, overwrite=True)
    assert len(lines(tmp_path / "out.txt")) == 6


def test_the_input_is_never_the_output(source, enhancer) -> None:
    with pytest.raises(InvalidInput, match="input file itself"):
        run_file(source, source, enhancer, overwrite=True)


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1), cut_sidecar=st.floats(0, 1))
def test_resuming_after_any_cut_gives_the_same_files(tmp_path_factory, enhancer, suffix, cut, cut_sidecar) -> None:
    folder = tmp_path_factory.mktemp("cut")
    source = folder / f"in{'.csv' if suffix == '.csv' else '.txt'}"
    header = "prompt\n" if suffix == ".csv" else ""
    source.write_text(header + "\n".join(f'"{p}"' if header else p for p in PROMPTS) + "\n", encoding="utf-8")
    whole = run_file(source, folder / f"whole{suffix}", enhancer)
    cut_run = run_file(source, folder / f"cut{suffix}", enhancer)
    for path, share in ((cut_run.output, cut), (cut_run.sidecar, cut_sidecar)):
        os.truncate(path, int(path.stat().st_size * share))
    summary = run_file(source, cut_run.output, enhancer, resume=True)
    assert cut_run.output.read_bytes() == whole.output.read_bytes()
    assert cut_run.sidecar.read_bytes() == whole.sidecar.read_bytes()
    assert summary.done == 6


def test_resuming_with_other_settings_or_prompts_stops_before_anything_is_touched(source, tmp_path, enhancer) -> None:
    output = tmp_path / "out.txt"
    run_file(source, output, enhancer)
    before = output.read_bytes()
    with pytest.raises(InvalidInput, match="other settings"):
        run_file(source, output, Enhancer(seed=1), resume=True)
    source.write_text("a cow\n" + source.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InvalidInput, match="other prompts"):
        run_file(source, output, enhancer, resume=True)
    assert output.read_bytes() == before


def test_a_finished_run_is_resumed_without_work(source, tmp_path) -> None:
    run_file(source, tmp_path / "out.txt", Enhancer())
    summary = run_file(source, tmp_path / "out.txt", Enhancer(), resume=True)
    assert summary.resumed == 6


def test_a_killed_process_loses_and_doubles_nothing(tmp_path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("".join(f"a cat and {n} dogs in a park\n" for n in range(2, 400)), encoding="utf-8")
    command = [sys.executable, "-m", "t2v_recaption", "enhance", "--file", str(source), "--output"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    process = subprocess.Popen([*command, str(tmp_path / "cut.txt")], env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if (tmp_path / "cut.txt").exists() and (tmp_path / "cut.txt").stat().st_size > 20_000:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    process.wait()
    resumed = subprocess.run([*command, str(tmp_path / "cut.txt"), "--resume"], env=environment, capture_output=True)
    assert resumed.returncode == 0, resumed.stderr
    subprocess.run([*command, str(tmp_path / "whole.txt")], env=environment, check=True, capture_output=True)
    assert (tmp_path / "cut.txt").read_bytes() == (tmp_path / "whole.txt").read_bytes()


def test_a_full_disk_keeps_what_is_finished(source, tmp_path, enhancer) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    output = tmp_path / "out.txt"
    run_file(source, output, enhancer)
    good = lines(output)
    sidecar = tmp_path / "out.txt.jsonl"
    kept = lines(sidecar)[:2]
    sidecar.unlink()
    sidecar.symlink_to("/dev/full")
    with pytest.raises(RecaptionError, match="cannot be written"):
        run_file(source, output, enhancer, overwrite=True)
    sidecar.unlink()
    sidecar.write_text("\n".join(kept) + "\n", encoding="utf-8")
    output.write_text("\n".join(good[:2]) + "\n", encoding="utf-8")
    run_file(source, output, enhancer, resume=True)
    assert lines(output) == good


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.txt", "a café\n".encode("latin-1"), "not UTF-8"),
        ("in.txt", "a cat\n".encode("utf-16"), "not UTF-8"),
        ("in.csv", b"id,name\n1,x\n", "no column named prompt"),
        ("in.csv", b"", "no column named prompt"),
        ("in.xlsx", b"x", "no known format"),
    ],
)
def test_an_unusable_file_says_why_and_leaves_no_output(tmp_path, enhancer, name, content, message) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=message):
        run_file(tmp_path / name, tmp_path / f"out.{'csv' if 'csv' in name else 'txt'}", enhancer)
    assert not (tmp_path / "out.txt").exists()


def test_missing_files_and_folders(tmp_path, enhancer) -> None:
    with pytest.raises(InvalidInput, match="no file"):
        open_source(tmp_path / "none.txt")
    with pytest.raises(InvalidInput, match="no file"):
        open_source(tmp_path)
    (tmp_path / "a.txt").write_text("a cat\n")
    with pytest.raises(InvalidInput, match="cannot be written"):
        run_file(tmp_path / "a.txt", Path("/proc/none/out.txt"), enhancer)
    with pytest.raises(InvalidInput, match=r"needs a \.csv input"):
        run_file(tmp_path / "a.txt", tmp_path / "out.csv", enhancer)


def test_windows_line_ends_and_a_byte_order_mark(tmp_path, enhancer) -> None:
    (tmp_path / "in.txt").write_bytes("\ufeffa cat\r\n\r\na dog\u2028on a hill".encode())
    run_file(tmp_path / "in.txt", tmp_path / "out.txt", enhancer)
    assert len(lines(tmp_path / "out.txt")) == 3
    assert records(tmp_path / "out.txt.jsonl")[0]["prompt"] == "a cat"


def test_a_named_column(tmp_path, enhancer) -> None:
    (tmp_path / "in.csv").write_text("id,what\n1,a cat\n")
    run_file(tmp_path / "in.csv", tmp_path / "out.txt", enhancer, column="what")
    assert "cat" in lines(tmp_path / "out.txt")[0]
    with pytest.raises(InvalidInput, match="It has: id, what"):
        open_source(tmp_path / "in.csv", "prompt_de")


def test_memory_stays_flat(tmp_path, enhancer) -> None:
    """Twenty times the rows must not need more memory: rows are read, written and forgotten."""
    import tracemalloc

    def peak(rows: int) -> int:
        source = tmp_path / f"{rows}.txt"
        chosen = random.Random(1).choices(["a cat on a sofa", "two dogs in a park", "a red car at night"], k=rows)
        source.write_text("\n".join(chosen) + "\n")
        tracemalloc.start()
        run_file(source, tmp_path / "out.txt", enhancer, overwrite=True)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(100)
    assert peak(2000) < 2 * peak(100) + 2_000_000


def test_a_seed_or_a_picture_that_cannot_be_used_fails_its_row(tmp_path, enhancer) -> None:
    path = tmp_path / "in.csv"
    path.write_text("prompt,seed,image\na cat,7.0,\na cat,,\na cat,many,\na cat,,nowhere.png\n", encoding="utf-8")
    summary = run_file(path, tmp_path / "out.csv", enhancer)
    rows = records(summary.sidecar)
    assert [row["status"] for row in rows] == ["ok", "ok", "failed", "failed"]
    assert (rows[0]["seed"], rows[1]["seed"]) == (7, 0)
    assert "'many' is no whole number" in summary.failures[0]
    assert "no picture 'nowhere.png'" in summary.failures[1]


@pytest.mark.parametrize(("sign", "called"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_not_taken_for_one_column(tmp_path, enhancer, sign, called) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f"prompt{sign}seed\na cat{sign}3\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=f"separated by {called}"):
        run_file(path, tmp_path / "out.csv", enhancer)


def test_a_disk_that_fills_up_midway_is_one_clear_error(tmp_path, enhancer) -> None:
    resource = pytest.importorskip("resource")
    source, output = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("a cat\n" * 50, encoding="utf-8")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, limits[1]))
    try:
        with pytest.raises(RecaptionError, match="cannot be written any further"):
            run_file(source, output, enhancer)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    run_file(source, output, enhancer, resume=True)
    run_file(source, tmp_path / "whole.txt", enhancer)
    assert output.read_bytes() == (tmp_path / "whole.txt").read_bytes()
