"""RayEngine: the same work placed by Ray; readers on processors, captioners beside models, frames through its store.

Ray decides where things run, moves frames and starts what was killed again. What is finished is decided by our own
ledger, which each captioner writes where it works: Ray Data's checkpoints keep blocks, and lose the rows of a block
that was not finished. The folder of the ledger must be one that all machines share; where it is not, rows are written
down by the driver when they arrive, and an interrupted clip begins anew.
"""

from __future__ import annotations

import itertools
import logging
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from t2v_recaption.batch.clips.job import ClipJob
from t2v_recaption.batch.clips.ledger import Halt, Ledger
from t2v_recaption.batch.clips.rows import ReadingError, base_of, failed_row
from t2v_recaption.batch.clips.run import Resources
from t2v_recaption.batch.clips.runner import Runner
from t2v_recaption.batch.clips.stream import Stream
from t2v_recaption.batch.clips.units import Outcome, Unit
from t2v_recaption.batch.clips.wire import Message
from t2v_recaption.errors import MissingDependency, RecaptionError

LIVES = 4
"""How often a clip is begun again when the process that worked on it is lost; it may be the clip that kills it."""
RESTART = 120.0
"""Seconds that a lost actor has to come back."""
AHEAD_FRAMES = 4
"""Messages of a reading that wait in Ray's store."""


class Readers:
    """An actor that reads clips: a `ReaderPool` on whatever machine Ray puts it, so a bad clip cannot even kill it."""

    def __init__(self, resources: Resources, most: int) -> None:
        self._pool = resources.pool(most)
        self._open: dict[str, Stream] = {}

    def read(self, key: str, call: bytes, skip: int) -> Iterator[tuple[str, dict[str, Any], Any]]:
        """The messages of a reading from number `skip` on, then one of type `end`; errors are messages, too."""
        import numpy as np

        read, arguments = pickle.loads(call)
        stream = self._open[key] = self._pool.open(read, *arguments)
        try:
            for message in itertools.islice(stream, skip, None):
                yield message.type, message.about, np.frombuffer(message.payload, np.uint8)
        except ReadingError as error:
            about = {"message": error.message, "hint": error.hint, "kind": error.kind}
            yield "error", about, np.empty(0, np.uint8)
        finally:
            self.drop(key)

    def drop(self, key: str) -> None:
        """Nobody wants this reading any more."""
        stream = self._open.pop(key, None)
        if stream is not None:
            stream.close()


@dataclass
class RemoteStream:
    """A reading in an actor. If the actor is lost, another reads the clip again and leaves out what came before."""

    actors: list[Any]
    call: bytes
    place: int = 0
    given: int = 0
    key: str = ""

    def __iter__(self) -> Iterator[Message]:
        """The messages.

        Raises:
            ReadingError: the clip cannot be read, or every actor that tried was lost.
        """
        import ray

        for life in range(LIVES):
            self.key = f"{os.getpid()}-{id(self)}-{life}"
            actor = self.actors[(self.place + life) % len(self.actors)]
            options = {"num_returns": "streaming", "_generator_backpressure_num_objects": AHEAD_FRAMES}
            try:
                for ref in actor.read.options(**options).remote(self.key, self.call, self.given):
                    kind, about, payload = ray.get(ref)
                    if kind == "error":
                        raise ReadingError(about["message"], hint=about["hint"], kind=about["kind"])
                    self.given += 1
                    yield Message(kind, about, payload)
                return
            except ray.exceptions.RayError:
                come_back(actor)
        raise ReadingError("The process that read it was lost again and again.", kind="crash")

    def close(self) -> None:
        """The rest is not wanted."""
        for actor in self.actors:
            actor.drop.remote(self.key)


class RemoteReadings:
    """Spreads readings over actors."""

    def __init__(self, actors: list[Any]) -> None:
        self._actors, self._count = actors, itertools.count()

    def open(self, read: Callable[..., Any], *arguments: Any) -> RemoteStream:
        """Start a reading."""
        return RemoteStream(self._actors, pickle.dumps((read, arguments)), next(self._count))


class Captioning:
    """An actor that captions: one captioner with its model (or its server), a ledger file of its own."""

    def __init__(self, job: ClipJob, ledger: Path, resources: Resources, settings: str, *readers: Any) -> None:
        # Each reader as an argument of its own: a list of them would lie in the object store, where an actor that is
        # started again may no longer find it.
        self.ledger = Ledger(ledger, sync=resources.sync)
        self.ledger.load()
        self.runner = Runner(
            job,
            self.ledger,
            RemoteReadings(list(readers)),
            settings=settings,
            batch=resources.batch,
            in_flight=resources.in_flight,
            limit=resources.limit,
            patience=resources.patience,
        )

    def work(self, unit: Unit) -> tuple[Outcome, list[Unit], RecaptionError | None]:
        """The outcome of a unit, what it was split into, and why the run cannot go on, if it cannot."""
        more: list[Unit] = []
        try:
            outcome = self.runner.work.do(unit, more)
            self.runner.watch(outcome)
        except Halt as halt:
            return Outcome(unit.id, None), [], RecaptionError(halt.error.message, hint=halt.error.hint)
        return outcome, more, None


