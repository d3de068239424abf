import pytest

from t2v_recaption.fidelity.lexicon import FOLDER, excludes, keeps, sections, words_of


@pytest.mark.parametrize(
    ("said", "meant", "part"),
    [
        ("couch", "sofa", "noun"),
        ("labrador", "dog", "noun"),
        ("labrador", "animal", "noun"),
        ("man", "person", "noun"),
        ("crimson", "red", "adj"),
        ("sprint", "run", "verb"),
        ("gigantic", "big", "adj"),
    ],
)
def test_keeps(said: str, meant: str, part: str) -> None:
    assert keeps(said, meant, part)


@pytest.mark.parametrize(
    ("said", "meant", "part"),
    [
        ("person", "man", "noun"),
        ("dog", "labrador", "noun"),
        ("woman", "man", "noun"),
        ("boy", "man", "noun"),
        ("zebra", "giraffe", "noun"),
        ("pet", "groom", "verb"),
        ("red", "crimson", "adj"),
    ],
)
def test_does_not_keep(said: str, meant: str, part: str) -> None:
    assert not keeps(said, meant, part)


@pytest.mark.parametrize(
    ("one", "other", "section", "part"),
    [
        ("red", "blue", "colour", "adj"),
        ("crimson", "azure", "colour", "adj"),
        ("huge", "tiny", "size", "adj"),
        ("old", "new", "age", "adj"),
        ("wooden", "metal", "material", "adj"),
        ("sunrise", "sunset", "time", "noun"),
        ("midnight", "noon", "time", "noun"),
    ],
)
def test_excludes_both_ways(one: str, other: str, section: str, part: str) -> None:
    assert excludes(one, other, section, part)
    assert excludes(other, one, section, part)


@pytest.mark.parametrize(
    ("one", "other", "section"),
    [
        ("red", "crimson", "colour"),
        ("yellow", "golden", "colour"),
        ("big", "red", "size"),
        ("old", "wooden", "material"),
    ],
)
def test_does_not_exclude(one: str, other: str, section: str) -> None:
    assert not excludes(one, other, section)


def test_there_are_enough_synonyms() -> None:
    groups = [words_of(line) for _, line in sections((FOLDER / "synonyms.txt").read_text(encoding="utf-8"))]
    assert len(groups) >= 600
    assert all(len(group) >= 2 for group in groups)
    assert all(word == word.strip() for group in groups for word in group)


@pytest.mark.parametrize("name", ["synonyms", "narrower", "opposites"])
def test_no_line_is_written_twice(name: str) -> None:
    lines = list(sections((FOLDER / f"{name}.txt").read_text(encoding="utf-8")))
    assert len(lines) == len(set(lines))
