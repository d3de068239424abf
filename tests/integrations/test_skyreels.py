"""SkyReels-V2's call, imitated: an enhancer that it forbids on several GPUs and ignores with an image."""

import pytest

from t2v_recaption.integrations import skyreels

PROMPT = ["--prompt", "two dogs on a beach, no people"]

SKYREELS = {
    "skyreels_v2_infer/__init__.py": "",
    "skyreels_v2_infer/pipelines/__init__.py": "from .prompt_enhancer import PromptEnhancer\n",
    "skyreels_v2_infer/pipelines/prompt_enhancer.py": "raise AssertionError('the 32B model would be loaded')\n",
    "generate_video.py": """
import argparse
from skyreels_v2_infer.pipelines import PromptEnhancer
from telling import tell

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", type=str, default=None)
    parser.add_argument("--use_usp", action="store_true")
    parser.add_argument("--prompt", type=str, default="A serene lake.")
    parser.add_argument("--prompt_enhancer", action="store_true")
    args = parser.parse_args()
    if args.use_usp:
        assert not args.prompt_enhancer
    prompt_input = args.prompt
    if args.prompt_enhancer and args.image is None:
        prompt_enhancer = PromptEnhancer()
        prompt_input = prompt_enhancer(prompt_input)
        del prompt_enhancer
    tell(prompt=prompt_input, name=args.prompt)
""",
}


@pytest.mark.parametrize(
    ("flags", "named_by_the_original"),
    [
        ([], True),
        (["--prompt_enhancer"], True),
        (["--use_usp"], False),
        (["--prompt_enhancer", "--image", "a.png"], False),
    ],
)
def test_skyreels(checkout, run, flags: list[str], named_by_the_original: bool) -> None:
    done = run("skyreels", checkout(SKYREELS), "generate_video.py", *PROMPT, *flags)
    assert done.code == 0, done.err
    (call,) = done.calls
    assert "no people" in call["prompt"]
    assert len(call["prompt"].split()) > 30
    assert (call["name"] == PROMPT[1]) is named_by_the_original


def test_skyreels_failures_and_class(checkout, run) -> None:
    failed = run("skyreels", checkout(SKYREELS), "generate_video.py", "--prompt", "...")
    assert (failed.code, failed.calls) == (2, [])
    assert len(skyreels.PromptEnhancer("Qwen/Qwen2.5-32B-Instruct", seed=3)("a cat").split()) > 30
