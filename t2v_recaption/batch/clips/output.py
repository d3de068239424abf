"""What a run writes for its user, all of it derived from the ledger: .jsonl, .parquet, .txt, .vtt."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from t2v_recaption import whole_files
from t2v_recaption.batch.clips.exports import EXPORTS, prompt_line, webvtt
from t2v_recaption.batch.clips.rows import COLUMNS, ClipRow
from t2v_recaption.errors import InvalidInput, MissingDependency, RecaptionError

FORMATS = (".jsonl", ".parquet", ".txt", ".vtt")
PARQUET_ROWS = 1000

Rows = Callable[[], Iterator[dict[str, Any]]]
"""All rows in the order of the clips, as often as it is called."""


class LiveFile:
    """A .jsonl file that grows by a row as soon as a clip is finished."""

    def __init__(self, path: Path, rows: Iterable[dict[str, Any]]) -> None:
        write_lines(path, rows)
        self.path = path
        self._stream = path.open("ab")

    def add(self, row: dict[str, Any]) -> None:
        """Append a row.

        Raises:
            RecaptionError: the disk takes no more.
        """
        try:
            self._stream.write(line_of(row))
            self._stream.flush()
        except OSError as error:
            raise full(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        try:
            self._stream.close()
        except OSError as error:
            raise full(self.path, error) from error


def line_of(row: dict[str, Any]) -> bytes:
    """A row as a line of a .jsonl file."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def check_output(path: Path, exports: Iterable[str] = ()) -> None:
    """Refuse an output that could not be written at the end, before anything is begun.

    Raises:
        InvalidInput: a format that is not known, or a place that cannot be written.
        MissingDependency: .parquet without pyarrow.
    """
    if path.suffix.lower() not in FORMATS:
        raise InvalidInput(f"{path.name!r} is of no known format.", hint=f"Use one of {', '.join(FORMATS)}.")
    if path.is_dir():
        raise InvalidInput(f"{str(path)!r} is a folder.", hint="Name a file with --output.")
    if path.exists() and not path.is_file():
        raise InvalidInput(f"{str(path)!r} is no file but a pipe or a device.", hint="Name a file with --output.")
    for name in exports:
        if name not in EXPORTS:
            raise InvalidInput(f"There is no export {name!r}.", hint=f"There are: {', '.join(EXPORTS)}.")
    if path.suffix.lower() == ".parquet":
        _pyarrow()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"{path.parent} cannot be written: {error.strerror}.") from error
    if not os.access(path.parent, os.W_OK):
        raise InvalidInput(f"{path.parent} cannot be written.", hint="Choose another place with --output.")


def write_output(path: Path, rows: Rows, exports: Iterable[str] = ()) -> list[Path]:
    """Write the output and the exports beside it; each replaces what was there in one go. Gives what was written.

    Raises:
        RecaptionError: the disk takes no more; what was there before is still there.
    """
    write = {".jsonl": write_lines, ".parquet": _write_parquet, ".txt": _write_prompts, ".vtt": _write_vtt}
    write[path.suffix.lower()](path, rows())
    return [path, *(EXPORTS[name].write(path, rows()) for name in exports)]


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows to a .jsonl file, which appears whole or not at all."""
    write_whole(path, map(line_of, rows))


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that appears whole or not at all.

    Raises:
        RecaptionError: the disk takes no more.
    """
    try:
        whole_files.write_whole(path, pieces)
    except OSError as error:
        raise full(path, error) from error


def full(path: Path, error: OSError) -> RecaptionError:
    """The error of a disk that takes no more."""
    return RecaptionError(
        f"{path} cannot be written: {error.strerror}.",
        hint="Every finished clip is in the ledger; make room and go on with --resume.",
    )


def _write_prompts(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    write_whole(path, map(prompt_line, rows))


def _write_vtt(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    first, second = next(rows, None), next(rows, None)
    if second is not None:
        raise InvalidInput(
            f"{path.name} would hold the subtitles of several clips.",
            hint="Use --output captions.jsonl --export vtt for one .vtt file a clip.",
        )
    write_whole(path, [webvtt(first).encode()] if first else [])


def _write_parquet(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    pyarrow = _pyarrow()
    import pyarrow.parquet as parquet

    schema = arrow_schema(pyarrow)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with parquet.ParquetWriter(temporary, schema) as writer:
            while some := list(islice(rows, PARQUET_ROWS)):
                writer.write_table(pyarrow.Table.from_pylist(some, schema))
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise full(path, error) from error


def arrow_schema(pyarrow: Any) -> Any:
    """The columns of `ClipRow` as an Arrow schema."""
    kinds = {"str": pyarrow.string(), "int": pyarrow.int64(), "float": pyarrow.float64(), "bool": pyarrow.bool_()}
    text, number = pyarrow.string(), pyarrow.float64()
    entry = {"idx": text, "content": text, "start": number, "end": number, "scene": pyarrow.int64(), "flags": text}
    lists = {
        "captions": pyarrow.list_(pyarrow.struct(list(entry.items()))),
        "keyframe": pyarrow.list_(number),
        "timestamp": pyarrow.list_(number),
    }
    types = ClipRow.__annotations__
    return pyarrow.schema([(name, lists.get(name) or kinds[types[name]]) for name in COLUMNS])


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise MissingDependency("A .parquet file", "pyarrow", "parquet") from error
    return pyarrow
