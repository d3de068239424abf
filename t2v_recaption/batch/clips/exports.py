"""Exports: the same captions in the forms that other programs read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from t2v_recaption.batch.clips.rows import WHOLE

SHAREGPT4VIDEO = ("video_id", "video_path", "timestamp", "keyframe", "captions", "extension", "zip_folder")
"""The columns of the ShareGPT4Video caption dataset."""
NAME_BYTES = 120

Row = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """One form: what it is, and how it is written beside an output."""

    summary: str
    write: Callable[[Path, Iterator[Row]], Path]


def webvtt(row: Row) -> str:
    """The steps of a clip as WebVTT, its caption in a note at the top.

    The description of a first frame, which lasts no time, goes into the cue that begins there. A clip without steps is
    one cue.
    """
    blocks = ["WEBVTT", *_notes(f"{row['video_id']}\n{row['caption']}")]
    for start, end, texts in _cues(row):
        blocks.append(f"{_clock(start)} --> {_clock(end)}\n" + "\n".join(map(_escaped, texts)))
    return "\n\n".join(blocks) + "\n"


def _cues(row: Row) -> list[tuple[float, float, list[str]]]:
    end = max([*row["timestamp"], 0.0])
    entries = [entry for entry in row["captions"] if entry["idx"] != WHOLE] or row["captions"]
    steps = sorted((step for step in entries if step["content"].strip()), key=lambda step: (step["start"], step["end"]))
    cues: list[tuple[float, float, list[str]]] = []
    held: list[str] = []
    for place, step in enumerate(steps):
        text = step["content"].strip()
        lasts = _milliseconds(step["end"]) > _milliseconds(step["start"])
        if not lasts and place + 1 < len(steps):
            held.append(text)
            continue
        until = step["end"] if lasts else max(end, step["start"] + 1.0)
        cues.append((step["start"], until, [*held, text]))
        held = []
    return cues


def _clock(seconds: float) -> str:
    minutes, rest = divmod(_milliseconds(seconds), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _escaped(text: str) -> str:
    flat = " ".join(text.split())
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _notes(text: str) -> list[str]:
    """The text as a block that players do not show; none when nothing of it is left."""
    lines = [line for line in (" ".join(line.split()) for line in text.splitlines()) if line]
    return ["NOTE\n" + "\n".join(lines).replace("-->", "->")] if lines else []


def sharegpt4video(row: Row) -> Row:
    """The row with the columns of the ShareGPT4Video caption dataset only."""
    captions = [{"idx": entry["idx"], "content": entry["content"]} for entry in row["captions"]]
    return {name: row[name] for name in SHAREGPT4VIDEO} | {"captions": captions}


def _write_vtt(output: Path, rows: Iterator[Row]) -> Path:
    from t2v_recaption.batch.clips.output import full

    folder = output.with_name(output.stem + "-vtt")
    try:
        folder.mkdir(exist_ok=True)
        for row in rows:
            if row["status"] == "ok":
                (folder / (file_name(row["video_id"]) + ".vtt")).write_text(webvtt(row), encoding="utf-8")
    except OSError as error:
        raise full(folder, error) from error
    return folder


def _write_prompts(output: Path, rows: Iterator[Row]) -> Path:
    from t2v_recaption.batch.clips.output import write_whole

    path = output.with_name(output.stem + ".prompts.txt")
    write_whole(path, map(prompt_line, rows))
    return path


def prompt_line(row: Row) -> bytes:
    """The short prompt of a row, as a line of its own."""
    return (" ".join(str(row["prompt"]).split()) + "\n").encode()


def _write_sharegpt4video(output: Path, rows: Iterator[Row]) -> Path:
    from t2v_recaption.batch.clips.output import write_whole

    path = output.with_name(output.stem + ".sharegpt4video.jsonl")
    good = (sharegpt4video(row) for row in rows if row["status"] == "ok")
    write_whole(path, ((json.dumps(row, ensure_ascii=False) + "\n").encode() for row in good))
    return path


def file_name(id: str) -> str:
    """A file name for an id: the id where it can be one, else with what cannot replaced and a hash behind it."""
    name = re.sub(r"[/\\:*?\"<>|\x00-\x1f\x7f]", "_", id).strip(" .") or "clip"
    short = name.encode()[:NAME_BYTES].decode("utf-8", "ignore")
    return short if short == id else f"{short}-{sha256(id.encode()).hexdigest()[:8]}"


EXPORTS = {
    "vtt": Export("a WebVTT file for each clip, in a folder OUTPUT-vtt", _write_vtt),
    "prompts": Export("prompts for a text-to-video model, one a line, in OUTPUT.prompts.txt", _write_prompts),
    "sharegpt4video": Export("the columns of that dataset, in OUTPUT.sharegpt4video.jsonl", _write_sharegpt4video),
}
