"""The user's own words become good prose, and not one of them is lost."""

import re

import pytest

from t2v_recaption.language import analyse
from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.opening import Extras, Opening, open_with


def opened(prompt: str, seed: int = 0, **extras: object) -> Opening:
    return open_with(analyse(prompt), Choice(prompt, seed), Extras(**extras))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a black dog wearing halloween costume", "A black dog wears a Halloween costume."),
        ("spider making a web", "A spider makes a web."),
        ("chameleon eating ant", "A chameleon eats an ant."),
        ("ants eating dead spider", "Ants eat a dead spider."),
        ("a snake crawling on a wooden flooring", "A snake crawls on a wooden flooring."),
        ("curious cat sitting and looking around", "A curious cat sits and looks around."),
        ("porcupine climbs tree branches", "A porcupine climbs tree branches."),
        ("a plastic flamingo bird stumbles from the wind", "A plastic flamingo bird stumbles from the wind."),
        ("an owl being trained by a man", "An owl is being trained by a man."),
        ("a tortoise covered with algae", "A tortoise is covered with algae."),
        ("cars parked on the road", "Cars are parked on the road."),
        ("two women kissing and smiling", "Two women kiss and smile."),
        ("man and woman listening to music on car", "A man and a woman listen to music on a car."),
        ("a group of students laughing and talking", "A group of students laughs and talks."),
        ("people sitting on a sofa", "People sit on a sofa."),
        ("couple dancing with body paint", "A couple dances with body paint."),
        ("hummingbird hawk moth flying near pink flowers", "A hummingbird hawk moth flies near pink flowers."),
        (
            "a woman in a halloween costume posing on a motorcycle",
            "A woman in a Halloween costume poses on a motorcycle.",
        ),
        ("airplane taking off at night", "An airplane takes off at night."),
        ("a kid eating popcorn while watching tv", "A kid eats popcorn while watching TV."),
    ],
)
def test_fragments_become_sentences(prompt: str, expected: str) -> None:
    assert opened(prompt).text == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("two women kissing and smiling", "Two women are kissing and smiling."),
        ("slowly grilling a steak", r"[\w ]*[Hh]ands (is|are) slowly grilling a steak\."),
    ],
)
def test_some_targets_want_the_progressive(prompt: str, expected: str) -> None:
    assert re.fullmatch(expected, opened(prompt, progressive=True).text)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a woman walking down the street", "A woman in a red coat walks down the street."),
        ("two dogs", "Two dogs in a red coat stand on the porch."),
        ("a woman in a hat walking", "A woman in a hat walks on the porch."),
        ("a woman with a dog walking", r"The \w+ \w+ ?\w* a woman with a dog walking on the porch\."),
        ("a group of women walking", "A group of women walks on the porch."),
    ],
)
def test_the_looks_follow_the_subject_where_nothing_else_does(prompt: str, expected: str) -> None:
    place = "" if "street" in prompt else "on the porch"
    opening = opened(prompt, look="in a red coat", main=0, place=place, posture=("stands", "stand"))
    assert re.fullmatch(expected, opening.text), opening.text
    assert opening.dressed is ("red coat" in opening.text)


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        ("with long hair, in a coat", "A woman with long hair, in a coat, walks."),
        ("barefoot in a long, red dress", "A woman, barefoot in a long, red dress, walks."),
        ("in a long, red dress", "A woman in a long, red dress walks."),
    ],
)
def test_looks_of_several_phrases_stand_between_commas(look: str, expected: str) -> None:
    assert opened("a woman walking", look=look, main=0).text == expected


def test_looks_of_several_phrases_come_before_a_posture() -> None:
    looks = {"look": "with long hair, in a coat", "main": 0, "posture": ("stands", "stand"), "place": "on the porch"}
    assert opened("a woman", **looks).text == "A woman with long hair, in a coat, stands on the porch."


@pytest.mark.parametrize(
    ("prompt", "pattern"),
    [
        ("a close up video of a dragonfly", r"A close-up video \w+ a dragonfly\."),
        ("macro shot of ladybug on green leaf plant", r"A macro shot \w+ a ladybug on a green leaf plant\."),
        ("drone footage of a beautiful mansion", r"Drone footage \w+ a beautiful mansion\."),
        ("underwater footage of an octopus in a coral reef", r"Underwater footage \w+ an octopus in a coral reef\."),
        ("close up on fish in net", r"A close-up \w+ fish in (a )?net\."),
        ("time lapse of a subway tunnel", r"A time-lapse \w+ a subway tunnel\."),
        (
            "aerial view of the highway and building in a city",
            r"An aerial view \w+ the highway and (a )?building in a city\.",
        ),
        ("zoom in video of a tram passing by city", r"A zoom in video \w+ a tram passing by (the |a )?city\."),
        ("a footage of a frozen river", r"Footage \w+ a frozen river\."),
        ("low angle shot of baobab tree", r"A low-angle shot \w+ a baobab tree\."),
        ("create a video of a cat on a roof", r"A video \w+ a cat on a roof\."),
        ("grilling a steak on a pan grill", r"[\w ]*[Hh]ands grills? a steak on a pan grill\."),
        (
            "cutting cucumbers into long thin slices",
            r"[\w ]*[Hh]ands cuts? cucumbers into long thin slices\.",
        ),
        ("counting down at traffic lights", r"The \w+ \w+ counting down at traffic lights\."),
    ],
)
def test_camera_words_open_the_sentence(prompt: str, pattern: str) -> None:
    assert re.fullmatch(pattern, opened(prompt).text), opened(prompt).text


def test_a_posture_places_what_only_is_somewhere() -> None:
    assert opened("white rabbit near the fence", posture=("sits", "sit")).text == "A white rabbit sits near the fence."
    assert opened("two cats", posture=("sits", "sit"), place="on the porch").text == "Two cats sit on the porch."


def test_what_has_no_posture_is_shown() -> None:
    assert re.fullmatch(
        r"An? [\w, -]+ \w+( on| over| out over)? a leafless tree\.", opened("a leafless tree", shot="wide").text
    )


def test_the_place_follows_the_action() -> None:
    opening = opened("a squirrel eating nuts", place="in the park")
    assert opening.text == "A squirrel eats nuts in the park."
    assert opening.placed


@pytest.mark.parametrize(
    "prompt",
    [
        "A dog runs. Then it stops.",
        "first a cat sleeps\nthen it wakes",
        'He says "go home now"',
        "What does the sea look like at night?",
        "ein Hund läuft über die Straße",
        "一只猫在弹钢琴",
        "!!!",
        "a" * 300,
        "The old man, who has never left his village, opens the door, looks at the sea for the first time in his life, "
        "takes off his hat and walks slowly down to the water while the gulls cry above him.",
    ],
)
def test_texts_of_their_own_keep_every_word(prompt: str) -> None:
    words = re.findall(r"\w+", prompt.lower())
    assert set(words) <= set(re.findall(r"\w+", opened(prompt).text.lower()))


@pytest.mark.parametrize(
    "tail", [", the camera pans right", ", camera slowly pans right", ", and the camera pans right"]
)
def test_what_the_camera_does_is_a_sentence(tail: str) -> None:
    text = opened(f"a red car near a blue truck{tail}", posture=("stands", "stand")).text
    assert re.fullmatch(r"A red car stands near a blue truck\. The camera (?:slowly )?pans right\.", text), text


def test_exact_strings_are_not_edited() -> None:
    prompt = "black dog wearing halloween costume"
    assert prompt in opened(prompt, exact=((0, len(prompt)),)).text
