"""Wan's call, imitated: an expander constructed on every rank, called on rank 0, whose caption names the file."""

import sys
from io import StringIO
from typing import Any

import pytest

from t2v_recaption import Enhancer, InvalidInput, NotKept
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.integrations._host import HostEnhancer
from t2v_recaption.integrations.wan import Expander, expander_class, install, switched_on, target_for

PNG = b"\x89PNG\r\n\x1a\n"
CAPTION = "A cat jumps down from a shelf and lands on its front paws on the floor."

HOST = {
    "wan/__init__.py": "",
    "wan/utils/__init__.py": "",
    "wan/utils/prompt_extend.py": "import dashscope_that_nobody_has\n",
    "generate.py": """
import argparse
import logging
import random
import sys

from wan.utils.prompt_extend import DashScopePromptExpander, QwenPromptExpander
from telling import tell

def _parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", default="t2v-A14B")
    parser.add_argument("--prompt", default=None)
    parser.add_argument("--image", default=None)
    parser.add_argument("--use_prompt_extend", action="store_true")
    parser.add_argument("--prompt_extend_method", default="local_qwen", choices=["dashscope", "local_qwen"])
    parser.add_argument("--prompt_extend_model", default=None)
    parser.add_argument("--prompt_extend_target_lang", default="zh", choices=["zh", "en"])
    parser.add_argument("--base_seed", type=int, default=-1)
    args = parser.parse_args()
    args.base_seed = args.base_seed if args.base_seed >= 0 else random.randint(0, sys.maxsize)
    return args

def generate(args):
    if args.use_prompt_extend:
        if args.prompt_extend_method == "dashscope":
            expander = DashScopePromptExpander(model_name=args.prompt_extend_model, task=args.task, is_vl=False)
        else:
            expander = QwenPromptExpander(
                model_name=args.prompt_extend_model, task=args.task, is_vl=args.image is not None, device=0)
        output = expander(
            args.prompt, image=args.image, tar_lang=args.prompt_extend_target_lang, seed=args.base_seed)
        if output.status == False:
            tell(failed=output.message)
        else:
            args.prompt = output.prompt
        tell(seed=output.seed)
    tell(task=args.task, prompt=args.prompt)

if __name__ == "__main__":
    generate(_parse_args())
""",
}


def quiet(target: str = "wan2.2", answers: Any = None, **settings: Any) -> HostEnhancer:
    options: dict[str, Any] = {}
    if answers is not None:
        options = {"writer": "chat", "backend": ScriptedBackend(answers), "attempts": 0, "cache": False}
    return HostEnhancer(Enhancer(target, **options), stream=StringIO(), **settings)


@pytest.mark.parametrize("method", [[], ["--prompt_extend_method", "dashscope"], ["--use_prompt_extend"]])
def test_generate_gets_a_seeded_caption_without_dashscope(checkout, run, method: list[str]) -> None:
    folder = checkout(HOST)
    arguments = ["generate.py", "--prompt", "two dogs on a beach, no people", *method]
    runs = [run("wan", folder, *arguments, "--base_seed", str(seed)) for seed in (7, 7, 8)]
    assert runs[0].code == 0, runs[0].err
    prompts = [done.calls[-1]["prompt"] for done in runs]
    assert prompts[0] == prompts[1] != prompts[2]
    assert "no people" in prompts[0]
    assert runs[0].calls[0] == {"seed": 7}


def test_english_stays_english_unless_chinese_is_asked_for(checkout, run) -> None:
    folder = checkout(HOST)
    asked = run("wan", folder, "generate.py", "--prompt", "two dogs", "--prompt_extend_target_lang", "zh")
    assert asked.code == 1
    assert "writes English" in asked.err
    assert asked.calls == []
    english = run("wan", folder, "generate.py", "--prompt", "two dogs", "--prompt_extend_target_lang", "en")
    assert english.code == 0, english.err


def test_an_empty_prompt_renders_nothing(checkout, run) -> None:
    done = run("wan", checkout(HOST), "generate.py", "--prompt", "")
    assert done.code == 2
    assert done.calls == []


def test_who_chooses_it_gets_wans_own_fallback(checkout, run) -> None:
    done = run("wan", checkout(HOST), "--original-on-failure", "--", "generate.py", "--prompt", "...")
    assert done.code == 0, done.err
    assert "empty" in done.calls[0]["failed"]
    assert done.calls[-1]["prompt"] == "..."


