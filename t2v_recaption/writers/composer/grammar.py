"""English forms that the composer must get right: articles, agreement, capitals, sentence ends."""

from __future__ import annotations

import re

from t2v_recaption.writers.composer.words import words

_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
_SPELLED = re.compile(r"[AEFHILMNORSX](?:[^a-z]|$)")
_SPACES = re.compile(r"\s+")
_CLOSERS = "\"'”’)]»"


def article(following: str) -> str:
    """ "a" or "an", by the sound that the following word begins with."""
    first = following.split(maxsplit=1)[0] if following.strip() else "x"
    low = first.lower().strip("\"'“”‘’.,")
    if low in words().an or low.split("-", 1)[0] in words().an or (low[:1] == "8"):
        return "an"
    if low in words().a or (low.startswith(("uni", "eu", "one-")) and not low.startswith(("unin", "unim", "unid"))):
        return "a"
    head = first.split("-", 1)[0]
    if len(head) > 1 and head.isupper():
        return "an" if _SPELLED.match(first) else "a"
    return "an" if _VOWEL.match(low) else "a"


def capital(text: str) -> str:
    """The text with its first letter upper case (a leading quote or bracket is passed over)."""
    for at, char in enumerate(text):
        if char.isalnum():
            return text[:at] + char.upper() + text[at + 1 :]
    return text


def ended(text: str) -> str:
    """The text with an end mark; one that is there stays."""
    body = text.rstrip()
    core = body.rstrip(_CLOSERS)
    if core and core[-1] in ".!?…。！？":
        return body
    return body.rstrip(" ,;:-–—") + "."


def one_line(text: str) -> str:
    """White space runs, line breaks too, as one space."""
    return _SPACES.sub(" ", text).strip()


def third_person(verb: str) -> str:
    """ "cut" → "cuts", "watch" → "watches", "carry" → "carries"."""
    if verb in ("have", "be"):
        return {"have": "has", "be": "is"}[verb]
    if re.search(r"(?:[sxz]|ch|sh|o)$", verb):
        return verb + "es"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ies"
    return verb + "s"


def looks_plural(noun: str) -> bool:
    """Whether a noun has the form of a plural ("petals", not "bus", "glass" or "lens")."""
    return len(noun) > 3 and noun.endswith("s") and not noun.endswith(("ss", "us", "is")) and noun not in words().in_s


def plural_of(noun: str, irregular: str = "") -> str:
    """ "monkey" → "monkeys", "fly" → "flies"; `irregular` is the plural where the knowledge names one."""
    if irregular or looks_plural(noun):
        return irregular or noun
    if re.search(r"(?:[sxz]|ch|sh)$", noun):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"
