"""Choice: the same inputs pick the same, different prompts spread, neighbouring seeds differ."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.writers.composer.choice import Choice


@given(st.text(), st.integers(0, 2**64), st.text(max_size=8), st.integers(1, 50))
def test_is_a_function_of_prompt_seed_and_key(prompt: str, seed: int, key: str, size: int) -> None:
    first, second = Choice(prompt, seed), Choice(prompt, seed)
    assert first.number(key, size) == second.number(key, size)
    assert 0 <= first.number(key, size) < size


def test_prompts_spread_evenly_over_the_options() -> None:
    counts = Counter(Choice(f"prompt {n}", 0).number("look", 10) for n in range(2000))
    assert min(counts.values()) > 140
    assert max(counts.values()) < 260


@given(st.text(max_size=20), st.integers(0, 1000), st.integers(4, 12))
def test_four_neighbouring_seeds_pick_differently(prompt: str, block: int, size: int) -> None:
    seed = block * size
    assert len({Choice(prompt, seed + n).number("place", size) for n in range(4)}) == 4


def test_order_keeps_all_options_and_starts_with_the_picked_one() -> None:
    choice = Choice("a cat", 3)
    options = ["a", "b", "c", "d", "e"]
    assert sorted(choice.order("key", options)) == options
    assert choice.order("key", options)[0] == choice.pick("key", options)
    assert choice.order("key", []) == []


def test_chance_is_about_as_often_as_asked() -> None:
    assert 240 < sum(Choice(f"p{n}", 0).chance("merge", 30) for n in range(1000)) < 360
