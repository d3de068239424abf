"""Journal: the folder of a loop. Every finished clip and verdict is safe in it, so that a killed loop goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from t2v_recaption.errors import InvalidInput
from t2v_recaption.loop.trial import Trial
from t2v_recaption.loop.wording import Wording
from t2v_recaption.whole_files import write_whole


class Journal:
    """Clips, verdicts and history of one loop.

        clips/KEY.mp4       each clip; KEY stands for wording, seed and generator
        trials/KEY.json     what became of its claims; KEY stands for the claims and the judges as well
        history.jsonl       what happened, one event a line

    Args:
        folder: where to keep them; made when it is not there.

    Raises:
        InvalidInput: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            for name in ("clips", "trials"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(f"The folder {folder} cannot be made: {error}.", hint="Name another one.") from error
        self._replayed = 0

    def clip(self, key: str, make: Callable[[Path], None]) -> Path:
        """The clip of that key, made now when it is not there."""
        path = self.folder / "clips" / f"{key}.mp4"
        if path.is_file():
            return path
        unfinished = path.with_name(f"{key}.unfinished.mp4")
        unfinished.unlink(missing_ok=True)
        make(unfinished)
        os.replace(unfinished, path)
        return path

    def trial(self, key: str) -> Trial | None:
        """The trial of that key from an earlier run."""
        try:
            return Trial.from_plain(json.loads((self.folder / "trials" / f"{key}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, key: str, trial: Trial) -> None:
        """Write a trial down, whole or not at all."""
        path = self.folder / "trials" / f"{key}.json"
        write_whole(path, json.dumps(trial.to_plain(), ensure_ascii=False))

    def tell(self, event: str, **facts: Any) -> None:
        """Append one event. A loop that is run again tells the same story anew, from the beginning."""
        mode = "a" if self._replayed else "w"
        self._replayed += 1
        with (self.folder / "history.jsonl").open(mode, encoding="utf-8") as file:
            file.write(json.dumps({"event": event, **facts}, ensure_ascii=False, default=str) + "\n")


def told(wording: Wording) -> dict[str, Any]:
    """A wording as the history tells it."""
    return {**wording.to_dict(), "key": wording.key, "text": wording.text}
