"""Target files: found by name, alias or path; a wrong one says what is wrong."""

import pytest

from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.targets import aliases, load, names


def test_names_and_aliases_never_collide() -> None:
    assert not set(names()) & set(aliases())
    assert sum(len(load(name).aliases) for name in names()) == len(aliases())


@pytest.mark.parametrize("spelling", ["generic", "Generic", " default ", "any"])
def test_found_by_name_or_alias(spelling: str) -> None:
    assert load(spelling).name == "generic"


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="generic"):
        load("genric")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "not a YAML mapping"),
        ("title: [", "not valid YAML"),
        ("title: x\nwrods: {}\n", "unknown keys: wrods"),
        ("title: x\n", "incomplete"),
        ("title: x\nsources: []\nrules:\n  - a style: anime\n", "something else than text under rules"),
        ("title: x\nwords: {low: 1}\nencoders: []\nsources: []\n", "incomplete"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=message):
        load(str(path))


def test_a_missing_file(tmp_path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(str(tmp_path / "none.yaml"))
