"""Measurements: what can be said about a clip without any model, each finding with what it rests on.

Times are seconds from the start of the video. Lengths in the picture are shares of its width or height, so that
they mean the same at any size. Direction words are the camera's: when it pans right, the picture's content moves left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from t2v_recaption.records import Record
from t2v_recaption.video.info import ClipInfo

T = TypeVar("T")

Direction = Literal["left", "right", "up", "down", "in", "out", "clockwise", "counterclockwise"]
"""Where a camera goes. Left and right stand for a pan as well as a sideways move, up and down for a tilt as well as a
crane, in and out for a zoom as well as a move along the line of sight: telling them apart takes more than measuring."""

Side = Literal["left", "right", "up", "down"]
Place = Literal["left", "right", "up", "down", "stays"]
Level = Literal["dark", "medium", "bright"]
Trend = Literal["steady", "darker", "brighter", "varying"]
Warmth = Literal["warm", "cool", "neutral"]
Sharpness = Literal["sharp", "blurred"]
BarKind = Literal["none", "letterbox", "pillarbox", "windowbox"]
Axis = Literal["pan", "tilt", "zoom", "roll"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the picture's width and height, from its upper left corner."""


@dataclass(frozen=True)
class Finding(Record, Generic[T]):
    """One answer. `value` is None when it is undetermined, and `reason` says why."""

    value: T | None = None
    confidence: float = 0.0
    """0 to 1: how far the measurement is from the border between two answers, bounded by how well it could be taken."""
    amount: float | None = None
    """The number the answer rests on, where it is one number; its unit is given where the finding is described."""
    reason: str = ""
    """Why it is undetermined; empty when it is not."""

    @property
    def decided(self) -> bool:
        """Whether there is an answer."""
        return self.value is not None


