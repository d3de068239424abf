"""Answers: what a judge said, read from its reply. Never guesses: what cannot be read is no answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CANNOT = "cannot tell"

_JSON = re.compile(r"\{.*\}", re.DOTALL)
_TIMES = re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d{1,3})?)\s*(?:s\b|sec\b|seconds?\b)")
_UNSURE = re.compile(
    r"^\W*(?:(?:i\s+)?(?:cannot|can't|can not|could not|couldn't)\s+(?:tell|say|determine|be determined|see)|unclear|"
    r"not\s+(?:sure|clear|certain|enough)|unknown|undetermined|uncertain|"
    r"impossible to (?:tell|say)|hard to (?:tell|say)|"
    r"n/?a\b|maybe\b|it is (?:unclear|not clear|impossible))",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able)|i (?:can't|cannot|won't) (?:help|assist|answer|comply|provide|do)|"
    r"as an ai|against my|not able to (?:assist|help))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answer:
    """What a judge said to one question."""

    said: str
    """The answer proper, on one line."""
    times: tuple[float, ...] = ()
    seen: str = ""
    """What it says is to be seen there."""
    yes: float | None = None
    """Share of yes between yes and no, where the judge gives probabilities that mean anything."""


def read(text: str, probabilities: Mapping[str, float] | None = None) -> Answer | None:
    """The answer in a reply: a JSON object, or "Yes | 1.2 s | a dog", or words. None when there is none.

    A refusal is no answer.
    """
    text = text.strip()
    if not text and not probabilities:
        return None
    found = _from_json(text)
    if found is None:
        said, times, seen = _parts(text)
        if _REFUSAL.search(text) and not _UNSURE.match(said):
            return None
        found = Answer(_line(said), times, _line(seen))
    share = _share(probabilities)
    return Answer(found.said, found.times, found.seen, share) if found.said or share is not None else None


def _from_json(text: str) -> Answer | None:
    match = _JSON.search(text)
    if match is None:
        return None
    try:
        data: Any = json.loads(match.group())
    except ValueError:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("answer"), (str, int, float, bool)):
        return None
    answer = data["answer"]
    said = ("yes" if answer else "no") if isinstance(answer, bool) else str(answer)
    given = data.get("times", ())
    given = given if isinstance(given, list) else []
    times = [float(t) for t in given if isinstance(t, (int, float)) and not isinstance(t, bool)]
    return Answer(_line(said), tuple(sorted({t for t in times if 0 <= t < 1e6})), _line(str(data.get("seen", ""))))


def _parts(text: str) -> tuple[str, tuple[float, ...], str]:
    """`answer | times | what is seen`, as far as it is there."""
    parts = [part.strip() for part in text.split("|")]
    times = tuple(sorted({float(t) for t in _TIMES.findall(text)}))
    if len(parts) > 2:
        times = times or tuple(sorted({float(t) for t in re.findall(r"\d+(?:\.\d+)?", parts[1])}))
    return parts[0], times, " ".join(parts[2:] if len(parts) > 2 else parts[1:])


def _line(text: str) -> str:
    return " ".join(text.replace("*", "").replace("`", "").split())[:300]


def _share(probabilities: Mapping[str, float] | None) -> float | None:
    """P(yes) between yes and no; None where most of the probability went elsewhere."""
    if not probabilities:
        return None
    yes = sum(p for word, p in probabilities.items() if word.strip().lower() == "yes")
    no = sum(p for word, p in probabilities.items() if word.strip().lower() == "no")
    unsure = sum(p for word, p in probabilities.items() if word.strip().lower() == CANNOT)
    return yes / (yes + no) if yes + no > 0.5 and yes + no > unsure else None


def unsure(answer: Answer) -> bool:
    """Whether the answer is that it cannot be told."""
    return answer.yes is None and _UNSURE.match(answer.said) is not None


def says_yes(answer: Answer) -> bool | None:
    """Whether an answer to a yes-or-no question is yes; None where it is neither."""
    if answer.yes is not None:
        return None if 0.35 < answer.yes < 0.65 else answer.yes >= 0.65
    words = re.findall(r"[a-z']+", answer.said.lower())
    if not words or _UNSURE.match(answer.said):
        return None
    if words[0] in ("yes", "yeah", "yep", "true", "correct"):
        return None if "no" in words[1:3] else True
    if words[0] in ("no", "nope", "false", "incorrect"):
        return None if words[1:2] == ["yes"] else False
    told = {"yes", "no"} & set(words)
    return told == {"yes"} if len(told) == 1 and len(words) <= 6 else None