class RayEngine:
    """Runs a job on Ray: on the cluster that `RAY_ADDRESS` or `ray.init` names, else on this machine alone.

    Args:
        job, ledger, resources, settings: as for `LocalEngine`; `resources.readers` is for each machine's readers.
        models: copies of the captioner. Several servers are named by commas in the base URL, and shared out.
        gpus: for each copy; fractions share one.
        readers: actors that read clips.

    Raises:
        MissingDependency: Ray is not installed.
    """

    def __init__(
        self,
        job: ClipJob,
        ledger: Ledger,
        resources: Resources,
        settings: str,
        *,
        models: int = 1,
        gpus: float = 0.0,
        readers: int = 1,
    ) -> None:
        try:
            self._ours = start_ray(models, readers)
        except ImportError as error:
            raise MissingDependency("The engine 'ray'", "ray", "ray") from error
        import ray

        self.ledger, self.settings = ledger, settings
        self._ray = ray
        self.in_flight = resources.in_flight or 2 * resources.batch
        jobs = list(spread(job, models))
        most = max(resources.readers, -(-self.in_flight * len(jobs) // readers))
        reading = ray.remote(Readers).options(num_cpus=0.5, max_restarts=-1, max_concurrency=2 * most + 2)
        self.readers: list[Any] = [reading.remote(resources, most) for _ in range(readers)]
        made = ray.remote(Captioning).options(
            num_cpus=0.5, num_gpus=gpus, max_restarts=-1, max_concurrency=self.in_flight
        )
        self.models: list[Any] = [
            made.remote(one, ledger.folder.resolve(), resources, settings, *self.readers) for one in jobs
        ]

    def run(self, units: Iterable[Unit]) -> Iterator[Outcome]:
        """Caption units: no more are handed out than are worked on; what a lost process had is handed out again.

        Raises:
            RecaptionError: a captioner cannot be made, or says that it cannot go on.
        """
        waiting, more = iter(units), list[Unit]()
        under_way: dict[Any, tuple[Unit, int, int]] = {}
        load = [0] * len(self.models)
        while True:
            while len(under_way) < self.in_flight * len(self.models):
                unit = more.pop(0) if more else next(waiting, None)
                if unit is None:
                    break
                self._hand_out(unit, 0, under_way, load)
            if not under_way:
                return
            (ref, *_), _ = self._ray.wait(list(under_way), num_returns=1)
            unit, place, lives = under_way.pop(ref)
            load[place] -= 1
            try:
                outcome, parts, halted = self._ray.get(ref)
            except self._ray.exceptions.RayActorError as error:
                if "creation" in str(error).lower() and lives == 0 and not self._ever:
                    raise RecaptionError(f"A captioner cannot be made: {_cause(error)}.") from error
                if lives + 1 < LIVES and come_back(self.models[place]):
                    self._hand_out(unit, lives + 1, under_way, load)
                    continue
                outcome, parts, halted = self._lost(unit), [], None
            if halted is not None:
                raise halted
            self._ever = True
            more += parts
            self._keep(outcome)
            yield outcome

    _ever = False
    """Whether anything was ever answered."""

    def close(self) -> None:
        """Stop the actors; and Ray, if it was started for this run."""
        for actor in (*self.models, *self.readers):
            self._ray.kill(actor)
        if self._ours:
            self._ray.shutdown()

    def _hand_out(self, unit: Unit, lives: int, under_way: dict[Any, tuple[Unit, int, int]], load: list[int]) -> None:
        place = load.index(min(load))
        load[place] += 1
        under_way[self.models[place].work.remote(unit)] = (unit, place, lives)

    def _lost(self, unit: Unit) -> Outcome:
        error = ReadingError("The process that worked on it was lost again and again.", kind="crash")
        row = failed_row(base_of(unit.item, self.settings) | {"video_id": unit.id}, error).to_dict()
        return Outcome(unit.id, row)

    def _keep(self, outcome: Outcome) -> None:
        """Write a row down here, where no captioner's ledger that we can see holds it."""
        if outcome.row is None:
            return
        if outcome.row["error"] == "crash" or not self._shared():
            self.ledger.add_row(outcome.id, outcome.row)

    def _shared(self) -> bool:
        own = f"-{os.getpid()}-"
        return any(own not in path.name for path in self.ledger.folder.glob("*.jsonl"))


def come_back(actor: Any) -> bool:
    """Wait for an actor that was lost; False when it does not come back."""
    import ray

    until = time.monotonic() + RESTART
    while time.monotonic() < until:
        try:
            ray.get(actor.__ray_ready__.remote(), timeout=RESTART)
            return True
        except ray.exceptions.ActorUnavailableError:
            time.sleep(0.2)
        except ray.exceptions.RayError:
            return False
    return False


def start_ray(models: int, readers: int) -> bool:
    """Connect to Ray; True when it was started here for us, bound to loopback and nothing else."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Named after the systems where it is the default: a Ray without a cluster listens on loopback only.
    if not os.environ.get("RAY_ADDRESS"):
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    import ray

    if ray.is_initialized():
        return False
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
        return True
    ray._private.ray_constants.ENABLE_RAY_CLUSTER = False  # for a ray that was imported before the line above
    logging.getLogger("ray").setLevel(logging.ERROR)  # that it has started is no news to who asked for it
    environment = {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    ray.init(
        num_cpus=max(os.cpu_count() or 1, models + readers),
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": environment},
    )
    return True


def spread(job: ClipJob, models: int) -> Iterator[ClipJob]:
    """The job for each copy of the captioner: servers named by commas are shared out, each at least once."""
    urls = str(job.backend_options.get("base_url", "")).split(",")
    for number in range(max(models, len(urls))):
        if urls == [""]:
            yield job
        else:
            options = {**job.backend_options, "base_url": urls[number % len(urls)].strip()}
            yield replace(job, backend_options=options)


def _cause(error: Exception) -> str:
    return str(error).strip().splitlines()[-1][:300]
