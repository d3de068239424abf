"""Times in texts: reading the ones that a model states, and writing ours."""

from __future__ import annotations

import re

_UNIT = r"(?:s|sec|secs|second|seconds|second\(s\)|seconds?\(s\))(?![\w(])"
_NUMBER = r"\d+(?:\.\d+)?"
_CLOCK = re.compile(
    r"(?<![\d:.,/-])(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d(?:\.\d+)?)(?![\d:])(?!\s*(?:[ap]\.?m\b|o'clock|uhr))", re.I
)
_RANGE = re.compile(
    rf"(?<![\d.,:])({_NUMBER})\s*(?:{_UNIT})?\s*(?:-|–|—|to|and|until)\s*({_NUMBER})\s*-?\s*{_UNIT}", re.I
)
_POINT = re.compile(
    rf"(?:\b(?:at|by|around|about|after|before|until|till|from|since|near|to|@)\s+(?:the\s+)?(?:time\s+|timestamp\s+|mark\s+)?|[\[(@]\s*)"
    rf"(?:t\s*=\s*)?({_NUMBER})\s*-?\s*{_UNIT}",
    re.I,
)
_IN_BRACKETS = re.compile(rf"[,;]\s*({_NUMBER})\s*{_UNIT}(?=[^\[\](){{}}]*[\])])", re.I)
_AS_LABEL = re.compile(rf"(?:^|\n|[.;]\s)\s*[-*•]?\s*({_NUMBER})\s*{_UNIT}\s*[:)]", re.I)
_LASTS = re.compile(
    r"\b(?:for|lasts?|lasting|over|within|in|takes?|every|another|after)\s+(?:the\s+(?:first|last|next)\s+)?$", re.I
)


def stated_times(text: str) -> tuple[float, ...]:
    """Seconds of every point in time that a text states, in order of appearance.

    "at 4.5 s", "[12 s]", "0:12" and "from 2 to 4 seconds" state some; durations ("for 3 seconds") and times of day
    ("12:30 pm") do not.
    """
    found: list[tuple[int, float]] = []
    taken: list[tuple[int, int]] = []
    for match in _RANGE.finditer(text):
        taken.append(match.span())
        if not _LASTS.search(text[: match.start()]) or "to" not in match[0]:
            found += [(match.start(1), float(match[1])), (match.start(2), float(match[2]))]
    for match in (*_POINT.finditer(text), *_IN_BRACKETS.finditer(text), *_AS_LABEL.finditer(text)):
        if not _inside(match.start(1), taken) and not _LASTS.search(text[: match.start(1)]):
            found.append((match.start(1), float(match[1])))
    for match in _CLOCK.finditer(text):
        hours, minutes, seconds = match.groups()
        found.append((match.start(), int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)))
    return tuple(time for _, time in sorted(set(found)))


def seconds(time: float) -> str:
    """A time as `4.00`: two decimals, whole seconds as upstream's prompts write them."""
    return f"{time:.2f}"


def _inside(place: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)
