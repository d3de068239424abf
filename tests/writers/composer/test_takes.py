"""Which take is used for a prompt, and how much of it: on the real knowledge with a few takes of the test's own."""

import json
from pathlib import Path

import pytest

from t2v_recaption import targets
from t2v_recaption.intent import parse
from t2v_recaption.knowledge import FOLDER
from t2v_recaption.writers.base import WriteOptions, WriteRequest
from t2v_recaption.writers.composer.library import Library
from t2v_recaption.writers.composer.writer import Composer

TAKES = [
    {
        "verb": "knead",
        "objects": ["dough"],
        "by": ["person"],
        "takes": [
            {
                "place": "bakery",
                "time": "day",
                "wear": ["in [a white apron|white aprons]"],
                "motion": ["Knuckles drive {obj} forward.", "The fold springs back at once."],
                "setting": "Flour whitens the long bench, and window light grazes the sacks behind.",
                "camera": "A close shot level with the bench holds the hands.",
            }
        ],
    },
    {
        "verb": "fix",
        "by": ["person"],
        "needs": ["bicycle"],
        "takes": [{"motion": ["The raised wheel spins to a stop."], "camera": "A close shot shows the spokes."}],
    },
    {
        "verb": "fix",
        "by": ["person"],
        "takes": [{"motion": ["A screw turns home in {obj}."], "camera": "A close shot shows the screw."}],
    },
    {
        "subject": "owl",
        "with": ["round, unblinking eyes"],
        "takes": [
            {
                "place": "forest",
                "time": "night",
                "motion": ["The whole head swivels slowly round."],
                "setting": "Moonlight whitens the branch before black firs.",
                "camera": "A medium shot at the height of the branch keeps still.",
            }
        ],
    },
    {
        "above": "harbor",
        "takes": [{"motion": ["Toy-size boats slide past."], "setting": "Grey quays comb the green water."}],
    },
]


@pytest.fixture(scope="module")
def composer(tmp_path_factory) -> Composer:
    folder: Path = tmp_path_factory.mktemp("knowledge")
    for path in FOLDER.iterdir():
        if path.name != "takes":
            (folder / path.name).symlink_to(path)
    (folder / "takes").mkdir()
    (folder / "takes" / "own.jsonl").write_text("".join(json.dumps(group) + "\n" for group in TAKES))
    return Composer(Library(folder))


def caption(composer: Composer, prompt: str, **options: object) -> str:
    request, wishes = WriteRequest(parse(prompt)), WriteOptions(**options)  # type: ignore[arg-type]
    return composer.write([request], targets.load("generic"), wishes)[0].text


def test_a_take_is_used_whole_where_the_prompt_leaves_everything_open(composer) -> None:
    text = caption(composer, "a man kneading dough")
    assert text.startswith("A man in a white apron kneads dough in the bakery.")
    for part in ("Knuckles drive the dough forward.", "Flour whitens the long bench", "level with the bench"):
        assert part in text


def test_in_another_place_only_its_motion_is_used(composer) -> None:
    text = caption(composer, "a man kneading dough in a kitchen")
    assert "Knuckles drive the dough forward." in text
    assert "bakery" not in text
    assert "bench" not in text


def test_with_a_first_frame_only_motion_and_camera_are_told(composer) -> None:
    text = caption(composer, "a man kneading dough", task="i2v")
    assert "Knuckles drive the dough forward." in text
    assert "Flour whitens" not in text


def test_a_stated_shot_is_not_told_again(composer) -> None:
    assert "level with the bench" not in caption(composer, "wide shot of a man kneading dough")


def test_nobody_is_dressed_twice(composer) -> None:
    assert "apron" not in caption(composer, "a man in a red shirt kneading dough")


def test_hands_do_what_nobody_is_named_for(composer) -> None:
    assert "Knuckles drive the dough forward." in caption(composer, "kneading dough")


def test_takes_that_need_a_word_come_first_and_only_with_it(composer) -> None:
    assert "The raised wheel spins" in caption(composer, "a man fixing a bicycle")
    assert "A screw turns home in the lamp." in caption(composer, "a man fixing a lamp")


def test_a_take_of_the_night_is_none_of_the_day(composer) -> None:
    assert "swivels" in caption(composer, "an owl at night")
    assert "swivels" not in caption(composer, "an owl at sunrise")


def test_the_looks_stand_behind_the_name(composer) -> None:
    assert caption(composer, "an owl").startswith("An owl with round, unblinking eyes ")


def test_what_an_owl_does_of_itself_is_none_for_what_it_is_said_to_do(composer) -> None:
    assert "swivels" not in caption(composer, "an owl flying over a lake")


def test_a_view_from_the_air_has_takes_of_its_own(composer) -> None:
    text = caption(composer, "drone view of a harbor")
    assert "Toy-size boats slide past." in text
    assert "Grey quays comb the green water." in text


def test_a_stated_state_is_shown(composer) -> None:
    text = caption(composer, "a house covered in snow").lower()
    states = [json.loads(line) for line in (FOLDER / "states.jsonl").read_text(encoding="utf-8").splitlines()]
    shown = [
        s for row in states if row["state"] == "snow-covered" and "building" in row["of"] for s in row["sentences"]
    ]
    assert any(sentence.lower().split("{name}")[0].strip() in text for sentence in shown)
