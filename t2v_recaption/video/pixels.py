"""From a decoded frame to upright 8-bit RGB with square pixels: size, rotation, colour matrix and range, alpha."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.video.reformatter import ColorTrc, Interpolation

from t2v_recaption.errors import InvalidInput
from t2v_recaption.video.hdr import tone_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

BACKGROUNDS = {"black": 0, "white": 255}
MAX_PIXELS = 1 << 27
"""134 million: 16,384 x 8,192. A larger header is taken for damage, not for a picture to make room for."""

_BT709, _UNSPECIFIED, _SMPTE170M = 1, 2, 5
_EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_HDR = {int(ColorTrc.SMPTE2084): "pq", int(ColorTrc.ARIB_STD_B67): "hlg"}


def hdr_kind(trc: int) -> str:
    """`pq`, `hlg` or an empty string, from a transfer characteristic."""
    return _HDR.get(int(trc), "")


def square_size(width: int, height: int, aspect: float) -> tuple[int, int]:
    """The size of a stored picture when its pixels are made square: the height is kept, as players do."""
    return max(1, round(width * aspect)), height


def fitted(size: tuple[int, int], longest_side: int | None) -> tuple[int, int]:
    """`size` with its longer side brought down to `longest_side`; never enlarged, never under one pixel."""
    longest = max(size)
    if longest_side is None or longest <= longest_side:
        return size
    return max(1, round(size[0] * longest_side / longest)), max(1, round(size[1] * longest_side / longest))


def check_size(width: int, height: int, what: str) -> None:
    """Raise `InvalidInput` for a picture too large to be one."""
    if width * height > MAX_PIXELS:
        raise InvalidInput(f"{what} claims pictures of {width}x{height} pixels.", hint="Is the file damaged?")


def turn_of(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """How the display matrix of a frame turns it: transposed, then mirrored left to right, then upside down.

    The matrix maps (x, y) to (a x + c y, b x + d y); angles between the quarter turns go to the nearest one.
    """
    sides: Any = frame.side_data  # its annotations say text
    for side in sides:
        if side.type == SideData.DISPLAYMATRIX:
            a, b, _, c, d, *_ = struct.unpack("<9i", bytes(side)[:36])
            return (False, a < 0, d < 0) if abs(a) + abs(d) >= abs(b) + abs(c) else (True, c < 0, b < 0)
    return False, False, False


def turned(pixels: NDArray[np.uint8], turn: tuple[bool, bool, bool]) -> NDArray[np.uint8]:
    """The picture turned as `turn_of` says."""
    transposed, mirrored, upside_down = turn
    if transposed:
        pixels = pixels.swapaxes(0, 1)
    if mirrored:
        pixels = pixels[:, ::-1]
    if upside_down:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


class Converter:
    """Makes RGB arrays of the frames of one stream.

    Args:
        aspect: sample aspect ratio.
        longest_side: size limit of what comes out; the scaling is done while converting.
        background: `black` or `white`, what shows through transparent pixels.
        note: called with a sentence about each kind of thing that could not be done exactly.
    """

    def __init__(
        self, aspect: float, longest_side: int | None, background: str, note: Callable[[str], None] = lambda _: None
    ) -> None:
        self._aspect = aspect
        self._longest_side = longest_side
        self._background = BACKGROUNDS[background]
        self._note = note
        self._turn: tuple[bool, bool, bool] | None = None

    def __call__(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """Height x width x 3."""
        check_size(frame.width, frame.height, "A frame")
        size = fitted(square_size(frame.width, frame.height, self._aspect), self._longest_side)
        kind = hdr_kind(frame.color_trc)
        if kind:
            pixels = tone_map(self._convert(frame, size, "rgb48le"), kind, wide=frame.color_primaries == 9)
        elif _has_alpha(frame.format.name):
            pixels = over(self._convert(frame, size, "rgba"), self._background)
        else:
            pixels = self._convert(frame, size, "rgb24")
        if self._turn is None:  # asked once: a frame and its side data hold each other, and live on for a while
            self._turn = turn_of(frame)
        return turned(pixels, self._turn) if any(self._turn) else pixels

    def _convert(self, frame: av.VideoFrame, size: tuple[int, int], layout: str) -> NDArray[Any]:
        options: dict[str, Any] = {"width": size[0], "height": size[1], "interpolation": Interpolation.AREA}
        if size == (frame.width, frame.height):
            exact = any(c.bits > 8 for c in frame.format.components)
            options["interpolation"] = _EXACT if exact else Interpolation.BILINEAR
        if frame.colorspace == _UNSPECIFIED and not frame.format.is_rgb:
            options["src_colorspace"] = _usual_matrix(frame.width, frame.height)
        try:
            return frame.to_ndarray(format=layout, **options)
        except (av.FFmpegError, ValueError):
            self._note(f"the colour matrix number {frame.colorspace} is not known here: BT.709 was used")
            return frame.to_ndarray(format=layout, **{**options, "src_colorspace": _BT709})


def over(rgba: NDArray[np.uint8], background: int) -> NDArray[np.uint8]:
    """An RGBA picture laid over an even grey `background` (0 to 255)."""
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = rgba[..., :3] * alpha + np.uint16(background) * (255 - alpha)
    pixels: NDArray[np.uint8] = ((mixed + 127) // 255).astype(np.uint8)
    return pixels


def _has_alpha(layout: str) -> bool:
    return layout.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8", "rgba64", "ayuv"))


def _usual_matrix(width: int, height: int) -> int:
    """What players take for video that does not name its matrix: BT.709 from HD upwards, BT.601 below."""
    return _BT709 if width >= 1280 or height > 576 else _SMPTE170M
