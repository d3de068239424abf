"""Suites: the own one, and the published ones in miniature, as their repositories lay them out."""

import csv
import json
import socket
from collections import Counter
from pathlib import Path

import pytest
from jsonschema import validate

from t2v_recaption.compare.suites import LOADERS, load_suite, write_prompts
from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.intent.model import Kind

OWN = Path(__file__).resolve().parents[2] / "benchmarks" / "suites" / "own.jsonl"
STRATA = (
    "single_subject", "several_subjects", "count", "colour_binding", "left_right", "action", "order", "camera", "style",
    "text", "negation", "messy",
)  # fmt: skip


@pytest.fixture(autouse=True)
def offline(monkeypatch) -> None:
    """Nothing may reach for the network."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a loader went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


# --- the own suite


def test_the_own_suite_has_a_schema() -> None:
    schema = json.loads(OWN.with_name("own.schema.json").read_text(encoding="utf-8"))
    for line in OWN.read_text(encoding="utf-8").splitlines():
        validate(json.loads(line), schema)


def test_the_own_suite_is_balanced_and_of_one_piece() -> None:
    suite = load_suite("claims", OWN)
    assert tuple(suite.strata) == STRATA
    assert all(count >= 10 for count in suite.strata.values())
    assert len(suite.prompts) >= 120
    assert len({each.prompt.lower() for each in suite.prompts}) == len(suite.prompts)
    for each in suite.prompts:
        assert 2 <= len(each.claims) <= 12, each.id
        assert any(claim.criticality == "critical" for claim in each.claims), each.id
        questions = [claim.question for claim in each.claims]
        assert len(set(questions)) == len(questions), each.id


NEEDED = {
    "count": Kind.COUNT,
    "colour_binding": Kind.ATTRIBUTE,
    "left_right": Kind.RELATION,
    "action": Kind.ACTION,
    "camera": Kind.CAMERA,
    "style": Kind.STYLE,
    "text": Kind.TEXT,
    "negation": Kind.NEGATION,
}


def test_every_prompt_of_the_own_suite_tests_what_its_stratum_says() -> None:
    for each in load_suite("claims", OWN).prompts:
        kinds = Counter(claim.kind for claim in each.claims)
        if each.stratum in NEEDED:
            assert kinds[NEEDED[each.stratum]], each.id
        if each.stratum == "colour_binding":
            assert kinds[Kind.ATTRIBUTE] >= 2, each.id
        if each.stratum == "several_subjects":
            assert kinds[Kind.SUBJECT] >= 2, each.id
        if each.stratum == "order":
            told = kinds[Kind.ORDER] or sum(not claim.window.whole for claim in each.claims) >= 2
            assert told, each.id


def test_questions_of_the_own_suite_do_not_give_the_answer_away() -> None:
    for each in load_suite("claims", OWN).prompts:
        for claim in each.claims:
            assert claim.question.endswith("?"), claim
            assert claim.text.endswith("."), claim
            assert claim.spans, claim
            if claim.form in ("count", "colour", "words"):
                assert claim.expected.lower() not in claim.question.lower().split(), claim
            if claim.form == "direction":
                pairs = (("left", "right"), ("above", "below"), ("front", "behind"))
                assert any(all(side in claim.question for side in pair) for pair in pairs), claim
            if claim.form == "yes_no":
                assert claim.expected in ("yes", "no"), claim
            if claim.kind is Kind.NEGATION:
                assert claim.expected == "no", claim


def test_a_suite_is_written_and_read_back(tmp_path) -> None:
    suite = load_suite("claims", OWN)
    write_prompts(suite, tmp_path / "own.jsonl")
    again = load_suite("claims", tmp_path)
    assert [(p.id, p.prompt, p.stratum, p.claims) for p in again.prompts] == [
        (p.id, p.prompt, p.stratum, p.claims) for p in suite.prompts
    ]


GOOD = {"id": "c1", "kind": "subject", "text": "There is a cat.", "question": "Is there a cat?", "expected": "yes"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "thing"}, "kind 'thing' is none of"),
        ({"question": ""}, "needs text under"),
        ({"window": [0.5, 0.2]}, "not two rising shares"),
        ({"spans": [[0, 99]]}, "does not lie in the prompt"),
        ({"parents": ["c9"]}, "does not come before it"),
        ({"colour": "red"}, "that no claim has"),
        ({"form": "essay"}, "form 'essay' is none of"),
    ],
)
def test_a_claim_that_is_wrong_is_named(tmp_path, change, told) -> None:
    row = {"id": "a", "prompt": "a cat", "claims": [{**GOOD, **change}]}
    file = write(tmp_path / "mine.jsonl", json.dumps(row))
    with pytest.raises(InvalidInput, match=told) as raised:
        load_suite("claims", file)
    assert "Line 1" in raised.value.message


@pytest.mark.parametrize("content", ["{", '{"id": "a"}', "", '{"id": "a", "prompt": "x"}\n{"id": "a", "prompt": "y"}'])
def test_a_file_that_is_no_suite_is_refused(tmp_path, content) -> None:
    with pytest.raises(InvalidInput):
        load_suite("claims", write(tmp_path / "mine.jsonl", content))


# --- published suites

VBENCH = [
    {"prompt_en": "a red bus", "dimension": ["color"], "auxiliary_info": {"color": {"color": "red"}}},
    {"prompt_en": "In a still frame, a fork", "dimension": ["temporal_flickering"]},
    {
        "prompt_en": "a cup on the left of a jug, front view",
        "dimension": ["spatial_relationship"],
        "auxiliary_info": {
            "spatial_relationship": {
                "spatial_relationship": {"object_a": "cup", "object_b": "jug", "relationship": "on the left of"}
            }
        },
    },
    {"prompt_en": "a red bus", "dimension": ["overall_consistency"]},
    {"prompt_en": "a red bus", "dimension": ["color"]},
    {"prompt_en": "either/or", "dimension": ["scene"]},
]


def test_vbench(tmp_path) -> None:
    write(tmp_path / "vbench" / "VBench_full_info.json", VBENCH)
    suite = load_suite("vbench", tmp_path)
    bus, fork, cup, slash = suite.prompts
    assert bus.tags == ("color", "overall_consistency")
    assert bus.videos == tuple(f"a red bus-{n}.mp4" for n in range(5))
    assert len(fork.videos) == 25
    assert slash.videos == ()  # no file can be named like that
    assert [claim.expected for claim in cup.claims] == ["yes", "yes", "left"]
    assert bus.claims["c1"].form == "colour"
    assert suite.notes == ("The prompt 'a red bus' is listed twice for color.",)
    assert suite.strata["color"] == 1


def test_vbench_as_a_plain_list(tmp_path) -> None:
    write(tmp_path / "prompts" / "all_dimension.txt", "a red bus\na fork\n\n")
    assert [p.prompt for p in load_suite("vbench", tmp_path).prompts] == ["a red bus", "a fork"]


def test_vbench_2(tmp_path) -> None:
    rows = [
        {"prompt_en": "Garden, zoom in.", "dimension": ["Camera_Motion"], "auxiliary_info": "zoom_in"},
        {
            "prompt_en": "Ink turns " + "very " * 50 + "blue.",
            "dimension": ["Dynamic_Attribute"],
            "auxiliary_info": ["Initially, is it black? (yes or no)", "Finally, is it blue? (yes or no)"],
        },
        {
            "prompt_en": "She sits, then she runs.",
            "dimension": ["Motion_Order_Understanding"],
            "auxiliary_info": ["sitting", "running"],
        },
        {"prompt_en": "A ball rolls.", "dimension": ["Diversity"]},
    ]
    write(tmp_path / "VBench2_full_info.json", rows)
    garden, ink, run, ball = load_suite("vbench2", tmp_path).prompts
    assert garden.claims["c1"].kind is Kind.CAMERA
    assert all(len(name) == 180 + len("-0.mp4") for name in ink.videos)
    assert [(c.question, c.window.start > 0) for c in ink.claims] == [
        ("Initially, is it black?", False),
        ("Finally, is it blue?", True),
    ]
    assert run.claims["c1"].expected == "sitting"
    assert len(ball.videos) == 20
    assert ball.claims is None


def test_t2v_compbench(tmp_path) -> None:
    side = {"prompt": "A cup on the left of a jug", "spatial": "left", "object_1": "cup", "object_2": "jug"}
    number = {"prompt": "two cats and a ball", "objects": "cat,ball", "numbers": "2,1"}
    action = {"prompt": "A dog runs", "phrase_0": ["a dog?", "a dog runs?"]}
    change = {"prompt": "A leaf turns red", "state 0": "A green leaf", "state 1": "A red leaf"}
    motion = {"prompt": "A cat goes left", "object_1": "cat", "d_1": "left", "object_2": "", "d_2": ""}
    attribute = {"prompt": "A blue car by a white fence", "phrases": "a blue car; a white fence"}
    for name, row in {
        "spatial_relationships": side,
        "generative_numeracy": number,
        "action_binding": action,
        "dynamic_attribute_binding": change,
        "motion_binding": motion,
        "consistent_attribute_binding": attribute,
    }.items():
        write(tmp_path / "meta_data" / f"{name}.json", [row])
    write(tmp_path / "prompts" / "6_interaction.txt", "Two cars collide\nA horse jumps\n")
    suite = load_suite("compbench", tmp_path)
    by = {each.id: each for each in suite.prompts}
    assert len(by) == 8
    assert [c.expected for c in by["spatial_relationships-0001"].claims] == ["yes", "yes", "left"]
    assert [c.expected for c in by["generative_numeracy-0001"].claims] == ["2", "1"]
    assert by["action_binding-0001"].claims["c2"].parents == ("c1",)
    assert by["dynamic_attribute_binding-0001"].claims["c2"].window.start == 0.6
    assert by["motion_binding-0001"].claims["c1"].form == "direction"
    assert by["object_interactions-0002"].videos == ("interaction/0002.mp4",)
    assert by["object_interactions-0002"].claims is None
    one = load_suite("compbench", tmp_path / "meta_data" / "spatial_relationships.json")
    assert len(one.prompts) == 1
    with pytest.raises(InvalidInput, match="no file of T2V-CompBench"):
        load_suite("compbench", write(tmp_path / "other.txt", "x"))


def test_dsg(tmp_path) -> None:
    file = tmp_path / "dsg" / "data" / "dsg-1k-anns.csv"
    file.parent.mkdir(parents=True)
    head = "item_id,text,keywords,proposition_id,dependency,category_broad,category_detailed,tuple"
    rows = [
        ["vrd_1", "two red cats", "cats", "1", "0", "entity", "whole", "entity - whole (cats)", "Are there cats?"],
        ["vrd_1", "two red cats", "red", "2", "1", "attribute", "color", "a", "Are the cats red?"],
        ["vrd_1", "two red cats", "two", "3", "1,right", "other", "count", "b", "Are there two cats?"],
        ["drawtext_2", 'a sign, "no"', "no", "1", "0", "other", "text rendering", "c", 'Does the sign say "no"?'],
    ]
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([[*head.split(","), "question_natural_language"], *rows])
    suite = load_suite("dsg", tmp_path)
    cats, sign = suite.prompts
    assert [c.parents for c in cats.claims] == [(), ("c1",), ("c1",)]
    assert [c.kind for c in cats.claims] == [Kind.SUBJECT, Kind.ATTRIBUTE, Kind.COUNT]
    assert sign.claims["c1"].checker == "text"
    assert suite.strata == {"vrd": 1, "drawtext": 1}
    assert "1,right" in suite.notes[0]


def test_genai_bench(tmp_path) -> None:
    write(tmp_path / "genai_video.json", {"00000": {"prompt": "a cat", "models": {}}, "00007": {"prompt": "no cat"}})
    alone = load_suite("genai-bench", tmp_path)
    assert "no genai_skills.json" in alone.notes[0]
    write(tmp_path / "genai_skills.json", {"basic": [0], "scene": [0], "advanced": [7], "negation": [7]})
    cat, none = load_suite("genai-bench", tmp_path).prompts
    assert (cat.stratum, none.stratum) == ("scene", "negation")
    assert none.tags == ("advanced", "negation")
    assert none.videos == ("00007.mp4",)


def test_plain_files(tmp_path) -> None:
    text = load_suite("file", write(tmp_path / "a.txt", "a cat\n\na  cat\na dog\n"))
    assert [(p.id, p.prompt) for p in text.prompts] == [("p1", "a cat"), ("p4", "a dog")]
    assert text.notes == ("Row 3 repeats the prompt of p1 and was left out.",)
    table = load_suite("file", write(tmp_path / "a.csv", "id,prompt,category\nx,a cat,animal\n"))
    assert (table.prompts[0].id, table.prompts[0].stratum) == ("x", "animal")
    lines = load_suite("file", write(tmp_path / "a.jsonl", '{"prompt": "a cat", "stratum": "s"}\n'))
    assert lines.strata == {"s": 1}
    for content in ("", "\n\n"):
        with pytest.raises(InvalidInput, match="no prompts"):
            load_suite("file", write(tmp_path / "b.txt", content))


@pytest.mark.parametrize("name", sorted(set(LOADERS) - {"file"}))
def test_what_is_not_there_is_named(tmp_path, name) -> None:
    with pytest.raises(InvalidInput) as raised:
        load_suite(name, tmp_path)
    assert any(end in str(raised.value) for end in (".json", ".jsonl", ".csv"))
    with pytest.raises(InvalidInput):
        load_suite(name, tmp_path / "nowhere")
    with pytest.raises(InvalidInput):
        load_suite(name, write(tmp_path / "x.json", '{"a": [1'))


def test_an_unknown_suite_is_named() -> None:
    with pytest.raises(UnknownName, match="vbench3"):
        load_suite("vbench3", ".")
