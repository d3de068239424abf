"""Synthetic clips with known truth: a camera over a large picture, things that move, faults on demand, a real encoder.

Everything follows from the scene's fields and its seed; nothing is random between runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

WIDTH, HEIGHT = 480, 272
WORLD = (1400, 2200)
"""Height and width of the picture that the camera looks at."""


@dataclass(frozen=True)
class Scene:
    """What to render."""

    kind: str
    texture: str = "rich"
    """`rich`, `street` (edges and flat areas), `faint` (hardly any texture), `water` (moves by itself), `blurred`."""
    condition: str = "clean"
    """`clean`, `noise` (sensor noise), `compressed` (few bits), `handheld`."""
    seed: int = 0
    seconds: float = 3.0
    fps: int = 16

    @property
    def name(self) -> str:
        """A name that is unique among scenes of one length."""
        return f"{self.kind}-{self.texture}-{self.condition}-{self.seed}"

    @property
    def frames(self) -> int:
        """How many."""
        return round(self.seconds * self.fps) + 1


@dataclass
class View:
    """Where the camera looks: a point of the world, how much it enlarges, and how far it is turned."""

    x: float
    y: float
    scale: float = 1.0
    turn: float = 0.0

    def matrix(self, depth: float = 1.0) -> NDArray[np.float64]:
        """World to picture; layers that are nearer (`depth` above 1) move more."""
        middle = (WORLD[1] / 2 + (self.x - WORLD[1] / 2) * depth, WORLD[0] / 2 + (self.y - WORLD[0] / 2) * depth)
        matrix = cv2.getRotationMatrix2D(middle, self.turn, self.scale ** (depth if depth > 1 else 1))
        matrix[:, 2] += np.array([WIDTH / 2 - middle[0], HEIGHT / 2 - middle[1]])
        return np.asarray(matrix, np.float64)


def write(scene: Scene, path: Path) -> Path:
    """Render and encode (H.264) a scene; returns the path."""
    encode(render(scene), path, fps=scene.fps, quality=38 if scene.condition == "compressed" else 20)
    return path


def encode(frames: Iterator[Picture], path: Path, *, fps: int = 16, quality: int = 20, codec: str = "libx264") -> None:
    """Write RGB frames as a video file."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps, options={"crf": str(quality), "preset": "veryfast"})
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        for index, picture in enumerate(frames):
            if index == 0:
                stream.width, stream.height = picture.shape[1], picture.shape[0]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def render(scene: Scene) -> Iterator[Picture]:
    """The frames of a scene."""
    grain = np.random.default_rng(scene.seed + 10_000)
    strength = {"noise": 7.0, "compressed": 2.0}.get(scene.condition, 1.0)
    held: Picture | None = None
    for index in range(scene.frames):
        if held is not None and repeats(scene, index):
            yield held
            continue
        held = finish(scene, index, draw(scene, index), grain, strength)
        yield held


def repeats(scene: Scene, index: int) -> bool:
    """Whether this frame is the one before again."""
    third = scene.frames // 3
    if scene.kind == "freeze":
        return third < index < 2 * third
    return (scene.kind == "duplicates" and index % 2 == 1) or (scene.kind in ("judder", "still") and index % 4 != 0)


def draw(scene: Scene, index: int) -> Picture:
    """One frame without grain and faults."""
    if scene.kind == "still":
        index = 0
    time, progress = index / scene.fps, index / (scene.frames - 1)
    view = camera(scene, time, progress)
    seed = scene.seed + (50 if scene.kind == "cut" and progress >= 0.5 else 0)
    picture = look(world(scene.texture, seed), view)
    if scene.texture == "water":
        picture = water(picture, view, time, scene.seed)
    if scene.kind in ("truck_right", "dolly_in"):
        picture = near_layer(picture, view, scene.seed)
    return subject(scene, picture, view, time, progress)