def test_the_script_must_be_named_and_there(checkout, run) -> None:
    folder = checkout({})
    unnamed = run("wan", folder, "--task", "t2v-A14B")
    assert unnamed.code == 2
    assert "generate.py" in unnamed.err
    missing = run("wan", folder, "generate.py")
    assert "folder of your Wan checkout" in missing.err


@pytest.mark.parametrize(
    ("image", "task", "seen"),
    [(None, "t2v", 0), (PNG, "i2v", 1), ([PNG, PNG], "flf2v", 2), ([PNG], "i2v", 1)],
)
def test_frames_decide_the_task(image: Any, task: str, seen: int) -> None:
    backend = ScriptedBackend([CAPTION])
    enhancer = Enhancer("wan2.1", writer="chat", backend=backend, attempts=0, cache=False)
    expander = Expander(HostEnhancer(enhancer, stream=StringIO()))
    output = expander("a cat jumps down", image=image, tar_lang="en", seed=11)
    assert (output.status, output.prompt, output.seed) == (True, CAPTION, 11)
    assert f'"task": "{task}"' in output.message
    assert sum(len(message.images) for message in backend.history[0].messages) == seen
    assert backend.history[0].seed == 11


def test_the_model_is_told_the_language() -> None:
    written = "一只猫从架子上跳下来，前爪落在地板上，镜头保持不动。"
    expander = Expander(quiet(answers=[written]))
    output = expander("一只猫跳下来", tar_lang="zh", seed=1)
    assert output.prompt.startswith(written)
    assert '"language": "zh"' in output.message


def test_a_negative_seed_means_the_enhancers_own() -> None:
    expander = Expander(HostEnhancer(Enhancer("wan2.2", seed=5), stream=StringIO()), follow_target_lang=False)
    assert expander("two dogs on a beach", seed=-1).seed == 5


def test_the_output_has_wans_fields_and_takes_more() -> None:
    output = Expander(quiet(), follow_target_lang=False)("two dogs on a beach", seed=3)
    assert set(vars(output)) == {"status", "prompt", "seed", "system_prompt", "message"}
    output.add_custom_field("width", 5)
    assert vars(output)["width"] == 5


def test_vace_calls_forward() -> None:
    expander = Expander(quiet("wan2.1"), follow_target_lang=False)
    assert expander.forward("two dogs on a beach") == expander("two dogs on a beach").prompt


def test_failures_are_raised_unless_the_original_was_chosen() -> None:
    with pytest.raises(NotKept):
        Expander(quiet())("two dogs", tar_lang="zh")
    output = Expander(quiet(original_on_failure=True))("two dogs", tar_lang="zh", seed=2)
    assert (output.status, output.prompt, output.seed) == (False, "two dogs", 2)
    assert "writes English" in output.message


def test_every_class_of_the_stand_in_is_the_expander(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "wan.utils.prompt_extend", sys)
    expander = Expander(quiet(), follow_target_lang=False)
    install(expander)
    from wan.utils.prompt_extend import DashScopePromptExpander, QwenPromptExpander

    for ready in (
        QwenPromptExpander(model_name=None, task="t2v-A14B", is_vl=False, device=3),
        QwenPromptExpander(model_name="x", is_vl=True, device=0),
        DashScopePromptExpander(model_name=None, task="i2v-A14B", is_vl=True),
        expander_class(expander)(),
    ):
        assert ready.host is expander.host
        assert not ready.follow_target_lang


def test_extension_is_switched_on_once() -> None:
    assert switched_on(["--prompt", "x"]) == ["--prompt", "x", "--use_prompt_extend"]
    assert switched_on(["--use_prompt_extend"]) == ["--use_prompt_extend"]
    with pytest.raises(InvalidInput):
        switched_on(["--task=animate-14B"])


def test_the_task_tells_the_version() -> None:
    assert target_for(["generate.py", "--task", "flf2v-14B"]) == "wan2.1"
    assert target_for(["generate.py", "--task=t2v-1.3B"]) == "wan2.1"
    assert target_for(["generate.py", "--task", "ti2v-5B"]) == target_for([]) == "wan2.2"
