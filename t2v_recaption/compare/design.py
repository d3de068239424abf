"""Design: everything that is fixed before anything is made, so that nobody can choose the result afterwards."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from t2v_recaption import __version__
from t2v_recaption.compare import outside
from t2v_recaption.compare.arms import Arm, check_names
from t2v_recaption.compare.clip_measures import CLIP_MEASURES
from t2v_recaption.compare.items import Item, Items
from t2v_recaption.compare.measures import text_measure
from t2v_recaption.compare.verdicts import Settings
from t2v_recaption.errors import InvalidInput, UnknownName
from t2v_recaption.generators import CommandGenerator
from t2v_recaption.records import Record

Level = Literal["text", "clip"]

PRIMARY: dict[Level, str] = {"text": "fidelity", "clip": "claims"}
"""The measure that decides, unless another is named."""


@dataclass(frozen=True)
class Design(Record):
    """A comparison as planned."""

    items: Items
    arms: tuple[Arm, ...]
    level: Level = "text"
    """`text`: the texts are compared, no video model needed; `clip`: the clips made from them."""
    seeds: tuple[int, ...] = (0,)
    """Clips a prompt and arm, the same seeds in every arm."""
    primary: str = ""
    """The measure that decides, named in advance; default: `fidelity` for texts, `claims` for clips."""
    measures: tuple[str, ...] = ()
    """Other measures that are shown."""
    baseline: str = ""
    """The arm that the others are held against; default: the first."""
    settings: Settings = field(default_factory=Settings)
    """Margin, level, resamples … of the primary measure."""
    order_seed: int = 0
    """Decides the order in which clips are made and sides are shown."""
    generate: str = ""
    """The command that makes clips: `python sample.py --prompt {prompt} --seed {seed} --out {out}`."""
    target: str = "generic"
    """The video model whose text encoder measures token fit."""
    checks: dict[str, Any] = field(default_factory=dict)
    """How clips are verified: see `t2v_recaption.compare.verifying`."""
    scores: Mapping[str, str] = field(default_factory=dict)
    """Arm → a file with scores of another tool: see `t2v_recaption.compare.outside`."""

    def __post_init__(self) -> None:
        check_names(self.arms)
        names = [arm.name for arm in self.arms]
        object.__setattr__(self, "primary", self.primary or PRIMARY[self.level])
        object.__setattr__(self, "baseline", self.baseline or names[0])
        if self.baseline not in names:
            raise UnknownName("arm", self.baseline, names)
        if not self.seeds:
            raise InvalidInput("A comparison needs a seed.", hint="Write --seeds 0-3.")
        for arm in self.arms:
            self._check(arm)
        self._check_measures(names)

    def _check_measures(self, names: list[str]) -> None:
        if self.scores and set(self.scores) != set(names):
            raise InvalidInput("Scores are needed of every arm or of none.", hint=f"The arms are {', '.join(names)}.")
        known = {"scores"} if self.scores else set()
        if self.level == "clip":
            known |= {"claims", *CLIP_MEASURES}
        for name in (self.primary, *self.measures):
            if name not in known:
                text_measure(name)
        if self.level == "clip" and self.primary not in known:
            raise InvalidInput(
                f"Clips cannot be compared by {self.primary!r}.", hint="Use claims, scores, or a measure of clips."
            )

    def _check(self, arm: Arm) -> None:
        if arm.seeds and len(arm.seeds) != len(self.seeds):
            raise InvalidInput(
                f"The arm {arm.name!r} has {len(arm.seeds)} seeds, the others {len(self.seeds)}.",
                hint="Every arm gets the same number of clips a prompt.",
            )
        if self.level == "text" and arm.source == "clips":
            raise InvalidInput(f"The arm {arm.name!r} has clips but no texts.", hint="Compare clips with --level clip.")
        for command in (self.generate, arm.generate):
            if command:
                CommandGenerator(command)  # says now what is wrong with it

    def arm(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            UnknownName: there is none.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise UnknownName("arm", name, [arm.name for arm in self.arms])

    def seeds_of(self, arm: Arm) -> tuple[int, ...]:
        """The seeds of an arm, position by position those of the design."""
        return arm.seeds or self.seeds

    def plain(self) -> dict[str, Any]:
        """The design as the lock file holds it: what decides the result, and nothing else."""
        return {
            "t2v_recaption": __version__,
            "prompts": {item.id: [item.prompt, item.stratum] for item in self.items.items},
            "arms": {arm.name: arm.identity() for arm in self.arms},
            "level": self.level,
            "seeds": list(self.seeds),
            "primary": self.primary,
            "measures": list(self.measures),
            "baseline": self.baseline,
            "settings": self.settings.to_dict(),
            "order_seed": self.order_seed,
            "generate": self.generate,
            "target": self.target,
            "checks": self.checks,
            "scores": outside.identity(self.scores),
        }


@dataclass(frozen=True)
class Job(Record):
    """One clip to be made."""

    item: Item
    arm: str
    position: int
    """Of the seed: clips of the same position are compared."""
    seed: int


def jobs(design: Design) -> tuple[Job, ...]:
    """Every clip in the order in which they are made: shuffled, so that no arm runs on a warmer machine."""
    found = [
        Job(item, arm.name, position, seed)
        for item in design.items.items
        for arm in design.arms
        for position, seed in enumerate(design.seeds_of(arm))
    ]
    random.Random(f"order {design.order_seed}").shuffle(found)
    return tuple(found)


def order_digest(design: Design) -> str:
    """A hash of the order of all clips, for the lock file."""
    return digest([[job.item.id, job.arm, job.seed] for job in jobs(design)])


def digest(value: Any) -> str:
    """SHA-256 of any plain value, the same on every machine."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def read_plan(path: Path) -> dict[str, Any]:
    """A plan file (YAML): the options of `t2v ab` by their names, `arms` as a list.

    Raises:
        InvalidInput: it cannot be read, or is no mapping.
    """
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"The plan {path} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"The plan {path} is not a mapping.", hint="Write lines like: prompts: prompts.txt")
    return {str(key).replace("-", "_"): value for key, value in found.items()}
