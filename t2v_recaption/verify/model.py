"""What verifying a clip takes and gives: claims, verdicts with their evidence, and the verification as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, NamedTuple

from t2v_recaption.intent.model import Kind, Span
from t2v_recaption.records import Record

Route = Literal["measurement", "judge", "captioner"]
"""Who speaks about a claim: what is measured in the pixels, a vision model that is asked, or a caption of the clip."""

Checker = Literal["measurement", "judge", "either", "text", "none"]
"""Who can decide a claim: `text` is text on screen, read by text recognition or by a judge; `none` is what no picture
shows (spoken words)."""

Form = Literal["yes_no", "count", "colour", "direction", "order", "words"]
"""What an answer looks like: yes or no, or open, to be compared with the expected answer in code."""

Criticality = Literal["critical", "normal", "minor"]

WEIGHTS: dict[str, float] = {"critical": 2.0, "normal": 1.0, "minor": 0.5}
"""How much a claim counts in the score."""


class ClaimStatus(str, Enum):
    """What became of a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNDETERMINED = "undetermined"
    """Nobody could tell from what was looked at. Never counted as true or false."""
    ERROR = "error"
    """Everybody who could have told failed. Never counted as true or false."""
    NOT_APPLICABLE = "not_applicable"
    """It speaks of something that is not in the clip (a parent claim is refuted)."""

    @property
    def decided(self) -> bool:
        """Whether it is supported or refuted, and so counts in the score."""
        return self in (ClaimStatus.SUPPORTED, ClaimStatus.REFUTED)


class Window(NamedTuple):
    """The part of a clip in which a claim should show, as shares of its length from 0 to 1."""

    start: float = 0.0
    end: float = 1.0

    @property
    def whole(self) -> bool:
        """Whether it is the whole clip."""
        return self.start <= 0.0 and self.end >= 1.0

    def seconds(self, duration: float) -> tuple[float, float]:
        """The same in seconds from the start of a clip of that duration."""
        return self.start * duration, self.end * duration


WHOLE = Window()


class Box(NamedTuple):
    """A place in a frame, as shares of its width and height from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Claim(Record):
    """One thing that the prompt says of the clip, put so that a clip can support or refute it."""

    id: str
    """`c1`, `c2`, … in the order of the prompt."""
    kind: Kind
    text: str
    """The claim as a sentence: "The car is red."."""
    question: str
    """Put to a judge. It names what is asked about and, where the answer is open, not the expected answer."""
    expected: str
    """The answer that supports the claim: `yes`, `no`, or an open one (`2`, `red`, `left`)."""
    form: Form = "yes_no"
    category: str = ""
    """The finer kind, as in `Fact.category`."""
    value: str = ""
    """The canonical value, as in `Fact.value`: `red`, `pan right`, the exact quoted text."""
    parents: tuple[str, ...] = ()
    """Ids of the claims without which this one makes no sense; never in a circle."""
    window: Window = WHOLE
    checker: Checker = "judge"
    criticality: Criticality = "normal"
    spans: tuple[Span, ...] = ()
    """Where the prompt says it."""
    facts: tuple[str, ...] = ()
    """Ids of the facts of the intent that it covers."""

    @property
    def weight(self) -> float:
        """How much it counts in the score."""
        return WEIGHTS[self.criticality]


@dataclass(frozen=True)
class Evidence(Record):
    """What a verdict rests on."""

    times: tuple[float, ...] = ()
    """Seconds, from the start of the clip, of the frames that show it."""
    spans: tuple[tuple[float, float], ...] = ()
    """Stretches of time in seconds that show it, where it lasts."""
    boxes: tuple[Box, ...] = ()
    """Where in those frames, one for each time, where that is known."""
    observation: str = ""
    """What was seen, measured or said there."""
    seen: tuple[float, ...] = ()
    """Seconds of all frames that were looked at for this claim."""


@dataclass(frozen=True)
class Verdict(Record):
    """What one route, speaking through one measurement, judge or captioner, says of one claim."""

    claim: str
    """Id of the claim."""
    status: ClaimStatus
    route: Route
    by: str
    """The measurement, judge or captioner that speaks."""
    confidence: float = 0.0
    """From 0 to 1, bounded by how much of the clip was seen; 0 where the status is not decided."""
    reason: str = ""
    """One short sentence for people."""
    answer: str = ""
    """The answer as given, where somebody was asked."""
    probability: float | None = None
    """Share of yes between yes and no in the judge's own probabilities, where it gives them."""
    evidence: Evidence = Evidence()
    counts: bool = True
    """False for a judge that was found unreliable: its verdict is shown and does not count."""


