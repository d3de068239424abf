"""Finding fixed phrases: terms of the field (camera, style, time, …), listed compounds, prepositions of several words.

All three are the same problem: an index by first word, the longest form wins. A hyphen counts as a space, adverbs
such as
"slowly" may stand inside a camera term, and forms that are also ordinary words ("pulls out", "pan", "tracking") count
only
where the camera is meant.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from t2v_recaption import knowledge
from t2v_recaption.language.lexicon import PL, Lexicon, N, Word, lexicon, sections, word_set
from t2v_recaption.language.tokens import Piece

_FILES = (
    ("camera", "camera"),
    ("times", "time"),
    ("weather", "weather"),
    ("light", "light"),
    ("styles", "style"),
    ("moods", "mood"),
)
_SKIPPED = word_set("skipped")
_CAMERA = word_set("camera")
_CAMERA_VERBS = word_set("camera_verbs")
_CAMERA_WORDS = word_set("camera_words")
_STARTING = word_set("starting")
_SEASONS = frozenset(("fall", "spring", "may", "march", "day", "present", "future", "past"))
_PACES = frozenset(["camera", "slow", "fast", "quick", "gentle", "smooth", "rapid", "subtle"])
_SURE = word_set("sure")


class Form(NamedTuple):
    """One surface form: its words, and what it means."""

    words: tuple[str, ...]
    kind: str
    category: str
    value: str


class Match(NamedTuple):
    """A form found: token range and what it means."""

    first: int
    last: int
    form: Form


@lru_cache(maxsize=1)
def term_index() -> dict[str, list[Form]]:
    """All forms of all terms by their first word, longest first. Names in the knowledge files win over those in
    terms.txt.
    """
    forms: dict[tuple[str, ...], Form] = {}
    own = {_words(surface): kind for kind, _, _, surfaces in _own_terms() for surface in surfaces}
    for file, kind in _FILES:
        for head in knowledge.heads(file):
            for surface in (head["name"], *head.get("also", ())):
                if (
                    (kind in _SPARE and _names_more(surface, kind))
                    or own.get(_words(surface), kind) != kind
                    or surface in lexicon().adverbs
                ):
                    continue
                _add(forms, surface, kind, str(head.get("category", "")), head["name"])
    for kind, category, value, surfaces in _own_terms():
        known = forms.get(_words(value))
        name = known.value if known is not None and known.kind == kind else value
        category = known.category if known is not None and known.kind == kind and known.category else category
        for surface in surfaces:
            _add(forms, surface, kind, category, name)
    return _by_first_word(forms)


_SPARE = frozenset(("weather", "light", "mood", "time"))
_MORE = frozenset(["place", "landform", "building", "person", "animal", "object", "plant", "vehicle"])


def _names_more(surface: str, kind: str) -> bool:
    """Whether a form swallows a thing or a time that is a fact of its own: "misty morning", "in a dark room"."""
    words = _words(surface)
    roots = {lexicon().look_up(word).root for word in (words[1:] or words) if lexicon().look_up(word).can & N}
    if kind == "time" and "sky" in roots and not {"setting", "rising"} & set(words):
        return True  # "full moon" is a thing in the sky
    return (bool(roots & _MORE) and not {"sun", "light", "lights", "lamp", "lamps", "window"} & set(words)) or (
        kind != "time" and "time" in roots
    )


def _by_first_word(forms: dict[tuple[str, ...], Form]) -> dict[str, list[Form]]:
    index: dict[str, list[Form]] = {}
    for form in forms.values():
        index.setdefault(form.words[0], []).append(form)
    for found in index.values():
        found.sort(key=lambda form: len(form.words), reverse=True)
    return index


def _own_terms() -> list[tuple[str, str, str, list[str]]]:
    found = []
    kind = category = ""
    from t2v_recaption.language.lexicon import FOLDER

    for line in (FOLDER / "terms.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind, _, category = line.strip("[]").partition(" ")
        elif line and not line.startswith("#"):
            value, _, surfaces = line.partition(":")
            found.append((kind, category, value.strip(), [s.strip() for s in surfaces.split(",") if s.strip()]))
    return found


def _words(surface: str) -> tuple[str, ...]:
    return tuple(
        w for w in surface.lower().replace("’", "'").replace("-", " ").replace("'s", " 's").split() if w not in _SKIPPED
    )


def _add(forms: dict[tuple[str, ...], Form], surface: str, kind: str, category: str, value: str) -> None:
    words = _words(surface)
    if not words:
        return
    forms.setdefault(words, Form(words, kind, category, value))
    if kind == "camera" and category == "movement" and words[0] in _CAMERA_VERBS | {"zoom"}:
        for verb in _inflections(words[0]):
            other = (verb, *words[1:])
            forms.setdefault(other, Form(other, kind, category, value))


def _inflections(verb: str) -> tuple[str, str]:
    if verb in ("track", "zoom", "tilt", "crane", "roll"):
        return (verb + "s", {"crane": "craning"}.get(verb, verb + "ing"))
    if verb == "pan":
        return ("pans", "panning")
    third = (
        verb + "es"
        if verb.endswith(("s", "sh", "ch"))
        else verb[:-1] + "ies"
        if verb.endswith("y") and verb[-2] not in "aeiou"
        else verb + "s"
    )
    return (third, verb[:-1] + "ing" if verb.endswith("e") else verb + "ing")


class Flat:
    """The words of a text with hyphens as spaces, and the token that each belongs to."""

    __slots__ = ("owner", "words")

    def __init__(self, pieces: list[Piece]) -> None:
        self.words: list[str] = []
        self.owner: list[int] = []
        for i, piece in enumerate(pieces):
            lower = piece.lower
            if lower in _SKIPPED:
                continue
            if ("-" in lower or "'s-" in lower) and len(lower) > 2 and piece.kind != "quote":
                for part in lower.replace("'s-", "- 's-").replace("- ", "-").split("-"):
                    self.words.append(part)
                    self.owner.append(i)
            else:
                self.words.append(lower if piece.kind != "quote" else "\0")
                self.owner.append(i)


def find_terms(pieces: list[Piece], flat: Flat) -> list[Match]:
    """The terms of a text, longest first at each place, none overlapping."""
    index, words, owner = term_index(), flat.words, flat.owner
    found: list[Match] = []
    k, count = 0, len(words)
    while k < count:
        forms = index.get(words[k])
        step = 1
        if forms is not None and (k == 0 or owner[k] != owner[k - 1]):
            for form in forms:
                size = len(form.words)
                end = k + size
                if end > count or (size > 1 and tuple(words[k:end]) != form.words):
                    continue
                if end < count and owner[end] == owner[end - 1]:
                    continue
                if _meant(form, pieces, owner[k], owner[end - 1] + 1):
                    if (
                        form.kind == "camera"
                        and size > 1
                        and form.words[0] in _PACES
                        and _more_follows(index, words, k, end)
                    ):
                        break  # "slow pan" of "slow pan right"
                    found.append(Match(owner[k], owner[end - 1] + 1, form))
                    step = size
                    break
        k += step
    return found


def _more_follows(index: dict[str, list[Form]], words: list[str], k: int, end: int) -> bool:
    """Whether a camera term that begins inside this one reaches further."""
    for start in range(k + 1, end):
        for form in index.get(words[start], ()):
            if (
                form.kind == "camera"
                and start + len(form.words) > end
                and tuple(words[start : start + len(form.words)]) == form.words
            ):
                return True
    return False


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
        and _stem(head) in _CAMERA_VERBS
        and not _CAMERA & set(form.words)
    ):
        return _near_camera(pieces, first, last, start=True)
    return True


def _stem(word: str) -> str:
    for end, put in (("ing", ""), ("ing", "e"), ("ies", "y"), ("es", ""), ("s", ""), ("ning", "")):
        if word.endswith(end) and word[: -len(end)] + put in _CAMERA_VERBS:
            return word[: -len(end)] + put
    return word


def _near_camera(pieces: list[Piece], first: int, last: int, *, start: bool = False) -> bool:
    before = first - 1
    while before >= 0 and (
        pieces[before].lower in _SKIPPED
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


# ------------------------------------------------------------------------------------------------ compounds,
# prepositions


@lru_cache(maxsize=1)
def preposition_index() -> tuple[dict[str, list[tuple[tuple[str, ...], str]]], dict[str, str]]:
    """Prepositions: those of several words by their first, longest first; and the category of the single ones."""
    many: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    single: dict[str, str] = {}
    for category, entries in sections("prepositions.txt").items():
        for entry in entries:
            words = tuple(entry.split())
            if len(words) == 1:
                single.setdefault(entry, category)
            else:
                many.setdefault(words[0], []).append((words, category))
    for forms in many.values():
        forms.sort(key=lambda form: len(form[0]), reverse=True)
    return many, single


@lru_cache(maxsize=1)
def _compounds() -> dict[str, list[tuple[str, ...]]]:
    return lexicon().compound_index()


def find_compounds(lex: Lexicon, pieces: list[Piece], words: list[Word]) -> dict[int, int]:
    """Listed compounds of several tokens: first token → how many tokens."""
    index, found = _compounds(), {}
    i, count = 0, len(pieces)
    while i < count:
        forms = index.get(pieces[i].lower)
        size = next((len(f) for f in forms if _fits(f, pieces, words, i)), 0) if forms is not None else 0
        if size:
            found[i] = size
        i += size or 1
    return found


def _fits(form: tuple[str, ...], pieces: list[Piece], words: list[Word], i: int) -> bool:
    last = i + len(form) - 1
    if last >= len(pieces):
        return False
    if any(pieces[i + k].lower != form[k] for k in range(1, len(form) - 1)):
        return False
    word = words[last]
    return pieces[last].lower == form[-1] or bool(word.can & PL and word.can & N and word.noun == form[-1])


def _noun_like(piece: Piece) -> bool:
    word = lexicon().look_up(piece.lower)
    return (
        piece.kind == "word"
        and not word.tag
        and bool(word.can & N)
        and word.lower not in ("side", "half")
        and word.known
        and word.bias != "verb"
    )


def find_adverbs(lex: Lexicon, pieces: list[Piece]) -> list[tuple[int, int]]:
    """Adverbs of several words ("upside down", "side by side"): first token and how many."""
    found = []
    for i, piece in enumerate(pieces):
        for words in lex.adverb_phrases.get(piece.lower, ()):
            if i + len(words) <= len(pieces) and all(pieces[i + k].lower == words[k] for k in range(1, len(words))):
                found.append((i, len(words)))
                break
    return found


def find_prepositions(pieces: list[Piece]) -> dict[int, tuple[int, str]]:
    """Prepositions of several tokens: first token → (how many tokens, category)."""
    many, _ = preposition_index()
    found: dict[int, tuple[int, str]] = {}
    i, count = 0, len(pieces)
    while i < count:
        forms = many.get(pieces[i].lower)
        step = 1
        if forms is not None:
            for words, category in forms:
                size = len(words)
                if i + size <= count and all(pieces[i + k].lower == words[k] for k in range(1, size)):
                    if (
                        i
                        and words[0] in ("inside", "outside", "front", "left", "right")
                        and pieces[i - 1].lower in ("the", "its", "a")
                    ):
                        continue  # the inside of a clock
                    if category.startswith("frame_") and i + size < count and _noun_like(pieces[i + size]):
                        continue  # on her right cheek
                    found[i] = (size, category)
                    step = size
                    break
        i += step
    return found
