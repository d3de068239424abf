"""Which clips there are: a file, a folder, a glob, or a manifest (.txt, .csv, .jsonl, .parquet), one item a clip."""

from __future__ import annotations

import glob
import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from t2v_recaption.batch.clips.shards import Shard
from t2v_recaption.batch.source import Row, open_source
from t2v_recaption.errors import InvalidInput, MissingDependency

VIDEO_SUFFIXES = frozenset(
    (
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".mpg",
        ".mpeg",
        ".m2v",
        ".ts",
        ".mts",
        ".m2ts",
        ".vob",
        ".wmv",
        ".asf",
        ".flv",
        ".f4v",
        ".3gp",
        ".3g2",
        ".ogv",
        ".ogm",
        ".mxf",
        ".mjpeg",
        ".y4m",
        ".gif",
        ".apng",
    )
)
"""What a folder is searched for. A file named by itself is tried whatever its suffix."""
IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"))
"""A folder that holds these and no video is one clip, made of frames."""
MANIFEST_SUFFIXES = frozenset((".txt", ".csv", ".jsonl", ".parquet"))
PATH_COLUMNS = ("path", "video", "video_path", "file", "file_name", "clip")
"""Columns of a manifest that are taken for the path when none is named, first match first."""
ID_COLUMNS = ("id", "video_id", "clip_id")
WILD = re.compile(r"[*?\[]")
URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """One clip that is to be captioned."""

    number: int
    """Place among the clips found, from 1."""
    id: str
    """Names it in every output: given, or its path relative to where the search began."""
    path: str
    start: float = 0.0
    end: float | None = None
    """The part of the video, in seconds; None means its end."""
    columns: dict[str, Any] = field(default_factory=dict)
    """What else the manifest says of it, to be kept."""
    error: str = ""
    """Why it cannot be used, where that is known before it is read."""


def find_items(
    sources: Sequence[str | os.PathLike[str]], *, column: str = "", shard: Shard | None = None
) -> Iterator[Item]:
    """All clips of files, folders, globs and manifests, each id once.

    The same clip listed twice counts once. Another clip under an id that is taken is an item with an `error`, under
    the id with `~2` behind it.

    Args:
        sources: paths, globs and manifests, in order.
        column: the column or key of manifests that holds the path, where it is not called path, video, file …
        shard: only the clips of this part.

    Raises:
        InvalidInput: a source that does not exist, cannot be read or holds no clip.
        MissingDependency: a .parquet manifest without pyarrow.
    """
    seen: dict[int, int] = {}
    number = 0
    for source in sources:
        for item in _found(os.fspath(source), column, alone=len(sources) == 1):
            if shard is not None and not shard.holds(item.id):
                continue
            fresh = _once(item, seen)
            if fresh is not None:
                number += 1
                yield replace(fresh, number=number)


def _once(item: Item, seen: dict[int, int]) -> Item | None:
    """The item; None when it was seen before; an item with an error when only its id was."""
    key, what = _hash(item.id), _hash(f"{item.path}\0{item.start}\0{item.end}")
    if key not in seen:
        seen[key] = what
        return item
    if seen[key] == what:
        return None
    count = 2
    while _hash(f"{item.id}~{count}") in seen:
        count += 1
    key = _hash(f"{item.id}~{count}")
    seen[key] = what
    return replace(item, id=f"{item.id}~{count}", error=f"the id {item.id!r} was given to another clip before")


def _hash(text: str) -> int:
    # 64 bits instead of the text: ten million ids fit the memory of any machine, and none of them will meet.
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _found(source: str, column: str, *, alone: bool) -> Iterator[Item]:
    path = Path(source)
    if path.is_dir():
        yield from _folder(path)
    elif path.suffix.lower() in MANIFEST_SUFFIXES and path.is_file():
        yield from _manifest(path, column)
    elif os.path.lexists(path):
        yield Item(0, shown(path.name if alone else os.path.normpath(source)), str(path))
    elif WILD.search(source):
        yield from _glob(source)
    else:
        raise InvalidInput(
            f"There is no clip, folder or manifest {source!r}.", hint="Check the path; quote a glob ('clips/**/*.mp4')."
        )


def _folder(folder: Path) -> Iterator[Item]:
    empty = True
    for path in walk(folder):
        empty = False
        name = path.name if path == folder else path.relative_to(folder).as_posix()
        yield Item(0, shown(name), str(path))
    if empty:
        raise InvalidInput(
            f"The folder {str(folder)!r} holds no video.",
            hint=f"Looked for {', '.join(sorted(VIDEO_SUFFIXES)[:8])} … and folders of frames, in it and below.",
        )


