"""Which language a prompt is in: by script, and among Latin scripts by its commonest words. Cheap, and honest about
English:
where a prompt is too short to tell, it is taken for English.
"""

from __future__ import annotations

import re
from functools import lru_cache

from t2v_recaption.language.lexicon import lexicon, sections

_SCRIPTS = (
    ("ja", "[\u3041-\u30ff\uff66-\uff9f]"),
    ("ko", "[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]"),
    ("zh", "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"),
    ("th", "[\u0e01-\u0e5b]"),
    ("ar", "[\u0600-\u06ff\u0750-\u077f]"),
    ("he", "[\u0590-\u05ff]"),
    ("hi", "[\u0900-\u097f]"),
    ("el", "[\u0370-\u03ff]"),
    ("ru", "[\u0400-\u04ff]"),
)
_UKRAINIAN = "іїєґІЇЄҐ"
_PERSIAN = "پچژگ"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|「[^」]*」")
_LOOKED_AT = 4000  # characters; the language of a text shows early


@lru_cache(maxsize=1)
def _common_words() -> dict[str, frozenset[str]]:
    return {language: frozenset(words) for language, words in sections("languages.txt").items()}


def detect(text: str) -> str:
    """ISO 639-1 code of the language; `en` where the text is too short to tell. What is quoted does not count."""
    sample = text[:_LOOKED_AT]
    unquoted = _QUOTED.sub(" ", sample)
    sample = unquoted if unquoted.strip() else sample
    return (None if sample.isascii() else _by_script(sample)) or _latin(sample)


def _by_script(sample: str) -> str | None:
    latin = sum((c.isascii() and c.isalpha()) or "\u00c0" <= c <= "\u024f" for c in sample)
    for language, characters in _SCRIPTS:
        if len(re.findall(characters, sample)) * 4 > max(latin, 1):
            if language == "ru" and set(_UKRAINIAN) & set(sample):
                return "uk"
            return "fa" if language == "ar" and set(_PERSIAN) & set(sample) else language
    return None


def _latin(sample: str) -> str:
    """Among languages in Latin script: the one most of whose common words are there.

    Words that are mostly known English words are English, whatever short words of another language are among them; so
    are words of which more are known English words than common words of the other language ("a jack o lantern cookie").
    """
    words = [w.lower() for w in _WORD.findall(sample)]
    known = [w for w in words if lexicon().look_up(w).known]
    if len(known) * 10 >= len(words) * 6:
        return "en"
    scores = {language: sum(w in common for w in words) for language, common in _common_words().items()}
    english = scores.pop("en", 0)
    best = max(scores, key=lambda language: scores[language], default="en")
    accents = any("\u00c0" <= c <= "\u024f" for c in sample)
    if scores.get(best, 0) < (1 if accents and not english else 2) or scores[best] <= english:
        return "en"
    common = _common_words()[best]
    return "en" if sum(w not in common for w in known) > scores[best] else best
