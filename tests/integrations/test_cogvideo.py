"""CogVideo's calls, imitated: scripts that define `convert_prompt` or SAT's readers, and the CLI demo."""

from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancer, InvalidInput, RecaptionError
from t2v_recaption.integrations._host import HostEnhancer
from t2v_recaption.integrations.cogvideo import Converter, convert_prompt, enhance_lines, sat_readers, target_for

OWN = "    raise AssertionError('the host asked its own model')\n"
HOST = {
    "convert_demo.py": f"""
import argparse
from telling import tell

def convert_prompt(prompt: str, retry_times: int = 3, type: str = "t2v", image_path: str = None):
{OWN}
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--retry_times", type=int, default=3)
    parser.add_argument("--type", default="t2v")
    parser.add_argument("--image_path", default=None)
    args = parser.parse_args()
    tell(prompt=convert_prompt(args.prompt, args.retry_times, args.type, args.image_path))
""",
    "gradio/__init__.py": "class Error(Exception): pass\n",
    "app.py": f"""
import gradio as gr
from telling import tell

def convert_prompt(prompt: str, retry_times: int = 3) -> str:
{OWN}
def button(prompt):
    return convert_prompt(prompt, retry_times=1)

if __name__ == "__main__":
    first = button("two dogs on a beach, no people")
    tell(first=first, second=button(first + " "))
    try:
        button("")
    except gr.Error as error:
        tell(error=str(error))
""",
    "cli_demo.py": """
import argparse
from telling import tell

def generate_video(prompt, model_path, generate_type="t2v", image_or_video_path=""):
    tell(prompt=prompt, generate_type=generate_type)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", type=str, required=True)
    parser.add_argument("--image_or_video_path", type=str, default=None)
    parser.add_argument("--model_path", type=str, default="THUDM/CogVideoX1.5-5B")
    parser.add_argument("--generate_type", type=str, default="t2v")
    args = parser.parse_args()
    generate_video(**vars(args))
""",
    "sample_video.py": f"""
import sys
from telling import tell

def read_from_cli():
{OWN}    yield

def read_from_file(p, rank=0, world_size=1):
{OWN}    yield

def sampling_main(path, rank):
    for text, count in read_from_file(path, rank=rank, world_size=2):
        tell(text=text, count=count)

if __name__ == "__main__":
    sampling_main(sys.argv[1], int(sys.argv[2]))
""",
}


def quiet(**settings) -> HostEnhancer:
    return HostEnhancer(Enhancer("cogvideox"), stream=StringIO(), **settings)


def test_the_demo_prints_our_caption(checkout, run, scripted) -> None:
    folder = checkout(HOST)
    done = run("cogvideo", folder, "convert_demo.py", "--prompt", "two dogs on a beach, no people")
    assert done.code == 0, done.err
    assert "no people" in done.calls[0]["prompt"]
    answer = "A cat jumps down from a shelf and lands on its front paws on the floor."
    image = ["convert_demo.py", "--prompt", "a cat jumps down", "--type", "i2v", "--image_path", "a.png"]
    assert run("cogvideo", folder, *scripted(folder, answer), *image).calls == [{"prompt": answer}]


def test_a_second_press_of_the_button_writes_another_caption_of_the_prompt(checkout, run) -> None:
    done = run("cogvideo", checkout(HOST), "app.py")
    assert done.code == 0, done.err
    shown, failed = done.calls
    assert shown["first"] != shown["second"]
    assert shown["second"].count("on a beach") == 1
    assert "no people" in shown["second"]
    assert "The prompt is empty." in failed["error"]


def test_the_command_line_demo_gets_the_caption_as_its_prompt(checkout, run) -> None:
    done = run("cogvideo", checkout(HOST), "cli_demo.py", "--prompt=a cat sits", "--generate_type", "t2v")
    assert done.code == 0, done.err
    assert len(done.calls[0]["prompt"].split()) > 40
    failed = run("cogvideo", checkout(HOST), "cli_demo.py", "--prompt", "")
    assert (failed.code, failed.calls) == (2, [])


@pytest.mark.parametrize("rank", [0, 1])
def test_sat_reads_captions_with_their_images_and_numbers(checkout, run, rank: int) -> None:
    lines = "a cat sits on a sofa@@a.png\na red car turns left@@b.png\n"
    done = run("cogvideo", checkout(HOST | {"in.txt": lines}), "sample_video.py", "in.txt", str(rank))
    assert done.code == 0, done.err
    (call,) = done.calls
    caption, image = call["text"].split("@@")
    assert (call["count"], image) == (rank, ["a.png", "b.png"][rank])
    assert len(caption.split()) > 20


def test_sat_gets_nothing_when_a_line_fails(checkout, run) -> None:
    done = run("cogvideo", checkout(HOST | {"in.txt": "a cat\n\n"}), "sample_video.py", "in.txt", "0")
    assert done.calls == []
    assert "Line 2 of 2 is empty" in done.err


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a red balloon", "two dogs on a beach", "3 cats run"]),
            st.sampled_from(["", "@@a.png", "@@folder/b c.png"]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_lines_keep_count_order_and_images(lines: list[tuple[str, str]]) -> None:
    done = enhance_lines([f" {prompt}{image}\n" for prompt, image in lines], quiet())
    assert len(done) == len(lines)
    assert [line[line.find("@@") :] if "@@" in line else "" for line in done] == [image for _, image in lines]
    assert all("\n" not in line for line in done)


def test_typed_lines_are_enhanced_one_by_one(monkeypatch) -> None:
    typed = iter(["a red balloon", "a girl sings"])

    def answer(_: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    read = list(sat_readers(quiet())["read_from_cli"]())
    assert [number for _, number in read] == [0, 1]
    assert all(len(text) > 60 for text, _ in read)


def test_the_function_alone() -> None:
    assert "two dogs" in convert_prompt("two dogs on a beach", seed=2).lower()
    with pytest.raises(RecaptionError):
        Converter()("")
    with pytest.raises(InvalidInput, match="empty"):
        enhance_lines(["", "a cat"], quiet())


def test_the_model_tells_the_token_limit() -> None:
    assert target_for(["cli_demo.py", "--model_path", "THUDM/CogVideoX1.5-5b"]) == "cogvideox-1.5"
    assert target_for(["sat/sample_video.py", "--base", "configs/cogvideox1.5_5b.yaml"]) == "cogvideox-1.5"
    assert target_for(["cli_demo.py", "--model_path", "THUDM/CogVideoX-2b"]) == "cogvideox"