def camera(scene: Scene, time: float, progress: float) -> View:
    """Where the camera looks at that moment."""
    draw_lots = np.random.default_rng(scene.seed)
    far = float(draw_lots.uniform(0.2, 0.55))  # of the picture's width or height
    view = View(WORLD[1] / 2 + float(draw_lots.uniform(-200, 200)), WORLD[0] / 2 + float(draw_lots.uniform(-100, 100)))
    go = progress - 0.5
    match scene.kind:
        case "pan_right" | "pan_object" | "tracking_right" | "judder" | "duplicates" | "freeze" | "truck_right":
            view.x += far * WIDTH * go
        case "pan_left" | "tracking_left":
            view.x -= far * WIDTH * go
        case "slow_pan_right":
            view.x += 0.1 * WIDTH * go
        case "fast_pan_left":
            view.x -= 2.0 * WIDTH * go
        case "tilt_up":
            view.y -= far * HEIGHT * go
        case "tilt_down":
            view.y += far * HEIGHT * go
        case "zoom_in" | "dolly_in":
            view.scale = (1 + far) ** progress
        case "zoom_out":
            view.scale = (1 + far) ** (1 - progress)
        case "roll_clockwise":
            view.turn = 30 * far * progress
        case "roll_counterclockwise":
            view.turn = -30 * far * progress
        case "pan_left_then_right":
            view.x += 2 * far * WIDTH * abs(go)
        case "loop":
            view.x += 0.3 * WIDTH * math.sin(2 * math.pi * progress)
    if scene.kind == "shake":
        shake(view, time, 0.014, scene.seed)
    elif scene.condition == "handheld":
        shake(view, time, 0.006, scene.seed)
    return view


def shake(view: View, time: float, size: float, seed: int) -> None:
    """Sway the view by a few frequencies between 1.5 and 5 per second; `size` in picture widths."""
    lots = np.random.default_rng(seed + 7)
    for rate in lots.uniform(1.5, 5, 3):
        phase = lots.uniform(0, 2 * math.pi, 3)
        view.x += size * WIDTH * math.sin(2 * math.pi * rate * time + phase[0])
        view.y += 0.8 * size * WIDTH * math.sin(2 * math.pi * rate * 1.13 * time + phase[1])
        view.turn += 12 * size * math.sin(2 * math.pi * rate * 0.9 * time + phase[2])


