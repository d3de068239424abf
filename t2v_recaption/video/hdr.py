"""Tone mapping: HDR pictures (PQ, HLG) brought to the brightness and colours of an ordinary screen."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHITE = 203.0
"""Candela per square metre of plain white in HDR programmes (ITU-R BT.2408)."""
PEAK = 1000.0
"""Brightness that is mapped to full white."""

# ITU-R BT.2087: linear BT.2020 to linear BT.709.
_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)
_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def tone_map(rgb: NDArray[Any], kind: str, *, wide: bool) -> NDArray[np.uint8]:
    """8-bit picture for an ordinary screen from a 16-bit HDR one.

    The brightest light of each pixel is compressed by the extended Reinhard curve, plain white coming out bright but
    below full white; hue is kept because the three channels are scaled alike.

    Args:
        rgb: height x width x 3, 16 bits, as stored (PQ or HLG).
        kind: `pq` (SMPTE ST 2084) or `hlg` (ITU-R BT.2100).
        wide: whether the colours are BT.2020's.
    """
    light = _linear(kind)[rgb]
    if kind == "hlg":  # the display's system gamma of 1.2, applied to luminance
        luma = np.maximum(light @ _LUMA, 1e-6)[..., None]
        light = light * luma**0.2 * np.float32(PEAK / WHITE)
    if wide:
        light = np.clip(light @ _TO_709.T, 0.0, None)
    brightest = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
    limit = np.float32(PEAK / WHITE)
    mapped = brightest * (1 + brightest / limit**2) / (1 + brightest)
    small: NDArray[np.uint8] = _gamma()[(np.clip(light * (mapped / brightest), 0.0, 1.0) * 65535).astype(np.uint16)]
    return small


@cache
def _linear(kind: str) -> NDArray[np.float32]:
    """Light for each 16-bit code: PQ in units of plain white, HLG as scene light from 0 to 1."""
    code = np.arange(65536, dtype=np.float64) / 65535
    if kind == "pq":
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        power = code ** (1 / m2)
        light = 10000 / WHITE * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    return light.astype(np.float32)


@cache
def _gamma() -> NDArray[np.uint8]:
    """8-bit code (sRGB curve) for each 16-bit amount of light."""
    light = np.arange(65536, dtype=np.float64) / 65535
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(code * 255).astype(np.uint8)
