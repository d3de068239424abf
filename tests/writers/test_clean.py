"""clean: what comes out of a model's reply, and what is no caption at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.writers.clean import clean
from t2v_recaption.writers.sentences import split

CAPTION = "A cat sits at a piano. Its paws press the keys one after the other."


@pytest.mark.parametrize(
    "reply",
    [
        CAPTION,
        f"Sure! Here is the enhanced prompt:\n\n{CAPTION}",
        f"Sure, here's a detailed caption for your video: {CAPTION}",
        f"Certainly! {CAPTION}\n\nLet me know if you want another one!",
        f"**Enhanced prompt:** {CAPTION}",
        f"### Caption\n\n{CAPTION}",
        f"Caption: {CAPTION}",
        f'"{CAPTION}"',
        f"“{CAPTION}”",
        f"[{CAPTION}]",
        f'Here is the caption: "{CAPTION}"',
        f"<think>The user wants a cat.\nOkay.</think>\n{CAPTION}",
        f"The user wants a cat.</think>{CAPTION}",
        f"<think>hm</think><answer>{CAPTION}</answer>",
        f"<answer>{CAPTION}",
        f"{CAPTION}\n<think>Was that good? I think",
        f"```text\n{CAPTION}\n```",
        f'{{"caption": "{CAPTION}", "style": "none"}}',
        f'```json\n{{"detailed description": "{CAPTION}"}}\n```',
        f"{CAPTION}<|im_end|>\n<|im_start|>user\nmore",
        f"{CAPTION}</s>",
        f"{CAPTION} {CAPTION}",
        f"{CAPTION}\n\n{CAPTION}",
        f"{CAPTION}{CAPTION}",
        f"{CAPTION}\n\nNote: I added details.",
        f"{CAPTION}\n\n(Word count: 15)",
        "- A cat sits at a piano.\n- Its paws press the keys one after the other.",
        "1. A cat sits at a piano.\n2. Its paws press the keys one after the other.",
        "A **cat** sits at a *piano*. Its paws press the keys one after the other.",
        f"This prompt describes a cat. {CAPTION}",
        f"{CAPTION} This caption captures the scene.",
        f"Okay, so the user wants a caption.\n\nHere is the caption:\n{CAPTION}",
        f"\n\n   {CAPTION}   \n",
    ],
)
def test_the_caption_comes_out(reply: str) -> None:
    cleaned = clean(reply, "a cat at a piano")
    assert (cleaned.text, cleaned.problem) == (CAPTION, "")


@pytest.mark.parametrize(
    "caption",
    [
        "3 cats run.",
        "3 cats run. 2 dogs follow them.",
        "1920s jazz fills a bar where a man plays the trumpet.",
        '"Hello," says the cat, and the dog answers "bye."',
        "'Twas the night: snow falls on a roof.",
        'A sign reads "OPEN 24 HOURS" above the door.',
        "Great white sharks circle a cage. Their fins cut the surface.",
        'A man says: "Here is the plan." He points at a map.',
        "A chalkboard shows the formula E = mc*2 and a_b_c.",
        "Dr. Smith walks in. Mr. Jones looks up.",
        "A note: the word stands on a yellow slip on the fridge, stuck with tape.",
        "Okay signs are made by two divers. Bubbles rise from their masks.",
        "The user of a laptop types quickly while rain runs down the window.",
        "The text on the wall glows, letter after letter.",
        "A small boat drifts… then it turns toward the shore.",
    ],
)
def test_a_good_caption_stays_letter_by_letter(caption: str) -> None:
    cleaned = clean(caption, "something else entirely")
    assert (cleaned.text, cleaned.notes, cleaned.problem) == (caption, (), "")


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("<think>I wonder what the user", "empty"),
        ('""', "empty"),
        ("I'm sorry, but I can't help with that.", "refusal"),
        ("I cannot create this content. It is unsafe.", "refusal"),
        ("As an AI language model, I do not see videos.", "refusal"),
        ("a truck on a road", "repeated"),
        ("Prompt: A truck on a road.", "repeated"),
        ("A truck is a type of motor vehicle that is used to carry goods on a road.", "definition"),
        ("A truck refers to a large vehicle. It runs on roads.", "definition"),
        ("The prompt describes a truck. The sentence is short.", "talk"),
        ("You should film the truck from the side. Make sure the light is good.", "somebody speaking"),
        ("一辆卡车在路上行驶。", "language"),
        ("A truck drives on a road 在路上.", "language"),
    ],
)
def test_what_is_no_caption_is_named(reply: str, problem: str) -> None:
    assert problem in clean(reply, "a truck on a road").problem


def test_the_prompts_own_foreign_words_are_no_wrong_language() -> None:
    assert clean("A sign reads “你好” above a door. Rain falls.", "a sign that says “你好”").problem == ""


def test_chinese_stays_chinese() -> None:
    text = "一只猫坐在钢琴前。它的爪子按下琴键。"
    assert clean(text, "一只猫弹钢琴", language="zh") == clean(text, "一只猫弹钢琴", language="zh")
    assert clean(text, "一只猫弹钢琴", language="zh").text.replace(" ", "") == text
    assert "language" in clean("A cat plays.", "一只猫弹钢琴", language="zh").problem


def test_a_torn_end_goes_when_the_limit_cut_it() -> None:
    torn = "A cat sits at a piano. Its paws press the"
    assert clean(torn, "a cat", cut_off=True).text == "A cat sits at a piano."
    assert clean(torn, "a cat").text == torn


@given(st.text(max_size=400), st.text(max_size=60), st.booleans())
def test_never_raises_and_settles(reply: str, prompt: str, cut_off: bool) -> None:
    once = clean(reply, prompt, cut_off=cut_off)
    assert "\n" not in once.text
    again = clean(once.text, prompt, cut_off=cut_off)
    assert len(again.text) <= len(once.text)


@given(st.text(max_size=300))
def test_splitting_loses_no_character_but_space(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())


RUNAWAY = ["<think>" * 9000, "**" * 20000, '"' * 40000, "Sure! " * 8000, "a. " * 20000, "{" * 40000, "A" * 60000]


@pytest.mark.parametrize("reply", RUNAWAY, ids=range(len(RUNAWAY)))
def test_a_runaway_reply_takes_no_time(reply: str) -> None:
    clean(reply, "a cat")