@dataclass(frozen=True)
class Interval(Record):
    """A part of the clip."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


@dataclass(frozen=True)
class Move(Record):
    """One steady movement of the camera."""

    direction: Direction
    start: float
    end: float
    amount: float
    """How far, never negative. Left and right: picture widths. Up and down: picture heights. In and out: the factor
    by which things grow or shrink (1.5 for half as large again, and for shrinking to two thirds). Roll: degrees."""
    confidence: float = 0.0

    @property
    def axis(self) -> Axis:
        """The kind of movement."""
        return AXES[self.direction]


AXES: dict[Direction, Axis] = {
    "left": "pan",
    "right": "pan",
    "up": "tilt",
    "down": "tilt",
    "in": "zoom",
    "out": "zoom",
    "clockwise": "roll",
    "counterclockwise": "roll",
}


@dataclass(frozen=True)
class PathPoint(Record):
    """How far the camera has gone since the start of the shot."""

    time: float
    pan: float
    """Picture widths, positive to the right."""
    tilt: float
    """Picture heights, positive up."""
    zoom: float
    """The factor by which things have grown: above 1 in, below 1 out."""
    roll: float
    """Degrees, positive when the camera turns clockwise."""


@dataclass(frozen=True)
class Camera(Record):
    """What the camera does during a shot."""

    static: Finding[bool]
    """True: it does not move at all. False: it moves (or shakes). `amount`: the largest movement, as a share of the
    smallest one that counts as a movement."""
    directions: dict[Direction, Finding[bool]]
    """For each direction, whether the camera clearly goes there at any time during the shot. `amount`: how far, in the
    units of `Move.amount`."""
    moves: tuple[Move, ...] = ()
    """The clear movements in order of time; movements at the same time are listed with the largest first."""
    shake: Finding[bool] = field(default_factory=Finding)
    """True: a shaking or handheld camera. `amount`: how far it strays from its smooth path, in percent of the picture's
    shorter side."""
    path: tuple[PathPoint, ...] = ()
    """Where it is at up to 33 times of the shot; empty when the camera could not be followed."""
    confidence: float = 0.0
    """The share of what could be followed in the picture that agrees with this movement of the camera."""
    reason: str = ""
    """Why the camera could not be followed; empty when it could."""


@dataclass(frozen=True)
class Motion(Record):
    """What moves in the picture besides the camera, during a shot."""

    moving: Finding[bool]
    """Whether anything does. `amount`: speed of what moves most against the background, picture widths a second."""
    direction: Finding[Side] = field(default_factory=Finding)
    """Where the moving part of the picture goes against the background, when it is clear. `amount`: picture widths
    (heights) that it goes during the shot."""
    on_screen: Finding[Place] = field(default_factory=Finding)
    """Where it goes in the picture itself: a tracked subject stays. `amount` as for `direction`."""
    tracking: Finding[bool] = field(default_factory=Finding)
    """A tracking shot: the subject stays in its place in the picture while the background moves."""
    area: float | None = None
    """The share of the picture that moves by itself, on average; None when it could not be told."""
    box: Box | None = None
    """Where in the picture most of it happens."""


@dataclass(frozen=True)
class Light(Record):
    """Brightness, 0 (black) to 1 (white), of the luma as it is stored."""

    brightness: float
    """The mean."""
    start: float
    """The mean of the first frames (about a tenth of the time)."""
    end: float
    """The mean of the last frames (about a tenth of the time)."""
    low: float
    """Five percent of the picture is darker than this."""
    high: float
    """Five percent of the picture is brighter than this."""
    level: Finding[Level] = field(default_factory=Finding)
    """`amount`: `brightness`."""
    trend: Finding[Trend] = field(default_factory=Finding)
    """How it changes within the time. `amount`: `end` - `start`."""


ColourName = Literal["black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"]
"""The eleven basic colour terms of English."""


@dataclass(frozen=True)
class ColourShare(Record):
    """A colour and how much of the picture has it."""

    name: ColourName
    share: float
    """0 to 1, on average over the time."""


@dataclass(frozen=True)
class Colours(Record):
    """Colours of the picture as a whole: which thing has which colour cannot be measured."""

    shares: tuple[ColourShare, ...]
    """All colours that cover at least one percent, the largest first."""
    black_and_white: Finding[bool] = field(default_factory=Finding)
    """Grey tones only. `amount`: mean chroma (CIELAB), 0 for grey."""
    warmth: Finding[Warmth] = field(default_factory=Finding)
    """Whether the coloured parts are mostly warm (red to yellow) or cool (green to violet). It speaks of colours in the
    picture, whether of the light or of the things. `amount`: warm share minus cool share, -1 to 1."""
    saturation: float = 0.0
    """Mean chroma as a share of the strongest that the screen can show."""

    def share(self, name: ColourName) -> float:
        """How much of the picture has this colour; 0 for less than one percent."""
        return next((colour.share for colour in self.shares if colour.name == name), 0.0)


@dataclass(frozen=True)
class Shot(Record):
    """The time between two cuts."""

    number: int
    """From 0."""
    start: float
    end: float
    frames: int
    """How many frames of it were measured."""
    camera: Camera
    motion: Motion
    light: Light | None
    colours: Colours | None
    sharpness: Finding[Sharpness] = field(default_factory=Finding)
    """The most detailed part of the picture, at the size that is measured: a sharp subject before a blurred background
    is sharp. `amount`: 0 to 1."""


@dataclass(frozen=True)
class Playback(Record):
    """Faults of the picture over time."""

    flicker: Finding[bool] = field(default_factory=Finding)
    """Brightness that jumps to and fro from frame to frame, in the whole picture or in large parts of it. `amount`:
    percent of the full range."""
    frozen: tuple[Interval, ...] = ()
    """Where the picture stands still although it moves before or after, for a quarter of a second or longer."""
    still: Finding[bool] = field(default_factory=Finding)
    """True: no two frames of the clip differ by more than noise, as in a photograph."""
    duplicates: Finding[float] = field(default_factory=Finding)
    """Share of the frames that repeat the one before, outside of frozen parts."""
    judder: Finding[bool] = field(default_factory=Finding)
    """Movement that stops and jumps, as when frames are repeated or dropped. `amount`: share of the steps."""
    black: tuple[Interval, ...] = ()
    """Where the picture is black (or any one dark colour)."""
    loop: Finding[bool] = field(default_factory=Finding)
    """Whether the last frame goes on smoothly into the first. `amount`: the difference between the last and the first
    frame in units of the usual difference between neighbours."""


@dataclass(frozen=True)
class Bars(Record):
    """Black bars around the picture."""

    kind: Finding[BarKind]
    """Letterbox: above and below; pillarbox: left and right; windowbox: both. `amount`: share of the picture."""
    content: Box = (0.0, 0.0, 1.0, 1.0)
    """The part of the picture inside the bars."""


@dataclass(frozen=True)
class TextLine(Record):
    """A line of text on screen."""

    text: str
    start: float
    """When it becomes readable: the time of the first frame in which it was read."""
    end: float
    """The time of the last frame in which it was read."""
    confidence: float
    """0 to 1, of the reading at its best."""
    box: Box
    """Where it is in the frame in which it was read best."""
    time: float
    """The time of that frame."""


@dataclass(frozen=True)
class ScreenText(Record):
    """What was read on screen. `looked` is False when nobody asked for it."""

    looked: bool = False
    lines: tuple[TextLine, ...] = ()
    """In order of `start`."""
    times: tuple[float, ...] = ()
    """When the frames that were read are shown: nothing is known about text that is visible only in between."""
    reason: str = ""
    """Why nothing was read although it was asked for; empty when frames were read."""


@dataclass(frozen=True)
class Measurements(Record):
    """All that was measured on a clip. Made by `measure`."""

    clip: str
    """The clip's id."""
    info: ClipInfo
    """Facts about the file: size, duration, frame rate, codec."""
    start: float
    """Seconds from the start of the video: what was measured."""
    end: float
    frames: int
    """How many frames were measured."""
    rate: float | None
    """How many frames a second were measured; None for a single frame."""
    shots: tuple[Shot, ...]
    light: Light | None
    """Over the whole clip; None when no frame could be read."""
    colours: Colours | None
    playback: Playback
    bars: Bars
    text: ScreenText
    notes: tuple[str, ...] = ()
    """What was left out or done coarser than usual, for people."""
    method: str = ""
    """Version of the method: results of different versions need not agree."""
    seconds: dict[str, float] = field(default_factory=dict, repr=False, compare=False)
    """Time each signal took, in seconds; not part of the result."""

    @property
    def cuts(self) -> tuple[float, ...]:
        """When a new shot begins."""
        return tuple(shot.start for shot in self.shots[1:])

    @property
    def duration(self) -> float:
        """Seconds that were measured."""
        return self.end - self.start
