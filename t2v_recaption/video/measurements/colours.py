"""Colours by the eleven basic terms of English (Berlin and Kay 1969), from lightness, chroma and hue in CIELAB.

The borders are this project's own, set so that the CSS colours that bear such a name get it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from t2v_recaption.video.measurements.model import ColourName, Colours, ColourShare, Finding, Warmth

NAMES: tuple[ColourName, ...] = (
    "black",
    "white",
    "grey",
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
)
GREY_CHROMA = 11.0
"""Below this chroma there is no hue."""
STRONGEST = 134.0
"""Chroma of the strongest colour of sRGB, blue."""
GREY_MEAN, GREY_TOP, COLOUR_TOP = 4.0, 8.0, 14.0
"""Black and white: the mean chroma and that of the most colourful two percent stay below; clear colour is above the
third."""
ONE_TINT, TINTED = 0.99, 0.4
"""How much all hues agree in a picture in a single tint, as sepia, and how much of it has that tint."""
LONGER_SIDE = 72
"""Colours are counted on a picture of this size."""


@dataclass(frozen=True, eq=False, slots=True)
class Palette:
    """The colours of one frame."""

    shares: NDArray[np.float64]
    """Of each name in `NAMES`."""
    chroma: float
    """Mean."""
    top: float
    """98 percent have less chroma."""
    warm: float
    cool: float
    tint: float
    """How much the hues agree: 1 for a single one."""


def palette(picture: NDArray[np.uint8]) -> Palette:
    """The colours of one RGB frame."""
    scale = min(1.0, LONGER_SIDE / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab).reshape(-1, 3)
    light, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    names = name(light, chroma, hue)
    coloured = chroma >= GREY_CHROMA
    total = float(chroma.sum())
    return Palette(
        shares=np.bincount(names, minlength=len(NAMES)) / len(names),
        chroma=float(chroma.mean()),
        top=float(np.percentile(chroma, 98)),
        warm=float((coloured & ((hue < 110) | (hue > 345))).mean()),
        cool=float((coloured & (hue > 150) & (hue < 325)).mean()),
        tint=float(np.hypot(lab[:, 1].sum(), lab[:, 2].sum())) / total if total > 0 else 0.0,
    )


def name(light: NDArray[Any], chroma: NDArray[Any], hue: NDArray[Any]) -> NDArray[np.int64]:
    """The index in `NAMES` of each colour."""
    reddish, tan = (hue < 45) | (hue >= 350), (hue >= 25) & (hue < 88)
    dark = (light < 12) | ((light < 22) & (chroma < 14))
    rules: list[tuple[ColourName, NDArray[np.bool_]]] = [
        ("black", dark),
        ("white", (light > 86) & (chroma < 13)),
        ("grey", chroma < GREY_CHROMA),
        ("brown", tan & (light < 45) & (chroma < 62)),
        ("brown", (hue >= 40) & (hue < 88) & (light < 68) & (chroma < 48)),
        ("brown", (hue >= 40) & (hue < 88) & (light < 80) & (chroma < 40)),  # tan, skin in the light
        ("brown", (hue >= 88) & (hue < 96) & (light < 58)),
        ("green", (hue >= 96) & (hue < 107) & (light < 58)),  # olive
        ("pink", ((hue < 30) | (hue >= 338)) & (light >= 58)),
        ("pink", (hue >= 338) & (light >= 48)),
        ("red", reddish),
        ("orange", hue < 80),
        ("yellow", hue < 107),
        ("green", hue < 190),
        ("blue", hue < 308),
        ("purple", hue < 350),
    ]
    chosen = np.select([where for _, where in rules], [NAMES.index(colour) for colour, _ in rules], 0)
    return np.asarray(chosen, np.int64)


def judge(palettes: Sequence[Palette]) -> Colours | None:
    """The colours over several frames; None for none."""
    if not palettes:
        return None
    shares = np.mean([entry.shares for entry in palettes], axis=0)
    order = [index for index in np.argsort(-shares, kind="stable") if shares[index] >= 0.01]
    chroma = float(np.mean([entry.chroma for entry in palettes]))
    warmer = float(np.mean([entry.warm - entry.cool for entry in palettes]))
    return Colours(
        shares=tuple(ColourShare(NAMES[index], round(float(shares[index]), 3)) for index in order),
        black_and_white=grey(palettes, chroma),
        warmth=warmth(warmer, float(np.mean([entry.warm + entry.cool for entry in palettes]))),
        saturation=round(chroma / STRONGEST, 4),
    )


def grey(palettes: Sequence[Palette], chroma: float) -> Finding[bool]:
    """Whether there is nothing but grey."""
    top, shown = max(entry.top for entry in palettes), round(chroma, 2)
    if chroma < GREY_MEAN and top < GREY_TOP:
        return Finding(True, round(1 - 0.5 * top / GREY_TOP, 3), shown)
    if min(entry.tint for entry in palettes) > ONE_TINT and min(entry.warm + entry.cool for entry in palettes) > TINTED:
        return Finding(None, 0.0, shown, "the picture has a single tint")
    if top >= COLOUR_TOP:
        return Finding(False, round(min(1.0, 0.5 + top / COLOUR_TOP / 6), 3), shown)
    return Finding(None, 0.0, shown, "the colours are too faint to tell")


def warmth(warmer: float, coloured: float) -> Finding[Warmth]:
    """Warm, cool or neither."""
    shown = round(warmer, 3)
    if abs(warmer) >= 0.25 and abs(warmer) >= 0.5 * coloured:
        return Finding("warm" if warmer > 0 else "cool", round(min(1.0, 0.5 + abs(warmer) / 2), 3), shown)
    if abs(warmer) < 0.1:
        return Finding("neutral", round(1 - 5 * abs(warmer), 3), shown)
    return Finding(None, 0.0, shown, "neither warm nor cool colours clearly prevail")
