"""The benchmarks of comparisons run, and print what they say they print."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.ab_text import main as ab_text
from benchmarks.calibration import main as calibration
from benchmarks.claims import main as claims

PROMPTS = ["a cat on a red mat", "two dogs on a beach", "a man rides a horse", "the camera pans left over a city"] * 2


def run(command: object, *arguments: str) -> str:
    done = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_rule_made_claims_reach_the_hand_written_ones() -> None:
    figures = json.loads(run(claims, "--json"))
    every = figures["rates"]["all"]
    assert every["claims"] >= 600
    assert every["reached"] > 0.9
    assert every["agreeing"] > 0.95
    assert sum(row["claims"] for name, row in figures["rates"].items() if name.startswith("stratum")) == every["claims"]
    lost = every["claims"] - round(every["reached"] * every["claims"])
    assert len(figures["lost"]) == lost


def test_arms_of_texts(tmp_path: Path) -> None:
    prompts = [f"{prompt} at number {n}" for n, prompt in enumerate(PROMPTS)]
    (tmp_path / "p.txt").write_text("\n".join(prompts) + "\n")
    (tmp_path / "r.txt").write_text("\n".join(["A scene of wonder and joy, a testament to beauty."] * 8) + "\n")
    rows = [{"prompt": prompt, "caption": f"{prompt}, in soft light"} for prompt in prompts[:7]]
    (tmp_path / "s.jsonl").write_text("\n".join(map(json.dumps, rows)))
    told = run(
        ab_text,
        str(tmp_path / "p.txt"),
        "--rewrites",
        f"praise={tmp_path / 'r.txt'}",
        "--rewrites",
        f"some={tmp_path / 's.jsonl'}",
        "--output",
        str(tmp_path / "out.json"),
    )
    assert "7 prompts that every arm has a text for" in told
    assert "raw is better than praise" in told
    figures = json.loads((tmp_path / "out.json").read_text())
    kept = {each["second"]: each["mean_second"] for each in figures["measures"]["fidelity"]}
    assert kept["praise"] == 0
    assert kept["composer"] == kept["some"] == 1
    (tmp_path / "r.txt").write_text("one line\n")
    wrong = CliRunner().invoke(ab_text, [str(tmp_path / "p.txt"), "--rewrites", f"x={tmp_path / 'r.txt'}"])
    assert wrong.exit_code == 2
    assert "1 lines for 8 prompts" in wrong.output


@pytest.mark.slow
def test_calibration_prints_its_tables() -> None:
    told = run(calibration, "--runs", "10", "--prompts", "12")
    assert "a verdict for one arm" in told
    assert "coverage of the 95 % interval" in told
    assert "stands_in_the_worst_case" in run(calibration, "--suite", "--runs", "3")
