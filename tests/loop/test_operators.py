"""Operators: each edit does its one thing, and nothing that the user said goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from t2v_recaption import Enhancer, intent
from t2v_recaption.fidelity.report import Status
from t2v_recaption.intent.model import Fact, Kind
from t2v_recaption.loop.operators import OPERATORS, Workshop
from t2v_recaption.loop.wording import Wording, of_prompt
from t2v_recaption.writers.base import Sentence
from tests.loop.worlds import ENHANCER


def bench(prompt: str, enhancer: Enhancer = ENHANCER) -> tuple[Workshop, Wording]:
    enhancement = enhancer(prompt)
    shop = Workshop(enhancement.intent, enhancer.target)
    return shop, Wording(enhancement.sentences, enhancement.negative, "enhanced")


def fact(shop: Workshop, kind: Kind, number: int = 0) -> Fact:
    return shop.intent.of_kind(kind)[number]


def first(shop: Workshop, wording: Wording, name: str, about: Fact) -> Wording:
    return next(shop.offers(name, wording, about, "c1"))


@pytest.mark.parametrize(
    ("prompt", "kind", "words"),
    [
        ("two cats and a red ball on a wooden floor", Kind.COUNT, "There are exactly two cats in view"),
        ("a red car on a bridge", Kind.ATTRIBUTE, "The car is unmistakably red in every frame"),
        (
            "a dog to the left of a cat",
            Kind.RELATION,
            "On the left half of the frame is a dog; on the right half is a cat",
        ),
        ("a man reads a newspaper", Kind.ACTION, "Throughout the whole clip, a man reads a newspaper"),
        ("a lake, the camera pans left", Kind.CAMERA, "During the whole clip, the camera pans left"),
        ("a lake, static camera", Kind.CAMERA, "During the whole clip, the camera stays static"),
        ("a lake at night", Kind.TIME, "From the first frame to the last, it all happens at night"),
        ('a neon sign that says "OPEN"', Kind.TEXT, "The words “OPEN” stand large and sharp"),
        ("a castle, watercolor style", Kind.STYLE, "The style of every frame is watercolor"),
    ],
)
def test_strengthen_insists_in_the_users_words(prompt: str, kind: Kind, words: str) -> None:
    shop, wording = bench(prompt)
    edited = first(shop, wording, "strengthen", fact(shop, kind))
    assert words in edited.text
    assert edited.edits[-1].operator == "strengthen"
    assert edited.parent == wording.key


def test_nothing_that_happens_once_is_said_to_happen_throughout() -> None:
    shop, wording = bench("a dog sits beside a cat, then the dog jumps over the fence")
    for action in shop.intent.of_kind(Kind.ACTION, Kind.RELATION, Kind.ORDER):
        for edited in shop.offers("strengthen", wording, action, "c1"):
            assert ", then" not in edited.edits[-1].change.partition(", ")[2] or "One thing follows" in edited.text


def test_add_states_what_is_missing_and_nothing_else() -> None:
    shop, _ = bench("a red car on a bridge at night")
    bare = Wording((Sentence("A car is on a bridge.", "prompt", 1.0),), "", "enhanced")
    colour = fact(shop, Kind.ATTRIBUTE)
    assert shop.verdict(bare, colour).status is Status.LOST
    edited = first(shop, bare, "add", colour)
    assert edited.text == "A car is on a bridge. The car is red."
    assert not list(shop.offers("add", edited, colour, "c1"))


def test_front_moves_the_sentence_that_says_it() -> None:
    shop, _ = bench("a red car on a bridge at night")
    rows = tuple(Sentence(t, "prompt", 1.0) for t in ("A car is on a bridge.", "It is night.", "The car is red."))
    edited = first(shop, Wording(rows, "", "enhanced"), "front", fact(shop, Kind.ATTRIBUTE))
    assert edited.text == "The car is red. A car is on a bridge. It is night."


def test_front_never_begins_with_a_word_that_points_back() -> None:
    shop, _ = bench("a red car on a bridge")
    rows = tuple(Sentence(t, "prompt", 1.0) for t in ("A car is on a bridge.", "Its colour is red."))
    for edited in shop.offers("front", Wording(rows, "", "enhanced"), fact(shop, Kind.ATTRIBUTE), "c1"):
        assert not edited.text.startswith("Its")


def test_split_tells_two_events_as_two_parts() -> None:
    shop, wording = bench("a chef slices an onion, then pours oil into a pan")
    edited = first(shop, wording, "split", fact(shop, Kind.ORDER))
    change = edited.edits[-1].change
    assert change.index("slices an onion") < change.index("pours oil")
    assert "first half of the clip" in change


def test_what_must_be_absent_is_said_positively_and_ruled_out() -> None:
    shop, wording = bench("an empty street in the fog, no cars")
    nothing = fact(shop, Kind.NEGATION)
    assert "The road lies empty and quiet." in first(shop, wording, "positive", nothing).text
    bare = Wording(wording.sentences, "blurry", "enhanced")
    ruled_out = first(shop, bare, "negative", nothing)
    assert ruled_out.negative.endswith(", blurry")
    assert "car" in ruled_out.negative
    assert ruled_out.text == bare.text


def test_a_model_without_a_negative_prompt_gets_none() -> None:
    shop, wording = bench("an empty street in the fog, no cars", Enhancer("hunyuanvideo"))
    assert not list(shop.offers("negative", wording, fact(shop, Kind.NEGATION), "c1"))


def test_drop_takes_added_detail_only() -> None:
    shop, wording = bench("a red car on a bridge at night")
    stated = {row.text for row in wording.sentences if row.importance == 1.0}
    offers = list(shop.offers("drop", wording, fact(shop, Kind.ATTRIBUTE), "c1"))
    lengths = [len(offer.sentences) for offer in offers]
    assert lengths == sorted(lengths, reverse=True)
    assert len(offers) >= 2
    assert all(stated <= {row.text for row in offer.sentences} for offer in offers)


@pytest.mark.parametrize("name", list(OPERATORS))
@pytest.mark.parametrize(
    "prompt",
    [
        "two cats and a red ball on a wooden floor, the camera pans left, no people",
        "a dog to the left of a cat, then the dog jumps over the fence",
        'three red apples under a sign that says "FRESH", close-up, at dawn in heavy rain',
        "猫が窓辺で眠っている",
    ],
)
def test_every_edit_keeps_every_fact(name: str, prompt: str) -> None:
    shop = Workshop(intent.parse(prompt), ENHANCER.target)
    wording = of_prompt(prompt, ENHANCER.target)
    before = {v.fact.id for v in shop.report(wording).failures}
    for about in shop.intent:
        for edited in shop.offers(name, wording, about, "c1"):
            assert {v.fact.id for v in shop.report(edited).failures} <= before
            assert edited.sentences[0].text == prompt or prompt in edited.text
            assert edited.key != wording.key


def test_the_prompt_is_said_in_other_words_only_where_that_is_allowed() -> None:
    shop, wording = bench("a red car on a bridge at night")
    colour = fact(shop, Kind.ATTRIBUTE)
    assert not list(shop.offers("rephrase", wording, colour, "c1"))
    edited = first(replace(shop, allow_rephrase=True), wording, "rephrase", colour)
    assert edited.text.startswith("The car is red.")
    assert not any(row.aspect == "prompt" for row in edited.sentences)
    assert not shop.report(edited).failures
