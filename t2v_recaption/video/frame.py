"""Frame: one picture of a clip, with the time at which it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a clip. Holds its pixels, so keep few of them at once."""

    number: int
    """Position among the frames that were asked for, from 0."""
    time: float
    """When it is shown, in seconds from the start of the video (of the whole file, also when a part is read)."""
    pixels: NDArray[np.uint8]
    """Height x width x 3, RGB, upright and with square pixels."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def image(self) -> Any:
        """The frame as a PIL image."""
        from PIL import Image

        return Image.fromarray(self.pixels)
