"""LTX-Video's and LTX-2's calls, imitated: a config object, a word threshold, a module run with -m."""

from io import StringIO

from t2v_recaption import Enhancer
from t2v_recaption.integrations import ltx
from t2v_recaption.integrations._host import HostEnhancer

ANSWER = "A cat jumps down from a shelf and lands on its front paws on the floor."
PROMPT = ["--prompt", "two dogs on a beach, no people"]


def quiet(target: str) -> HostEnhancer:
    return HostEnhancer(Enhancer(target), stream=StringIO())


LTX = {
    "ltx_video/__init__.py": "",
    "ltx_video/inference.py": """
from dataclasses import dataclass, field
from typing import List, Optional
from telling import tell

@dataclass
class InferenceConfig:
    prompt: str
    pipeline_config: str = "x.yaml"
    conditioning_media_paths: Optional[List[str]] = None
    conditioning_start_frames: Optional[List[int]] = None

def load_pipeline_config(pipeline_config: str):
    return {"prompt_enhancement_words_threshold": 120, "precision": "bfloat16"}

def infer(config: InferenceConfig):
    loaded = load_pipeline_config(config.pipeline_config)
    threshold = loaded["prompt_enhancement_words_threshold"]
    tell(prompt=config.prompt, own=threshold > 0 and len(config.prompt.split()) < threshold, keys=sorted(loaded))
""",
    "inference.py": """
import argparse
from ltx_video.inference import infer, InferenceConfig

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--conditioning_media_paths", nargs="*")
    parser.add_argument("--conditioning_start_frames", nargs="*", type=int)
    infer(config=InferenceConfig(**vars(parser.parse_args())))

if __name__ == "__main__":
    main()
""",
    "ltx_pipelines/__init__.py": "",
    "ltx_pipelines/two.py": """
import argparse
from telling import tell

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", type=str, required=True)
    parser.add_argument("--enhance-prompt", action="store_true")
    parser.add_argument("--image", dest="images", nargs="+", action="append", default=[])
    tell(**vars(parser.parse_args()))
""",
}


def test_ltx_video_renders_the_caption_and_keeps_its_own_enhancer_off(checkout, run) -> None:
    done = run("ltx", checkout(LTX), "inference.py", *PROMPT)
    assert done.code == 0, done.err
    (call,) = done.calls
    assert "no people" in call["prompt"]
    assert not call["own"]
    assert call["keys"] == ["precision", "prompt_enhancement_words_threshold"]


def test_ltx_video_shows_its_first_frame(checkout, run, scripted) -> None:
    folder = checkout(LTX)
    frames = ["--conditioning_media_paths", "b.png", "a.png", "--conditioning_start_frames", "8", "0"]
    done = run("ltx", folder, *scripted(folder, ANSWER), "inference.py", "--prompt", "a cat jumps down", *frames)
    assert done.calls[0]["prompt"] == ANSWER


def test_ltx_video_has_256_tokens_in_its_own_scripts() -> None:
    assert ltx.own_limit(quiet("ltx-video").target).limit == 256
    assert ltx.own_limit(quiet("ltx-2").target).limit == 1024


def test_ltx_2_gets_the_caption_as_its_prompt(checkout, run, scripted) -> None:
    folder = checkout(LTX)
    module = ["-m", "ltx_pipelines.two"]
    done = run("ltx", folder, *module, "--enhance-prompt", "--prompt", 'a woman says "Stop."')
    assert done.code == 0, done.err
    assert not done.calls[0]["enhance_prompt"]
    assert '"Stop."' in done.calls[0]["prompt"]
    image = ["--image", "b.png", "40", "1.0", "--image", "a.png", "0", "0.8"]
    seen = run("ltx", folder, *scripted(folder, ANSWER), *module, *image, "--prompt", "a cat jumps down")
    assert seen.calls[0]["prompt"] == ANSWER
    assert seen.calls[0]["images"] == [["b.png", "40", "1.0"], ["a.png", "0", "0.8"]]
    assert "There is no --prompt" in run("ltx", folder, *module).err
