"""What a reader is: the one interface behind `Clip` for files, folders, pictures and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from t2v_recaption.video.info import ClipInfo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Shown = tuple[float, NDArray[np.uint8]]
    """A frame: when it is shown, in seconds, and its pixels (height x width x 3, RGB)."""
else:
    Shown = tuple


class Reader(Protocol):
    """Reads one source."""

    def info(self) -> ClipInfo:
        """What is known without decoding everything."""
        ...

    def frames(
        self,
        times: Sequence[float] | None,
        start: float,
        longest_side: int | None,
        note: Callable[[str], None],
    ) -> Iterator[Shown]:
        """Frames at the ascending `times` (one for each), or all from the one shown at `start` on."""
        ...

    def sha256(self) -> str:
        """Hash of the content."""
        ...
