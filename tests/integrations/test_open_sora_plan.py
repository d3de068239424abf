"""Open-Sora-Plan's call, imitated: parsed arguments, a refiner class, one pipeline call a prompt, names by index."""

import argparse
import json
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancer, InvalidInput, RecaptionError
from t2v_recaption.integrations._host import HostEnhancer
from t2v_recaption.integrations.open_sora_plan import Refiner, enhance_arguments, enhance_config, read_prompts

HOST = {
    "opensora/__init__.py": "",
    "opensora/sample/caption_refiner.py": """
class OpenSoraCaptionRefiner:
    def __init__(self, args, dtype, device):
        raise AssertionError("the host's own refiner was constructed")
""",
    "opensora/utils/__init__.py": "",
    "opensora/utils/sample_utils.py": """
import argparse
from telling import tell

def get_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--text_prompt", nargs="+")
    parser.add_argument("--model_type", default="t2v", choices=["t2v", "inpaint", "i2v"])
    parser.add_argument("--caption_refiner", default=None)
    parser.add_argument("--conditional_pixel_values_path", default=None)
    return parser.parse_args()

def run_model_and_save_samples(args, pipeline, caption_refiner_model=None, enhance_video_model=None):
    if len(args.text_prompt) == 1 and args.text_prompt[0].endswith("txt"):
        args.text_prompt = [line.strip() for line in open(args.text_prompt[0])]
    for index, prompt in enumerate(args.text_prompt):
        if args.caption_refiner is not None and args.model_type == "t2v":
            prompt = caption_refiner_model.get_refiner_output(prompt)
        pipeline(index, f"high quality, high aesthetic, {prompt}")
""",
    "opensora/sample/sample.py": """
from opensora.utils.sample_utils import get_args, run_model_and_save_samples
from opensora.sample.caption_refiner import OpenSoraCaptionRefiner
from telling import tell

if __name__ == "__main__":
    args = get_args()
    tell(loaded=True)
    refiner = OpenSoraCaptionRefiner(args, "float16", 0) if args.caption_refiner is not None else None
    run_model_and_save_samples(args, lambda index, prompt: tell(index=index, prompt=prompt), refiner, None)
""",
}


