"""What is found: folders, globs, manifests; odd names, circles of links, doubles and rows that are none."""

import csv
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2v_recaption import InvalidInput
from t2v_recaption.batch.clips import Shard, find_items, parse_shard
from t2v_recaption.batch.clips.sources import shown

NAMES = ["b.mp4", "a.MKV", "deep/er/c.webm", "ünïcödé 視頻.mov", "line\nbreak.mp4", "-dash.mp4", "[x]*?.mp4", "d.gif"]


@pytest.fixture
def folder(tmp_path) -> Path:
    root = tmp_path / "clips"
    for name in [*NAMES, "notes.txt", ".hidden.mp4", "._b.mp4", "deep/readme.md"]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def ids(*sources, **options) -> list[str]:
    return [item.id for item in find_items([str(source) for source in sources], **options)]


def test_a_folder_gives_its_videos_in_order_whatever_their_names(folder) -> None:
    found = ids(folder)
    assert sorted(found) == sorted(NAMES)
    assert found == ids(folder)
    assert all(Path(item.path).is_file() for item in find_items([str(folder)]))


def test_a_circle_of_links_ends_and_a_linked_folder_counts(folder, tmp_path) -> None:
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "z.mp4").write_bytes(b"x")
    (folder / "linked").symlink_to(other)
    found = ids(folder)
    assert "linked/z.mp4" in found
    assert len(found) == len(set(found)) == len(NAMES) + 1


def test_a_folder_of_frames_is_one_clip(tmp_path) -> None:
    for clip in ("one", "two"):
        (tmp_path / "all" / clip).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "all" / clip / f"{number}.png").write_bytes(b"x")
    assert ids(tmp_path / "all") == ["one", "two"]
    assert ids(tmp_path / "all" / "one") == ["one"]


def test_a_folder_without_videos_and_a_path_to_nothing_are_refused(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("\n")
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "empty", tmp_path / "nowhere.mp4", tmp_path / "*.mp4", tmp_path / "notes.txt"):
        with pytest.raises(InvalidInput):
            ids(source)


def test_a_glob_and_single_files(folder) -> None:
    assert ids(f"{folder}/**/*.webm") == ["deep/er/c.webm"]
    assert ids(folder / "[x]*?.mp4") == ["[x]*?.mp4"]
    (folder / "clip.bin").write_bytes(b"x")
    assert ids(folder / "clip.bin") == ["clip.bin"]


def test_a_text_file_lists_one_path_a_line(folder) -> None:
    manifest = folder / "list.txt"
    manifest.write_text("b.mp4\n\n  a.MKV  \nb.mp4\nmissing.mp4\n", encoding="utf-8")
    found = list(find_items([str(manifest)]))
    assert [item.id for item in found] == ["b.mp4", "a.MKV", "missing.mp4"]
    assert [item.number for item in found] == [1, 2, 3]
    assert all(item.error == "" for item in found)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_tables_give_ids_parts_and_columns(folder, kind) -> None:
    rows = [
        {"path": "b.mp4", "id": "first", "start": "1.5", "end": "4", "note": "hello"},
        {"path": "line\nbreak.mp4", "id": "second", "start": "", "end": "", "note": ""},
        {"path": "a.MKV", "id": "first", "start": "", "end": "", "note": ""},
        {"path": "a.MKV", "id": "bad", "start": "soon", "end": "", "note": ""},
        {"path": "https://example.com/x.mp4", "id": "far", "start": "", "end": "", "note": ""},
        {"path": "", "id": "none", "start": "", "end": "", "note": ""},
    ]
    manifest = folder / f"list.{kind}"
    if kind == "csv":
        with manifest.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif kind == "jsonl":
        manifest.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n", encoding="utf-8")
    else:
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), manifest)
    found = {item.id: item for item in find_items([str(manifest)])}
    assert (found["first"].start, found["first"].end) == (1.5, 4.0)
    assert found["first"].columns["note"] == "hello"
    assert Path(found["second"].path).is_file()
    assert "given to another" in found["first~2"].error
    assert "no time" in found["bad"].error
    assert "not on this machine" in found["far"].error
    assert "no path" in found["none"].error
    assert len(found) == 6 + (kind == "jsonl")


def test_columns_can_be_named_and_a_missing_one_is_told(folder) -> None:
    manifest = folder / "list.csv"
    manifest.write_text("film,n\nb.mp4,1\n", encoding="utf-8")
    assert ids(manifest, column="film") == ["b.mp4"]
    with pytest.raises(InvalidInput, match="no column named path"):
        ids(manifest)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_utf8_can_still_be_written(tmp_path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.mp4"
    with open(raw, "wb"):
        pass
    (item,) = find_items([str(tmp_path)])
    assert item.id == "caf\\xe9.mp4"
    assert os.path.exists(item.path)
    item.id.encode("utf-8")


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_whatever_is_shown_can_be_written(text) -> None:
    shown(text).encode("utf-8")


@given(st.lists(st.text(max_size=8), unique=True, max_size=60), st.integers(1, 9))
def test_shards_share_everything_and_nothing_twice(names, count) -> None:
    parts = [{name for name in names if Shard(index, count).holds(name)} for index in range(1, count + 1)]
    assert set().union(*parts) == set(names)
    assert sum(map(len, parts)) == len(names)


def test_a_shard_does_not_depend_on_what_else_there_is(folder) -> None:
    whole = set(ids(folder))
    parts = [set(ids(folder, shard=Shard(index, 3))) for index in (1, 2, 3)]
    assert set().union(*parts) == whole
    assert sum(map(len, parts)) == len(whole)
    assert Shard(2, 8).named(Path("x/captions.jsonl")) == Path("x/captions-00002-of-00008.jsonl")


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/3", "1/4/2", ""])
def test_what_is_no_shard_is_refused(text) -> None:
    with pytest.raises(InvalidInput):
        parse_shard(text)
    assert parse_shard(" 2/4 ") == Shard(2, 4)
