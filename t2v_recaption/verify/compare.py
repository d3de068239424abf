"""Comparing an answer with the expected one: in code, so that a judge is never told what is expected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from t2v_recaption.verify.answers import Answer, says_yes, unsure
from t2v_recaption.verify.colours import base_colours, colours_in, near_colour, same_colour
from t2v_recaption.verify.model import Claim, ClaimStatus, Form
from t2v_recaption.verify.picture import MOVES
from t2v_recaption.verify.questions import SIDES

WORD_CONFIDENCE = 0.8
"""Confidence in an answer in words, without probabilities."""

NEAR_CONFIDENCE = 0.6
"""Confidence in an answer that names the expected thing beside another."""

NUMBERS = {
    "none": 0, "no": 0, "zero": 0, "one": 1, "single": 1, "two": 2, "both": 2, "pair": 2, "couple": 2, "three": 3,
    "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "dozen": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "twenty": 20,
}  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """What an answer means for a claim."""

    status: ClaimStatus
    confidence: float = 0.0
    reason: str = ""


def compare(claim: Claim, answer: Answer) -> Judged:
    """What an answer means for a claim; undetermined where it cannot be read with certainty."""
    if unsure(answer):
        return _open("It cannot tell.")
    return _RULES[claim.form](claim, answer)


def _open(reason: str) -> Judged:
    return Judged(ClaimStatus.UNDETERMINED, 0.0, reason)


def _decided(supported: bool, confidence: float, reason: str) -> Judged:
    return Judged(ClaimStatus.SUPPORTED if supported else ClaimStatus.REFUTED, confidence, reason)


def _yes_no(claim: Claim, answer: Answer) -> Judged:
    yes = says_yes(answer)
    if yes is None:
        return _open("Its answer is neither yes nor no.")
    confidence = WORD_CONFIDENCE if answer.yes is None else max(answer.yes, 1 - answer.yes)
    return _decided(yes == (claim.expected == "yes"), confidence, f"It answers {'yes' if yes else 'no'}.")


def _count(claim: Claim, answer: Answer) -> Judged:
    wanted = int(claim.expected)
    numbers = counted(answer.said)
    if len(numbers) > 1:
        known = wanted in numbers
        return (
            _open("It names several numbers.") if known else _far(min(numbers, key=lambda n: abs(n - wanted)), wanted)
        )
    if not numbers:
        if re.search(r"\b(?:several|many|few|group|crowd|multiple|lots?)\b", answer.said.lower()):
            return (
                _decided(False, NEAR_CONFIDENCE, "It counts several.") if wanted <= 1 else _open("It counts several.")
            )
        return _open("Its answer is no number.")
    return _far(numbers[0], wanted)


def _far(number: int, wanted: int) -> Judged:
    """Exact up to five; above, a judge may miscount by one in six."""
    reason = f"It counts {number}."
    if number == wanted:
        return _decided(True, WORD_CONFIDENCE, reason)
    if wanted > 5 and abs(number - wanted) <= max(1, round(wanted / 6)):
        return _open(f"It counts {number}, too near to {wanted} to tell.")
    return _decided(False, WORD_CONFIDENCE, reason)


def counted(text: str) -> list[int]:
    """The numbers that an answer begins with, in figures or words: "two", "3", "2 or 3", "There are four"."""
    head = re.split(r"[.;|(]", text.lower(), maxsplit=1)[0]
    figures = [int(n) for n in re.findall(r"(?<![\d.:])\d{1,4}(?![\d.:]*\d)", head)]
    if figures:
        return list(dict.fromkeys(figures))
    words = [NUMBERS[w] for w in re.findall(r"[a-z]+", head) if w in NUMBERS]
    return list(dict.fromkeys(words))


def _colour(claim: Claim, answer: Answer) -> Judged:
    named = colours_in(answer.said)
    wanted = claim.expected.lower()
    if not named:
        same = wanted in answer.said.lower()
        return _decided(True, WORD_CONFIDENCE, f"It says {wanted}.") if same else _open("It names no colour.")
    told = " and ".join(named)
    fits = [colour for colour in named if same_colour(colour, wanted)]
    if fits:
        return _decided(True, WORD_CONFIDENCE if fits[0] == named[0] else NEAR_CONFIDENCE, f"It says {told}.")
    if any(near_colour(colour, wanted) for colour in named) or not base_colours(wanted):
        return _open(f"It says {told}, too near to {wanted} to tell.")
    return _decided(False, WORD_CONFIDENCE, f"It says {told}.")


def _direction(claim: Claim, answer: Answer) -> Judged:
    offered = options(claim)
    said = answer.said.lower()
    telling = {option: _telling(option, offered) for option in offered}
    hits = [o for o, word in telling.items() if re.search(rf"(?<!not )(?<!not to the )\b{re.escape(word)}\b", said)]
    if len(hits) == 1:
        return _decided(hits[0] == claim.expected, WORD_CONFIDENCE, f"It says {telling[hits[0]]}.")
    if len(hits) > 1:
        return _open("It names both sides.")
    if re.search(r"\b(?:neither|none|no|not)\b", said):
        return _decided(False, WORD_CONFIDENCE, "It says neither.")
    if re.search(r"\b(?:cent(?:er|re)|middle|static|still|same)\b", said):
        return _decided(False, NEAR_CONFIDENCE, f"It says {answer.said.split('.')[0].lower()}.")
    return _open("Its answer names no side.")


def options(claim: Claim) -> tuple[str, ...]:
    """The answers that a question about a side or a movement offers."""
    for pair in (*SIDES.values(), *MOVES.values(), ("warm", "cold")):
        if claim.expected in pair:
            return tuple(pair)
    return (claim.expected,)


def _telling(option: str, offered: tuple[str, ...]) -> str:
    """The word by which an option differs from the others: "left" in "pan left"."""
    others = {word for other in offered if other != option for word in other.split()}
    return next((word for word in reversed(option.split()) if word not in others), option)


def _order(claim: Claim, answer: Answer) -> Judged:
    said = answer.said.lower().strip()
    if re.search(r"\b(?:same time|simultaneous\w*|together|at once)\b", said):
        return _decided(False, NEAR_CONFIDENCE, "It says both at the same time.")
    hits = set(re.findall(r"(?:^|[\s(\"'])([ab])(?=[\s).,:\"']|$)", said[:40]))
    if len(hits) == 1:
        return _decided(hits == {claim.expected}, WORD_CONFIDENCE, f"It says ({next(iter(hits))}) comes first.")
    if re.search(r"\b(?:neither|none|only one)\b", said):
        return _open("It sees not both of the two.")
    return _open("Its answer names neither of the two.")


def plain_words(text: str) -> str:
    """Letters and figures only, in lower case, for comparing what is read."""
    return "".join(c for c in text.lower() if c.isalnum())


def likeness(read_: str, wanted: str) -> float:
    """How alike two readings are, 0 to 1: the best stretch of the one against the other."""
    one, other = plain_words(read_), plain_words(wanted)
    if not one or not other:
        return 0.0
    if other in one:
        return 1.0
    length = len(other)
    windows = (one[i : i + length] for i in range(max(1, len(one) - length + 1)))
    return max(difflib.SequenceMatcher(None, window, other, autojunk=False).ratio() for window in windows)


def _words(claim: Claim, answer: Answer) -> Judged:
    alike = likeness(answer.said, claim.expected)
    if alike == 1.0:
        return _decided(True, WORD_CONFIDENCE, f"It reads {answer.said[:60]}.")
    if alike >= 0.75:
        return _open(f"It reads {answer.said[:60]}, nearly the words.")
    if re.match(r"\W*(?:none|no\b|nothing|there (?:is|are) no)", answer.said.lower()):
        return _decided(False, WORD_CONFIDENCE, "It reads nothing.")
    return _decided(False, WORD_CONFIDENCE, f"It reads {answer.said[:60]}.")


_RULES: Mapping[Form, Callable[[Claim, Answer], Judged]] = {
    "yes_no": _yes_no,
    "count": _count,
    "colour": _colour,
    "direction": _direction,
    "order": _order,
    "words": _words,
}
