"""Measures of clips beside the claims: what was measured in the pixels, and what a captioner's caption agrees with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from t2v_recaption.compare.measures import Measure
from t2v_recaption.verify.model import ClaimStatus

if TYPE_CHECKING:
    from t2v_recaption.verify.model import Verification
    from t2v_recaption.video.measurements import Measurements


@dataclass(frozen=True)
class ClipMeasure:
    """One number of a clip; None where it could not be told."""

    name: str
    title: str
    number: Callable[[Verification], float | None]
    scale: tuple[float, float] | None = (0.0, 1.0)
    better: Literal["higher", "lower", "neither"] = "neither"
    unit: str = ""
    margin: float | None = None

    @property
    def measure(self) -> Measure:
        """As a measure to compare by; its scores come from the checks."""
        return Measure(self.name, self.title, lambda text: [], self.scale, self.better, self.unit, self.margin)


def _measured(number: Callable[[Measurements], float | None]) -> Callable[[Verification], float | None]:
    return lambda found: None if found.measurements is None else number(found.measurements)


def _share(value: bool | None) -> float | None:
    return None if value is None else float(value)


def _speed(found: Measurements) -> float | None:
    """Of what moves most besides the camera, in the middle of the clip's time; a clip that stands still has 0."""
    told = [
        (shot.end - shot.start, shot.motion.moving.amount or 0.0) for shot in found.shots if shot.motion.moving.decided
    ]
    time = sum(length for length, _ in told)
    return sum(length * amount for length, amount in told) / time if time else None


def _blurred(found: Measurements) -> float | None:
    told = [shot.sharpness.value for shot in found.shots if shot.sharpness.decided]
    return told.count("blurred") / len(told) if told else None


def _static(found: Measurements) -> float | None:
    told = [shot.camera.static.value for shot in found.shots if shot.camera.static.decided]
    return told.count(True) / len(told) if told else None


def _frozen(found: Measurements) -> float | None:
    length = found.end - found.start
    return min(1.0, sum(part.seconds for part in found.playback.frozen) / length) if length > 0 else None


def _agreement(found: Verification) -> float | None:
    """Share of supported claims among those that the captioner's caption decides."""
    told = [v.status for result in found for v in result.verdicts if v.route == "captioner" and v.status.decided]
    return told.count(ClaimStatus.SUPPORTED) / len(told) if told else None


CLIP_MEASURES: Mapping[str, ClipMeasure] = {
    measure.name: measure
    for measure in (
        ClipMeasure("coverage", "claims that could be decided", lambda found: found.coverage),
        ClipMeasure("captioner", "claims that the clip's caption agrees with", _agreement, better="higher"),
        ClipMeasure(
            "motion", "speed of what moves besides the camera", _measured(_speed), None, unit="widths/s", margin=0.02
        ),
        ClipMeasure("static", "shots with a static camera", _measured(_static)),
        ClipMeasure(
            "flicker", "clips that flicker", _measured(lambda m: _share(m.playback.flicker.value)), better="lower"
        ),
        ClipMeasure(
            "judder", "clips that judder", _measured(lambda m: _share(m.playback.judder.value)), better="lower"
        ),
        ClipMeasure("frozen", "time that is frozen", _measured(_frozen), better="lower"),
        ClipMeasure("blurred", "shots that are blurred", _measured(_blurred), better="lower"),
        ClipMeasure("cuts", "cuts", _measured(lambda m: float(len(m.shots) - 1)), None, unit="cuts", margin=0.2),
    )
}

CLIP_SHOWN = ("coverage", "motion", "static", "flicker", "judder", "frozen", "blurred", "cuts")
"""Measures that are shown beside the claims, unless others are named; `captioner` where there is one."""


def numbers(found: Verification) -> dict[str, float | None]:
    """All of them, of one clip."""
    return {name: measure.number(found) for name, measure in CLIP_MEASURES.items()}
