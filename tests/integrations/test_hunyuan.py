"""HunyuanVideo's calls, imitated: 1.5 swallows a rewriter's exceptions and imports it at each call; 1.0 has none."""

from io import StringIO

import pytest

from t2v_recaption import Enhancer, InvalidInput
from t2v_recaption.integrations._host import HostEnhancer
from t2v_recaption.integrations.hunyuan import Rewriter, rewrite, switched_on

NEWER = {
    "hyvideo/__init__.py": "",
    "hyvideo/utils/__init__.py": "",
    "hyvideo/utils/rewrite/rewrite_utils.py": "raise AssertionError('the own rewriter was imported')\n",
    "generate.py": """
import argparse
from telling import tell

def pipe(prompt, prompt_rewrite=True, reference_image=None):
    user_prompt = prompt
    task_type = "t2v" if reference_image is None else "i2v"
    if prompt_rewrite:
        from hyvideo.utils.rewrite.rewrite_utils import run_prompt_rewrite
        try:
            prompt = run_prompt_rewrite(user_prompt, reference_image, task_type)
        except Exception as error:
            tell(swallowed=str(error))
            prompt = user_prompt
    tell(prompt=prompt, task=task_type, rewritten=prompt_rewrite)

def str_to_bool(value):
    return value is None or value.lower() in ("true", "1", "yes", "on")

parser = argparse.ArgumentParser()
parser.add_argument("--prompt", required=True)
parser.add_argument("--rewrite", type=str_to_bool, nargs="?", const=True, default=False)
parser.add_argument("--image_path", default=None)
args = parser.parse_args()
pipe(args.prompt, prompt_rewrite=args.rewrite, reference_image=args.image_path)
""",
}
OLDER = {
    "hyvideo/__init__.py": "",
    "hyvideo/config.py": """
import argparse

def parse_args(namespace=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", default=None)
    parser.add_argument("--video-size", type=int, nargs="+", default=(720, 1280))
    return parser.parse_args(namespace=namespace)
""",
    "sample_video.py": """
from hyvideo.config import parse_args
from telling import tell

if __name__ == "__main__":
    args = parse_args()
    tell(prompt=args.prompt, size=list(args.video_size))
""",
}
ANSWER = "A cat jumps down from a shelf and lands on its front paws on the floor."


@pytest.mark.parametrize("flag", [[], ["--rewrite"], ["--rewrite", "true"]])
def test_1_5_renders_the_caption(checkout, run, flag: list[str]) -> None:
    done = run("hunyuan", checkout(NEWER), "generate.py", "--prompt", 'a sign that says "OPEN" above a door', *flag)
    assert done.code == 0, done.err
    (call,) = done.calls
    assert call["rewritten"]
    assert '"OPEN"' in call["prompt"]  # what stands in quotation marks is drawn
    assert len(call["prompt"].split()) > 40


def test_1_5_shows_its_frame_to_a_vision_model(checkout, run, scripted) -> None:
    folder = checkout(NEWER)
    options = ["generate.py", "--prompt", "a cat jumps down", "--image_path", "a.png"]
    done = run("hunyuan", folder, *scripted(folder, ANSWER), *options)
    assert done.calls == [{"prompt": ANSWER, "task": "i2v", "rewritten": True}]


def test_1_5_cannot_swallow_a_failure_and_render_the_original(checkout, run) -> None:
    done = run("hunyuan", checkout(NEWER), "generate.py", "--prompt", "...")
    assert done.code == 1
    assert done.calls == []
    assert "The prompt is empty." in done.err


def test_switching_it_off_is_no_way_to_enhance(checkout, run) -> None:
    done = run("hunyuan", checkout(NEWER), "generate.py", "--prompt", "a cat", "--rewrite", "0")
    assert done.code == 2
    assert done.calls == []
    assert switched_on(["--rewrite=yes"]) == ["--rewrite=yes"]


def test_1_0_parses_the_caption_as_its_prompt(checkout, run) -> None:
    folder = checkout(OLDER)
    done = run("hunyuan", folder, "--manifest", "m.jsonl", "--", "sample_video.py", "--prompt", "a red car turns left")
    assert done.code == 0, done.err
    assert len(done.calls[0]["prompt"].split()) > 40
    assert '"target": "hunyuanvideo"' in (folder / "m.jsonl").read_text(encoding="utf-8")
    failed = run("hunyuan", folder, "sample_video.py")
    assert (failed.code, failed.calls) == (2, [])


def test_the_host_must_be_there(checkout, run) -> None:
    done = run("hunyuan", checkout({"generate.py": ""}), "generate.py", "--prompt", "a cat")
    assert done.code == 2
    assert "'hyvideo' of HunyuanVideo cannot be imported" in done.err


def test_the_modes_of_1_0() -> None:
    normal, master = rewrite("two dogs on a beach, no people"), rewrite("two dogs on a beach, no people", "Master")
    assert len(master) > len(normal)
    assert all("no people" in caption for caption in (normal, master))
    with pytest.raises(InvalidInput):
        rewrite("two dogs", "Grand Master")  # type: ignore[arg-type]


def test_the_client_protocol() -> None:
    rewriter = Rewriter(HostEnhancer(Enhancer("hunyuanvideo-1.5"), stream=StringIO()))
    caption = rewriter.run_single_recaption("You rewrite prompts.", "two dogs on a beach", 0.1, max_tokens=4096)
    assert caption == rewriter("two dogs on a beach", None, "t2v")
    with pytest.raises(SystemExit, match="empty"):
        rewriter("", None, "t2v")
