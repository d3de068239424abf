"""Checks of what a model said: is it a description at all? They find faults; they never change a text.

Each fault has a name, which stands in `Step.flags` and `ClipCaption.flags` when asking again did not cure it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from t2v_recaption.captioners.times import stated_times
from t2v_recaption.writers.faults import foreign, refused
from t2v_recaption.writers.sentences import QUOTED

FAULTS = {
    "empty": "it was empty",
    "cut off": "it ended in the middle of a sentence",
    "looping": "it repeated itself",
    "repeat": "it was the previous description once more",
    "times": "it named times that are not in the clip",
    "image talk": 'it spoke of "the image" or "the frame" instead of what is to be seen',
    "refusal": "it described nothing",
    "language": "it was in another language than was asked for",
}
"""Every fault, and how to name it to the model."""

LOOP_WORDS = 4
LOOP_SHARE = 0.5
LOOP_TIMES = 4
"""A text loops when a run of LOOP_WORDS words comes LOOP_TIMES times or more and such runs make up LOOP_SHARE of it, or
when one sentence comes three times in a row."""

OTHER_SCRIPTS = frozenset(
    ["ar", "bg", "bn", "el", "fa", "he", "hi", "ja", "ko", "ru", "sr", "ta", "te", "th", "uk", "ur", "zh"]
)
"""Languages that are not written in Latin letters."""

FEW = 8
"""Words that may come again: "Nothing changes." is true more than once."""

TIME_SLACK = 1.0
"""Seconds that a stated time may lie outside the clip: models round."""

_IMAGE_TALK = re.compile(
    r"\b(?:in|of|within|throughout|across|between)?\s*(?:the|this|these|both|each|first|second|last|next|previous|provided|given)\s+"
    r"(?:(?:first|second|last|next|previous|two|provided|given|video)\s+)*"
    r"(?:image|images|frame|frames|picture|pictures|screenshot|screenshots|photo|photos|keyframe|keyframes)\b"
    r"|^\s*(?:an?\s+)?(?:image|picture|photo|screenshot|frame)\s+(?:of|shows|showing|depicts|depicting)\b",
    re.IGNORECASE,
)
_THING = re.compile(  # a picture that is part of the scene, and a frame that one can touch
    r"\b(?:picture|photo|image)s?\s+(?:frame|on|hanging)\b|\b(?:window|door|bed|bike|bicycle|picture|metal|wooden|wood|steel)\s+frames?\b"
    r"|\b(?:takes?|taking|took|hangs?|holds?|holding|paints?|painting|draws?|drawing|looks?\s+at|looking\s+at)\s+(?:the|this)\s+(?:picture|photo|image|frame)s?\b"
    r"|\b(?:in|into|out\s+of|enters?|entering|leaves?|leaving|exits?|exiting|fills?|filling|across|from|off)\s+(?:the\s+)?frame\b"
    r"|\b(?:edge|side|center|centre|middle|left|right|top|bottom|corner|rest|part|half)\s+of\s+the\s+(?:frame|image|picture)\b"
    r"|\bthe\s+(?:frame|image|picture)'s\s+(?:edge|center|centre|left|right)\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"^\W*(?:i(?:'|’)?m\s+(?:sorry|unable|not\s+able)|i\s+am\s+(?:sorry|unable|not\s+able)|(?:i\s+)?apologi[sz]e|sorry\b"
    r"|unfortunately,?\s+i\b|as\s+an\s+ai\b|i\s+(?:can(?:no|')?t|can(?:no|’)?t|cannot|could\s+not|couldn['’]t|do\s+not|don['’]t)\s+"
    r"(?:see|view|access|describe|provide|assist|help|process|analy[sz]e|watch|have\s+access)"
    r"|(?:please\s+)?(?:provide|upload|share)\s+(?:the|an?|your)\s+(?:image|video|frame)"
    r"|no\s+(?:image|video|frame)s?\s+(?:was|were|is|are)\s+(?:provided|given|attached)"
    r"|(?:对不起|抱歉|很抱歉|我无法|作为(?:一个)?(?:人工智能|AI)))",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?…。！？｡؟।॥][\"'”’»)\]」』）*_]*\s*$")
_UNMARKED = re.compile(r"[\u0e00-\u0fff\u1780-\u17ff]")
_SENTENCES = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")


@dataclass(frozen=True)
class Expected:
    """What a text is to be checked against."""

    start: float | None = None
    """The clip's range in seconds; None leaves times unchecked."""
    end: float | None = None
    previous: str = ""
    """The text that it must not repeat."""
    given: str = ""
    """Text of the question: what the model was told may be repeated (times, a user's words)."""
    prose: bool = True
    """Whether it is to be sentences; JSON and short answers are not."""
    language: str = ""
    """Code of the language that it is to be in; empty leaves it unchecked."""


