"""Short prompts out of dense captions: what is taken, and that nothing is added."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancer, fidelity, intent
from t2v_recaption.captioners.prompt_form import WORDS, short_prompt

CASES = [
    (
        "The video opens with a close-up of a chef chopping onions on a wooden board, his hands moving quickly, while "
        "steam rises behind him. He wears a white jacket.",
        "A close-up of a chef chopping onions on a wooden board",
    ),
    (
        "The scene is set in a sunlit kitchen. A young woman in a red dress stirs a pot, then tastes the soup.",
        "A young woman in a red dress stirs a pot in a sunlit kitchen",
    ),
    (
        "In this video, we see two dogs running across a wet beach at sunset; the camera follows them from the left.",
        "Two dogs running across a wet beach at sunset",
    ),
    (
        "A man, a woman and a child walk along a narrow street lined with old stone houses, holding hands.",
        "A man, a woman and a child walk along a narrow street lined with old stone houses",
    ),
    (
        "Red, white and blue balloons rise over the stadium as the crowd cheers.",
        "Red, white and blue balloons rise over the stadium",
    ),
    ("No one is in the room. A clock ticks on the wall.", "A clock ticks on the wall"),
    (
        "The image shows a red car parked in front of a garage, which is painted green.",
        "A red car parked in front of a garage",
    ),
    ("A dog runs.", "A dog runs"),
    ("一只猫坐在窗台上，望着外面的雨，尾巴轻轻摆动。房间很安静。", "一只猫坐在窗台上，望着外面的雨，尾巴轻轻摆动"),
    ("", ""),
    ("...", ""),
]


@pytest.mark.parametrize(("caption", "prompt"), CASES)
def test_short_prompts(caption: str, prompt: str) -> None:
    assert short_prompt(caption) == prompt


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@given(st.text(max_size=300) | st.lists(st.sampled_from([caption for caption, _ in CASES]), max_size=3).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_every_word_is_the_captions_own_and_in_its_order(caption: str) -> None:
    short, rest = words(short_prompt(caption)), iter(words(caption))
    place = words(short_prompt(caption))
    assert set(place) <= set(words(caption))
    if "scene is set" not in caption.lower():  # where the place is moved behind what happens
        assert all(word in rest for word in short)


def test_nothing_is_claimed_that_the_caption_does_not_say() -> None:
    """The fidelity check reads the short prompt as a prompt, and finds every fact of it in the caption."""
    prompts = ["a cat playing the piano", "two dogs on a beach, no people", "a red car on the left of a blue truck"]
    for target in ("wan2.2", "ltx-video", "cogvideox"):
        for prompt in prompts:
            caption = Enhancer(target)(prompt).caption
            short = short_prompt(caption)
            assert fidelity.check(intent.parse(short), caption).failures == ()
            assert len(words(short)) <= WORDS + 8


def test_the_published_prompts(short_prompts: list[str]) -> None:
    enhancer = Enhancer("wan2.2")
    for outcome in enhancer.batch(short_prompts[::40]):
        short = short_prompt(outcome.caption)  # type: ignore[union-attr]
        assert short
        assert fidelity.check(intent.parse(short), outcome.caption).failures == ()  # type: ignore[union-attr]
