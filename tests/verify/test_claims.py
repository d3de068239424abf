"""Claims: every fact of a prompt is covered by claims with good questions, whatever the prompt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption.intent import parse
from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.claims import ancestors, claims_of
from t2v_recaption.verify.model import Claim, ClaimSet

PIECES = [
    "two dogs", "a red car", "a woman in a white dress", "runs", "is chased by", "on the left of", "behind", "a cat",
    "then", "and", ",", ".", "no people", "without cuts", "the camera pans right", "zoom in", "static shot",
    "5 seconds", "16:9", "at sunset", "in the rain", 'a sign that says "OPEN"', "black and white", "from blue to red",
    "first", "finally", "slowly", "happy", "many", "in Paris", "une voiture rouge", "一只猫", "“quoted”", "at the end",
    "the",
]  # fmt: skip
FORMS = {"yes_no", "count", "colour", "direction", "order", "words"}


def check_sound(prompt: str, claims: ClaimSet) -> None:
    """What holds for the claims of any prompt."""
    intent = parse(prompt)
    ids = [claim.id for claim in claims]
    assert ids == [f"c{n}" for n in range(1, len(ids) + 1)]
    assert {fact.id for fact in intent} == {fact for claim in claims for fact in claim.facts}
    parents = {claim.id: claim.parents for claim in claims}
    for claim in claims:
        assert set(claim.parents) <= set(ids)
        assert not any(claim.id in ancestors(parent, parents) for parent in claim.parents)
        assert claim.text
        assert claim.expected
        assert claim.question.endswith("?")
        assert claim.form in FORMS
        spans = {span for fact in claim.facts for span in intent[fact].spans}
        assert set(claim.spans) == spans
        assert all(0 <= span.start < span.end <= len(prompt) for span in claim.spans)
        assert 0 <= claim.window.start < claim.window.end <= 1
    questions = [(claim.question, claim.expected, claim.window, claim.text) for claim in claims]
    assert len(set(questions)) == len(questions)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map(" ".join))
def test_claims_of_any_prompt_are_sound(prompt: str) -> None:
    check_sound(prompt, claims_of(prompt))


@given(st.text(max_size=60))
def test_claims_of_any_text_are_sound(prompt: str) -> None:
    check_sound(prompt, claims_of(prompt))


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(" ".join))
def test_the_same_prompt_gives_the_same_claims_and_hash(prompt: str) -> None:
    first = claims_of(prompt)
    claims_of.cache_clear()
    assert claims_of(prompt) == first
    assert claims_of(prompt + " at night").hash != first.hash


def test_claims_of_published_prompts_are_sound(short_prompts: list[str]) -> None:
    for prompt in short_prompts[::4]:
        check_sound(prompt, claims_of(prompt))


def test_the_hash_is_the_same_on_every_machine() -> None:
    assert claims_of("a red car").hash == HASH_OF_A_RED_CAR


HASH_OF_A_RED_CAR = "dc73e3604139e7b7"
"""Changes only together with `CLAIMS_VERSION`."""


def of_kind(prompt: str, kind: Kind) -> Claim:
    return next(claim for claim in claims_of(prompt) if claim.kind is kind)


@pytest.mark.parametrize(
    ("prompt", "kind", "question", "expected", "form"),
    [
        ("a cat sleeping", Kind.SUBJECT, "Is there a cat in the video?", "yes", "yes_no"),
        ("fresh bread on a table", Kind.SUBJECT, "Is there bread in the video?", "yes", "yes_no"),
        ("two dogs run", Kind.COUNT, "How many dogs are in the video?", "2", "count"),
        ("a red car", Kind.ATTRIBUTE, "What colour is the car?", "red", "colour"),
        ("an old man", Kind.ATTRIBUTE, "Is the man old?", "yes", "yes_no"),
        ("a man leaning on a tree", Kind.ACTION, "Is the man leaning on a tree?", "yes", "yes_no"),
        ("two dogs run on a beach", Kind.ACTION, "Do the dogs run?", "yes", "yes_no"),
        ("a woman dances on a table", Kind.ACTION, "Does the woman dance on a table?", "yes", "yes_no"),
        ("decorating christmas cookie", Kind.ACTION, "Is somebody decorating a christmas cookie?", "yes", "yes_no"),
        ("a car on the left of a truck", Kind.RELATION,
         "Is the car to the left of the truck or to the right of it?", "left", "direction"),
        ("a fox running to the left", Kind.RELATION, "In which direction does the fox move: left or right?", "left",
         "direction"),
        ("a snail on a leaf", Kind.RELATION, "Is the snail on the leaf?", "yes", "yes_no"),
        ("men walking in the office hallway", Kind.SETTING, "Is the scene in the office hallway?", "yes", "yes_no"),
        ("a house at night", Kind.TIME, "Is it night in the video?", "yes", "yes_no"),
        ("a house, the camera zooms out", Kind.CAMERA, "Does the camera zoom in, zoom out, or neither?", "zoom out",
         "direction"),
        ("a house, static shot", Kind.CAMERA, "Does the camera stand still from beginning to end?", "yes", "yes_no"),
        ("aerial view of a lake", Kind.CAMERA, "Is it filmed from the air?", "yes", "yes_no"),
        ("a street, no people", Kind.NEGATION, "Are there any people in the video?", "no", "yes_no"),
        ('a sign that says "OPEN"', Kind.TEXT, "Which words or letters can be read in the video?", "OPEN", "words"),
        ("a boy jumps over a puddle and then falls", Kind.ORDER,
         "Which comes first: (a) the boy falls, or (b) the boy jumps over a puddle?", "b", "order"),
    ],
)  # fmt: skip
def test_questions_are_english_and_do_not_lead(
    prompt: str, kind: Kind, question: str, expected: str, form: str
) -> None:
    claim = of_kind(prompt, kind)
    assert (claim.question, claim.expected, claim.form) == (question, expected, form)


def test_an_open_question_does_not_name_only_the_expected_answer() -> None:
    for prompt in ("three red cars", "a dog to the right of a cat, the camera pans left", 'the words "SALE"'):
        for claim in claims_of(prompt):
            if claim.form in ("count", "colour", "words"):
                assert claim.expected.lower() not in claim.question.lower()
            if claim.form == "direction":
                assert len({"left", "right"} & set(claim.question.replace(":", " ").replace(",", " ").split())) == 2


def test_attributes_and_deeds_depend_on_their_thing() -> None:
    claims = claims_of("a red car chases two dogs")
    of_text = {claim.text: claim for claim in claims}
    car, dogs = of_text["There is a car."].id, of_text["There are dogs."].id
    assert of_text["The car is red."].parents == (car,)
    assert of_text["The car chases two dogs."].parents == (car, dogs)


def test_a_change_makes_a_claim_for_each_end_of_the_clip() -> None:
    claims = [c for c in claims_of("the sky turns from blue to orange") if c.kind is Kind.ORDER]
    assert [(c.expected, c.window.start, c.window.end) for c in claims] == [("blue", 0.0, 0.4), ("orange", 0.6, 1.0)]


def test_what_is_said_to_be_at_the_end_is_looked_for_there() -> None:
    late = [c for c in claims_of('the text "LTX" appears at the end') if not c.window.whole]
    assert [(c.expected, c.window.start) for c in late] == [("LTX", 0.7)]


def test_what_is_said_to_be_at_the_beginning_is_looked_for_there() -> None:
    early = [c for c in claims_of('the text "LTX" at the beginning') if not c.window.whole]
    assert [(c.expected, c.text, c.window.end) for c in early] == [("LTX", "“LTX” can be read at the beginning.", 0.3)]


def test_spoken_words_cannot_be_seen_and_written_ones_can() -> None:
    assert of_kind('a man says "hello"', Kind.TEXT).checker == "none"
    assert of_kind('a sign says "hello"', Kind.TEXT).checker == "text"


def test_who_can_check_what() -> None:
    checkers = {c.kind: c.checker for c in claims_of("a cat, black and white, 5 seconds, the camera tilts up")}
    assert checkers[Kind.SUBJECT] == "judge"
    assert checkers[Kind.STYLE] == checkers[Kind.CAMERA] == "either"
    assert checkers[Kind.FORMAT] == "measurement"


def test_a_prompt_without_words_has_no_claims() -> None:
    assert len(claims_of("")) == len(claims_of(" … ")) == 0
