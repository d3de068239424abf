"""Cosmos Predict2's call, imitated: a refiner constructed by the pipeline, for one input or a JSON list."""

import json
from io import StringIO

import pytest

from t2v_recaption import Enhancer
from t2v_recaption.integrations import cosmos
from t2v_recaption.integrations._host import HostEnhancer

ANSWER = "A cat jumps down from a shelf and lands on its front paws on the floor."


def quiet(target: str) -> HostEnhancer:
    return HostEnhancer(Enhancer(target), stream=StringIO())


COSMOS = {
    "cosmos_predict2/__init__.py": "",
    "cosmos_predict2/auxiliary/__init__.py": "",
    "cosmos_predict2/auxiliary/cosmos_reason1.py": "raise AssertionError('Cosmos-Reason1 would be loaded')\n",
    "examples/video2world.py": """
import argparse, json
from cosmos_predict2.auxiliary.cosmos_reason1 import CosmosReason1
from telling import tell

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", type=str, default="")
    parser.add_argument("--input_path", type=str, default="a.png")
    parser.add_argument("--batch_input_json", type=str, default=None)
    parser.add_argument("--disable_prompt_refiner", action="store_true")
    args = parser.parse_args()
    refiner = CosmosReason1(checkpoint_dir="x", offload_model_to_cpu=True, enabled=True)
    rows = [{"prompt": args.prompt, "input_video": args.input_path}]
    if args.batch_input_json:
        rows = json.load(open(args.batch_input_json))
    for row in rows:
        if row.get("input_video") and row.get("prompt"):
            tell(prompt=refiner.refine_prompt(row["input_video"], row["prompt"]))
""",
    "rows.json": json.dumps(
        [
            {"prompt": "a cat jumps down", "input_video": "a.png"},
            {"prompt": "no video"},
            {"prompt": "a red car turns left", "input_video": "clip.mp4"},
        ]
    ),
}
VIDEO2WORLD = "examples/video2world.py"


def test_cosmos_single_and_batch(checkout, run, scripted) -> None:
    folder = checkout(COSMOS)
    done = run("cosmos", folder, VIDEO2WORLD, "--prompt", "a red car turns left", "--input_path", "a.png")
    assert done.code == 0, done.err
    assert len(done.calls[0]["prompt"].split()) > 25
    options = scripted(folder, ANSWER, "A red car turns left at a crossing while the road behind it stays empty.")
    batch = run("cosmos", folder, *options, VIDEO2WORLD, "--batch_input_json", "rows.json")
    assert batch.code == 0, batch.err
    assert batch.calls[0]["prompt"] == ANSWER
    assert len(batch.calls) == 2


@pytest.mark.parametrize(
    "arguments",
    [["--disable_prompt_refiner", "--prompt", "a cat"], ["--prompt", "..."], [], ["--batch_input_json", "none.json"]],
)
def test_cosmos_makes_nothing_when_it_cannot_refine(checkout, run, arguments: list[str]) -> None:
    done = run("cosmos", checkout(COSMOS), VIDEO2WORLD, *arguments)
    assert (done.code, done.calls) == (2, [])


def test_cosmos_attribute() -> None:
    refiner = cosmos.Refiner(quiet("cosmos-predict2"))
    assert len(refiner.refine_prompt("clip.mp4", "a cat jumps down")) > 60
    assert cosmos.Refiner(enabled=False).refine_prompt("a.png", "a cat") == "a cat"  # the user switched it off
    assert cosmos.picture("x/A.JPG") == "x/A.JPG"
    assert cosmos.picture("x/a.mp4") is None
