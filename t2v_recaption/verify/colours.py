"""Colours: which colour words mean the same, which are called by each other's name, and which exclude each other."""

from __future__ import annotations

import re

from t2v_recaption.fidelity.lexicon import excludes, keeps

COLOURS = (
    "red", "orange", "yellow", "green", "blue", "purple", "violet", "pink", "brown", "black", "white", "grey", "gray",
    "golden", "gold", "silver", "turquoise", "teal", "cyan", "magenta", "beige", "tan", "cream", "maroon", "navy",
    "blonde", "blond", "olive", "lime", "crimson", "scarlet", "lavender", "charcoal", "ivory", "burgundy", "ginger",
    "transparent", "copper", "bronze", "peach", "mint", "lilac", "amber", "khaki", "indigo",
)  # fmt: skip

NEIGHBOURS = (
    {"red", "orange"}, {"red", "pink"}, {"red", "brown"}, {"orange", "yellow"}, {"orange", "brown"},
    {"yellow", "golden"}, {"yellow", "beige"}, {"yellow", "blonde"}, {"green", "turquoise"}, {"blue", "turquoise"},
    {"blue", "purple"}, {"purple", "pink"}, {"brown", "beige"}, {"brown", "black"}, {"brown", "golden"},
    {"black", "grey"}, {"grey", "silver"}, {"grey", "white"}, {"white", "beige"}, {"white", "silver"},
    {"golden", "orange"}, {"green", "yellow"}, {"brown", "blonde"}, {"beige", "blonde"}, {"golden", "blonde"},
)  # fmt: skip
"""Colours that two people may call the same thing by: neither supports nor refutes."""

SAME = {
    "gray": "grey", "gold": "golden", "violet": "purple", "blond": "blonde", "teal": "turquoise", "cyan": "turquoise",
    "scarlet": "red", "crimson": "red", "maroon": "red", "burgundy": "red", "navy": "blue", "indigo": "blue",
    "lavender": "purple", "lilac": "purple", "magenta": "pink", "tan": "beige", "cream": "beige", "ivory": "white",
    "olive": "green", "lime": "green", "mint": "green", "charcoal": "grey", "khaki": "beige", "ginger": "orange",
    "copper": "orange", "amber": "orange", "bronze": "golden", "peach": "orange",
}  # fmt: skip


def colours_in(text: str) -> list[str]:
    """The colour words of a text, in order."""
    head = text.split("|")[0].lower()
    return list(dict.fromkeys(w for w in re.findall(r"[a-z]+", head) if w in COLOURS))


def base_colours(words: str) -> set[str]:
    """The basic colours that words name: "navy blue" is blue."""
    return {SAME.get(word, word) for word in re.findall(r"[a-z]+", words.lower()) if word in COLOURS}


def same_colour(said: str, wanted: str) -> bool:
    """Whether two colour words mean the same colour."""
    return said == wanted or bool(base_colours(said) & base_colours(wanted)) or keeps(said, wanted, "adj")


def near_colour(said: str, wanted: str) -> bool:
    """Whether two colours are called by each other's name at times."""
    pairs = ({one, other} for one in base_colours(said) for other in base_colours(wanted))
    return any(pair in NEIGHBOURS for pair in pairs)


def contradicts(one: str, other: str) -> bool:
    """Whether two colour words exclude each other."""
    return excludes(one, other, "colour") and not near_colour(one, other)
