"""Tags: read off words, closed under what they imply, excluding what cannot be in one clip."""

import json

import pytest

from t2v_recaption.writers.composer.library import FOLDER
from t2v_recaption.writers.composer.tags import Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    lines = (FOLDER / "tags.jsonl").read_text(encoding="utf-8").splitlines()
    return Vocabulary(json.loads(line) for line in lines)


@pytest.mark.parametrize(
    ("scene", "sentence"),
    [
        ("a city at night", "Sunlight falls over the roofs."),
        ("underwater footage of an octopus", "The sky glows at sunset."),
        ("a static shot of a house", "The camera pans across the roof."),
        ("black and white film", "Vivid colours fill the frame."),
        ("an anime girl", "Film grain lies over the picture."),
        ("the street at noon", "Moonlight lies on the stones."),
        ("an empty street", "A bustling crowd moves past."),
        ("inside the room, a curtain", "The horizon runs behind."),
        ("a close-up of a leaf", "The horizon lies far behind."),
        ("aerial view of a town", "Its whiskers catch the light."),
    ],
)
def test_excluded(vocabulary: Vocabulary, scene: str, sentence: str) -> None:
    assert not vocabulary.read(scene).fits(vocabulary.read(sentence))


@pytest.mark.parametrize(
    ("scene", "sentence"),
    [
        ("a city at night", "Street lamps throw cones of light."),
        ("a cat on a sofa", "A curtain stirs at the window."),
        ("a beach", "Waves run up and draw back."),
        ("", "Anything goes at midnight."),
    ],
)
def test_allowed(vocabulary: Vocabulary, scene: str, sentence: str) -> None:
    assert vocabulary.read(scene).fits(vocabulary.read(sentence))


def test_implied_tags_are_read_too(vocabulary: Vocabulary) -> None:
    assert {"moon", "night"} <= set(vocabulary.names(vocabulary.read("moonlight")))


def test_phrases_need_all_their_words(vocabulary: Vocabulary) -> None:
    assert "blue sky" in vocabulary.names(vocabulary.read("under a clear blue sky"))
    assert "blue sky" not in vocabulary.names(vocabulary.read("a blue car"))


def test_no_tag_excludes_itself(vocabulary: Vocabulary) -> None:
    for name in vocabulary.known:
        tags = vocabulary.named([name])
        assert tags.fits(tags), name
