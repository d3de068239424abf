"""Kandinsky 5's call, imitated: an expander on the pipeline, or on its text encoder, and a LoRA's trigger."""

from io import StringIO
from typing import Any

import pytest

from t2v_recaption import Enhancer, InvalidInput
from t2v_recaption.integrations import kandinsky
from t2v_recaption.integrations._host import HostEnhancer

ANSWER = "A cat jumps down from a shelf and lands on its front paws on the floor."
PROMPT = ["--prompt", "two dogs on a beach, no people"]


def quiet(target: str) -> HostEnhancer:
    return HostEnhancer(Enhancer(target), stream=StringIO())


KANDINSKY = {
    "kandinsky/__init__.py": "from .utils import get_T2V_pipeline, get_I2V_pipeline\n",
    "kandinsky/t2v_pipeline.py": "",
    "kandinsky/utils.py": """
from telling import tell

class Embedder:
    def expand_text_prompt(self, prompt, image, device="cuda"):
        raise AssertionError("the host asked its own model")

class TextEmbedder:
    def __init__(self):
        self.embedder = Embedder()

class T2V:
    def __init__(self):
        self.text_embedder, self.peft_trigger = TextEmbedder(), "ohwx. "

    def expand_prompt(self, prompt):
        raise AssertionError("the host asked its own model")

    def __call__(self, text, expand_prompts=True):
        tell(caption=self.peft_trigger + self.expand_prompt(text) if expand_prompts else text)

class I2V:
    def __init__(self):
        self.text_embedder, self.peft_trigger = TextEmbedder(), ""

    def __call__(self, text, image, expand_prompts=True):
        caption = text
        if expand_prompts:
            caption = self.peft_trigger + self.text_embedder.embedder.expand_text_prompt(text, image, device="cuda")
        tell(caption=caption)

def get_T2V_pipeline(device_map, conf_path=None):
    return T2V()

def get_I2V_pipeline(device_map, conf_path=None):
    return I2V()
""",
    "test.py": """
import argparse
from kandinsky import get_T2V_pipeline, get_I2V_pipeline

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="./configs/k5_lite_t2v_5s_sft_sd.yaml")
    parser.add_argument("--prompt", default="The bear plays balalaika.")
    parser.add_argument("--image", default="a.png")
    parser.add_argument("--expand_prompt", type=int, default=1)
    args = parser.parse_args()
    if "i2v" in args.config:
        pipe = get_I2V_pipeline(device_map={}, conf_path=args.config)
        pipe(args.prompt, image=args.image, expand_prompts=args.expand_prompt)
    else:
        pipe = get_T2V_pipeline(device_map={}, conf_path=args.config)
        pipe(args.prompt, expand_prompts=args.expand_prompt)
""",
}


def test_kandinsky_text_and_image_to_video(checkout, run, scripted) -> None:
    folder = checkout(KANDINSKY)
    done = run("kandinsky", folder, "test.py", *PROMPT)
    assert done.code == 0, done.err
    assert done.calls[0]["caption"].startswith("ohwx. ")
    assert "no people" in done.calls[0]["caption"]
    i2v = ["test.py", "--config", "configs/k5_lite_i2v.yaml", "--prompt", "a cat jumps down"]
    assert run("kandinsky", folder, *scripted(folder, ANSWER), *i2v).calls == [{"caption": ANSWER}]


@pytest.mark.parametrize("flags", [["--expand_prompt", "0"], ["--config", "k5_lite_t2i.yaml"], ["--prompt", "..."]])
def test_kandinsky_makes_nothing_without_a_caption(checkout, run, flags: list[str]) -> None:
    done = run("kandinsky", checkout(KANDINSKY), "test.py", *flags)
    assert (done.code, done.calls) == (2, [])


def test_kandinsky_counts_the_trigger_and_refuses_other_objects() -> None:
    class Pipe:
        peft_trigger = "ohwx style. "

        def expand_prompt(self, prompt: str) -> str:
            return prompt

    pipe: Any = Pipe()
    host = quiet("kandinsky-5")
    assert kandinsky.install(pipe, host) is pipe
    assert "beach" in pipe.expand_prompt("two dogs on a beach")
    assert host.target.prefix == "ohwx style. "
    pipe.peft_trigger = ""
    pipe.expand_prompt("two dogs on a beach")
    assert host.target.prefix == ""
    with pytest.raises(InvalidInput, match="no prompt expander"):
        kandinsky.install(object(), host)
