"""Few-shot examples: good captions themselves, and none of their details gets into another caption unnoticed."""

from collections import Counter
from pathlib import Path

import pytest

from t2v_recaption import fidelity, intent
from t2v_recaption.intent.model import Kind
from t2v_recaption.targets import load, names
from t2v_recaption.writers.base import WriteOptions
from t2v_recaption.writers.clean import clean
from t2v_recaption.writers.examples import Example, examples, examples_for, leaks

OTHER = {"en": "two red balls on a table", "zh": "桌上有两个红球"}
REWRITES = Path(__file__).resolve().parents[3] / "shared" / "data" / "prompts" / "vbench_category_800_gpt4o.txt"
WELCOME = {"styled": frozenset({Kind.STYLE, Kind.CAMERA})}


def named(example: Example) -> str:
    return f"{example.form}-{example.prompt[:24]}"


@pytest.mark.parametrize("example", examples(), ids=named)
def test_an_example_is_a_caption_that_keeps_its_own_request(example: Example) -> None:
    report = fidelity.check(
        intent.parse(example.prompt), example.caption, allowed=WELCOME.get(example.form, frozenset())
    )
    assert report.passed, [verdict.reason for verdict in report.failures] + [i.reason for i in report.forbidden]
    cleaned = clean(example.caption, example.prompt, language=example.language)
    assert (cleaned.text, cleaned.problem) == (example.caption, "")


@pytest.mark.parametrize(("example", "leak"), [(e, leak) for e in examples() for leak in e.leaks], ids=str)
def test_a_caption_that_copies_a_detail_fails_unless_the_prompt_has_it(example: Example, leak: str) -> None:
    assert leak.lower() in example.caption.lower()
    prompt = OTHER[example.language]
    joint = "，" if example.language == "zh" else ", with "
    copied = f"{prompt}{joint}{leak}"
    report = fidelity.check(intent.parse(prompt), copied, leaked=leaks())
    assert leak.lower() in {invention.text.lower() for invention in report.forbidden}
    asked = fidelity.check(intent.parse(copied), copied, leaked=leaks())
    assert leak.lower() not in {
        invention.text.lower() for invention in asked.forbidden if "instructions" in invention.reason
    }


def test_details_belong_to_one_example_and_are_no_everyday_words() -> None:
    counts = Counter(leak.lower() for example in examples() for leak in example.leaks)
    assert max(counts.values()) == 1
    for leak in leaks():
        assert sum(leak.lower() in example.caption.lower() for example in examples()) == 1, leak
    if not REWRITES.is_file():
        pytest.skip("the reference rewrites are not on this machine")
    text = REWRITES.read_text(encoding="utf-8").lower()
    assert [leak for leak in leaks() if leak.lower() in text] == []


@pytest.mark.parametrize("target", names())
@pytest.mark.parametrize("task", ["t2v", "i2v"])
def test_every_target_has_examples_of_its_form_and_about_its_length(target: str, task: str) -> None:
    model = load(target)
    for language in model.languages:
        shown = examples_for(model, WriteOptions(task=task, language=language))
        assert len(shown) == 2
        assert {example.language for example in shown} == {language}
        if language == "en":
            assert {example.form == "tags" for example in shown} == {model.tags}
    if task == "t2v" and model.languages == ("en",):
        nearest = examples_for(model, WriteOptions())[0]
        assert nearest.length <= 1.3 * model.words.high
