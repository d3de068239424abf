"""Finding what is one word though it is written as several: compounds, prepositions, adverbs.

All are found the same way: by their first word, the longest form wins.
"""

from __future__ import annotations

from functools import lru_cache

from t2v_recaption.language.lexicon import ADVERB, COMPOUND, PL, PREPOSITION, Lexicon, N, Word, lexicon, sections
from t2v_recaption.language.tokens import Piece


@lru_cache(maxsize=1)
def preposition_index() -> tuple[dict[str, dict[str, list[tuple[tuple[str, ...], str]]]], dict[str, str]]:
    """Prepositions: those of several words by their first and second, longest first; the category of single ones."""
    many: dict[str, dict[str, list[tuple[tuple[str, ...], str]]]] = {}
    single: dict[str, str] = {}
    for category, entries in sections("prepositions.txt").items():
        for entry in entries:
            words = tuple(entry.split())
            if len(words) == 1:
                single.setdefault(entry, category)
            else:
                many.setdefault(words[0], {}).setdefault(words[1], []).append((words, category))
    for forms in [forms for seconds in many.values() for forms in seconds.values()]:
        forms.sort(key=lambda form: len(form[0]), reverse=True)
    return many, single


def find_compounds(lex: Lexicon, pieces: list[Piece], words: list[Word]) -> dict[int, int]:
    """Listed compounds of several tokens: first token → how many tokens."""
    found = {}
    free, count = 0, len(pieces)
    for i in [i for i, word in enumerate(words) if word.starts & COMPOUND]:
        if i < free:
            continue
        for form in lex.compounds_with(words[i].lower):
            last = i + len(form) - 1
            if last >= count:
                continue
            end, word = form[-1], words[last]
            if (word.lower == end or (word.noun == end and word.can & PL and word.can & N)) and _inside(form, words, i):
                found[i] = len(form)
                free = last + 1
                break
    return found


def _inside(form: tuple[str, ...], words: list[Word], i: int) -> bool:
    """Whether the words between the first and the last of a form stand there."""
    return all(words[i + k].lower == form[k] for k in range(1, len(form) - 1))


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


def find_adverbs(lex: Lexicon, words: list[Word]) -> list[tuple[int, int]]:
    """Adverbs of several words ("upside down", "side by side"): first token and how many."""
    found = []
    for i in [i for i, word in enumerate(words) if word.starts & ADVERB]:
        for form in lex.adverb_phrases[words[i].lower]:
            if _stands(form, words, i):
                found.append((i, len(form)))
                break
    return found


def _stands(form: tuple[str, ...], words: list[Word], i: int) -> bool:
    return i + len(form) <= len(words) and all(words[i + k].lower == form[k] for k in range(1, len(form)))


def find_prepositions(pieces: list[Piece], words: list[Word]) -> dict[int, tuple[int, str]]:
    """Prepositions of several tokens: first token → (how many tokens, category)."""
    many, _ = preposition_index()
    found: dict[int, tuple[int, str]] = {}
    free, count = 0, len(pieces)
    for i in [i for i, word in enumerate(words) if word.starts & PREPOSITION]:
        if i < free or i + 1 >= count:
            continue
        for form, category in many[words[i].lower].get(words[i + 1].lower, ()):
            if not _stands(form, words, i):
                continue
            end = i + len(form)
            if i and form[0] in _SIDES and words[i - 1].lower in ("the", "its", "a"):
                continue  # the inside of a clock
            if category.startswith("frame_") and end < count and _noun_like(pieces[end]):
                continue  # on her right cheek
            found[i] = (len(form), category)
            free = end
            break
    return found


_SIDES = frozenset(("inside", "outside", "front", "left", "right"))
