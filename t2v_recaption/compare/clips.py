"""The clips of every arm: made once, in a shuffled order, or found in folders; each under the hash of its making."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from t2v_recaption.compare.arms import file_digest
from t2v_recaption.compare.budget import Budget, BudgetSpent
from t2v_recaption.compare.crew import Crew
from t2v_recaption.compare.design import Design, Job, digest
from t2v_recaption.compare.design import jobs as jobs_of
from t2v_recaption.compare.folders import ClipFolder
from t2v_recaption.compare.store import Outcome, Store
from t2v_recaption.compare.texts import Done, Texts
from t2v_recaption.errors import InvalidInput, RecaptionError
from t2v_recaption.generators import ClipRequest, CommandGenerator, GenerationError, Generator

KIND = "clip"
FOLDER = "clips"


class Clips:
    """The clips of a design.

    Args:
        design: whose jobs they are.
        folder: of the run.
        store: where outcomes are kept.
        texts: what they are made from.
        generator: makes them; default: the design's command.
        timeout: seconds for one clip of a command.
        jobs: clips that are made at once.
    """

    def __init__(
        self,
        design: Design,
        folder: Path,
        store: Store,
        texts: Texts,
        *,
        generator: Generator | None = None,
        timeout: float = 3600.0,
        jobs: int = 1,
    ) -> None:
        self.design, self.folder, self.store, self.texts = design, folder, store, texts
        common = generator or (CommandGenerator(design.generate, timeout=timeout) if design.generate else None)
        self._folders = {
            arm.name: ClipFolder(Path(arm.clips), design.items, design.seeds_of(arm))
            for arm in design.arms
            if arm.clips
        }
        self.generators: dict[str, Generator] = {}
        for arm in design.arms:
            own = CommandGenerator(arm.generate, timeout=timeout) if arm.generate else common
            if arm.clips:
                continue
            if own is None or arm.source == "clips":
                raise InvalidInput(
                    f"Nothing makes the clips of the arm {arm.name!r}.",
                    hint="Give --generate 'COMMAND … {prompt} … {seed} … {out}', or NAME=FOLDER of clips.",
                )
            self.generators[arm.name] = own
        self.at_once = jobs
        self.jobs = jobs_of(design)
        self._places = {(job.arm, job.item.id, job.position): job for job in self.jobs}
        self._identities = {name: made.identity() for name, made in self.generators.items()}

    def job(self, arm: str, item: str, position: int) -> Job:
        """The job of an arm's clip for a prompt."""
        return self._places[arm, item, position]

    @property
    def notes(self) -> list[str]:
        """What has to be said about the folders."""
        return [note for folder in self._folders.values() for note in folder.notes]

    def outcome(self, job: Job) -> Outcome | None:
        """The clip of a job (`path`, `sha256`); None where it is still to be made."""
        if job.arm in self._folders:
            return self._given(job)
        text = self.texts.outcome(job.arm, job.item)
        if text is None:
            return None
        if not text.ok:
            return Outcome({}, f"No text, so no clip: {text.error}")
        return self.store.get(self.key(job, text))

    def key(self, job: Job, text: Outcome) -> str:
        """The content address of a clip: the same text and seed make one clip, whichever arm asks for it."""
        return digest([KIND, self._identities[job.arm], text.value["text"], text.value.get("negative", ""), job.seed])

    def left(self) -> list[Job]:
        """The jobs that have still to be done, each clip once."""
        seen: set[str] = set()
        found = []
        for job in self.jobs:
            if job.arm in self.generators and self.outcome(job) is None:
                text = self.texts.outcome(job.arm, job.item)
                key = self.key(job, text) if text is not None and text.ok else f"{job.arm} {job.item.id} {job.seed}"
                if key not in seen:
                    seen.add(key)
                    found.append(job)
        return found

    def make(self, budget: Budget, done: Done = lambda kind, outcome: None) -> None:
        """Make what is missing, in the order of the design."""
        # What a killed process left half made is nobody's: only one works on a run.
        shutil.rmtree(self.folder / FOLDER / "unfinished", ignore_errors=True)
        try:
            self._make(Crew(self.at_once), budget, done)
        except BaseException:
            self._stop()
            raise

    def _make(self, crew: Crew[tuple[str, Outcome]], budget: Budget, done: Done) -> None:
        spent: BudgetSpent | None = None
        for job in self.left():
            while crew.full:
                self._keep(crew, done)
            try:
                self._start(job, crew, budget, done)
            except BudgetSpent as stop:
                spent = stop
                break
        while crew.busy:  # also when the budget is spent: they are paid for
            self._keep(crew, done)
        if spent is not None:
            raise spent

    def _keep(self, crew: Crew[tuple[str, Outcome]], done: Done) -> None:
        key, outcome = crew.take()
        done(KIND, self.store.put(key, KIND, outcome))

    def _start(self, job: Job, crew: Crew[tuple[str, Outcome]], budget: Budget, done: Done) -> None:
        text = self.texts.outcome(job.arm, job.item)
        assert text is not None
        key = self.key(job, text)
        if (found := self._adopted(key)) is not None:
            done(KIND, self.store.put(key, KIND, found))
            return
        budget.allowed("clip")
        budget.spend("clip")
        crew.start(lambda slot: (key, self._made(job, text, key, slot)))

    def _stop(self) -> None:
        """End what other threads are making."""
        for made in self.generators.values():
            stop = getattr(made, "stop", None)
            if stop is not None:
                stop()

    def path(self, key: str) -> Path:
        """Where a clip lies: its name says nothing about its arm."""
        return self.folder / FOLDER / key[:2] / f"{key[:32]}.mp4"

    def _adopted(self, key: str) -> Outcome | None:
        """A clip that was finished when the run was killed, and not yet written down."""
        path = self.path(key)
        return self._found(path, 0.0) if path.is_file() else None

    def _made(self, job: Job, text: Outcome, key: str, slot: int) -> Outcome:
        path = self.path(key)
        spare = self.folder / FOLDER / "unfinished" / f"{os.getpid()}-{slot}"
        shutil.rmtree(spare, ignore_errors=True)
        spare.mkdir(parents=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        request = ClipRequest(
            text.value["text"],
            job.seed,
            (spare / path.name).resolve(),
            text.value.get("negative", ""),
            job.item.id,
            slot,
        )
        try:
            self.generators[job.arm].make(request)
            os.replace(request.out, path)
        except GenerationError as error:
            return Outcome({}, str(error), time.monotonic() - began)
        finally:
            shutil.rmtree(spare, ignore_errors=True)
        return self._found(path, time.monotonic() - began)

    def _found(self, path: Path, seconds: float) -> Outcome:
        return Outcome({"path": str(path.relative_to(self.folder)), "sha256": file_digest(path)}, "", seconds)

    def _given(self, job: Job) -> Outcome:
        path = self._folders[job.arm].find(job)
        if path is None:
            return Outcome(
                {}, f"Missing: no clip of {job.item.id} with seed {job.seed} in {self._folders[job.arm].path}."
            )
        key = digest([KIND, str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns])
        known = self.store.get(key)
        if known is not None:
            return known
        try:
            return self.store.put(key, "given", Outcome({"path": str(path.resolve()), "sha256": file_digest(path)}))
        except RecaptionError as error:
            return Outcome({}, str(error))

    def file(self, outcome: Outcome) -> Path:
        """The file of a clip."""
        return self.folder / str(outcome.value["path"])
