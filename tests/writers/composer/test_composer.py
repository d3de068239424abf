"""The composer as a whole: what every draft must be, for any prompt, target and seed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.errors import NotKept
from t2v_recaption.intent import parse
from t2v_recaption.intent.model import Intent, Kind
from t2v_recaption.language import analyse
from t2v_recaption.targets.model import Encoder, Target, Words
from t2v_recaption.writers.base import Draft, WriteOptions, WriteRequest
from t2v_recaption.writers.composer import Composer
from t2v_recaption.writers.composer.tags import words_of
from t2v_recaption.writers.composer.words import words

DATA = Path(__file__).parents[3] / ".." / "shared" / "data" / "prompts" / "vbench_category_800.txt"
LEFTOVER = re.compile(r"\{\w*\}|\[[^\]]*\||<\w+\||\(\w+(?:/\w+)+\)")


DRESSED = re.compile(r" (?:with|in) .* and ")
"""A subject whose looks stand behind its name: "a dog with a blunt muzzle and …"."""


def target(**changes: Any) -> Target:
    values: dict[str, Any] = {
        "name": "test",
        "title": "Test",
        "encoders": (Encoder("T5", "t5", "t5", 512),),
        "words": Words(70, 100, 150),
        "sources": (),
    }
    return Target(**{**values, **changes})


def draft(prompt: str, seed: int = 0, options: WriteOptions | None = None, **changes: Any) -> Draft:
    request = WriteRequest(parse(prompt), seed)
    return Composer().write([request], target(**changes), options or WriteOptions())[0]


def aspects(found: Draft) -> set[str]:
    """What the sentences are about; a sentence on the place that tells of its light covers the light as well."""
    lit = any(words_of(sentence.text) & words().luminous for sentence in found.sentences)
    shown = {"subject"} if DRESSED.search(found.sentences[0].text) else set()
    return {sentence.aspect for sentence in found.sentences} | ({"light"} if lit else set()) | shown


def test_covers_what_the_prompt_leaves_open() -> None:
    assert {"prompt", "subject", "action", "setting", "light", "camera"} <= aspects(draft("a dog playing with a ball"))


def test_the_users_sentence_comes_first_and_is_never_dropped() -> None:
    first = draft("a red fox crossing a frozen river").sentences[0]
    assert (first.aspect, first.importance) == ("prompt", 1.0)
    assert all(sentence.importance < 1.0 for sentence in draft("a red fox").sentences[1:])


def test_same_seed_same_words_and_other_seeds_other_words() -> None:
    texts = [draft("a cat playing the piano", seed).text for seed in (0, 0, 1, 2, 3)]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 4


def test_candidates_really_differ() -> None:
    drafts = [draft("a dog running", seed) for seed in range(4)]
    for aspects in (("prompt", "subject"), ("action",), ("setting",), ("camera",)):
        assert len({" ".join(s.text for s in d.sentences if s.aspect in aspects) for d in drafts}) >= 3, aspects


def test_another_language_is_no_wish_of_the_composer() -> None:
    found = draft("a horse", 0, WriteOptions(language="zh"))
    assert isinstance(found.error, NotKept)
    assert "language model" in str(found.error.hint)


def test_strength_sets_the_length() -> None:
    sizes = [len(draft("a horse", 0, WriteOptions(strength)).text.split()) for strength in ("light", "normal", "rich")]
    assert sizes[0] < sizes[1] < sizes[2]


def test_the_order_is_the_targets() -> None:
    found = draft("a cat and a dog sleeping", order=("prompt", "camera", "setting", "action", "subject"))
    order = [s.aspect for s in found.sentences]
    assert order.index("camera") < order.index("setting") < order.index("action") < order.index("subject")


def test_no_light_where_the_target_wants_none() -> None:
    for seed in range(6):
        told = [s for s in draft("a cat sleeping", seed, light=False).sentences if s.aspect in ("light", "setting")]
        assert not any(words_of(sentence.text) & words().luminous for sentence in told)


def test_sound_only_where_the_target_makes_sound() -> None:
    assert "audio" in aspects(draft("waves on a beach", audio=True))
    assert "audio" not in aspects(draft("waves on a beach"))


def test_a_stated_style_opens_where_the_target_wants_it() -> None:
    assert draft("an anime girl running", style_first=True).text.startswith("Style: ")


def test_a_style_is_named_where_the_target_wants_one_and_the_user_has_none() -> None:
    assert "style" in aspects(draft("a dog running", style="wanted"))
    assert "style" not in aspects(draft("a dog running"))


def test_tags_are_short_phrases() -> None:
    found = draft("a cat sleeping on a sofa", tags=True, words=Words(10, 20, 30))
    assert found.text.startswith("a cat sleeping on a sofa,")
    assert "." not in found.text
    assert len(found.text.split()) <= 32


def test_image_to_video_describes_motion_and_camera_only() -> None:
    found = draft("a dog running", 0, WriteOptions(task="i2v"), tasks=("t2v", "i2v"), words_i2v=Words(40, 60, 90))
    assert aspects(found) <= {"prompt", "action", "camera", "audio"}


def test_a_model_without_much_motion_gets_one_beat() -> None:
    assert sum(s.aspect == "action" for s in draft("a dog running", motion=False).sentences) == 1


def test_a_dense_prompt_is_kept_as_it_is() -> None:
    prompt = (
        "A golden retriever with a worn leather collar runs along a wet beach at dusk, its paws splashing through the "
        "thin sheet of water that the last wave left behind, while low orange sunlight rims its fur and long shadows "
        "lie across the ripples in the sand, the camera tracking beside it at knee height with a shallow depth of "
        "field, as gentle surf breaks in the background and a line of dark dunes closes the view."
    )
    found = draft(prompt)
    assert found.sentences[0].text == prompt
    assert len(found.sentences) <= 2


def test_what_is_ruled_out_goes_to_the_negative_prompt() -> None:
    found = draft("an empty beach with no people")
    assert "people" in found.negative
    assert "people" not in found.text
    assert not re.search(r"\b(crowd|figures?|someone|no)\b", found.text)


def test_negations_stay_in_the_text_of_a_target_without_negative_prompt() -> None:
    found = draft("a beach with no people", negation="text")
    assert "no people" in found.text
    assert found.negative == ""


def test_foreign_prompts_stand_as_they_are() -> None:
    found = draft("一只猫在弹钢琴")
    assert "一只猫在弹钢琴" in found.text
    assert found.notes


def test_kept_strings_stay_letter_by_letter() -> None:
    prompt = "dog wearing halloween costume"
    found = draft(prompt, 0, WriteOptions(keep=("dog wearing halloween",)))
    assert "dog wearing halloween" in found.text


def test_quoted_text_stays_letter_by_letter() -> None:
    assert (
        '"OPEN  late"' in draft('a neon sign that says "OPEN  late"').text
        or '"OPEN  late"' in draft('a neon sign that says "OPEN  late"').sentences[0].text
    )


@pytest.mark.parametrize(
    ("prompt", "never"),
    [
        ("a street at night", r"\b(sunlight|noon|daylight|midday|sunny)\b"),
        ("a beach at noon", r"\b(moonlight|sunset|night|dusk)\b"),
        ("an octopus under water", r"\b(sunset|clouds?|breeze|sky|rain)\b"),
        ("a static shot of a house", r"\b(pans?|zooms?|tracks|dolly|pushes|glides|orbits)\b"),
        ("black and white footage of a garden", r"\b(red|green|golden|blue|vivid|colou?rful)\b"),
        ("an anime girl walking", r"\b(film grain|pores|lens flare)\b"),
        ("a woman in a red coat", r"\b(shirt|sweater|jeans|dress|jacket|hoodie)\b"),
        ("a white cat", r"\b(black|orange|ginger|brown|grey) (fur|coat)\b"),
        ("a close up of a leaf", r"\b(horizon|skyline)\b"),
        ("aerial view of a herd", r"\b(whiskers|eyelashes|nostrils)\b"),
        ("an abandoned swimming pool", r"\b(crowd|busy|bustling)\b"),
        ("a baby crawling on a carpet", r"\b(strides?|marches)\b"),
        ("a bedroom", r"\b(horizon|clouds|rain falls)\b"),
    ],
)
def test_never_contradicts_the_prompt(prompt: str, never: str) -> None:
    for seed in range(12):
        text = " ".join(s.text for s in draft(prompt, seed).sentences[1:])
        assert not re.search(never, text, re.IGNORECASE), text


@given(st.text(max_size=120), st.integers(0, 5), st.sampled_from(["light", "normal", "rich"]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_text_gives_a_draft(prompt: str, seed: int, strength: Any, tags: bool) -> None:
    check_draft(prompt, draft(prompt, seed, WriteOptions(strength), tags=tags))


WORDS = st.lists(
    st.sampled_from(
        [
            "a",
            "an",
            "the",
            "two",
            "red",
            "small",
            "dog",
            "dogs",
            "woman",
            "men",
            "city",
            "tree",
            "car",
            "soup",
            "running",
            "is",
            "eats",
            "sitting",
            "on",
            "in",
            "near",
            "with",
            "of",
            "and",
            "while",
            "close",
            "up",
            "video",
            "drone",
            "footage",
            "night",
            "sunset",
            "no",
            "without",
            "first",
            "then",
            "left",
            "zoom",
            "'hello'",
            "unknownium",
            "slowly",
            "his",
            ",",
            ".",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(WORDS, st.integers(0, 3), st.booleans(), st.sampled_from(["required", "wanted", "optional", "unwanted"]))
@settings(max_examples=250, deadline=None)
def test_any_prompt_of_known_words_gives_a_draft(prompt: str, seed: int, audio: bool, camera: Any) -> None:
    check_draft(prompt, draft(prompt, seed, audio=audio, camera=camera, negation="text"))


def check_draft(prompt: str, found: Draft) -> None:
    assert found.error is None
    said = {form for token in analyse(found.text).tokens for form in (token.lower, token.lemma)}
    said.update(re.findall(r"\w+", found.text.lower()))
    lost = [t for t in analyse(prompt).tokens if not {t.lower, t.lemma} & said and len(t.text) > 3]
    assert found.negative or not [t for t in lost if t.text.isascii() and t.text.isalpha()], found.text
    for sentence in found.sentences[1:]:
        assert not LEFTOVER.search(sentence.text), sentence.text


@pytest.fixture(scope="module")
def vbench() -> list[str]:
    if not DATA.exists():
        pytest.skip("the VBench prompts are not here")
    return DATA.read_text(encoding="utf-8").splitlines()


def test_vbench_prompts(vbench: list[str]) -> None:
    """Every word kept, no notation left, no sentence in more than one caption of a hundred, articles right."""
    drafts = Composer().write([WriteRequest(parse(prompt)) for prompt in vbench], target(), WriteOptions())
    counts: dict[str, int] = {}
    for prompt, found in zip(vbench, drafts, strict=True):
        check_draft(prompt, found)
        own = set(re.findall(r"\w+", prompt.lower()))
        for sentence in {s.text for s in found.sentences if s.aspect != "prompt"}:
            rest = " ".join(word for word in re.findall(r"[\w']+", sentence.lower()) if word not in own)
            counts[rest] = counts.get(rest, 0) + 1
            assert not re.search(r"\b(\w+) \1\b", sentence), sentence
            assert not re.search(r"\b[Aa] [aeio](?!ne\b|nce\b|u)\w|\b[Aa]n [b-df-gj-np-tv-z]\w", sentence), sentence
            assert len(sentence.split()) <= 36, sentence
    assert max(counts.values()) <= len(vbench) // 100, sorted(counts.items(), key=lambda item: -item[1])[:20]


def test_vbench_openings_vary(vbench: list[str]) -> None:
    """No three sentences in a row begin with the same word, with few exceptions."""
    drafts = Composer().write([WriteRequest(parse(prompt)) for prompt in vbench], target(), WriteOptions())
    runs = 0
    for found in drafts:
        first = [sentence.text.split()[0].lower() for sentence in found.sentences]
        runs += any(a == b == c for a, b, c in zip(first, first[1:], first[2:], strict=False))
    assert runs <= len(vbench) // 24


def _filmed(intent: Intent, found: Draft) -> bool:
    """Whether the user said how it is filmed, or the opening does ("A medium shot frames a hotel")."""
    opening = analyse(found.sentences[0].text)
    return bool(intent.of_kind(Kind.CAMERA)) or any(term.kind == "camera" for term in opening.terms)


def _is_scenery(found: Draft) -> bool:
    """Whether the place is itself what is shown: then its sentence is one on the subject."""
    roots = {noun.root for noun in analyse(found.sentences[0].text).nouns}
    return bool(roots & {"building", "place", "landform", "water", "sky"}) and not roots & {"person", "animal"}


def test_vbench_aspects_are_covered(vbench: list[str]) -> None:
    intents = [parse(prompt) for prompt in vbench]
    drafts = Composer().write([WriteRequest(intent) for intent in intents], target(), WriteOptions())
    covered = [
        aspects(found)
        | ({"camera"} if _filmed(intent, found) else set())
        | ({"setting"} if _is_scenery(found) else set())
        for intent, found in zip(intents, drafts, strict=True)
    ]
    for aspect in ("subject", "action", "setting", "light", "camera"):
        share = sum(aspect in found for found in covered) / len(drafts)
        assert share >= 0.95, (aspect, share)
