"""ClipRow: what the output says of one clip; the same columns for every clip, good or bad.

The names and shapes of `video_id`, `video_path`, `captions` (`idx`, `content`; `-1` is the whole video), `keyframe`,
`timestamp`, `extension` and `zip_folder` are those of the ShareGPT4Video caption dataset, so that its readers read this
too. No column is ever null and none changes its type, which is what `datasets` and Parquet need to load many files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import PurePath
from typing import Any

from t2v_recaption.batch.clips.sources import Item, shown
from t2v_recaption.captioners.base import ClipCaption, Step
from t2v_recaption.captioners.prompt_form import short_prompt
from t2v_recaption.errors import BackendError, RecaptionError
from t2v_recaption.records import Record, to_plain

NO_WAY = (401, 402, 403, 404)
"""HTTP statuses of a server that will not answer any request: no key, no money, no such model."""
WHOLE = "-1"
"""The `idx` of the caption of the whole clip."""


@dataclass(frozen=True)
class ClipRow(Record):
    """One clip in the output."""

    video_id: str
    video_path: str
    status: str
    """`ok` or `failed`."""
    caption: str = ""
    """The dense caption of the whole clip."""
    prompt: str = ""
    """The caption as a short prompt for a text-to-video model; empty for what was measured."""
    captions: tuple[dict[str, Any], ...] = ()
    """`idx`, `content`, and `start`, `end` (seconds), `scene`, `flags` of every step; then the whole as `idx` -1."""
    keyframe: tuple[float, ...] = ()
    """Seconds of the frames that the model saw."""
    timestamp: tuple[float, ...] = ()
    """Start and end of the clip in its video, in seconds."""
    extension: str = ""
    zip_folder: str = ""
    """The folder that holds the video."""
    sha256: str = ""
    """Of the file."""
    bytes: int = 0
    container: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    duration: float = 0.0
    """Seconds of the whole video."""
    mode: str = ""
    profile: str = ""
    model: str = ""
    data: str = ""
    """The answer as JSON, where a schema was asked for."""
    flags: str = ""
    """Faults that the text checks found and asking again did not cure, with commas between."""
    notes: str = ""
    """What differed from what was asked, one a line."""
    error: str = ""
    """What kind of failure: `manifest`, `missing`, `unreadable`, `timeout`, `crash`, `memory`, `model`, `server`."""
    message: str = ""
    retryable: bool = False
    input: str = ""
    """What else the manifest said of the clip, as JSON."""
    settings: str = ""
    """Digest of everything that was asked for; the whole is in `job.json` of the ledger."""
    provenance: str = ""
    """How the text came about, as JSON."""


class ReadingError(RecaptionError):
    """A clip could not be read: `kind` is the word for it in the output."""

    def __init__(self, message: str, *, hint: str = "", kind: str = "unreadable") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


def out_of_time(limit: float) -> ReadingError:
    """The error of a clip that takes longer than a clip may."""
    return ReadingError(
        f"It took more than {limit:g} seconds in all and was given up.",
        hint="With a longer --clip-timeout, --resume goes on with the steps that it has.",
        kind="timeout",
    )


def good_row(base: dict[str, Any], caption: ClipCaption, profile: str) -> ClipRow:
    """The row of a clip that has its caption. What was measured names no subject, so it makes no prompt."""
    made, measured = caption.provenance, caption.mode == "measured"
    steps = [_step(step) for step in caption.steps]
    whole = {**_entry(WHOLE, caption.text, caption.start, caption.end), "flags": ", ".join(caption.flags)}
    flags = dict.fromkeys([*caption.flags, *(flag for step in caption.steps for flag in step.flags)])
    return ClipRow(
        **base,
        status="ok",
        caption=caption.text,
        prompt="" if measured else short_prompt(caption.text),
        captions=(*steps, whole),
        keyframe=tuple(float(time) for time in caption.times),
        mode=caption.mode,
        profile="" if measured else profile,
        model=", ".join(made.get("models", ())),
        data="" if caption.data is None else json.dumps(to_plain(caption.data), ensure_ascii=False),
        flags=", ".join(flags),
        notes="\n".join(caption.notes),
        provenance=json.dumps(to_plain(made), ensure_ascii=False, sort_keys=True, default=str),
    )


def failed_row(base: dict[str, Any], error: Exception, *, steps: tuple[Step, ...] = ()) -> ClipRow:
    """The row of a clip that failed, with the steps that were finished before."""
    kind, retryable = kind_of(error)
    message = str(error) if isinstance(error, RecaptionError) else f"{type(error).__name__}: {error}"
    return ClipRow(
        **base,
        status="failed",
        captions=tuple(_step(step) for step in steps),
        error=kind,
        message=message,
        retryable=retryable,
    )


def kind_of(error: Exception) -> tuple[str, bool]:
    """The word for a failure, and whether trying again may help."""
    if isinstance(error, ReadingError):
        return error.kind, error.kind in ("timeout", "crash", "memory", "missing")
    if isinstance(error, BackendError):
        refused = error.status in NO_WAY
        return ("server" if error.retryable or refused else "model"), True
    return "unreadable" if isinstance(error, RecaptionError) else "error", False


def base_of(item: Item, settings: str) -> dict[str, Any]:
    """The columns that are known before a clip is read."""
    path = PurePath(item.path)
    columns = {key: value for key, value in item.columns.items() if isinstance(key, str)}
    return {
        "video_id": item.id,
        "video_path": shown(item.path),
        "timestamp": (float(item.start), float(item.end if item.end is not None else item.start)),
        "extension": shown(path.suffix.lstrip(".")),
        "zip_folder": shown(path.parent.name),
        "input": json.dumps(columns, ensure_ascii=False, default=str) if columns else "",
        "settings": settings,
    }


def read_columns(base: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """`base` with what reading the clip told (`reader.facts`)."""
    start, end = facts.get("start", base["timestamp"][0]), facts.get("end", base["timestamp"][1])
    names = ("sha256", "bytes", "container", "codec", "width", "height", "fps", "duration")
    known = {name: facts[name] for name in names if facts.get(name) is not None}
    return {**base, **known, "timestamp": (float(start), float(end))}


COLUMNS = tuple(field.name for field in fields(ClipRow))


def _step(step: Step) -> dict[str, Any]:
    entry = _entry(str(step.number), step.text, step.start, step.end)
    return {**entry, "scene": step.scene, "flags": ", ".join(step.flags)}


def _entry(idx: str, content: str, start: float, end: float) -> dict[str, Any]:
    return {"idx": idx, "content": content, "start": float(start), "end": float(end), "scene": 0, "flags": ""}
