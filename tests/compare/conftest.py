"""Small designs, generators that are real programs, and verifiers whose truth is known."""

import sys
from pathlib import Path

import pytest

from t2v_recaption.compare.arms import Arm, parse_arm
from t2v_recaption.compare.design import Design
from t2v_recaption.compare.items import Item, unique
from t2v_recaption.compare.verdicts import Settings

PROMPTS = [
    "a cat playing the piano",
    "two dogs on a beach",
    "a red car on the left of a blue truck",
    "an old woman reads a letter by candlelight",
    "a paper boat drifting down a gutter in the rain",
    "a chef slicing onions, the camera zooms in",
    "three green balloons rise over a city",
    "a knight in rusty armor crossing a bridge",
]
SHORTENED = [
    "a cat in a room",
    "two dogs",
    "a red car",
    "an old woman and a letter",
    "a boat",
    "a chef slicing onions",
    "green balloons over a city",
    "a knight",
]
FAST = Settings(resamples=2000)


def made_items():
    return unique(Item(f"p{n}", prompt, "even" if n % 2 else "odd", n) for n, prompt in enumerate(PROMPTS, 1))


@pytest.fixture
def items():
    return made_items()


@pytest.fixture
def design(items):
    return Design(items, (Arm("raw", "raw"), parse_arm("composer")), settings=FAST)


@pytest.fixture
def prompt_file(tmp_path) -> Path:
    path = tmp_path / "prompts.txt"
    path.write_text("\n".join(PROMPTS) + "\n", encoding="utf-8")
    return path


SAMPLER = """
import json, os, sys, time
prompt, seed, out, log = sys.argv[1:5]
with open(log, "a") as stream:
    stream.write(json.dumps([prompt, seed]) + "\\n")
time.sleep(float(os.environ.get("SAMPLER_SECONDS", "0")))
if "fails" in prompt:
    sys.exit("out of memory")
if "nothing" not in prompt:
    with open(out, "w") as stream:
        stream.write(prompt + seed)
"""


@pytest.fixture
def sampler(tmp_path):
    """A program that makes clips (of text, for those who do not look inside) and logs every call."""
    path = tmp_path / "sample r.py"
    path.write_text(SAMPLER, encoding="utf-8")
    log = tmp_path / "calls.jsonl"
    return f"'{sys.executable}' -IS '{path}' {{prompt}} {{seed}} {{out}} '{log}'", log
