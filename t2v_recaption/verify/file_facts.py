"""Facts of the file against claims about the format: duration, resolution, aspect ratio, frame rate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from t2v_recaption.verify.model import Claim, ClaimStatus, Evidence, Verdict

if TYPE_CHECKING:
    from t2v_recaption.video.measurements import Measurements

WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "fifteen": 15,
    "twenty": 20, "thirty": 30, "sixty": 60, "one": 1, "a": 1, "half": 0.5,
}  # fmt: skip

LINES = {"2k": 1080, "4k": 2160, "5k": 2880, "6k": 3160, "8k": 4320, "12k": 6480, "16k": 8640}
"""Lines of a picture that is called so; a wide film frame of that name may have fewer, hence the tolerance."""

CERTAIN = 0.99


def file_fact(claim: Claim, measured: Measurements) -> Verdict:
    """What the file says to a claim about its format."""
    check = {"duration": _duration, "fps": _fps, "resolution": _resolution, "aspect": _aspect}
    holds, told = check.get(claim.category, _shape)(claim.value, measured)
    if holds is None:
        reason = told or "The file does not tell."
        return Verdict(claim.id, ClaimStatus.UNDETERMINED, "measurement", "file", reason=reason)
    status = ClaimStatus.SUPPORTED if holds == (claim.expected == "yes") else ClaimStatus.REFUTED
    return Verdict(claim.id, status, "measurement", "file", CERTAIN, told, evidence=Evidence(observation=told))


def _number(text: str) -> float | None:
    found = re.search(r"\d+(?:\.\d+)?", text)
    if found is not None:
        return float(found.group())
    return next((float(WORDS[word]) for word in re.findall(r"[a-z]+", text.lower()) if word in WORDS), None)


def _duration(value: str, measured: Measurements) -> tuple[bool | None, str]:
    """Within a quarter of a second or a tenth: a model makes 81 frames, not exactly 5 seconds."""
    wanted, real = _number(value), measured.duration
    if wanted is None or real <= 0:
        return None, ""
    wanted *= 60 if re.search(r"\bmin", value) else 1
    return abs(real - wanted) <= max(0.25, wanted / 10), f"The clip lasts {real:.2f} s."


def _fps(value: str, measured: Measurements) -> tuple[bool | None, str]:
    wanted, real = _number(value), measured.info.fps
    if wanted is None or not real:
        return None, ""
    return abs(real - wanted) <= 0.6, f"It has {real:.5g} frames a second."


def _resolution(value: str, measured: Measurements) -> tuple[bool | None, str]:
    width, height = measured.info.width, measured.info.height
    told = f"The picture is {width} x {height}."
    pair = re.search(r"(\d{3,4})\s?[x×]\s?(\d{3,4})", value)
    if pair is not None:
        return (width, height) == (int(pair[1]), int(pair[2])), told
    lines = re.search(r"(\d{3,4})[pi]", value)
    k = re.search(r"(\d+)\s?k\b", value.lower())
    wanted = int(lines[1]) if lines else LINES.get(f"{k[1]}k") if k else None
    # Models round to multiples of 8, 16 or 32.
    return (None, "") if wanted is None else (min(width, height) >= 0.93 * wanted, told)


def _aspect(value: str, measured: Measurements) -> tuple[bool | None, str]:
    """Within 5 percent, since models round sizes; to 8 percent it is open."""
    found = re.search(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)", value)
    width, height = measured.info.width, measured.info.height
    if found is None or not height or not float(found[2]):
        return None, ""
    off = abs(width / height / (float(found[1]) / float(found[2])) - 1)
    told = f"The picture is {width} x {height}, {width / height:.2f}:1."
    return (None, told) if 0.05 < off <= 0.08 else (off <= 0.05, told)


def _shape(value: str, measured: Measurements) -> tuple[bool | None, str]:
    width, height = measured.info.width, measured.info.height
    told = f"The picture is {width} x {height}."
    if value in ("vertical", "portrait"):
        return height > width, told
    if value in ("horizontal", "landscape"):
        return width > height, told
    if value == "widescreen":
        return width >= 1.6 * height, told
    if value == "square":
        return abs(width / height - 1) <= 0.03, told
    return None, ""