def walk(folder: Path, _above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path]:
    """The videos in a folder and below, sorted by name, links followed but never in a circle.

    A folder with pictures and neither videos nor folders in it is itself a clip.

    Raises:
        InvalidInput: the folder itself cannot be read; one below that cannot is passed over.
    """
    try:
        status = folder.stat()
        entries = sorted((entry for entry in os.scandir(folder) if not entry.name.startswith(".")), key=_by_name)
    except OSError as error:
        if not _above:
            raise InvalidInput(f"The folder {str(folder)!r} cannot be read: {error.strerror}.") from error
        return
    here = (status.st_dev, status.st_ino)
    if here in _above:
        return
    folders = {entry.name for entry in entries if _is_folder(entry)}
    videos = {entry.name for entry in entries if _suffix(entry) in VIDEO_SUFFIXES} - folders
    if not folders and not videos and any(_suffix(entry) in IMAGE_SUFFIXES for entry in entries):
        yield folder
    for entry in entries:
        if entry.name in folders:
            yield from walk(Path(entry.path), _above | {here})
        elif entry.name in videos:
            yield Path(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _suffix(entry: os.DirEntry[str]) -> str:
    return Path(entry.name).suffix.lower()


def _by_name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _glob(pattern: str) -> Iterator[Item]:
    fixed = Path(*_fixed_parts(pattern))
    empty = True
    for found in sorted(glob.iglob(pattern, recursive=True)):
        path = Path(found)
        if path.is_dir():
            continue
        empty = False
        yield Item(0, shown(os.path.relpath(path, fixed).replace(os.sep, "/")), found)
    if empty:
        raise InvalidInput(f"Nothing matches {pattern!r}.", hint="In a glob, ** stands for any number of folders.")


def _fixed_parts(pattern: str) -> list[str]:
    """The folders of a glob that are no pattern: what ids are relative to."""
    parts = []
    for part in Path(pattern).parts[:-1]:
        if WILD.search(part):
            break
        parts.append(part)
    return parts or ["."]


def _manifest(path: Path, column: str) -> Iterator[Item]:
    rows = (
        _parquet(path, column) if path.suffix.lower() == ".parquet" else open_source(path, column, PATH_COLUMNS).rows()
    )
    empty = True
    for row in rows:
        if not row.prompt.strip() and not row.error and not row.columns:
            continue
        empty = False
        yield _item(row, path.parent)
    if empty:
        raise InvalidInput(f"The manifest {str(path)!r} lists no clip.", hint="Write one path a line.")


def _parquet(path: Path, column: str) -> Iterator[Row]:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingDependency("A .parquet manifest", "pyarrow", "parquet") from error
    try:
        file = parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path} is not a Parquet file: {error}.") from error
    names = file.schema_arrow.names
    key = column or next((name for name in PATH_COLUMNS if name in names), "")
    if key not in names:
        raise InvalidInput(
            f"{path} has no column {column or PATH_COLUMNS[0]!r}.", hint=f"Name one with --column: {', '.join(names)}."
        )
    number = 0
    for batch in file.iter_batches(batch_size=1024):
        for columns in batch.to_pylist():
            number += 1
            text = columns.get(key)
            fault = "" if isinstance(text, str) and text else f"row {number} has no path under {key!r}"
            yield Row(number, text if isinstance(text, str) else "", columns, fault)


def _item(row: Row, folder: Path) -> Item:
    given = next((row.columns[name] for name in ID_COLUMNS if row.columns.get(name) not in (None, "")), None)
    text = row.prompt if row.columns else row.prompt.strip()
    item = Item(0, shown(str(given if given is not None else text or f"row {row.number}")), "", columns=row.columns)
    if row.error or not text:
        return replace(item, error=row.error or f"row {row.number} has no path")
    try:
        start, end = _seconds(row.columns.get("start")) or 0.0, _seconds(row.columns.get("end"))
        return replace(item, path=_located(text, folder), start=start, end=end)
    except InvalidInput as error:
        return replace(item, path=text, error=f"row {row.number}: {error.message}")


def _located(text: str, folder: Path) -> str:
    """Where a manifest's path leads: relative to the manifest, or to the working folder where only that exists."""
    if text.lower().startswith("file://"):
        from urllib.parse import unquote, urlsplit

        text = unquote(urlsplit(text).path)
    elif URL.match(text):
        raise InvalidInput(f"{text!r} is not on this machine; download it first")
    if "\0" in text:
        raise InvalidInput("its path holds a null character")
    beside = folder / text
    return text if not os.path.lexists(beside) and os.path.lexists(text) else str(beside)


def _seconds(value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not math.isfinite(seconds) or seconds < 0:
        raise InvalidInput(f"{value!r} is no time in seconds")
    return seconds


def shown(text: str) -> str:
    """The text as it can be written in UTF-8: bytes of a file name that are none become escapes."""
    raw = text.encode("utf-8", "surrogateescape") if _encodable(text) else text.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
