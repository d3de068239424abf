"""Which language a prompt is in: by script, and among Latin scripts by its commonest words. Cheap, and honest about
English:
where a prompt is too short to tell, it is taken for English.
"""

from __future__ import annotations

import re
from functools import lru_cache

from t2v_recaption.language.lexicon import lexicon, sections

_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff\uff66-\uff9f]")),
    ("ko", re.compile("[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]")),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")),
    ("th", re.compile("[\u0e01-\u0e5b]")),
    ("ar", re.compile("[\u0600-\u06ff\u0750-\u077f]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_PERSIAN = re.compile("[پچژگ]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
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
    latin = len(_LATIN.findall(sample))
    for language, pattern in _SCRIPTS:
        if len(pattern.findall(sample)) * 4 > max(latin, 1):
            if language == "ru" and _UKRAINIAN.search(sample):
                return "uk"
            return "fa" if language == "ar" and _PERSIAN.search(sample) else language
    return _latin(sample)


def _latin(sample: str) -> str:
    """Among languages in Latin script: the one most of whose common words are there, unless the words are mostly
    English.
    """
    words = [w.lower() for w in _WORD.findall(sample)]
    scores = {language: sum(w in common for w in words) for language, common in _common_words().items()}
    english = scores.pop("en", 0)
    best = max(scores, key=lambda language: scores[language], default="en")
    accents = any("\u00c0" <= c <= "\u024f" for c in sample)
    if scores.get(best, 0) < (1 if accents and not english else 2) or scores[best] <= english:
        return "en"
    known = sum(lexicon().look_up(w).known for w in words)
    return "en" if known * 10 >= len(words) * 6 else best
