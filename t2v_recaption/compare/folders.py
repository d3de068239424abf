"""Folders of clips made elsewhere: which file is which prompt's, by a manifest or by the names of VBench."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from t2v_recaption.compare.design import Job
from t2v_recaption.compare.items import Item, Items
from t2v_recaption.errors import InvalidInput

SUFFIXES = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".gif", ".webp")
MANIFESTS = ("manifest.jsonl", "manifest.json", "manifest.csv")
CUT = 180
"""Characters of the prompt in a file name of VBench-2.0."""


class ClipFolder:
    """Clips by prompt and seed.

    A manifest (manifest.jsonl, .json or .csv in the folder) has rows with `prompt` or `id`, `video` (or path, file, or
    a list `videos`) and, where there are several, `seed`. Without one, names decide: `PROMPT-INDEX.mp4` as in VBench
    (cut to 180 characters as in VBench-2.0), `ID-SEED.mp4`, `ID_SEED.mp4`, `ID/SEED.mp4`, and `ID.mp4` for one seed.

    Args:
        path: the folder.
        items: the prompts.
        seeds: of the arm.

    Raises:
        InvalidInput: the manifest cannot be read.
    """

    def __init__(self, path: Path, items: Items, seeds: tuple[int, ...] = (0,)) -> None:
        self.path, self.seeds = path, seeds
        self.notes: list[str] = []
        self._files = {
            str(file.relative_to(path).with_suffix("")): file
            for file in sorted(path.rglob("*"), reverse=True)
            if file.suffix.lower() in SUFFIXES and file.is_file()
        }
        listed = next((path / name for name in MANIFESTS if (path / name).is_file()), None)
        self._listed = None if listed is None else self._read(listed, items)
        if not self._files and not self._listed:
            self.notes.append(f"{path} holds no clips.")

    def find(self, job: Job) -> Path | None:
        """The clip of a prompt and seed; None where there is none."""
        if self._listed is None:
            return self._by_name(job)
        some = self._listed.get(job.item.id, [])
        if any(seed is not None for seed, _ in some):
            found = next((path for seed, path in some if seed == job.seed), None)
        else:
            found = some[job.position][1] if job.position < len(some) else None
        return found if found is not None and found.is_file() else None

    def _by_name(self, job: Job) -> Path | None:
        """By the seed in its name, by its place or by the suite's name, whichever finds most: never a mixture."""
        named = [[self._called(job.item, number) for number in numbers] for numbers in (self.seeds, self._places)]
        # The most found wins, the first of equals; `None` beyond a suite's own number of clips.
        suites = [self._files.get(str(Path(name).with_suffix(""))) for name in job.item.videos[: len(self.seeds)]]
        named.append(suites + [None] * (len(self.seeds) - len(suites)))
        chosen = max(named, key=_found)
        alone = [job.item.id, job.item.prompt.strip()] if len(self.seeds) == 1 else []
        return chosen[job.position] or next((self._files[name] for name in alone if name in self._files), None)

    @property
    def _places(self) -> range:
        return range(len(self.seeds))

    def _called(self, item: Item, number: int) -> Path | None:
        prompt = item.prompt.strip()
        names = [f"{item.id}{sign}{number}" for sign in "-_/"] + [f"{text}-{number}" for text in (prompt, prompt[:CUT])]
        return next((self._files[name] for name in names if name in self._files), None)

    def _read(self, manifest: Path, items: Items) -> dict[str, list[tuple[int | None, Path]]]:
        ids = {" ".join(item.prompt.split()): item.id for item in items.items} | {i.id: i.id for i in items.items}
        found: dict[str, list[tuple[int | None, Path]]] = {}
        strangers = 0
        for row in _rows(manifest):
            name = ids.get(str(row.get("id", ""))) or ids.get(" ".join(str(row.get("prompt", "")).split()))
            if name is None:
                strangers += 1
                continue
            videos = row.get("videos") or row.get("video") or row.get("path") or row.get("file") or []
            listed = videos if isinstance(videos, list) else [videos]
            found.setdefault(name, []).extend((_seed(row), self.path / str(video)) for video in listed)
        if strangers:
            self.notes.append(f"{manifest} has {strangers} row{'s' * (strangers > 1)} of other prompts.")
        return found


def _found(some: list[Path | None]) -> int:
    return sum(path is not None for path in some)


def _seed(row: Mapping[str, Any]) -> int | None:
    try:
        return int(row["seed"])
    except (KeyError, TypeError, ValueError):
        return None


def _rows(manifest: Path) -> list[Mapping[str, Any]]:
    try:
        text = manifest.read_text(encoding="utf-8-sig")
        if manifest.suffix == ".csv":
            return list(csv.DictReader(text.splitlines()))
        found = (
            json.loads(text)
            if manifest.suffix == ".json"
            else [json.loads(li) for li in text.splitlines() if li.strip()]
        )
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The manifest {manifest} cannot be read: {error}.") from error
    if isinstance(found, dict):
        found = [value if isinstance(value, dict) else {"prompt": key, "videos": value} for key, value in found.items()]
    if not all(isinstance(row, dict) for row in found):
        raise InvalidInput(f"The manifest {manifest} has a row that is no object.")
    return list(found)
