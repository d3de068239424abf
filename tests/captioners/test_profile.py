"""Profiles as data."""

import pytest

from t2v_recaption.captioners import profile as profiles
from t2v_recaption.captioners.profile import QUESTIONS, load, names
from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.video import parse_sampling


@pytest.mark.parametrize("name", names())
def test_every_profile_is_whole(name: str) -> None:
    profile = load(name)
    assert profile.name == name
    assert profile.title
    assert profile.sources
    assert set(profile.questions) <= set(QUESTIONS)
    for sampling in profile.sampling.values():
        parse_sampling(sampling)
    for mode in profile.sampling:
        assert {"fast": "fast", "sliding": "pair", "ask": "ask"}[mode] in profile.questions
    assert all(question.source for question in profile.questions.values())


def test_generic_can_ask_everything() -> None:
    assert set(load("generic").questions) == set(QUESTIONS)


def test_a_profile_extends_another(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: generic\ntitle: Mine\ndecode: {temperature: 0.2}\nquestions:\n  fast: {layout: square}\n")
    mine, generic = load(str(path)), load("generic")
    assert (mine.name, mine.title) == ("mine", "Mine")
    assert mine.decode.temperature == 0.2
    assert mine.decode.max_tokens == generic.decode.max_tokens
    assert mine.questions["fast"].layout == "square"
    assert mine.questions["fast"].template == "clip-fast"
    assert mine.questions["pair"] == generic.questions["pair"]
    assert mine.digest != generic.digest


def test_the_digest_knows_the_words_of_the_templates(tmp_path) -> None:
    words = tmp_path / "words.j2"
    path = tmp_path / "mine.yaml"
    path.write_text(f"extends: generic\nquestions:\n  fast: {{template: {words}}}\n")
    words.write_text("Describe it.")
    before = load(str(path)).digest
    words.write_text("Describe it!")
    assert load(str(path)).digest != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [", "cannot be read"),
        ("- a\n- b\n", "not a YAML mapping"),
        ("title: x\ncolour: red\n", "unknown keys: colour"),
        ("title: x\nquestions: {fast: {text: a, tone: b}}", "unknown keys: tone"),
        ("title: x\nquestions: {slow: {text: a}}", "unknown questions: slow"),
        ("title: x\nquestions: {fast: {text: a, template: b}}", "either template or text"),
        ("title: x\nquestions: {fast: {layout: images}}", "either template or text"),
        ("title: x\nquestions: {fast: {text: a, layout: spiral}}", "unknown layout 'spiral'"),
        ("questions: {}", "incomplete"),
        ("extends: generic\ndecode: 5", "incomplete"),
    ],
)
def test_what_is_wrong_with_a_profile(tmp_path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=message):
        load(str(path))


def test_unknown_names_offer_the_nearest(tmp_path) -> None:
    with pytest.raises(UnknownName) as error:
        load("sharecaptoner")
    assert "sharecaptioner" in error.value.hint
    path = tmp_path / "mine.yaml"
    path.write_text("extends: nothing\ntitle: x\n")
    with pytest.raises(UnknownName):
        load(str(path))
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(str(tmp_path / "absent.yaml"))


def test_a_missing_question_says_which_there_are() -> None:
    with pytest.raises(InvalidInput, match="no question 'ask'") as error:
        profiles.load("sharecaptioner").question("ask")
    assert "first, pair, fast, summary" in error.value.hint
