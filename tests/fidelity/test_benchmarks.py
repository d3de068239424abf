import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.fidelity import main

PROMPTS = Path(__file__).parents[3] / "shared" / "data" / "prompts"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    prompts, rewrites = tmp_path / "prompts.txt", tmp_path / "rewrites.txt"
    prompts.write_text("two cats on a sofa\na red car, zoom in\n", encoding="utf-8")
    rewrites.write_text(
        "Two cats lie on a sofa. Dust turns slowly in the pale light.\n"
        "A blue car stands still. Dust turns slowly in the pale light.\n",
        encoding="utf-8",
    )
    return str(prompts), str(rewrites)


def test_json_has_every_figure(files: tuple[str, str]) -> None:
    result = CliRunner().invoke(main, [*files, "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)
    assert figures["prompts"] == 2
    assert figures["kept_whole"] == 0.5
    assert figures["facts"]["camera"]["lost"] == 1.0
    assert figures["facts"]["attribute"]["contradicted"] == 1.0
    assert figures["repeated"]["examples"][0]["times"] == 2
    assert figures["words"]["longest"] == 13


def test_text_and_failures(files: tuple[str, str]) -> None:
    result = CliRunner().invoke(main, [*files, "--show", "5"])
    assert "50.0% keep every fact" in result.output
    assert "contradicted attribute “red”" in result.output


def test_files_of_different_length_are_refused(files: tuple[str, str], tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("one line\n", encoding="utf-8")
    result = CliRunner().invoke(main, [files[0], str(short)])
    assert result.exit_code == 2
    assert "must match" in result.output


@pytest.mark.skipif(not PROMPTS.is_dir(), reason="the published rewrites are not at hand")
def test_published_rewrites_lose_facts_but_no_prompt_loses_itself(tmp_path: Path) -> None:
    prompts = PROMPTS / "vbench_category_800.txt"
    rewrites = json.loads(
        CliRunner().invoke(main, [str(prompts), str(PROMPTS / f"{prompts.stem}_gpt4o.txt"), "--json"]).output
    )
    assert 0.4 < rewrites["kept_whole"] < 0.8
    itself = json.loads(CliRunner().invoke(main, [str(prompts), str(prompts), "--json"]).output)
    assert itself["kept_whole"] == 1.0
    assert itself["inventions"] == {}
