import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption.compare.arms import Arm, check_names, parse_arm, read_seeds
from t2v_recaption.compare.items import Item, read_items, unique
from t2v_recaption.compare.rewrites import read_rewrites
from t2v_recaption.errors import InvalidInput, UnknownName


def test_what_an_arm_may_be(tmp_path) -> None:
    (tmp_path / "rewrites.txt").write_text("x\n")
    (tmp_path / "clips").mkdir()
    assert parse_arm("raw").source == "raw"
    arm = parse_arm("mine=composer:target=wan2.2,seed=3,strength=rich")
    assert (arm.name, arm.writer, dict(arm.settings)) == (
        "mine",
        "composer",
        {"target": "wan2.2", "seed": 3, "strength": "rich"},
    )
    assert parse_arm("gpt4o=rewrites.txt", tmp_path).source == "file"
    assert parse_arm("rewrites.txt", tmp_path).name == "rewrites"
    assert parse_arm("old=clips", tmp_path).clips == str(tmp_path / "clips")
    assert parse_arm("f=python:os.path:basename").path == "os.path:basename"
    assert parse_arm("r=raw:seeds=4-6").seeds == (4, 5, 6)
    served = parse_arm("q=chat:model=qwen3:8b,base_url=http://localhost:11434/v1")
    assert served.settings == {"model": "qwen3:8b", "base_url": "http://localhost:11434/v1"}


def test_a_plan_file_says_the_same_with_keys(tmp_path) -> None:
    (tmp_path / "rewrites.txt").write_text("x\n")
    assert parse_arm({"name": "a", "writer": "composer", "seed": 2}) == parse_arm("a=composer:seed=2")
    assert parse_arm({"name": "b", "raw": True}) == parse_arm("b=raw")
    assert parse_arm({"name": "c", "file": "rewrites.txt"}, tmp_path) == parse_arm("c=rewrites.txt", tmp_path)


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        ("nobody", UnknownName, "nobody"),
        ("a=missing.txt", InvalidInput, "missing.txt"),
        ("a=composer:", InvalidInput, "colon"),
        ("a=raw:target=wan2.2", InvalidInput, "target"),
        ("a=chat:api_key=sk-123", InvalidInput, "api_key"),
        ("a=chat:base_url=http://me:secret@host/v1", InvalidInput, "base_url"),
        ("a=raw:clips=nowhere", InvalidInput, "nowhere"),
        ("a=raw:seeds=x", InvalidInput, "seed"),
        ({"name": "a"}, InvalidInput, "says no writer"),
        ("two words=raw", UnknownName, "two words"),
    ],
)
def test_arms_that_cannot_be(spec, error, said, tmp_path) -> None:
    with pytest.raises(error, match=said):
        parse_arm(spec, tmp_path)


def test_a_key_never_reaches_a_message() -> None:
    with pytest.raises(InvalidInput) as raised:
        parse_arm("a=chat:api_key=sk-123456")
    assert "sk-123456" not in str(raised.value)


def test_settings_that_the_composer_does_not_have_are_named() -> None:
    with pytest.raises(InvalidInput, match="temperature"):
        parse_arm("composer:temperature=1").identity()


def test_identities_tell_what_decides() -> None:
    one, other = parse_arm("a=composer:seed=1"), parse_arm("b=composer:seed=2")
    assert one.identity() != other.identity()
    assert one.identity() == parse_arm("b=composer:seed=1").identity()


def test_arms_need_names_of_their_own() -> None:
    with pytest.raises(InvalidInput, match="two arms"):
        check_names((Arm("raw", "raw"),))
    with pytest.raises(InvalidInput, match="Two arms are named"):
        check_names((Arm("raw", "raw"), Arm("RAW", "raw")))


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_an_arm_or_a_clear_error(spec) -> None:
    with contextlib.suppress(InvalidInput, UnknownName):
        assert parse_arm(spec).name


@pytest.mark.parametrize(
    ("text", "seeds"), [("0-3", (0, 1, 2, 3)), ("7", (7,)), ("1 5,9", (1, 5, 9)), (4, (4,)), ([2, 1], (2, 1)), ((), ())]
)
def test_seeds(text, seeds) -> None:
    assert read_seeds(text) == seeds


@pytest.mark.parametrize("text", ["1 1", "a", [1.5], "-3", True])
def test_seeds_that_are_none(text) -> None:
    with pytest.raises(InvalidInput):
        read_seeds(text)


def test_prompts_are_taken_once_and_repetitions_are_said(tmp_path) -> None:
    path = tmp_path / "p.txt"
    path.write_text("a cat\n\na dog\na  cat\n", encoding="utf-8")
    found = read_items(path)
    assert [(item.id, item.prompt) for item in found.items] == [("p1", "a cat"), ("p3", "a dog")]
    assert found.rows == 4
    assert "p4 repeats the prompt of p1" in found.notes[0]


def test_prompts_with_ids_and_strata(tmp_path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id,prompt,category\nx,a cat,animal\ny,a car,vehicle\n", encoding="utf-8")
    assert [(i.id, i.stratum) for i in read_items(path).items] == [("x", "animal"), ("y", "vehicle")]
    path.write_text("id,prompt\nx,a cat\nx,a car\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="'x'"):
        read_items(path)


@pytest.mark.parametrize("text", ["", "\n\n", "   \n"])
def test_no_prompts(tmp_path, text) -> None:
    (tmp_path / "p.txt").write_text(text)
    with pytest.raises(InvalidInput, match="no prompts"):
        read_items(tmp_path / "p.txt")


def test_a_broken_row_is_named(tmp_path) -> None:
    (tmp_path / "p.jsonl").write_text('{"prompt": "a cat"}\n{broken\n')
    with pytest.raises(InvalidInput, match="Row 2"):
        read_items(tmp_path / "p.jsonl")


def test_rewrites_by_line_and_by_prompt(tmp_path) -> None:
    items = unique([Item("p1", "a cat", line=1), Item("p2", "a dog", line=3)], rows=3)
    (tmp_path / "r.txt").write_text("A cat.\n\nA dog.\n")
    assert read_rewrites(tmp_path / "r.txt", items).texts == {"p1": "A cat.", "p2": "A dog."}
    (tmp_path / "r.csv").write_text("prompt,caption\na dog,A dog!\na bird,A bird!\n")
    found = read_rewrites(tmp_path / "r.csv", items)
    assert found.texts == {"p2": "A dog!"}
    assert "1 rewrite of other prompts" in found.notes[0]
    (tmp_path / "r.jsonl").write_text('{"prompt": "a cat", "mine": "One."}\n{"prompt": "a cat", "mine": "Two."}\n')
    found = read_rewrites(tmp_path / "r.jsonl", items, "mine")
    assert found.texts == {"p1": "One."}
    assert "two rewrites of 'a cat'" in found.notes[0]
    (tmp_path / "r.jsonl").write_text('"A cat."\n""\n"A dog."\n')
    assert read_rewrites(tmp_path / "r.jsonl", items).texts["p2"] == "A dog."


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("r.txt", "A cat.\n", "1 rewrites for 2 prompts"),
        ("r.csv", "prompt,other\na cat,x\n", "no rewrite"),
        ("r.csv", "prompt,caption\na bird,x\n", "of any of the prompts"),
        ("r.xlsx", "x", "no known format"),
    ],
)
def test_rewrites_that_cannot_belong(tmp_path, name, text, said) -> None:
    items = unique([Item("p1", "a cat", line=1), Item("p2", "a dog", line=2)])
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInput, match=said):
        read_rewrites(tmp_path / name, items)