def look(picture: Picture, view: View, depth: float = 1.0) -> Picture:
    """What the camera sees of a flat picture."""
    return np.asarray(
        cv2.warpAffine(
            picture, view.matrix(depth), (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        ),
        np.uint8,
    )


def near_layer(picture: Picture, view: View, seed: int) -> Picture:
    """A few nearer things in the lower quarter, that move more than what is behind them."""
    near = look(world("rich", seed + 20), view, 1.6)
    posts = look(stripes(seed), view, 1.6)
    mask = posts[..., :1] > 0
    mask[: HEIGHT * 3 // 5] = False
    return np.where(mask, near, picture).astype(np.uint8)


def subject(scene: Scene, picture: Picture, view: View, time: float, progress: float) -> Picture:
    """The thing that moves, where the scene has one."""
    lots = np.random.default_rng(scene.seed + 3)
    way = float(lots.uniform(0.3, 0.5))
    x, y, size = 0.5, 0.55, (0.24, 0.34)
    go = progress - 0.5
    match scene.kind:
        case "object_right":
            x += way * go
        case "object_left":
            x -= way * go
        case "object_up":
            y -= way * go
        case "object_down":
            y += way * go
        case "pan_object":  # against the camera: faster in the picture than what is behind it
            x -= 0.85 * go
        case "tracking_right" | "tracking_left":
            x += 0.015 * math.sin(7 * time)
        case "large_subject":
            x, y, size = 0.5 + 0.05 * math.sin(5 * time), 0.6 + 0.02 * math.sin(4 * time), (0.62, 0.95)
        case "grows":
            size = (0.1 + 0.3 * progress, 0.15 + 0.5 * progress)
        case _:
            return picture
    return paste(picture, sprite(scene.seed), x, y + 0.002 * math.sin(20 * time), size)


def paste(picture: Picture, thing: Picture, x: float, y: float, size: tuple[float, float]) -> Picture:
    """Put an ellipse of `thing` into the picture, its middle at (x, y)."""
    width, height = size[0] * WIDTH, size[1] * HEIGHT
    scale = np.array([[width / 256, 0, x * WIDTH - width / 2], [0, height / 256, y * HEIGHT - height / 2]])
    over = cv2.warpAffine(thing, scale, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    soft = cv2.warpAffine(ellipse(), scale, (WIDTH, HEIGHT))[..., None]
    return np.asarray(over * soft + picture * (1 - soft), np.float32).astype(np.uint8)


def finish(scene: Scene, index: int, picture: Picture, grain: np.random.Generator, strength: float) -> Picture:
    """Light, colour, bars, text and grain."""
    progress, light = index / (scene.frames - 1), 1.0
    if scene.kind == "text" and progress >= 0.4:
        picture = picture.copy()
        cv2.putText(picture, "OPEN 24", (110, 150), cv2.FONT_HERSHEY_DUPLEX, 2.0, (255, 255, 255), 5, cv2.LINE_AA)
    image = picture.astype(np.float32)
    match scene.kind:
        case "flicker":
            light = 1 + 0.08 * (-1) ** index
        case "fade_dark":
            light = 1 - 0.75 * progress
        case "fade_bright":
            light = 0.25 + 0.75 * progress
        case "black_frames":
            light = 0.0 if 0.4 <= progress <= 0.6 else 1.0
        case "all_black":
            light = 0.0
        case "black_and_white":
            image[:] = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
    if scene.kind == "local_flicker":
        image[:, : WIDTH // 2] *= 1 + 0.1 * (-1) ** index
    image = image * light
    image += grain.normal(0, strength, image.shape).astype(np.float32)
    image = np.clip(image, 0, 255)
    bar = 34
    if scene.kind == "letterbox":
        image[:bar] = image[-bar:] = 0
    if scene.kind == "pillarbox":
        image[:, : 2 * bar] = image[:, -2 * bar :] = 0
    return image.astype(np.uint8)


@lru_cache(maxsize=24)
def world(texture: str, seed: int) -> Picture:
    """The large picture."""
    match texture:
        case "street":
            return street(seed)
        case "faint":
            return np.asarray(60 + octaves(seed, (256, 512)) * 0.4 + octaves(seed + 1, (8,)) * 0.03, np.uint8)
        case "blurred":
            return np.asarray(cv2.GaussianBlur(street(seed), (0, 0), 14), np.uint8)
        case _:
            return np.asarray(octaves(seed, (4, 8, 16, 32, 64, 128)), np.uint8)


def octaves(seed: int, sizes: tuple[int, ...]) -> NDArray[np.float32]:
    """Noise of several sizes, 0 to 255."""
    lots = np.random.default_rng(seed)
    image = np.zeros((*WORLD, 3), np.float32)
    for size in sizes:
        coarse = lots.random((WORLD[0] // size + 2, WORLD[1] // size + 2, 3)).astype(np.float32)
        image += cv2.resize(coarse, (WORLD[1], WORLD[0]), interpolation=cv2.INTER_CUBIC) * size**0.5
    image -= image.min()
    return np.asarray(image * (255 / image.max()), np.float32)


def street(seed: int) -> Picture:
    """Flat coloured blocks with windows before a smooth sky."""
    lots = np.random.default_rng(seed)
    image = np.zeros((*WORLD, 3), np.float32)
    image[:] = np.linspace(150, 210, WORLD[0])[:, None, None] * np.array([0.85, 0.95, 1.0])
    for left in range(0, WORLD[1], 130):
        top, colour = int(lots.uniform(300, 650)), lots.uniform(50, 180, 3)
        image[top:, left : left + int(lots.uniform(90, 125))] = colour
        for y in range(top + 20, WORLD[0] - 30, 60):
            for x in range(left + 12, left + 90, 30):
                image[y : y + 34, x : x + 16] = colour * lots.uniform(0.3, 1.6)
    image[1000:] = octaves(seed + 1, (8, 16, 64))[1000:] * 0.5 + 40
    return np.asarray(np.clip(image, 0, 255), np.uint8)


@lru_cache(maxsize=4)
def stripes(seed: int) -> Picture:
    """A mask of posts."""
    lots = np.random.default_rng(seed)
    image = np.zeros((*WORLD, 3), np.uint8)
    for left in range(0, WORLD[1], 160):
        image[:, left : left + int(lots.uniform(30, 60))] = 1
    return image


def water(picture: Picture, view: View, time: float, seed: int) -> Picture:
    """Waves in the lower 60 percent: three layers that drift apart and change."""
    waves = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for layer, (dx, dy) in enumerate(((90, 15), (-70, 25), (20, -40))):
        moved = View(view.x - dx * time, view.y - dy * time, view.scale, view.turn)
        waves += look(world("rich", seed + 30 + layer), moved).astype(np.float32) / 3
    shade = np.array([0.5, 0.8, 1.0], np.float32)
    picture = picture.copy()
    top = int(HEIGHT * 0.4)
    picture[top:] = np.clip(waves[top:] * shade, 0, 255).astype(np.uint8)
    return picture


@lru_cache(maxsize=8)
def sprite(seed: int) -> Picture:
    """The subject's surface."""
    tone = np.array([[220, 120, 40], [40, 90, 200], [200, 40, 60]][seed % 3], np.float32)
    return np.asarray(np.clip(octaves(seed + 5, (8, 16, 32))[:256, :256] * 0.5 + tone * 0.6, 0, 255), np.uint8)


@lru_cache(maxsize=1)
def ellipse() -> NDArray[np.float32]:
    """A soft mask."""
    mask = np.zeros((256, 256), np.float32)
    cv2.ellipse(mask, (128, 128), (122, 122), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    return mask
