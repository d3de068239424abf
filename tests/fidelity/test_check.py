import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2v_recaption import fidelity, intent
from t2v_recaption.fidelity.report import Report, Status
from t2v_recaption.intent.model import Kind

KEPT, WEAKENED, LOST, CONTRADICTED = Status.KEPT, Status.WEAKENED, Status.LOST, Status.CONTRADICTED


def report(prompt: str, text: str, **options: object) -> Report:
    return fidelity.check(intent.parse(prompt), text, **options)  # type: ignore[arg-type]


def worst(found: Report, kind: Kind) -> Status:
    order = [KEPT, WEAKENED, LOST, CONTRADICTED]
    return max((v.status for v in found.verdicts if v.fact.kind is kind), key=order.index)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("a cat playing the piano", "A cat plays the piano with both paws. Its tail swings to the beat."),
        ("two cats on a sofa", "A pair of cats lies on a couch."),
        ("a person walking", "A young man walks down the road. He swings his arms."),
        ("a dog", "A golden retriever looks up."),
        ("a dog running", "In the grass stands a dog. It runs."),
        ("a car parked in front of a house", "Behind a parked car stands a house."),
        ("3 cats run", "Three cats run."),
        ("a deep-fried onion ring", "An onion ring is deep fried."),
        ('a sign that says "STOP HERE"', "A sign says “STOP HERE”."),
        ("a street, no people", "An empty street. There are no people."),
        ("a cup on the left of a laptop", "A laptop stands to the right of a cup."),
    ],
)
def test_passes(prompt: str, text: str) -> None:
    found = report(prompt, text)
    assert found.passed, [(v.fact.kind, v.fact.text, v.reason) for v in found.failures] + list(found.forbidden)


@pytest.mark.parametrize(
    ("prompt", "text", "kind", "status"),
    [
        # a hydrant that moved to the left
        (
            "a traffic light on the left of a fire hydrant, front view",
            "Front view: on the left, a fire hydrant gleams at the kerb, while on the right a traffic light blinks.",
            Kind.RELATION,
            CONTRADICTED,
        ),
        # zebra and giraffe, toilet and hair drier that changed places
        (
            "a giraffe on the right of a zebra",
            "A giraffe grazes on the left of a zebra under a thorn tree.",
            Kind.RELATION,
            CONTRADICTED,
        ),
        (
            "a hair drier on the left of a toilet",
            "A toilet stands on the left of a hair drier in a tiled room.",
            Kind.RELATION,
            CONTRADICTED,
        ),
        ("a person is grooming dog", "A person is gently petting a dog on a table.", Kind.ACTION, LOST),
        ("two cats", "Three cats lie in the sun.", Kind.COUNT, CONTRADICTED),
        ("two cats", "Several cats lie in the sun.", Kind.COUNT, WEAKENED),
        ("a cat, zoom in", "A cat sits. The camera pans left.", Kind.CAMERA, CONTRADICTED),
        ("a cat, zoom in", "A cat sits on the step.", Kind.CAMERA, LOST),
        ("a red car and a blue bike", "A blue car stands by a red bike.", Kind.ATTRIBUTE, CONTRADICTED),
        ("a street, no people", "A street where people stroll.", Kind.NEGATION, CONTRADICTED),
        ('a sign that says "OPEN"', 'A sign that says "OPFN".', Kind.TEXT, CONTRADICTED),
        ("Marie Curie in her lab", "A scientist in her lab.", Kind.NAME, LOST),
    ],
)
def test_catches(prompt: str, text: str, kind: Kind, status: Status) -> None:
    found = report(prompt, text)
    assert worst(found, kind) is status
    assert not found.passed


def test_style_of_a_few_shot_example_is_an_invention() -> None:
    found = report("a cat on a roof", "A cat sits on a roof, CG game concept digital art.")
    assert any(i.kind is Kind.STYLE for i in found.inventions)


def test_leaked_detail_is_an_invention_unless_the_prompt_has_it() -> None:
    text = "A cat sits on a roof with a brass telescope."
    assert report("a cat on a roof", text, leaked=["brass telescope"]).forbidden
    assert not report("a cat on a roof with a brass telescope", text, leaked=["brass telescope"]).forbidden


def test_allowed_kinds_do_not_fail() -> None:
    text = "A cat sits on a roof. The camera pans left."
    assert not report("a cat on a roof", text).passed
    assert report("a cat on a roof", text, allowed=frozenset((Kind.CAMERA,))).passed


@pytest.mark.parametrize(
    "text",
    [
        "一只猫坐在屋顶上,尾巴轻轻摆动。",
        "A cat sits on a roof. 阳光洒在它的毛上,风轻轻吹过。",
        "Eine Katze sitzt auf einem Dach und schaut lange in den Himmel, während die Sonne langsam untergeht.",
    ],
)
def test_another_language_is_an_invention(text: str) -> None:
    found = report("a cat on a roof", text)
    assert not found.passed
    assert any("script" in i.reason or "English" in i.reason for i in found.inventions)


def test_chinese_prompt_is_kept_by_its_own_words() -> None:
    prompt = "一只黑猫坐在窗台上"
    assert report(prompt, f"{prompt},尾巴轻轻摆动。").passed
    assert not report(prompt, "一只白狗在草地上奔跑。").passed


def test_a_text_that_takes_a_fact_back_contradicts_it() -> None:
    text = "A red car stands in a street. Rain falls on the blue car."
    assert worst(report("a red car in a street", text), Kind.ATTRIBUTE) is CONTRADICTED
    text = "Two cats sleep on a sofa. The three cats purr."
    assert worst(report("two cats on a sofa", text), Kind.COUNT) is CONTRADICTED


def test_scenery_is_no_invention() -> None:
    text = "A cat sits on a roof. Leaves drift past, light slides over the tiles, and trees sway in the background."
    assert not report("a cat on a roof", text).inventions


@pytest.mark.parametrize("added", ["A heron lands beside it.", "A policeman climbs up.", "A fishing boat passes by."])
def test_new_participants_are_inventions(added: str) -> None:
    assert any(i.kind is Kind.SUBJECT for i in report("a cat on a roof", f"A cat sits on a roof. {added}").inventions)


def test_every_verdict_says_why_and_where() -> None:
    text = "A blue car stands by a red bike."
    for verdict in report("a red car and two bikes, zoom in", text).verdicts:
        assert verdict.reason.endswith(".")
        assert verdict.by == "rules"
        if verdict.status is KEPT:
            assert verdict.span is not None
            assert 0 <= verdict.span.start < verdict.span.end <= len(text)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.text(max_size=200))
def test_never_raises(prompt: str, text: str) -> None:
    found = report(prompt, text)
    assert all(v.span is None or 0 <= v.span.start <= v.span.end <= len(text) for v in found.verdicts)


PIECES = (
    'a the two three red blue old cat dog man woman runs sits on left of under no without zoom in then "Hi" Paris'
    " and , . car grooming at night anime style from to with by 4k behind first"
)
WORDS = st.sampled_from(PIECES.split())


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=14).map(" ".join))
def test_a_prompt_keeps_itself(prompt: str) -> None:
    found = report(prompt, prompt)
    assert not found.failures
    assert not found.inventions


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=14).map(" ".join), st.lists(WORDS, max_size=30).map(" ".join))
def test_is_deterministic(prompt: str, text: str) -> None:
    assert report(prompt, text) == report(prompt, text)
