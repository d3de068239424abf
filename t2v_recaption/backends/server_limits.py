"""What a server says when a request is too large for it, and how much smaller its images must be."""

from __future__ import annotations

import re
from typing import Any

SMALLEST = 1 / 16
LESS = 0.7
"""Half the pixels, where the server does not say how much is too much."""
TOO_LONG = re.compile(
    r"context length|context window|maximum model length|max_model_len|context size|too many tokens", re.I
)
TOO_LARGE = re.compile(r"too large|payload|request entity|body size|exceeds? .*(?:size|limit|MB)", re.I)
MOST = re.compile(r"(?:context|model) (?:length|size|window)\D{0,20}(\d{3,})", re.I)
NUMBERS = re.compile(r"\d{3,}")


def smaller(scale: float, error: Any) -> float:
    """The next scale of width and height to try after this refusal; 0 where smaller images would not help.

    vLLM names both numbers: "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens …".
    """
    status, said = getattr(error, "status_code", None), str(getattr(error, "message", ""))
    if status == 413 or (status in (400, 422) and TOO_LARGE.search(said) and "image" in said.lower()):
        following = scale * LESS
    elif status in (400, 422, 500) and TOO_LONG.search(said):
        following = scale * _share(said)
    else:
        return 0.0
    return following if following >= SMALLEST else 0.0


def _share(said: str) -> float:
    most, numbers = MOST.search(said), [int(number) for number in NUMBERS.findall(said)]
    if most is None or max(numbers) <= int(most[1]):
        return LESS
    # Text takes its part and does not get smaller: at least this much less each time.
    return min(LESS + 0.2, float((int(most[1]) / max(numbers)) ** 0.5))
