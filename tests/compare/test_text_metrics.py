"""Text measures: known values, bounds that always hold, and that they tell good captions from bad ones."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import targets
from t2v_recaption.compare.text_metrics import (
    ASPECTS,
    aspects,
    concreteness,
    diversity,
    measure_text,
    reading_ease,
    repeated_sentences,
    syllables_of,
    token_fit,
)
from t2v_recaption.errors import InvalidInput

PLAIN = "A golden retriever with wet fur runs along a sandy beach."
PRAISE = "A sense of wonder and freedom, a testament to the beauty of nature, breathtaking and mesmerizing."

texts = st.text(max_size=120)


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cake", 1), ("cakes", 1), ("boxes", 2), ("walked", 1), ("wanted", 2), ("table", 2), ("tables", 2),
        ("smile", 1), ("photograph", 3), ("beautiful", 3), ("retriever", 3), ("piano", 2), ("the", 1),
        ("see", 1), ("leaves", 1),
        ("faces", 2), ("running", 2), ("whole", 1), ("candles", 2),
    ],
)  # fmt: skip
def test_syllables(word, count) -> None:
    assert syllables_of(word) == count


def test_reading_ease_is_the_formula() -> None:
    # 11 words, 1 sentence, 16 syllables: a gol-den re-triev-er with wet fur runs a-long a san-dy beach
    assert reading_ease(PLAIN) == pytest.approx(206.835 - 1.015 * 11 - 84.6 * 16 / 11)
    assert reading_ease("...") is None
    assert reading_ease("The cat sat. The dog ran.") > reading_ease(PRAISE)


def test_praise_is_not_concrete() -> None:
    assert concreteness(PLAIN) == 1.0
    assert concreteness(PRAISE) < 0.5
    assert concreteness("") is None


def test_aspects_that_a_caption_speaks_of() -> None:
    assert aspects("A cat sleeps on a roof at sunset, watercolor style, the camera pans left.") == ASPECTS
    assert aspects("A cat.") == ("subject",)
    assert aspects("!!!") == ()
    assert measure_text(PLAIN).coverage == pytest.approx(3 / 6)


def test_a_text_that_repeats_itself() -> None:
    found = measure_text("A dog runs. A cat sleeps. A dog, runs!")
    assert (found.sentences, found.words) == (3, 9)
    assert found.repeated == pytest.approx(1 / 3)


def test_other_languages_are_not_judged_by_english_rules() -> None:
    found = measure_text("一只猫在屋顶上睡觉。", language="zh")
    assert (found.concreteness, found.aspects, found.reading_ease) == (None, (), None)
    assert found.words > 0


def test_tokens_against_a_target() -> None:
    short, long = (token_fit(PLAIN * n, targets.load("cogvideox")) for n in (1, 40))
    assert 10 < short.tokens < 30
    assert not short.over
    assert long.over
    assert long.limit == 226


def test_texts_that_share_phrases() -> None:
    found = diversity(
        ["Soft light falls on the floor.", "Soft light falls on the wall.", "Nothing here is shared at all."]
    )
    assert found.phrase_reuse == pytest.approx((2 / 3, 2 / 3, 0.0))
    assert found.reuse == pytest.approx(4 / 9)
    assert found.distinct[0] == pytest.approx(13 / 18)
    assert diversity(["one two"]).phrase_reuse == (None,)
    assert diversity([]).reuse is None


def test_what_the_prompt_brought_along_is_not_counted() -> None:
    texts = ["a cat on a red mat, lit from the left", "a cat on a red mat, seen from far above"]
    assert diversity(texts, ["a cat on a red mat"] * 2).reuse < diversity(texts).reuse
    told = ["The cat sits still in the warm light.", "The dog sits still in the warm light."]
    assert repeated_sentences(told, ["a cat", "a dog"]) == [("the sits still in the warm light.", 2)]
    assert repeated_sentences(told, ["", ""]) == []
    with pytest.raises(InvalidInput, match="do not match"):
        diversity(texts, ["a cat"])


@settings(deadline=None)
@given(texts)
def test_measures_stay_within_their_bounds(text) -> None:
    found = measure_text(text)
    assert found.concreteness is None or 0 <= found.concreteness <= 1
    assert 0 <= found.coverage <= 1
    assert 0 <= found.repeated < 1
    assert found.reading_ease is None or math.isfinite(found.reading_ease)
    assert measure_text(text) == found


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab cd.", max_size=40), max_size=6))
def test_diversity_stays_within_its_bounds(some) -> None:
    found = diversity(some)
    assert all(0 <= share <= 1 for share in found.distinct)
    assert all(share is None or 0 <= share <= 1 for share in found.phrase_reuse)
    twice = diversity([*some, *some])
    assert all(share is None or share == 1 for share in twice.phrase_reuse)


# --- perplexity


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A random language model whose tokens are bytes."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from tests.tiny_models import byte_tokenizer, text_settings

    folder, tokenizer = tmp_path_factory.mktemp("tiny"), byte_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = transformers.LlamaConfig(**text_settings(tokenizer))
        transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_perplexity_is_the_models_own_loss(tiny) -> None:
    import torch
    import transformers

    from t2v_recaption.compare.perplexity import Perplexity

    with Perplexity(tiny, device="cpu") as measure:
        found = measure("A cat sleeps.")
        assert measure("A cat sleeps.") == found
        assert measure("A cat sleeps.", context="On a roof") != found
        assert measure("") is None
        with pytest.raises(InvalidInput, match="longer than the model's context"):
            measure("word " * 5000)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    ids = tokenizer("A cat sleeps.", return_tensors="pt", add_special_tokens=False).input_ids
    if tokenizer.bos_token_id is not None:
        ids = torch.cat([torch.tensor([[tokenizer.bos_token_id]]), ids], dim=1)
    with torch.inference_mode():
        assert found == pytest.approx(math.exp(model(ids, labels=ids).loss.item()), rel=1e-4)
