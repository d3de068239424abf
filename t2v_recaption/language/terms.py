"""Finding the terms of the field in a text: the longest form wins, and it has to be meant as a term.

A hyphen counts as a space, adverbs such as "slowly" may stand inside a camera term, and forms that are also ordinary
words
("pulls out", "pan", "tracking") count only where the camera is meant.
"""

from __future__ import annotations

from typing import NamedTuple

from t2v_recaption.language.lexicon import word_set
from t2v_recaption.language.tokens import Piece
from t2v_recaption.language.vocabulary import CAMERA_VERBS, SKIPPED, Form, Vocabulary, vocabulary

_CAMERA = word_set("camera")
_CAMERA_WORDS = word_set("camera_words")
_STARTING = word_set("starting")
_SEASONS = frozenset(("fall", "spring", "may", "march", "day", "present", "future", "past"))
_PACES = frozenset(["camera", "slow", "fast", "quick", "gentle", "smooth", "rapid", "subtle"])
_SURE = word_set("sure")


class Match(NamedTuple):
    """A form found: token range and what it means."""

    first: int
    last: int
    form: Form


class Flat:
    """The words of a text with hyphens as spaces, and the token that each belongs to."""

    __slots__ = ("owner", "words")

    def __init__(self, pieces: list[Piece]) -> None:
        self.words: list[str] = []
        self.owner: list[int] = []
        words, owner = self.words.append, self.owner.append
        for i, (_, _, _, lower, kind) in enumerate(pieces):
            if lower in SKIPPED:
                continue
            if "-" in lower and len(lower) > 2 and kind != "quote":
                for part in lower.replace("'s-", "- 's-").replace("- ", "-").split("-"):
                    words(part)
                    owner(i)
            else:
                words(lower if kind != "quote" else "\0")
                owner(i)


def find_terms(pieces: list[Piece], flat: Flat) -> list[Match]:
    """The terms of a text, longest first at each place, none overlapping."""
    index, words, owner = vocabulary(), flat.words, flat.owner
    found: list[Match] = []
    free, count, firsts = 0, len(words), index.firsts
    for k in [k for k, word in enumerate(words) if word in firsts]:
        if k >= free and (k == 0 or owner[k] != owner[k - 1]):
            for form in index.beginning(words[k], words[k + 1] if k + 1 < count else ""):
                size = len(form.words)
                end = k + size
                if end > count or (size > 2 and tuple(words[k:end]) != form.words):
                    continue
                if end < count and owner[end] == owner[end - 1]:
                    continue
                if not _meant(form, pieces, owner[k], owner[end - 1] + 1):
                    continue
                longer = _longer(index, words, k, end) if form.kind == "camera" and form.words[0] in _PACES else None
                if longer is not None and form.words[0] != "camera":
                    break  # "slow pan" of "slow pan right": "slow" is said of the movement
                if longer is not None:  # "camera zooms in" of "camera zooms in on"
                    form, size = longer
                found.append(Match(owner[k], owner[k + size - 1] + 1, form))
                free = k + size
                break
    return found


def _longer(index: Vocabulary, words: list[str], k: int, end: int) -> tuple[Form, int] | None:
    """A camera term that begins inside this one and reaches further, and how many words from k to its end."""
    for start in range(k + 1, end):
        for form in index.get(words[start]):
            last = start + len(form.words)
            if form.kind == "camera" and last > end and tuple(words[start:last]) == form.words:
                return form, last - k
    return None


def _meant(form: Form, pieces: list[Piece], first: int, last: int) -> bool:
    """Whether a form that is also an ordinary phrase is meant as a term here."""
    head = form.words[0]
    if form.kind == "time" and len(form.words) == 1 and head in _SEASONS:
        return (
            first > 0
            and pieces[first - 1].lower
            in ("in", "during", "this", "early", "late", "every", "sunny", "rainy", "bright", "one")
        ) or head == "day"
    if form.kind != "camera":
        return True
    if len(form.words) == 1 and head in _CAMERA_WORDS:
        return _near_camera(pieces, first, last)
    if (
        form.category == "movement"
        and " ".join(form.words) not in _SURE
        and _stem(head) in CAMERA_VERBS
        and not _CAMERA & set(form.words)
    ):
        return _near_camera(pieces, first, last, start=True)
    return True


def _stem(word: str) -> str:
    for end, put in (("ing", ""), ("ing", "e"), ("ies", "y"), ("es", ""), ("s", ""), ("ning", "")):
        if word.endswith(end) and word[: -len(end)] + put in CAMERA_VERBS:
            return word[: -len(end)] + put
    return word


def _near_camera(pieces: list[Piece], first: int, last: int, *, start: bool = False) -> bool:
    before = first - 1
    while before >= 0 and (
        pieces[before].lower in SKIPPED
        or pieces[before].lower in ("and", "the", "a", "slow", "smooth", "gentle", "quick")
    ):
        if pieces[before].lower in ("slow", "smooth") and start:
            return True
        before -= 1
    if before >= 0 and pieces[before].lower in _CAMERA:
        return True
    if last < len(pieces) and pieces[last].lower in ("shot", "camera", "view", "cam", "shots", "footage", "video"):
        return True
    if (start and _stem(pieces[first].lower) not in _STARTING) or (
        start and pieces[first].lower.endswith("ing") and pieces[first].lower not in ("panning", "tilting")
    ):
        return False
    return start and (before < 0 or pieces[before].kind == "punct") and not _takes_object(pieces, last)


def _takes_object(pieces: list[Piece], last: int) -> bool:
    return last < len(pieces) and pieces[last].lower in ("her", "his", "their", "its")