def test_a_file_is_refined_line_by_line_in_order(checkout, run) -> None:
    folder = checkout(HOST | {"p.txt": "a cat playing the piano\n  two dogs on a beach, no people \n"})
    done = run("open_sora_plan", folder, "--manifest", "m.jsonl", "--", "--text_prompt", "p.txt")
    assert done.code == 0, done.err
    _, first, second = done.calls
    assert (first["index"], second["index"]) == (0, 1)
    assert "piano" in first["prompt"]
    assert "no people" in second["prompt"]
    assert all(len(call["prompt"]) > 120 and "\n" not in call["prompt"] for call in (first, second))
    rows = [json.loads(line) for line in (folder / "m.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["prompt"] for row in rows] == ["a cat playing the piano", "two dogs on a beach, no people"]
    assert {row["target"] for row in rows} == {"open-sora-plan"}


def test_literal_prompts_are_refined(checkout, run) -> None:
    done = run("open_sora_plan", checkout(HOST), "--text_prompt", "a red car turns left", "a girl sings")
    assert [call.get("index") for call in done.calls] == [None, 0, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text_prompt", "p.txt"], "Prompt 2 of 3 is empty"),
        (["--text_prompt", "a cat", "..."], "1 of 2 prompts could not be enhanced"),
        (["--text_prompt", "none.txt"], "none.txt cannot be read"),
        (["--text_prompt", "a cat", "--model_type", "i2v"], "does not look at"),
        ([], "There is no prompt"),
    ],
)
def test_nothing_is_loaded_when_one_prompt_fails(checkout, run, arguments: list[str], message: str) -> None:
    done = run("open_sora_plan", checkout(HOST | {"p.txt": "a cat\n\na dog\n"}), *arguments)
    assert done.code in (1, 2)
    assert done.calls == []
    assert message in done.err
    assert "Hint: " in done.err
    assert "Traceback" not in done.err


def test_who_chooses_it_gets_the_original_of_a_failed_one(checkout, run) -> None:
    done = run("open_sora_plan", checkout(HOST), "--original-on-failure", "--", "--text_prompt", "a cat", "...")
    assert done.code == 0
    assert done.calls[2]["prompt"] == "high quality, high aesthetic, ..."
    assert "goes to the video model as it is" in done.err


def test_pictures_are_refined_only_when_they_are_looked_at(checkout, run, scripted) -> None:
    folder = checkout(HOST | {"p.txt": "a cat jumps down\n", "c.txt": "a.png,b.png\n"})
    answer = "A cat jumps down from a shelf and lands on its front paws on the floor."
    i2v = ["--model_type", "i2v", "--text_prompt", "p.txt", "--conditional_pixel_values_path", "c.txt"]
    done = run("open_sora_plan", folder, *scripted(folder, answer), *i2v)
    assert done.code == 0, done.err
    assert done.calls[1]["prompt"].endswith(answer)


def test_the_host_must_be_there(tmp_path: Path, run) -> None:
    done = run("open_sora_plan", tmp_path, "--text_prompt", "a cat")
    assert done.code == 2
    assert "'opensora' of Open-Sora-Plan cannot be imported" in done.err
    assert "PYTHONPATH" in done.err


def test_the_other_project_of_that_name_is_told_apart(checkout, run) -> None:
    done = run("open_sora_plan", checkout({"opensora/__init__.py": ""}), "--text_prompt", "a cat")
    assert done.code == 2
    assert "is no Open-Sora-Plan" in done.err


def quiet() -> HostEnhancer:
    return HostEnhancer(Enhancer("open-sora-plan"), stream=StringIO())


def test_the_refiner_alone_is_what_the_host_calls() -> None:
    caption = Refiner(quiet()).get_refiner_output("two dogs on a beach")
    assert isinstance(caption, str)
    assert len(caption.split()) >= 40
    with pytest.raises(InvalidInput):
        Refiner().get_refiner_output("")


def test_the_prefix_of_the_host_is_counted() -> None:
    found = quiet()("two dogs on a beach")
    bare = Enhancer("wan2.1")("two dogs on a beach")
    assert quiet().target.prefix == "high quality, high aesthetic, "
    assert found.fit.counts[0].limit == 512
    assert found.fit.counts[0].tokens / len(found.caption) > bare.fit.counts[0].tokens / len(bare.caption)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a red balloon", "two dogs on a beach", "a girl sings", "3 cats run"]), min_size=1))
def test_the_configuration_of_1_5_gets_as_many_lines(tmp_path: Path, prompts: list[str]) -> None:
    (tmp_path / "sora.txt").write_text("\n".join(prompts), encoding="utf-8")
    config = {"prompt": str(tmp_path / "sora.txt"), "model_max_length": 512, "micro_batch_size": 1}
    (tmp_path / "model.json").write_text(json.dumps(config), encoding="utf-8")
    captions = enhance_config(tmp_path / "model.json", tmp_path / "new.json", quiet())
    assert len(captions.read_text(encoding="utf-8").splitlines()) == len(prompts)
    new = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert new == config | {"prompt": str(captions)}
    assert read_prompts(new["prompt"]) == captions.read_text(encoding="utf-8").splitlines()


def test_a_configuration_is_left_alone_when_a_prompt_fails(checkout, run) -> None:
    folder = checkout({"model.json": json.dumps({"prompt": "sora.txt"}), "sora.txt": "a cat\n...\n"})
    done = run("open_sora_plan", folder, "model.json", "new.json")
    assert done.code == 1
    assert not (folder / "new.json").exists()
    assert not (folder / "new.txt").exists()
    broken = run("open_sora_plan", checkout({"model.json": "[]"}), "model.json", "new.json")
    assert "no key 'prompt'" in broken.err


def test_pictures_and_prompts_must_be_as_many(tmp_path: Path) -> None:
    from t2v_recaption.backends.scripted import ScriptedBackend

    (tmp_path / "c.txt").write_text("a.png\n")
    args = argparse.Namespace(
        text_prompt=["a cat", "a dog"],
        model_type="inpaint",
        conditional_pixel_values_path=str(tmp_path / "c.txt"),
        caption_refiner="x",
    )
    host = HostEnhancer(Enhancer("open-sora-plan", writer="chat", backend=ScriptedBackend([])))
    with pytest.raises(RecaptionError, match="2 prompts, but 1 lines"):
        enhance_arguments(args, host)
