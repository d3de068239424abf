"""python -m t2v_recaption.integrations.diffusers, on a tiny pipeline from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

SMALL = ["--set", "height=32", "--set", "width=32", "--set", "num_frames=9", "--set", "num_inference_steps=1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    import tiny

    folder = tmp_path_factory.mktemp("pipeline")
    tiny.diffusers.LTXPipeline(**tiny.ltx_parts()).save_pretrained(folder)
    return str(folder)


def run(*arguments: Any) -> Result:
    from t2v_recaption.integrations.diffusers.__main__ import main

    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_writes_a_clip_and_prints_the_caption(folder: str, tmp_path: Path) -> None:
    from PIL import Image

    output = tmp_path / "new" / "clip.gif"
    result = run(folder, "two", "red", "balls", "on a table", "-o", output, "--dtype", "float32", "--seed", 3, *SMALL)
    assert result.exit_code == 0, result.output
    (caption,) = result.stdout.splitlines()
    assert "two red balls" in caption.lower()
    assert "9 frames" in result.stderr
    with Image.open(output) as clip:
        assert clip.n_frames == 9
    again = run(folder, "two red balls on a table", "-o", output, "--dtype", "float32", "--seed", 3, *SMALL)
    assert again.stdout == result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-folder/no-such-model", "a cat"], "cannot be loaded"),
        (["./no-such-folder", "a cat"], "cannot be loaded"),
        (["FOLDER", ""], "empty"),
        (["FOLDER", "a cat", "--set", "height"], "num_frames=49"),
        (["FOLDER", "a cat", "--dtype", "float8"], "bfloat16"),
        (["FOLDER", "a cat", "--target", "wan22x"], "wan2.2"),
        (["FOLDER", "a cat", "--strength", "much"], "rich"),
    ],
)
def test_errors_are_one_sentence_with_a_hint(folder: str, tmp_path: Path, arguments: list[str], message: str) -> None:
    output = tmp_path / "clip.gif"
    given = [folder if argument == "FOLDER" else argument for argument in arguments]
    result = run("--dtype", "float32", *SMALL, "-o", output, *given)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert not output.exists()