def faults(text: str, expected: Expected | None = None, *, finish_reason: str = "stop") -> tuple[str, ...]:
    """Names of everything that is wrong with a text, in the order of `FAULTS`. The same text gives the same faults."""
    wanted = expected or Expected()
    if not re.search(r"\w", text):
        return ("empty",)
    found = {
        "cut off": finish_reason == "length" or (wanted.prose and is_cut_off(text)),
        "looping": is_looping(text),
        "repeat": len(words(text)) > FEW and _bare(text) == _bare(wanted.previous),
        "times": bool(times_outside(text, wanted)),
        "image talk": wanted.prose and talks_of_images(text),
        "refusal": bool(_REFUSAL.match(text)) or refused(text),
        "language": bool(wanted.language) and wanted.prose and is_foreign(text, wanted.language),
    }
    return tuple(name for name in FAULTS if found.get(name))


def is_cut_off(text: str) -> bool:
    """Whether a text of more than a few words ends without the end of a sentence.

    Short ones may be mere phrases, and some scripts (Thai, Lao, Khmer, Tibetan) mark no end.
    """
    return not _END.search(text) and len(words(text)) > 12 and not _UNMARKED.search(text)


def is_looping(text: str) -> bool:
    """Whether the same words come again and again."""
    said = [_bare(sentence) for sentence in _SENTENCES.findall(text) if len(words(sentence)) > 2]
    if any(a == b == c for a, b, c in zip(said, said[1:], said[2:], strict=False)):
        return True
    spoken = words(text)
    runs = Counter(tuple(spoken[at : at + LOOP_WORDS]) for at in range(len(spoken) - LOOP_WORDS + 1))
    again = sum(count for count in runs.values() if count >= LOOP_TIMES)
    return bool(runs) and again / sum(runs.values()) >= LOOP_SHARE


def times_outside(text: str, expected: Expected) -> tuple[float, ...]:
    """Times that the text states and that lie outside the clip, those of the question left out."""
    if expected.start is None or expected.end is None:
        return ()
    told = stated_times(expected.given)
    low, high = expected.start - TIME_SLACK, expected.end + TIME_SLACK
    return tuple(time for time in stated_times(text) if not low <= time <= high and time not in told)


def talks_of_images(text: str) -> bool:
    """Whether it speaks of the material ("the second frame shows") instead of what is to be seen.

    Pictures that are part of the scene, and places in the picture ("enters the frame", "the left of the image"), are no
    such talk.
    """
    things = [match.span() for match in _THING.finditer(text)]
    return any(not _overlaps(match.span(), things) for match in _IMAGE_TALK.finditer(text))


def is_foreign(text: str, language: str) -> bool:
    """Whether most of a text is in another language; what it quotes from a screen or a sign may be in any."""
    letters = [letter for letter in QUOTED.sub(" ", text) if letter.isalpha()]
    other = [letter for letter in letters if not _is_latin(letter)]
    if language in OTHER_SCRIPTS:
        return 3 * len(other) < len(letters)
    if 2 * len(other) > len(letters):
        return True
    return foreign("".join(letter for letter in text if letter not in set(other)), "", language)


def words(text: str) -> list[str]:
    """The words of a text in lower case; characters of scripts without spaces count as words."""
    return re.findall(r"[぀-ヿ㐀-鿿가-힯]|[^\W_぀-ヿ㐀-鿿가-힯]+", text.lower())


def named(faults: Sequence[str]) -> str:
    """The faults as a sentence's end: "it was empty and it repeated itself"."""
    return " and ".join(FAULTS.get(fault, fault) for fault in faults)


def _bare(text: str) -> str:
    return " ".join(words(text))


def _is_latin(letter: str) -> bool:
    return letter < "\u0250" or "\u1e00" <= letter <= "\u1eff"


def _overlaps(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)