@dataclass(frozen=True)
class ClaimResult(Record):
    """What all routes together make of one claim."""

    claim: Claim
    status: ClaimStatus
    confidence: float
    """From 0 to 1; 0 where the status is not decided."""
    reason: str
    """One short sentence for people: why this status."""
    verdicts: tuple[Verdict, ...] = ()
    """What each route said, whether it counted or not."""
    disputed: bool = False
    """Whether verdicts that count say different things."""
    evidence: Evidence = Evidence()
    """That of the verdict that decided, or of the one that came nearest."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes that spoke (an error does not speak)."""
        spoke = [v.route for v in self.verdicts if v.status is not ClaimStatus.ERROR]
        return tuple(dict.fromkeys(spoke))


@dataclass(frozen=True)
class Rate(Record):
    """A share that was counted, with its 95 % Wilson interval."""

    right: int
    asked: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """Right answers of those asked; None where none was asked."""
        return self.right / self.asked if self.asked else None


@dataclass(frozen=True)
class Probe(Record):
    """A question with a known answer, mixed in among the claims to see whether a judge can be trusted."""

    kind: Literal["foil", "control", "opposite"]
    """`foil`: false (an object that is not there). `control`: true (measured). `opposite`: excludes a claim."""
    question: str
    expected: str
    """`yes` or `no`; for an `opposite`, `no` wherever the claim was answered yes."""
    answer: str
    right: bool | None
    """None where the judge could not tell or failed."""
    claim: str = ""
    """The claim that an `opposite` excludes."""


@dataclass(frozen=True)
class JudgeReliability(Record):
    """How far one judge can be trusted, by the probes it was asked on this clip."""

    judge: str
    reliable: bool
    reason: str
    """Why it is reliable or not, or why nobody can tell."""
    sensitivity: Rate
    """Share of true probes that it called true."""
    specificity: Rate
    """Share of false probes that it called false."""
    contradictions: int = 0
    """How often it said yes both to a claim and to what excludes it."""
    failures: int = 0
    """Questions that it did not answer usably."""
    probes: tuple[Probe, ...] = ()


@dataclass(frozen=True)
class Verification(Record):
    """A clip held against a prompt, claim by claim. Made by `t2v_recaption.verify.verify`."""

    clip: dict[str, Any]
    """The clip: `id`, `path`, `sha256` and the facts of its file (`width`, `height`, `duration`, `fps` …)."""
    prompt: str
    """The user's own words; what was generated from may be another text."""
    claims_hash: str
    """Hash of the claims: two verifications are comparable where it is the same."""
    results: tuple[ClaimResult, ...]
    score: float | None
    """Weighted share of supported claims among the decided ones, 0 to 1. None where none is decided."""
    coverage: float
    """Weighted share of decided claims among those that apply, 0 to 1."""
    judges: tuple[JudgeReliability, ...] = ()
    captions: tuple[str, ...] = ()
    """What captioners said of the clip."""
    measurements: Any = None
    """What was measured (`t2v_recaption.video.Measurements`), None where nothing was."""
    frames: tuple[float, ...] = ()
    """Seconds of the frames that judges were shown."""
    notes: tuple[str, ...] = ()
    """What differed from what was asked, for people."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Versions, settings, models and templates: everything that decided the verdicts."""

    def __iter__(self) -> Iterator[ClaimResult]:
        return iter(self.results)

    def __getitem__(self, claim_id: str) -> ClaimResult:
        return next(result for result in self.results if result.claim.id == claim_id)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims, in the order of the prompt."""
        return tuple(result.claim for result in self.results)

    def of_status(self, *statuses: ClaimStatus) -> tuple[ClaimResult, ...]:
        """The results of these statuses, in order."""
        return tuple(result for result in self.results if result.status in statuses)

    @property
    def passed(self) -> bool:
        """True when no claim is refuted, none failed, and every critical one that applies is supported."""
        bad = (ClaimStatus.REFUTED, ClaimStatus.ERROR)
        critical = [r for r in self.results if r.claim.criticality == "critical"]
        held = all(r.status in (ClaimStatus.SUPPORTED, ClaimStatus.NOT_APPLICABLE) for r in critical)
        return bool(self.results) and held and not self.of_status(*bad)


@dataclass(frozen=True)
class ClaimSet(Record):
    """The claims of a prompt. Made by `claims_of`; `hash` names them."""

    prompt: str
    claims: tuple[Claim, ...]
    hash: str
    """Hash of the claims and of the prompt: the same claims, the same hash, on every machine."""
    made_by: str = "rules"
    """`rules`, or the language model that refined them."""
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.claims)

    def __len__(self) -> int:
        return len(self.claims)

    def __getitem__(self, claim_id: str) -> Claim:
        return next(claim for claim in self.claims if claim.id == claim_id)
