"""Text measures: each gives scores of the item, within its scale, whatever the text is."""

import pytest

from t2v_recaption import intent, targets
from t2v_recaption.compare.items import Item
from t2v_recaption.compare.measures import TEXT_MEASURES, Text, text_measure
from t2v_recaption.errors import UnknownName

PROMPT = "two red cats on a roof"
TEXTS = (
    "Two red cats sit on a tiled roof at sunset. The camera pans left over the roof and the cats.",
    PROMPT,
    "...",
    "一只猫在屋顶上睡觉。",
    "A breathtaking testament to wonder. " * 60,
)


def texts() -> list[Text]:
    parsed, target = intent.parse(PROMPT), targets.load("cogvideox")
    return [Text(Item(f"p{n}", PROMPT), parsed, text, target) for n, text in enumerate(TEXTS)]


@pytest.mark.parametrize("name", sorted(TEXT_MEASURES))
def test_scores_belong_to_their_text_and_lie_within_the_scale(name) -> None:
    measure, given = text_measure(name), texts()
    found = measure.of(given)
    assert len(found) == len(given)
    for text, scores in zip(given, found, strict=True):
        assert scores, text
        assert {score.prompt for score in scores} == {text.item.id}
        for score in scores:
            assert score.value is None or measure.scale is None or measure.scale[0] <= score.value <= measure.scale[1]
    assert measure.of(given) == found


def test_measures_tell_texts_apart() -> None:
    def value(name: str, number: int) -> float | None:
        return text_measure(name).of(texts())[number][0].value

    assert value("fits", 0) == 1.0
    assert value("fits", 4) == 0.0
    assert value("repeated", 4) > value("repeated", 0) == 0.0
    assert value("concreteness", 0) > value("concreteness", 4)
    assert value("aspects", 0) > value("aspects", 1)
    assert value("words", 1) == 6.0
    assert value("tokens", 4) > 226


def test_an_unknown_measure_is_named() -> None:
    with pytest.raises(UnknownName, match="concretness"):
        text_measure("concretness")


def test_perplexity_is_a_measure_with_the_model_in_its_name(tmp_path) -> None:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from tests.tiny_models import byte_tokenizer, text_settings

    tokenizer = byte_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.LlamaForCausalLM(transformers.LlamaConfig(**text_settings(tokenizer))).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    measure = text_measure(f"perplexity:{tmp_path}")
    first, *_, last = measure.of(texts())
    assert first[0].value > 1
    assert last[0].value is None  # longer than the model's context: unscored, not an error of the run
