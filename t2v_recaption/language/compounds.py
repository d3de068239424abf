"""Finding what is one word though it is written as several: compounds, prepositions, adverbs.

All are found the same way: by their first word, the longest form wins.
"""

from __future__ import annotations

from functools import lru_cache

from t2v_recaption.language.lexicon import PL, Lexicon, N, Word, lexicon, sections
from t2v_recaption.language.tokens import Piece


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


def find_compounds(lex: Lexicon, pieces: list[Piece], words: list[Word]) -> dict[int, int]:
    """Listed compounds of several tokens: first token → how many tokens."""
    found = {}
    i, count = 0, len(pieces)
    while i < count:
        forms = lex.compounds_with(pieces[i].lower)
        size = next((len(f) for f in forms if _fits(f, pieces, words, i)), 0) if forms else 0
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
